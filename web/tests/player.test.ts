/** How parts go into a source that says itself when it wants them (`ManagedMediaSource`). */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Splitter, type Init, type Part } from "../src/hall/mp4";
import { hasMediaSource, pickRendition, Player } from "../src/hall/player";
import type { Rendition } from "../src/hall/space";
import { bytes, init, part } from "./fmp4";

const MIME = 'audio/mp4; codecs="opus"';
const RENDITIONS: Rendition[] = [
  { name: "aac", mime: 'audio/mp4; codecs="mp4a.40.2"', bitrate_bps: 64_000, stream: "" },
  { name: "opus", mime: MIME, bitrate_bps: 32_000, stream: "" },
];
const FIRST = 5_561_234_567;

/** Takes bytes as slowly as `settle` is called, as the real one does. */
class Buffer extends EventTarget {
  updating = false;
  timestampOffset = 0;
  readonly taken: Uint8Array[] = [];

  appendBuffer(data: Uint8Array): void {
    if (this.updating) throw new DOMException("busy", "InvalidStateError");
    this.updating = true;
    this.taken.push(data);
  }

  settle(): void {
    this.updating = false;
    this.dispatchEvent(new Event("updateend"));
  }
}

class Source extends EventTarget {
  static made: Source[] = [];
  static plays = (mime: string): boolean => mime === MIME;
  static isTypeSupported = (mime: string): boolean => Source.plays(mime);
  readyState = "open";
  streaming = true;
  readonly buffer = new Buffer();
  ended = false;

  constructor() {
    super();
    Source.made.push(this);
  }

  addSourceBuffer = (): Buffer => this.buffer;
  endOfStream = (): void => void (this.ended = true);

  /** As the browser does: first the attribute, then the event. */
  says(streaming: boolean): void {
    this.streaming = streaming;
    this.dispatchEvent(new Event(streaming ? "startstreaming" : "endstreaming"));
  }
}

/** What the player asks of an audio element, with `aheadS` seconds of sound. */
class Element {
  currentTime = 0;
  src = "";
  disableRemotePlayback = false;
  aheadS = 0;

  get buffered(): { length: number; start: () => number; end: () => number } {
    const { currentTime, aheadS } = this;
    return { length: aheadS > 0 ? 1 : 0, start: () => currentTime, end: () => currentTime + aheadS };
  }
}

function pieces(...all: Uint8Array[]): (Init | Part)[] {
  return new Splitter().push(bytes(...all));
}

async function player(): Promise<{ player: Player; source: Source; element: Element }> {
  const element = new Element();
  const made = new Player(element as unknown as HTMLAudioElement);
  await made.open(MIME);
  const [source] = Source.made;
  if (source === undefined) throw new Error("no source was made");
  return { player: made, source, element };
}

/** One that has been given its beginning, has 30 s of it left, and has said that this is enough. */
async function contentPlayer(): Promise<Awaited<ReturnType<typeof player>>> {
  const made = await player();
  for (const piece of pieces(init(), part(FIRST))) made.player.append(piece);
  made.source.buffer.settle();
  made.element.aheadS = 30;
  made.source.says(false);
  return made;
}

beforeEach(() => {
  Source.made = [];
  vi.stubGlobal("window", { ManagedMediaSource: Source, MediaSource: Buffer });
  vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:hall");
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("beginning", () => {
  const parts = (count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => part(FIRST + i));

  it("is at once with what an edge sends at first", async () => {
    const { player: playing, source } = await player();
    playing.resumed(1);
    for (const piece of pieces(init(), ...parts(3))) playing.append(piece);
    expect(source.buffer.taken.length).toBe(1);
  });

  it("waits in a Space younger than a burst, until what there is lasts to the next", async () => {
    const { player: playing, source } = await player();
    playing.resumed(64);
    for (const piece of pieces(init(), ...parts(10))) playing.append(piece);
    const cameMs = performance.now();
    playing.tick(cameMs + 18_000);
    expect(source.buffer.taken).toEqual([]);
    playing.tick(cameMs + 19_000);
    expect(source.buffer.taken).toEqual([bytes(init(), ...parts(10))]);
  });

  it("waits no longer when nothing more will come", async () => {
    const { player: playing, source } = await player();
    playing.resumed(64);
    for (const piece of pieces(init(), ...parts(10))) playing.append(piece);
    playing.finish();
    expect(source.buffer.taken).toEqual([bytes(init(), ...parts(10))]);
  });
});

describe("a managed source", () => {
  it("is taken before a plain one, with remote playback off", async () => {
    expect(hasMediaSource()).toBe(true);
    expect(pickRendition(RENDITIONS)?.name).toBe("opus");
    const { element } = await player();
    expect([element.src, element.disableRemotePlayback]).toEqual(["blob:hall", true]);
  });

  it("is given what comes while it wants data: whole pieces, one append at a time, in order", async () => {
    const { player: playing, source } = await player();
    for (const piece of pieces(init(), part(FIRST), part(FIRST + 1), part(FIRST + 2))) playing.append(piece);
    expect(source.buffer.taken).toEqual([bytes(init(), part(FIRST))]);
    source.buffer.settle();
    expect(source.buffer.taken).toEqual([bytes(init(), part(FIRST)), bytes(part(FIRST + 1), part(FIRST + 2))]);
  });

  it("that has enough is given nothing until it says that it wants data: then all, together", async () => {
    const { player: playing, source } = await contentPlayer();
    for (const piece of pieces(part(FIRST + 1), part(FIRST + 2))) playing.append(piece);
    expect(source.buffer.taken).toHaveLength(1);
    source.says(true);
    expect(source.buffer.taken.slice(1)).toEqual([bytes(part(FIRST + 1), part(FIRST + 2))]);
  });

  it("that has next to nothing is given what comes, whatever it says", async () => {
    const { player: playing, source, element } = await contentPlayer();
    element.aheadS = 0.2;
    for (const piece of pieces(part(FIRST + 1))) playing.append(piece);
    expect(source.buffer.taken).toHaveLength(2);
  });

  it("that has enough for more than a minute gets no news that is older", async () => {
    const { player: playing, source } = await contentPlayer();
    for (let i = 1; i <= 250; i += 1) for (const piece of pieces(part(FIRST + i))) playing.append(piece);
    source.says(true);
    const [waited] = source.buffer.taken.slice(1);
    const kept = pieces(waited ?? new Uint8Array()) as Part[];
    expect([kept.length, kept[0]?.sequence, kept.at(-1)?.sequence]).toEqual([200, FIRST + 51, FIRST + 250]);
  });

  it("ends only when what waited is in it", async () => {
    const { player: playing, source } = await contentPlayer();
    for (const piece of pieces(part(FIRST + 1))) playing.append(piece);
    playing.finish();
    expect(source.ended).toBe(false);
    source.says(true);
    source.buffer.settle();
    expect([source.buffer.taken.length, source.ended]).toEqual([2, true]);
  });
});

describe("a plain source", () => {
  it("says nothing of what it wants, and is given what comes", async () => {
    class Plain extends Source {
      override streaming = undefined as unknown as boolean;
    }
    vi.stubGlobal("window", { MediaSource: Plain });
    const { player: playing, source, element } = await player();
    element.aheadS = 30;
    for (const piece of pieces(init(), part(FIRST))) playing.append(piece);
    expect(source.buffer.taken).toHaveLength(1);
  });
});
