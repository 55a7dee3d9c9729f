/**
 * Pushes parts into the browser's own player by Media Source Extensions, and keeps its playing point.
 *
 * Rules:
 *
 * - Only whole pieces are appended, one append at a time; all that waits goes in together.
 * - Media time is Unix time, far beyond what players count well. The first part becomes second 0 (`timestampOffset`) and
 *   the difference is kept: program time = first part's time + `currentTime`.
 * - Playing starts when `pace.ts` says so, until which nothing is appended, at the start of what there is. A hole is
 *   jumped, never waited for. After it has run dry it waits until `pace.ts` is ready, so that one hiccup does not become
 *   ten.
 * - No more than 40 s of heard sound stay in memory.
 * - `ManagedMediaSource` is taken where there is one; iPhones have no other, and it opens only with remote playback off.
 *   It says when it wants data (`startstreaming`) and when it has enough (`endstreaming`): between the two, what comes
 *   waits here, so that a phone's radio and memory are its own business (W3C Media Source Extensions 2, §"managed").
 * - Who pauses keeps a source that rests: a system shows its controls for as long as there is something to play.
 */

import { PART_MS, TIMESCALE, type Bytes, type Init, type Part } from "./mp4";
import { Pace, PART_S } from "./pace";
import { rangesOf, standing } from "./ranges";
import type { Rendition } from "./space";

const KEEP_S = 30;
const TRIM_AT_S = 40;
/** Browsers stop some 0.1 s before the end of what they have, without a word: this long without progress is dry. */
const STUCK_MS = 300;
const TAIL_S = 0.3;

/** What waits while the browser has enough: a minute, after which it is news no more. */
const MOST_WAITING = 200;

/** A source that says itself when it wants data. */
interface Managed {
  readonly streaming?: boolean;
}

declare global {
  interface Window {
    ManagedMediaSource?: typeof MediaSource;
  }
}

function mediaSourceKind(): typeof MediaSource | undefined {
  return window.ManagedMediaSource ?? (window as Partial<Window & typeof globalThis>).MediaSource;
}

/** Whether parts can be pushed into this browser at all. */
export function hasMediaSource(): boolean {
  return mediaSourceKind() !== undefined;
}

/**
 * The first rendition that this browser plays, Opus before AAC, with the type string that it knows; or null. What it
 * said it would play and did not is in `failed`.
 */
export function pickRendition(renditions: Rendition[], failed: ReadonlySet<string> = new Set()): Rendition | null {
  const kind = mediaSourceKind();
  if (kind === undefined) return null;
  const byPreference = [...renditions].sort((a, b) => Number(b.name === "opus") - Number(a.name === "opus"));
  for (const rendition of byPreference) {
    if (failed.has(rendition.name)) continue;
    for (const mime of [rendition.mime, rendition.mime.replace("opus", "Opus")]) {
      if (kind.isTypeSupported(mime)) return { ...rendition, mime };
    }
  }
  return null;
}

export class Player {
  /** Holes that were jumped, and how much sound they cost. */
  gaps = 0;
  gapMs = 0;
  /** How often it ran dry. */
  stalls = 0;
  lastSequence: number | null = null;

  readonly #audio: HTMLAudioElement;
  readonly #source: MediaSource;
  readonly #address: string;
  readonly #pace = new Pace();
  #buffer: SourceBuffer | null = null;
  #waiting: Bytes[] = [];
  #epochMs: number | null = null;
  #firstSequence: number | null = null;
  #begun = false;
  #started = false;
  #holding = false;
  #finished = false;
  #stuck: { at: number; sinceMs: number } = { at: -1, sinceMs: 0 };

  /** Takes over `audio`. Throws when the browser has no Media Source Extensions. */
  constructor(audio: HTMLAudioElement) {
    const Kind = mediaSourceKind();
    if (Kind === undefined) throw new Error("no Media Source Extensions");
    this.#audio = audio;
    this.#source = new Kind();
    this.#address = URL.createObjectURL(this.#source);
    audio.disableRemotePlayback = true;
    audio.src = this.#address;
    this.#source.addEventListener("startstreaming", () => this.#pump());
  }

