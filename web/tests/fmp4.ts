/** Writes the stream of docs/protocol.md §3, with 20 ms of Opus silence in every frame: for tests and the fixture. */

import { PART_SAMPLES, TIMESCALE, type Bytes } from "../src/hall/mp4.ts";

const FRAME_SAMPLES = 960;
/** RFC 6716: a mono CELT frame of 20 ms that decodes to silence. */
const SILENCE = new Uint8Array([0xf8, 0xff, 0xfe]);
const NTP_TO_UNIX_S = 2_208_988_800;

type Field = Uint8Array | number[] | string;

export function bytes(...fields: Field[]): Bytes {
  const arrays = fields.map((field) => (typeof field === "string" ? new TextEncoder().encode(field) : Uint8Array.from(field)));
  const whole = new Uint8Array(arrays.reduce((size, array) => size + array.length, 0));
  let offset = 0;
  for (const array of arrays) {
    whole.set(array, offset);
    offset += array.length;
  }
  return whole;
}

export function u32(value: number): number[] {
  return [24, 16, 8, 0].map((shift) => (value / 2 ** shift) & 0xff);
}

export function u64(value: number): number[] {
  return [...u32(Math.floor(value / 2 ** 32)), ...u32(value % 2 ** 32)];
}

export function box(type: string, ...fields: Field[]): Bytes {
  const body = bytes(...fields);
  return bytes(u32(8 + body.length), type, body);
}

function full(type: string, version: number, flags: number, ...fields: Field[]): Bytes {
  return box(type, u32(version * 2 ** 24 + flags), ...fields);
}

const UNITY = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000].flatMap(u32);
const zeros = (count: number): number[] => new Array<number>(count).fill(0);

/** The init segment of the Opus rendition: mono, no pre-skip. */
export function init(): Bytes {
  const dops = box("dOps", [0, 1, 0, 0], u32(TIMESCALE), [0, 0, 0]);
  const entry = box("Opus", zeros(6), [0, 1], zeros(8), [0, 1, 0, 16], zeros(4), u32(TIMESCALE * 65536), dops);
  const stbl = box(
    "stbl", full("stsd", 0, 0, u32(1), entry), full("stts", 0, 0, u32(0)), full("stsc", 0, 0, u32(0)),
    full("stsz", 0, 0, u32(0), u32(0)), full("stco", 0, 0, u32(0)),
  );
  const dinf = box("dinf", full("dref", 0, 0, u32(1), full("url ", 0, 1)));
  const minf = box("minf", full("smhd", 0, 0, zeros(4)), dinf, stbl);
  const mdhd = full("mdhd", 0, 0, zeros(8), u32(TIMESCALE), u32(0), [0x55, 0xc4, 0, 0]);
  const hdlr = full("hdlr", 0, 0, zeros(4), "soun", zeros(12), "sound", [0]);
  const tkhd = full("tkhd", 0, 7, zeros(8), u32(1), zeros(16), [0, 0, 0, 0, 1, 0, 0, 0], UNITY, zeros(8));
  const mvhd = full("mvhd", 0, 0, zeros(8), u32(TIMESCALE), u32(0), u32(0x10000), [1, 0], zeros(10), UNITY, zeros(24), u32(2));
  const trex = full("trex", 0, 0, u32(1), u32(1), u32(FRAME_SAMPLES), u32(0), u32(0));
  return bytes(
    box("ftyp", "iso6", u32(0), "iso6", "cmfc"),
    box("moov", mvhd, box("trak", tkhd, box("mdia", mdhd, hdlr, minf)), box("mvex", trex)),
  );
}

/** One event as an `emsg` box. */
export function emsg(mediaTime: number, event: object, scheme = "urn:parvis:event"): Bytes {
  return full(
    "emsg", 1, 0, u32(TIMESCALE), u64(mediaTime), u32(0), u32(0), scheme, [0], "1", [0], JSON.stringify(event),
  );
}

/** One part, with `events` at its beginning. */
export function part(sequence: number, events: object[] = []): Bytes {
  const mediaTime = sequence * PART_SAMPLES;
  const unixMs = sequence * 320;
  const ntp = [...u32(Math.floor(unixMs / 1000) + NTP_TO_UNIX_S), ...u32(((unixMs % 1000) / 1000) * 2 ** 32)];
  const frames = PART_SAMPLES / FRAME_SAMPLES;
  const sizes = Array.from({ length: frames }, () => u32(SILENCE.length)).flat();
  const moof = (offset: number): Bytes =>
    box(
      "moof", full("mfhd", 0, 0, u32(sequence % 2 ** 32)),
      box(
        "traf", full("tfhd", 0, 0x020008, u32(1), u32(FRAME_SAMPLES)), full("tfdt", 1, 0, u64(mediaTime)),
        full("trun", 0, 0x000201, u32(frames), u32(offset), sizes),
      ),
    );
  const size = moof(0).length;
  const media = Array.from({ length: frames }, () => [...SILENCE]).flat();
  return bytes(
    full("prft", 1, 0, u32(1), ntp, u64(mediaTime)),
    ...events.map((event) => emsg(mediaTime, event)),
    moof(size + 8), box("mdat", media),
  );
}
