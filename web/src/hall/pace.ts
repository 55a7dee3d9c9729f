/**
 * How fast to play, so that the sound neither runs dry nor falls behind.
 *
 * Sound comes in bursts, so what is buffered goes up and down like a saw. What matters is its lowest point, just before
 * a burst: too low and the next late burst is a silence, too high and the listener hears old news. So the rate
 * follows the low water of the last bursts by at most 3 %, which a voice does not show.
 *
 * An edge under strain sends more at once (docs/protocol.md §2, "Stretch"), and says so before:
 *
 * - Low water is reckoned for the longest burst that is in force or told of: what was in hand after the last burst,
 *   less the time that one of that length takes. So a longer one counts from the moment it is told, and who joins
 *   a crowd is not hurried out of the sound that it was given for it.
 * - Whoever is told slows down as much as it takes to have enough by then. Where 3 % do not gather it in time,
 *   half of the reserve is spent first, and then it is slower than that, up to 8 %: a voice that drawls for a
 *   minute is better than one that stops.
 * - When bursts are short again, the delay is won back by 3 %, and nothing is skipped that a long burst has put off.
 *
 * Each time it has run dry, this listener's network is known a little better: the target grows, and shrinks again
 * while all is well.
 */

import { PART_MS } from "./mp4";

export const PART_S = PART_MS / 1000;
const TARGET_S = 0.8;
/** The edge gives a newcomer an eighth of the stretch beyond it, for where bursts are long they come late, too. */
const RESERVE_SHARE = 8;
const MOST_ADDED_S = 3.2;
const STALL_ADDS_S = 0.5;
const CALM_AFTER_MS = 60_000;
const CALM_TAKES_S = 0.1;
const DEAD_ZONE_S = 0.12;
const MOST_CHANGE = 0.03;
const MOST_SLOWER = 0.08;
/** What a cut has put off is heard late, and won back by the rate. So much more than the target is too late to matter. */
const SKIP_ABOVE_S = 8;
const LEAST_WINDOW_MS = 2_000;
/** One of the longest bursts, or two of half that, and some. */
const MOST_WINDOW_MS = 22_000;
/** Parts that come closer together than this came in one burst. */
const SAME_BURST_MS = 100;

interface Sample {
  atMs: number;
  aheadS: number;
  /** What was in hand when the last burst had come, as if nothing of it had been played. */
  highS: number;
}

export class Pace {
  /** What this listener's network has taught. */
  #addedS = 0;
  #stretch: number | null = null;
  #told: { stretch: number; fromSequence: number } | null = null;
  #sequence = -1;
  #samples: Sample[] = [];
  #arrivedMs: number | null = null;
  #windowMs = LEAST_WINDOW_MS;
  #sinceMs: number | null = null;
  #calmMs: number | null = null;
  #longest = 0;

  /** Parts a burst to be ready for, those told of included; null while the edge has not said. */
  get stretch(): number | null {
    return this.#stretch === null ? null : Math.max(this.#stretch, this.#told?.stretch ?? 0);
  }

  /** Low water to keep, seconds. */
  get targetS(): number {
    return Math.max(TARGET_S, ((this.stretch ?? 0) / RESERVE_SHARE) * PART_S) + this.#addedS;
  }

  /** Part `sequence` has come in. The window spans the gaps between bursts, so that it always holds a lowest point. */
  arrived(nowMs: number, sequence: number): void {
    const gapMs = this.#arrivedMs === null ? 0 : nowMs - this.#arrivedMs;
    if (gapMs > SAME_BURST_MS) {
      this.#windowMs = Math.min(MOST_WINDOW_MS, Math.max(this.#leastWindowMs, 2 * gapMs, this.#windowMs * 0.9));
    }
    this.#arrivedMs = nowMs;
    this.#sequence = sequence;
    if (this.#told !== null && sequence + 1 >= this.#told.fromSequence) {
      this.#adopt(this.#told.stretch);
      this.#told = null;
    }
  }

  /** The connection is a new one, with bursts of `stretch` parts: the time since the last arrival is no burst. */
  resumed(stretch: number | null): void {
    this.#arrivedMs = null;
    this.#told = null;
    this.#stretch = stretch;
    this.#widen();
  }

