/**
 * What the audience has felt in the last minute, as sums by emoji: for those on stage, who look at people and not at a
 * flow of pictures. The sums come with the sound or by the edge's events (docs/protocol.md §8, `reactions`).
 */

import { Store } from "./store";

export type Sums = Record<string, number>;

const LATELY_MS = 60_000;
/** Old ones go so often, whether new ones come or not. */
const STEP_MS = 5_000;

export class Felt {
  /** Of the last minute; without those of which there were none. */
  readonly lately = new Store<Sums>({});
  #told: { atMs: number; counts: Sums }[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `nowMs` is monotonic. */
  take(counts: Sums, nowMs: number = performance.now()): void {
    this.#told.push({ atMs: nowMs, counts });
    this.#look(nowMs);
    this.#timer ??= setInterval(() => this.#look(performance.now()), STEP_MS);
  }

  clear(): void {
    this.#told = [];
    this.#look(0);
  }

  #look(nowMs: number): void {
    this.#told = this.#told.filter(({ atMs }) => nowMs - atMs < LATELY_MS);
    const sums: Sums = {};
    for (const { counts } of this.#told) {
      for (const [emoji, n] of Object.entries(counts)) if (Number.isFinite(n) && n > 0) sums[emoji] = (sums[emoji] ?? 0) + n;
    }
    this.lately.set(sums);
    if (this.#told.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
