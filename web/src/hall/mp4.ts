/**
 * Cuts the endless `stream.mp4` into its init segment and its parts, as the bytes come in.
 *
 * Rules (docs/protocol.md §3; ISO/IEC 14496-12 §4.2, §8.8.12, §8.16.5; DASH-IF `emsg` version 1):
 *
 * - The init segment is everything up to the end of `moov`. A part is everything after that up to the end of an
 *   `mdat`: `prft`, `emsg`*, `moof`, `mdat`. Both are handed on untouched: the browser gets whole pieces only.
 * - Media time is Unix time at 48,000 Hz, so a part's number is its `tfdt` divided by 15,360.
 * - What cannot be a box is an error at once: a player that waits for a size that never comes would be silent
 *   without a reason.
 */

export const TIMESCALE = 48_000;
export const PART_SAMPLES = 15_360;
export const PART_MS = 320;
const LARGEST_BOX = 4 * 1024 * 1024;
const NTP_TO_UNIX_S = 2_208_988_800;
const EVENT_SCHEME = "urn:parvis:event";

export type Bytes = Uint8Array<ArrayBuffer>;

export interface Init {
  kind: "init";
  bytes: Bytes;
}

export interface TimedEvent {
  /** Unix time in ms at which it belongs to the sound. */
  timeMs: number;
  /** JSON text of the event, not yet parsed. */
  body: string;
}

export interface Part {
  kind: "part";
  bytes: Bytes;
  /** Number of the part: Unix time of its first sample divided by 320 ms. */
  sequence: number;
  /** `tfdt`: samples since the Unix epoch. */
  mediaTime: number;
  /** Unix time in ms that `prft` gives for the first sample, or null without one. */
  producedMs: number | null;
  events: TimedEvent[];
}

/** The bytes are not the stream of docs/protocol.md §3. */
export class StreamMalformed extends Error {}

interface Box {
  type: string;
  /** Offset of the box's payload and of its end, in the view that it was found in. */
  start: number;
  end: number;
}

export class Splitter {
  #pending: Bytes = new Uint8Array(0);
  #boxes: Box[] = [];
  /** How far `#pending` has been read as whole boxes. */
  #read = 0;

  /** Takes the next bytes and gives the pieces that they complete. Throws `StreamMalformed`. */
  push(chunk: Uint8Array): (Init | Part)[] {
    this.#pending = joined(this.#pending, chunk);
    const pieces: (Init | Part)[] = [];
    for (;;) {
      const box = boxAt(view(this.#pending), this.#read);
      if (box === null || box.end > this.#pending.length) return pieces;
      this.#boxes.push(box);
      this.#read = box.end;
      if (box.type === "moov") pieces.push({ kind: "init", bytes: this.#take() });
      else if (box.type === "mdat") {
        const boxes = this.#boxes;
        pieces.push(partOf(this.#take(), boxes));
      }
    }
  }

  #take(): Bytes {
    const piece = this.#pending.slice(0, this.#read);
    this.#pending = this.#pending.slice(this.#read);
    this.#boxes = [];
    this.#read = 0;
    return piece;
  }
}

function joined(head: Bytes, tail: Uint8Array): Bytes {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}

function view(bytes: Bytes): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The box that begins at `offset`, whole or not, or null while its head is not complete. */
function boxAt(data: DataView, offset: number): Box | null {
  if (offset + 8 > data.byteLength) return null;
  let size = data.getUint32(offset);
  let head = 8;
  const type = String.fromCharCode(...[4, 5, 6, 7].map((i) => data.getUint8(offset + i)));
  if (size === 1) {
    if (offset + 16 > data.byteLength) return null;
    size = wide(data, offset + 8);
    head = 16;
  }
  if (size < head || size > LARGEST_BOX || !/^[\x20-\x7e]{4}$/.test(type)) {
    throw new StreamMalformed(`no box at byte ${offset}: size ${size}`);
  }
  return { type, start: offset + head, end: offset + size };
}

/** A 64-bit number; all of ours are below 2^53. */
function wide(data: DataView, offset: number): number {
  return Number(data.getBigUint64(offset));
}

function* children(data: DataView, start: number, end: number): Generator<Box> {
  for (let offset = start; offset < end; ) {
    const box = boxAt(data, offset);
    if (box === null || box.end > end) throw new StreamMalformed("a box runs past its parent");
    yield box;
    offset = box.end;
  }
}

function partOf(bytes: Bytes, boxes: Box[]): Part {
  const data = view(bytes);
  const part: Part = { kind: "part", bytes, sequence: 0, mediaTime: -1, producedMs: null, events: [] };
  try {
    for (const box of boxes) {
      if (box.type === "prft") part.producedMs = producedMs(data, box);
      else if (box.type === "emsg") part.events.push(...eventsOf(data, box));
      else if (box.type === "moof") part.mediaTime = mediaTimeOf(data, box);
    }
  } catch (error) {
    if (error instanceof RangeError) throw new StreamMalformed("a box is shorter than its fields");
    throw error;
  }
  if (part.mediaTime < 0) throw new StreamMalformed("a part without a time");
  part.sequence = Math.floor(part.mediaTime / PART_SAMPLES);
  return part;
}

/** `prft`: version and flags, track id, 64-bit NTP time. */
function producedMs(data: DataView, box: Box): number {
  const seconds = data.getUint32(box.start + 8) - NTP_TO_UNIX_S;
  return seconds * 1000 + (data.getUint32(box.start + 12) / 2 ** 32) * 1000;
}

/** `moof` > `traf` > `tfdt`. */
function mediaTimeOf(data: DataView, moof: Box): number {
  for (const traf of children(data, moof.start, moof.end)) {
    if (traf.type !== "traf") continue;
    for (const box of children(data, traf.start, traf.end)) {
      if (box.type !== "tfdt") continue;
      const version = data.getUint8(box.start);
      return version === 1 ? wide(data, box.start + 4) : data.getUint32(box.start + 4);
    }
  }
  throw new StreamMalformed("a fragment without tfdt");
}

/** `emsg` version 1; those of another version or scheme are not for us. */
function eventsOf(data: DataView, box: Box): TimedEvent[] {
  if (data.getUint8(box.start) !== 1) return [];
  const timescale = data.getUint32(box.start + 4);
  const time = wide(data, box.start + 8);
  const fields = new Uint8Array(data.buffer, data.byteOffset + box.start + 24, box.end - box.start - 24);
  const schemeEnd = fields.indexOf(0);
  const valueEnd = fields.indexOf(0, schemeEnd + 1);
  if (timescale === 0 || schemeEnd < 0 || valueEnd < 0) throw new StreamMalformed("an event without its fields");
  const text = new TextDecoder();
  if (text.decode(fields.subarray(0, schemeEnd)) !== EVENT_SCHEME) return [];
  return [{ timeMs: (time / timescale) * 1000, body: text.decode(fields.subarray(valueEnd + 1)) }];
}