  /** From part `fromSequence` on, bursts will hold `stretch` parts. */
  expect(stretch: number, fromSequence: number): void {
    this.#stretch ??= 1;
    if (fromSequence <= this.#sequence + 1) this.#adopt(stretch);
    else this.#told = { stretch, fromSequence };
    this.#widen();
  }

  /** `aheadS` seconds are buffered in front of the playing point. Call it several times a second. */
  observe(nowMs: number, aheadS: number): void {
    this.#sinceMs ??= nowMs;
    this.#calmMs ??= nowMs;
    this.#samples.push({ atMs: nowMs, aheadS, highS: aheadS + this.#elapsedS(nowMs) });
    while ((this.#samples[0]?.atMs ?? nowMs) < nowMs - this.#windowMs) this.#samples.shift();
    if (nowMs - this.#calmMs >= CALM_AFTER_MS) {
      this.#addedS = Math.max(0, this.#addedS - CALM_TAKES_S);
      this.#calmMs = nowMs;
    }
    const lowS = this.lowWaterS(nowMs);
    if (lowS !== null && lowS <= this.targetS + DEAD_ZONE_S) this.#longest = this.stretch ?? 0;
  }

  /** It ran dry at `nowMs`. */
  stalled(nowMs: number): void {
    this.#addedS = Math.min(MOST_ADDED_S, this.#addedS + STALL_ADDS_S);
    this.#calmMs = nowMs;
    this.moved();
  }

  /**
   * At first: what is in hand, and the time since it came, last until the next burst with half of the reserve. Who comes
   * to a Space that is younger than a long burst waits rather than to run dry a moment later.
   */
  mayBegin(nowMs: number, aheadS: number): boolean {
    if (this.#stretch === null) return true;
    return aheadS >= this.targetS / 2 + Math.max(0, this.#stretch * PART_S - this.#elapsedS(nowMs));
  }

  /** After running dry: enough is in hand to last until the burst after the last one. */
  ready(nowMs: number, aheadS: number): boolean {
    const burstS = (this.#stretch ?? 0) * PART_S;
    return aheadS >= this.targetS + Math.max(0, burstS - this.#elapsedS(nowMs));
  }

  /** The playing point has jumped: what was seen before says nothing. */
  moved(): void {
    this.#samples = [];
    this.#sinceMs = null;
  }

  /** Seconds left at the lowest point, or null while it has not been watched for long enough. */
  lowWaterS(nowMs: number): number | null {
    const stretch = this.stretch;
    const enoughMs = stretch === null ? this.#windowMs : LEAST_WINDOW_MS;
    if (this.#sinceMs === null || nowMs - this.#sinceMs < enoughMs) return null;
    let lowS = Infinity;
    let highS = -Infinity;
    for (const sample of this.#samples) {
      lowS = Math.min(lowS, sample.aheadS);
      highS = Math.max(highS, sample.highS);
    }
    return stretch === null ? lowS : Math.min(lowS, highS - stretch * PART_S);
  }

  /** `playbackRate` to set: 0.97 to 1.03, and down to 0.92 where longer bursts were told too late for that. */
  rate(nowMs: number): number {
    const lowS = this.lowWaterS(nowMs);
    if (lowS === null) return 1;
    const slower = this.#slowerToBeReady(nowMs, lowS);
    if (slower > MOST_CHANGE) return 1 - Math.ceil(Math.min(slower, MOST_SLOWER) * 200) / 200;
    const errorS = lowS - this.targetS;
    if (Math.abs(errorS) <= DEAD_ZONE_S) return 1;
    const change = Math.max(-1, Math.min(1, errorS / 0.5)) * MOST_CHANGE;
    return 1 + Math.round(change * 200) / 200;
  }

  /** Seconds to skip forward at once, or 0. */
  skipS(nowMs: number): number {
    const lowS = this.lowWaterS(nowMs);
    const putOffS = (this.#longest - (this.stretch ?? 0)) * PART_S;
    return lowS !== null && lowS > this.targetS + SKIP_ABOVE_S + putOffS ? lowS - this.targetS : 0;
  }

  /** The share by which to slow down so that half of the reserve is left when the first longer burst begins. */
  #slowerToBeReady(nowMs: number, lowS: number): number {
    const told = this.#told;
    if (told === null || told.stretch <= (this.#stretch ?? 0)) return 0;
    const leftS = (told.fromSequence - 1 - this.#sequence) * PART_S - this.#elapsedS(nowMs);
    return leftS <= 0 ? 0 : (this.targetS / 2 - lowS) / leftS;
  }

  #adopt(stretch: number): void {
    // How low it went between longer bursts says nothing about shorter ones.
    if (stretch < (this.#stretch ?? 0)) this.moved();
    this.#stretch = stretch;
  }

  get #leastWindowMs(): number {
    return Math.max(LEAST_WINDOW_MS, 2_000 * PART_S * (this.stretch ?? 0));
  }

  #widen(): void {
    this.#windowMs = Math.max(this.#windowMs, this.#leastWindowMs);
    this.#longest = Math.max(this.#longest, this.stretch ?? 0);
  }

  #elapsedS(nowMs: number): number {
    return this.#arrivedMs === null ? 0 : (nowMs - this.#arrivedMs) / 1000;
  }
}
