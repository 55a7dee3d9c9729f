/** A second of a replay: who speaks, how loudly, which chapter, which words, and which link leads to it. */

import { describe, expect, it } from "vitest";
import { captionsOf } from "../src/hall/replay/captions";
import { fateOf, soundFor, type Sound } from "../src/hall/replay/recording";
import { bars, chapterAt, floorShares, fragmentFor, fragmentOf, lastBegun, levelAt, speakerAt } from "../src/hall/replay/times";
import { WORDS } from "../src/hall/replay/words";
import { WORDS as HALL_WORDS } from "../src/hall/words";
import { Answer } from "../src/hall/space";

const TURNS = [
  { start_s: 0, end_s: 10, handle: "ana" },
  { start_s: 6, end_s: 8, handle: "tom" },
  { start_s: 12, end_s: 20, handle: "tom" },
];

describe("who speaks", () => {
  it.each([[0, "ana"], [7, "tom"], [9, "ana"], [11, null], [12, "tom"], [20, null]] as const)("at %d s is %s", (at, who) => {
    expect(speakerAt(TURNS, at)).toBe(who);
  });

  it("is counted", () => {
    expect(floorShares(TURNS)).toEqual([["ana", 10], ["tom", 10]]);
  });

  it("begins chapters", () => {
    const chapters = [0, 30, 60].map((startTime) => ({ startTime, endTime: startTime + 30, title: "", handle: "" }));
    expect([0, 29.9, 30, 1_000].map((at) => chapterAt(chapters, at))).toEqual([0, 0, 1, 2]);
    expect(chapterAt([], 5)).toBe(-1);
  });
});

it("finds the last that has begun, however many there are", () => {
  const starts = Array.from({ length: 1_000 }, (_, i) => i * 2);
  for (const at of [-1, 0, 1, 999, 1_998, 5_000]) {
    expect(lastBegun(starts, at, (start) => start)).toBe(starts.findLastIndex((start) => start <= at));
  }
});

describe("the outline", () => {
  it("gives the level that the stage had said", () => {
    expect(levelAt([1, 0.001, 0], 0, 3)).toBe(100);
    expect(levelAt([1, 0.001, 0], 1, 3)).toBeCloseTo(0);
    expect(levelAt([1, 0.001, 0], 2, 3)).toBe(0);
    expect(levelAt([10 ** (-0.6)], 0, 1)).toBeCloseTo(80);
  });

  it("is drawn in as many bars as there is room for, the loudest at full height", () => {
    expect(bars([0.1, 0.4, 0.2, 0.1], 2)).toEqual([1, Math.sqrt(0.5)]);
    expect(bars([0.5], 3)).toEqual([1, 1, 1]);
    expect(bars([0, 0], 2)).toEqual([0, 0]);
    expect(bars([], 2)).toEqual([0, 0]);
  });
});

describe("a link to a second", () => {
  it.each([
    ["#t=83", 83], ["#t=83.5", 83.5], ["#t=1:23", 83], ["#t=1:01:05", 3_665], ["#t=npt:83,90", 83], ["#t=1m23s", 83],
    ["#t=1h", 3_600], ["#t=", null], ["", null], ["#t=soon", null], ["#t=-3", null],
  ])("%j is %s", (hash, at_s) => {
    expect(fragmentOf(hash).at_s).toBe(at_s);
  });

  it("comes back", () => {
    expect(fragmentOf(fragmentFor(83.9)).at_s).toBe(83);
    expect(fragmentOf("#clip=abc")).toEqual({ at_s: null, clip: "abc" });
  });
});

describe("captions", () => {
  it("are read with their voices", () => {
    const file = "WEBVTT\r\n\r\n00:01.500 --> 00:00:04.000\r\n<v Ana Lefèvre>Tea &amp; bread &lt;3\r\n\r\nNOTE no cue\r\n\r\n7\r\n" +
      "01:00:00.000 --> 01:00:02.250 line:0\r\nTwo\r\nlines\r\n";
    expect(captionsOf(file)).toEqual([
      { start_s: 1.5, end_s: 4, speaker: "Ana Lefèvre", text: "Tea & bread <3" },
      { start_s: 3_600, end_s: 3_602.25, speaker: "", text: "Two lines" },
    ]);
  });

  it.each(["", "WEBVTT", "nonsense\n\n00:01 --> never\nx"])("are none in %j", (file) => expect(captionsOf(file)).toEqual([]));
});

describe("the file that is played", () => {
  const sounds = ["opus", "aac"].map((name) => ({ name, url: name, mime: "", bytes: 1 }) as Sound);

  it("is AAC where that plays, else Opus, else none", () => {
    expect(soundFor(sounds, () => "probably")?.name).toBe("aac");
    expect(soundFor(sounds, (mime) => (mime.includes("ogg") ? "maybe" : ""))?.name).toBe("opus");
    expect(soundFor(sounds, (mime) => (mime.includes("ogg") ? "probably" : "maybe"))?.name).toBe("opus");
    expect(soundFor(sounds, () => "")).toBeNull();
  });
});

it.each([
  [new Answer(503, "replay-not-ready", 2), "making"],
  [new Answer(410, "replay-deleted", null), "deleted"],
  [new Answer(404, "replay-unknown", null), "none"],
  [new Answer(500, "internal", null), "away"],
  [new TypeError("no network"), "away"],
] as const)("what %s means", (error, fate) => expect(fateOf(error)).toBe(fate));

it("says everything in both languages", () => {
  for (const [en, fr] of [[WORDS.en, WORDS.fr], [HALL_WORDS.en, HALL_WORDS.fr]]) {
    expect(Object.keys(fr ?? {}).sort()).toEqual(Object.keys(en ?? {}).sort());
  }
});