  /** Makes ready for one codec; returns at once when it already is. */
  async open(mime: string): Promise<void> {
    if (this.#buffer !== null) return;
    if (this.#source.readyState !== "open") {
      await new Promise((resolve) => this.#source.addEventListener("sourceopen", resolve, { once: true }));
    }
    this.#buffer = this.#source.addSourceBuffer(mime);
    this.#buffer.addEventListener("updateend", () => this.#pump());
  }

  /** A new connection brings what follows, `stretch` parts a burst if it has said so. */
  resumed(stretch: number | null): void {
    this.#pace.resumed(stretch);
  }

  /** From part `fromSequence` on, `stretch` parts will come at once. */
  expect(stretch: number, fromSequence: number): void {
    this.#pace.expect(stretch, fromSequence);
  }

  /** Parts a burst to be ready for, or null when that was not said. */
  get stretch(): number | null {
    return this.#pace.stretch;
  }

  /** Takes the next piece. A part that came before is left out. */
  append(piece: Init | Part): void {
    if (piece.kind === "part") {
      if (this.lastSequence !== null && piece.sequence <= this.lastSequence) return;
      this.lastSequence = piece.sequence;
      this.#firstSequence ??= piece.sequence;
      if (this.#epochMs === null && this.#buffer !== null) {
        this.#epochMs = piece.sequence * PART_MS;
        this.#buffer.timestampOffset = -piece.mediaTime / TIMESCALE;
      }
      this.#pace.arrived(performance.now(), piece.sequence);
    }
    this.#waiting.push(piece.bytes);
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
    this.#begin(performance.now());
    this.#pump();
  }

  /** Program time being heard, Unix ms, or null while nothing is. */
  get heardMs(): number | null {
    return this.#started && this.#epochMs !== null ? this.#epochMs + this.#audio.currentTime * 1000 : null;
  }

  /** It pauses by itself to gather sound: not the listener's wish. */
  get holding(): boolean {
    return this.#holding;
  }

  get aheadS(): number {
    return standing(rangesOf(this.#audio.buffered), this.#audio.currentTime).aheadS;
  }

  /** Sound is coming out. */
  get audible(): boolean {
    return this.#started && !this.#holding && !this.#audio.paused && !this.#audio.ended;
  }

  /** Moves the playing point where it has to be and sets the rate. Call it about ten times a second. */
  tick(nowMs: number): void {
    if (!this.#begun) {
      this.#begin(nowMs);
      this.#pump();
    }
    const audio = this.#audio;
    const { aheadS, next } = standing(rangesOf(audio.buffered), audio.currentTime);
    const dry = aheadS <= 0.02 || (aheadS < TAIL_S && (this.#holding || this.#isStuck(nowMs)));
    if (next !== null && dry) {
      this.#jump(next);
      return;
    }
    if (aheadS > 0 && audio.currentTime > 0 && !audio.paused) this.#started = true;
    if (!this.#started) return;

    if (this.#holding) {
      if (!this.#pace.ready(nowMs, aheadS) && !this.#finished) return;
      this.#holding = false;
      void audio.play().catch(() => undefined);
    } else if (dry && !this.#finished) {
      this.#holding = true;
      this.stalls += 1;
      this.#pace.stalled(nowMs);
      audio.pause();
      return;
    }
    this.#pace.observe(nowMs, aheadS);
    const skipS = this.#pace.skipS(nowMs);
    if (skipS > 0) {
      audio.currentTime += skipS;
      this.#pace.moved();
    }
    const rate = this.#pace.rate(nowMs);
    if (audio.playbackRate !== rate) audio.playbackRate = rate;
    this.#trim();
  }

  /** The offset has to be known before the first byte, and it is in the first part. */
  #begin(nowMs: number): void {
    if (this.#begun || this.#epochMs === null) return;
    const inHandS = ((this.lastSequence ?? 0) - (this.#firstSequence ?? 0) + 1) * PART_S;
    this.#begun = this.#finished || this.#pace.mayBegin(nowMs, inHandS);
  }

  #isStuck(nowMs: number): boolean {
    const at = this.#audio.currentTime;
    if (at !== this.#stuck.at) this.#stuck = { at, sinceMs: nowMs };
    return nowMs - this.#stuck.sinceMs >= STUCK_MS;
  }

  /** No more will come: what is buffered is played to its end. */
  finish(): void {
    this.#finished = true;
    this.#begin(performance.now());
    this.#pump();
  }

  /** Stops, and leaves the element what it has: whoever comes back gets a player that is new. */
  rest(): void {
    this.#buffer = null;
    this.#waiting = [];
    this.#audio.pause();
  }

  /** Lets go of the audio element. */
  close(): void {
    this.#buffer = null;
    this.#waiting = [];
    this.#audio.removeAttribute("src");
    this.#audio.load();
    URL.revokeObjectURL(this.#address);
  }

  #jump(to: number): void {
    if (this.#started) {
      this.gaps += 1;
      this.gapMs += Math.round((to - this.#audio.currentTime) * 1000);
    }
    this.#audio.currentTime = to + 0.001;
    this.#pace.moved();
  }

  #pump(): void {
    const buffer = this.#buffer;
    if (!this.#begun && !this.#finished) return;
    if (buffer === null || buffer.updating || this.#source.readyState !== "open") return;
    if (this.#waiting.length === 0) {
      if (this.#finished) this.#source.endOfStream();
      return;
    }
    if ((this.#source as Managed).streaming === false && this.aheadS > TAIL_S) return;
    const bytes = concatenated(this.#waiting);
    try {
      buffer.appendBuffer(bytes);
      this.#waiting = [];
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "QuotaExceededError")) throw error;
      buffer.remove(0, Math.max(1, this.#audio.currentTime - 1));
      this.#waiting = [bytes];
    }
  }

  #trim(): void {
    const buffer = this.#buffer;
    if (buffer === null || buffer.updating || buffer.buffered.length === 0) return;
    const heardS = this.#audio.currentTime;
    if (buffer.buffered.start(0) < heardS - TRIM_AT_S) buffer.remove(0, heardS - KEEP_S);
  }
}

function concatenated(pieces: Bytes[]): Bytes {
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
