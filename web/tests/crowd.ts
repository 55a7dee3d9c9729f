/** One listener of an edge whose bursts change, without sockets and without sound: time runs as fast as it can. */

import { Pace, PART_S } from "../src/hall/pace";

const STEP_MS = 20;
const TICK_MS = 100;
/** Parts that a newcomer gets at once (docs/protocol.md §2, "Stretch"). */
function heldParts(stretch: number): number {
  return stretch + Math.max(2, Math.floor(stretch / 8));
}

export interface Change {
  stretch: number;
  /** Parts between the burst that tells it and the first burst of the new length. */
  leadParts: number;
}

/** As `parvis.edge.pacing` tells it: a player that slows down by a twentieth is ready in time. */
export function edgeChange(from: number, to: number): Change {
  return { stretch: to, leadParts: Math.max(2 * to, 20 * (heldParts(to) - heldParts(from))) };
}

export class Crowd {
  readonly pace = new Pace();
  /** Seconds of silence, by lack of sound. */
  drySeconds = 0;
  leastAheadS = Infinity;
  slowest = 1;
  fastest = 1;
  skipped = 0;
  #nowMs = 0;
  /** Program time at which the edge stands: parts before it are out. */
  #next: number;
  #stretch: number;
  #told: { stretch: number; fromSequence: number } | null = null;
  #toTell: Change | null = null;
  #onTheWay: { atMs: number; first: number; count: number; pace: { stretch: number; fromSequence: number } | null }[] = [];
  #received: number;
  #playedS: number;
  #rate = 1;

  /** Joins a cohort of `stretch` at the worst moment: its burst has just gone out. `jitterMs` is what the network adds. */
  constructor(stretch: number, private readonly jitterMs: () => number = () => 0) {
    this.#stretch = stretch;
    this.#next = 1_000;
    this.#nowMs = this.#next * PART_S * 1000;
    const first = this.#next - heldParts(stretch);
    this.#received = first;
    this.#playedS = first * PART_S;
    this.pace.resumed(stretch);
    this.#arrive(first, this.#next - first);
  }

  get stretch(): number {
    return this.#stretch;
  }

  get aheadS(): number {
    return this.#received * PART_S - this.#playedS;
  }

  /** Seconds from the program to the ear. */
  get delayS(): number {
    return this.#nowMs / 1000 - this.#playedS;
  }

  /** The edge tells it with its next burst. */
  tell(change: Change): void {
    this.#toTell = change;
  }

  get changing(): boolean {
    return this.#toTell !== null || this.#told !== null;
  }

  run(seconds: number): void {
    for (let ms = 0; ms < seconds * 1000; ms += STEP_MS) this.#step();
  }

  /** Runs until the change that was told has happened. */
  settle(): void {
    while (this.changing) this.#step();
  }

  #step(): void {
    this.#nowMs += STEP_MS;
    this.#send();
    while ((this.#onTheWay[0]?.atMs ?? Infinity) <= this.#nowMs) {
      const burst = this.#onTheWay.shift();
      if (burst === undefined) break;
      this.#arrive(burst.first, burst.count);
      if (burst.pace !== null) this.pace.expect(burst.pace.stretch, burst.pace.fromSequence);
    }
    const wantedS = (STEP_MS / 1000) * this.#rate;
    const playedS = Math.min(wantedS, this.aheadS);
    this.#playedS += playedS;
    this.drySeconds += (wantedS - playedS) / this.#rate;
    this.leastAheadS = Math.min(this.leastAheadS, this.aheadS);
    if (this.#nowMs % TICK_MS === 0) this.#tick();
  }

  #tick(): void {
    this.pace.observe(this.#nowMs, this.aheadS);
    const skipS = this.pace.skipS(this.#nowMs);
    if (skipS > 0) {
      this.skipped += 1;
      this.#playedS += skipS;
      this.pace.moved();
    }
    this.#rate = this.pace.rate(this.#nowMs);
    this.slowest = Math.min(this.slowest, this.#rate);
    this.fastest = Math.max(this.fastest, this.#rate);
  }

  /** The edge writes a burst when all its parts are there. */
  #send(): void {
    while ((this.#next + this.#stretch) * PART_S * 1000 <= this.#nowMs) {
      let pace = null;
      if (this.#toTell !== null) {
        pace = this.#told = { stretch: this.#toTell.stretch, fromSequence: this.#next + this.#toTell.leadParts };
        this.#toTell = null;
      }
      // The way is in order, however long it takes.
      const atMs = Math.max(this.#nowMs + this.jitterMs(), this.#onTheWay.at(-1)?.atMs ?? 0);
      this.#onTheWay.push({ atMs, first: this.#next, count: this.#stretch, pace });
      this.#next += this.#stretch;
      if (this.#told !== null && this.#next >= this.#told.fromSequence) {
        this.#stretch = this.#told.stretch;
        this.#told = null;
      }
    }
  }

  #arrive(first: number, count: number): void {
    this.#received = first + count;
    for (let sequence = first; sequence < first + count; sequence += 1) this.pace.arrived(this.#nowMs, sequence);
  }
}
