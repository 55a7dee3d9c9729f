/**
 * Reactions: one tap is one small request to the edge, which adds them up; what all others felt comes with the sound.
 *
 * - A sum of a hundred thousand is not a hundred thousand pictures: each event shows `MOST_AT_ONCE` at most, in the
 *   proportions of the sum, and `MOST_RISING` are in the air at once.
 * - One's own is shown at the tap: what comes back with the sound comes seconds later.
 * - An edge that has had enough says for how long (`Retry-After`); until then the buttons rest.
 */

import { Felt } from "../shared/felt";
import { Store } from "../shared/store";
import { retryAfterS } from "./space";

export const EMOJI = ["👏", "❤️", "😂", "😮", "🔥", "👍", "🎉", "🙏"] as const;
export type Emoji = (typeof EMOJI)[number];

export type Sum = Partial<Record<Emoji, number>>;

/** One that rises. */
export interface Riser {
  key: number;
  emoji: Emoji;
  /** Where it starts, 0 to 1 from one side of the square to the other. */
  x: number;
  /** How far it drifts to a side, -1 to 1. */
  drift: number;
  delayMs: number;
}

const MOST_AT_ONCE = 12;
const MOST_RISING = 48;
/** From the stage to the edge of the square. */
const RISE_MS = 3_200;
/** Three parts: the next sum comes after that, so it is spread over it. */
const SPREAD_MS = 960;
/** Where nothing may move, the sum is shown for so long. */
const SHOWN_MS = 5_000;
/** One hand does not tap faster; a held key does. */
const LEAST_MS = 120;

export class Reactions {
  readonly rising = new Store<Riser[]>([]);
  /** The latest sum, or nothing when that was a while ago. */
  readonly sum = new Store<Sum>({});
  /** All that were heard of since the page was opened. */
  readonly heard = new Store(0);
  /** For who is on stage. */
  readonly felt = new Felt();
  readonly resting = new Store(false);
  #key = 0;
  #tappedMs = -Infinity;
  #fading: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly address: () => string) {}

  take(counts: Record<string, number>): void {
    const known: Sum = {};
    let total = 0;
    for (const emoji of EMOJI) {
      const n = counts[emoji] ?? 0;
      if (!Number.isFinite(n) || n <= 0) continue;
      known[emoji] = n;
      total += n;
    }
    if (total === 0) return;
    this.heard.set(this.heard.value + total);
    this.sum.set(known);
    this.felt.take(known);
    clearTimeout(this.#fading);
    this.#fading = setTimeout(() => this.sum.set({}), SHOWN_MS);
    for (const emoji of sampled(known, MOST_AT_ONCE)) this.#rise(emoji, Math.random() * SPREAD_MS);
  }

  /** Sends one. What fails is not worth a word: nothing depends on it. */
  async react(emoji: Emoji): Promise<void> {
    const nowMs = performance.now();
    if (this.resting.value || nowMs - this.#tappedMs < LEAST_MS) return;
    this.#tappedMs = nowMs;
    this.#rise(emoji, 0);
    const answer = await fetch(this.address(), {
      // A plain body needs no question beforehand where the edge is another origin (Fetch, "CORS-safelisted").
      method: "POST", headers: { "Content-Type": "text/plain" }, body: JSON.stringify({ emoji }), cache: "no-store",
    }).catch(() => null);
    if (answer?.status !== 429) return;
    this.resting.set(true);
    setTimeout(() => this.resting.set(false), (retryAfterS(answer.headers.get("Retry-After")) ?? 2) * 1_000);
  }

  /** Another Space. */
  clear(): void {
    this.rising.set([]);
    this.sum.set({});
    this.felt.clear();
  }

  #rise(emoji: Emoji, delayMs: number): void {
    // A page that nobody sees animates nothing, and must not gather what it missed.
    if (document.visibilityState === "hidden" || this.rising.value.length >= MOST_RISING) return;
    const key = (this.#key += 1);
    const riser = { key, emoji, delayMs, x: 0.12 + Math.random() * 0.76, drift: Math.random() * 2 - 1 };
    this.rising.set([...this.rising.value, riser]);
    setTimeout(() => this.rising.set(this.rising.value.filter((one) => one.key !== key)), delayMs + RISE_MS);
  }
}

/**
 * At most `most` emoji that stand for `counts`: all of them when they are few, else by their shares (largest
 * remainder), rarer ones last. More people are more pictures, but not in proportion.
 */
export function sampled(counts: Sum, most: number): Emoji[] {
  const felt = EMOJI.map((emoji) => ({ emoji, n: counts[emoji] ?? 0 }));
  const total = felt.reduce((sum, { n }) => sum + n, 0);
  if (total === 0) return [];
  const places = Math.min(most, Math.ceil(total <= 4 ? total : 4 + Math.log2(total / 4)));
  const shares = felt.map(({ emoji, n }) => {
    const exact = (n / total) * places;
    return { emoji, whole: Math.floor(exact), rest: exact % 1 };
  });
  let left = places - shares.reduce((sum, { whole }) => sum + whole, 0);
  for (const share of [...shares].sort((a, b) => b.rest - a.rest)) {
    if (left <= 0) break;
    share.whole += 1;
    left -= 1;
  }
  return shares.flatMap(({ emoji, whole }) => new Array<Emoji>(whole).fill(emoji));
}
