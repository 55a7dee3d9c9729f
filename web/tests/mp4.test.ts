import { describe, expect, it } from "vitest";
import { PART_SAMPLES, Splitter, StreamMalformed, type Init, type Part } from "../src/hall/mp4";
import { box, bytes, emsg, init, part, u32 } from "./fmp4";

const SEQUENCE = 5_561_234_567;

function split(stream: Uint8Array, chunk: number): (Init | Part)[] {
  const splitter = new Splitter();
  const pieces: (Init | Part)[] = [];
  for (let at = 0; at < stream.length; at += chunk) pieces.push(...splitter.push(stream.subarray(at, at + chunk)));
  return pieces;
}

describe("Splitter", () => {
  const events = [{ type: "counts", listeners: 7 }, { type: "levels", levels: { ana: 61 }, active: "ana" }];
  const stream = bytes(init(), part(SEQUENCE, events), part(SEQUENCE + 1));

  it.each([1, 7, 64, 100_000])("gives the same whole pieces from chunks of %i bytes", (chunk) => {
    const pieces = split(stream, chunk);
    expect(pieces.map(({ kind }) => kind)).toEqual(["init", "part", "part"]);
    expect(bytes(...pieces.map((piece) => piece.bytes))).toEqual(stream);
  });

  it("reads number, times and events of a part", () => {
    const [, first, second] = split(stream, 100_000);
    expect(first).toMatchObject({
      sequence: SEQUENCE,
      mediaTime: SEQUENCE * PART_SAMPLES,
      events: events.map((event) => ({ timeMs: SEQUENCE * 320, body: JSON.stringify(event) })),
    });
    expect((first as Part).producedMs).toBeCloseTo(SEQUENCE * 320, 3);
    expect(second).toMatchObject({ sequence: SEQUENCE + 1, events: [] });
  });

  it("keeps accents in events", () => {
    const [, first] = split(bytes(init(), part(SEQUENCE, [{ type: "state", title: "Débat d’été" }])), 5);
    expect(JSON.parse((first as Part).events[0]?.body ?? "")).toEqual({ type: "state", title: "Débat d’été" });
  });

  it("leaves out events of another scheme", () => {
    const other = bytes(emsg(SEQUENCE * PART_SAMPLES, { type: "counts" }, "urn:other"), part(SEQUENCE));
    expect(split(other, 100_000)).toMatchObject([{ kind: "part", events: [] }]);
  });

  it("reads a box with a 64-bit size", () => {
    const free = bytes(u32(1), "free", [0, 0, 0, 0], u32(20), [1, 2, 3, 4]);
    expect(split(bytes(free, part(SEQUENCE)), 3)).toMatchObject([{ kind: "part", sequence: SEQUENCE }]);
  });

  it.each([
    ["a size that cannot be", bytes(u32(3), "moof")],
    ["a size beyond any part", bytes(u32(2 ** 31), "mdat")],
    ["text", new TextEncoder().encode("<!doctype html><html>")],
    ["a fragment without a time", bytes(box("moof", box("traf")), box("mdat"))],
    ["a part without a fragment", box("mdat", [1])],
    ["an event cut short", bytes(box("emsg", [1, 0, 0, 0, 0]), part(SEQUENCE))],
    ["a child past its parent", bytes(box("moof", u32(100), "traf"), box("mdat"))],
  ])("refuses %s", (_, stream) => {
    expect(() => split(stream, 100_000)).toThrow(StreamMalformed);
  });
});
