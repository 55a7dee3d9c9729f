/**
 * When to try again: exponential backoff with full jitter, never before the time that the server named.
 *
 * Full jitter (a wait drawn evenly from zero to the bound) is what keeps a crowd that lost one server from arriving at
 * the next one in waves.
 */

export const FIRST_MS = 250;
export const MOST_MS = 15_000;
/** Slower than doubling: a server that is back after four seconds is found in the fifth or sixth, not in the tenth. */
const GROWTH = 1.6;
/** Spread over a time that the server named, as a share of it: those told the same second don't come in it. */
const RETRY_AFTER_SPREAD = 0.1;

export class Backoff {
  #failures = 0;

  /** `mostMs` bounds the wait: less where few wait, and every second counts. */
  constructor(private readonly random: () => number = Math.random, private readonly mostMs = MOST_MS) {}

  get failures(): number {
    return this.#failures;
  }

  /** Ms to wait after one more failure. `retryAfterS` is what the server asked for, if it did. */
  next(retryAfterS: number | null = null): number {
    const boundMs = Math.min(this.mostMs, FIRST_MS * GROWTH ** this.#failures);
    this.#failures += 1;
    if (retryAfterS !== null) {
      const leastMs = retryAfterS * 1000;
      return leastMs + this.random() * Math.max(FIRST_MS, leastMs * RETRY_AFTER_SPREAD);
    }
    return this.random() * boundMs;
  }

  /** What was tried works. */
  reset(): void {
    this.#failures = 0;
  }
}

/** Waits `ms`, or less when `wake` says so. Rejects with the signal's reason when it aborts. */
export function pause(ms: number, signal: AbortSignal, wake?: EventTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
      wake?.removeEventListener("wake", done);
      resolve();
    };
    const aborted = (): void => {
      clearTimeout(timer);
      wake?.removeEventListener("wake", done);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", aborted, { once: true });
    wake?.addEventListener("wake", done, { once: true });
  });
}
