/**
 * How fast to play, so that the sound neither runs dry nor falls behind.
 *
 * Sound comes in bursts, so what is buffered goes up and down like a saw. What matters is its lowest point, just before
 * a burst: too low and the next late burst is a silence, too high and the listener hears old news. So the rate
 * follows the low water of the last bursts, whatever their size, by at most 3 %, which a voice does not show.
 *
 * Each time it has run dry, this listener's network is known a little better: the target grows, and shrinks again
 * while all is well.
 */

const TARGET_S = 0.8;
const MOST_TARGET_S = 4;
const STALL_ADDS_S = 0.5;
const CALM_AFTER_MS = 60_000;
const CALM_TAKES_S = 0.1;
const DEAD_ZONE_S = 0.12;
const MOST_CHANGE = 0.03;
/** What a cut has put off is heard late, and won back by the rate. So much more than the target is too late to matter. */
const SKIP_ABOVE_S = 8;
const LEAST_WINDOW_MS = 2_000;
const MOST_WINDOW_MS = 15_000;

export class Pace {
  targetS = TARGET_S;
  #samples: { atMs: number; aheadS: number }[] = [];
  #arrivedMs: number | null = null;
  #windowMs = LEAST_WINDOW_MS;
  #sinceMs: number | null = null;
  #calmMs: number | null = null;

  /** Sound has come in. The window spans the gaps between bursts, so that it always holds a lowest point. */
  arrived(nowMs: number): void {
    if (this.#arrivedMs !== null) {
      const wantedMs = 2 * (nowMs - this.#arrivedMs);
      this.#windowMs = Math.min(MOST_WINDOW_MS, Math.max(LEAST_WINDOW_MS, wantedMs, this.#windowMs * 0.9));
    }
    this.#arrivedMs = nowMs;
  }

  /** `aheadS` seconds are buffered in front of the playing point. Call it several times a second. */
  observe(nowMs: number, aheadS: number): void {
    this.#sinceMs ??= nowMs;
    this.#calmMs ??= nowMs;
    this.#samples.push({ atMs: nowMs, aheadS });
    while ((this.#samples[0]?.atMs ?? nowMs) < nowMs - this.#windowMs) this.#samples.shift();
    if (nowMs - this.#calmMs >= CALM_AFTER_MS) {
      this.targetS = Math.max(TARGET_S, this.targetS - CALM_TAKES_S);
      this.#calmMs = nowMs;
    }
  }

  /** The connection is a new one: the time since the last arrival is no burst. */
  resumed(): void {
    this.#arrivedMs = null;
  }

  /** It ran dry at `nowMs`. */
  stalled(nowMs: number): void {
    this.targetS = Math.min(MOST_TARGET_S, this.targetS + STALL_ADDS_S);
    this.#calmMs = nowMs;
    this.moved();
  }

  /** The playing point has jumped: what was seen before says nothing. */
  moved(): void {
    this.#samples = [];
    this.#sinceMs = null;
  }

  /** Lowest seconds buffered over the window, or null while it has not been watched for a whole one. */
  lowWaterS(nowMs: number): number | null {
    if (this.#sinceMs === null || nowMs - this.#sinceMs < this.#windowMs) return null;
    return this.#samples.reduce((least, sample) => Math.min(least, sample.aheadS), Infinity);
  }

  /** `playbackRate` to set, 0.97 to 1.03. */
  rate(nowMs: number): number {
    const lowS = this.lowWaterS(nowMs);
    if (lowS === null) return 1;
    const errorS = lowS - this.targetS;
    if (Math.abs(errorS) <= DEAD_ZONE_S) return 1;
    const change = Math.max(-1, Math.min(1, errorS / 0.5)) * MOST_CHANGE;
    return 1 + Math.round(change * 200) / 200;
  }

  /** Seconds to skip forward at once, or 0. */
  skipS(nowMs: number): number {
    const lowS = this.lowWaterS(nowMs);
    return lowS !== null && lowS > this.targetS + SKIP_ABOVE_S ? lowS - this.targetS : 0;
  }
}
