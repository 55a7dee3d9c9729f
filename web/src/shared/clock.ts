/**
 * The server's clock as this page can know it, so that a delay shown is true even where the device's own clock
 * is wrong.
 *
 * `now` of an answer was true somewhere between asking and receiving: the middle is taken, and the half of the round
 * trip is how far it may be off. The sharpest answer wins for five minutes; after that a blunter one may replace
 * it, for oscillators drift and machines sleep.
 */

const SHARP_FOR_MS = 5 * 60_000;

export class ServerClock {
  #offsetMs: number | null = null;
  #errorMs = Infinity;
  #setAtMs = 0;

  /** All in ms: `serverMs` since the Unix epoch; the others as of `performance.now()`. */
  set(serverMs: number, askedMs: number, answeredMs: number): void {
    if (Number.isNaN(serverMs)) return;
    const errorMs = (answeredMs - askedMs) / 2;
    if (errorMs > this.#errorMs && answeredMs - this.#setAtMs < SHARP_FOR_MS) return;
    this.#offsetMs = serverMs - (askedMs + answeredMs) / 2;
    this.#errorMs = errorMs;
    this.#setAtMs = answeredMs;
  }

  /** Forgets how sharp the last answer was: the machine may have slept. */
  doubt(): void {
    this.#errorMs = Infinity;
  }

  get known(): boolean {
    return this.#offsetMs !== null;
  }

  /** Unix time in ms; the device's own while no answer has been heard. */
  now(performanceMs = performance.now()): number {
    return this.#offsetMs === null ? Date.now() : performanceMs + this.#offsetMs;
  }
}
