import { describe, expect, it } from "vitest";
import type { Space } from "../src/studio/api";
import { targetOf } from "../src/studio/handoff-target";
import { changeOf, draftOf, newDraft, spaceOf } from "../src/studio/plan";
import { inShort } from "../src/studio/plan-form";
import { bars, parseTime, rangeOf, showTime } from "../src/studio/range";
import { en } from "../src/studio/words/en";
import { fr } from "../src/studio/words/fr";
import { instantOf, localIn, nextHour } from "../src/studio/zones";

describe("times in zones", () => {
  it.each([
    ["2026-11-22T20:00", "Europe/Paris", "2026-11-22T19:00:00.000Z"],
    ["2026-07-14T20:00", "Europe/Paris", "2026-07-14T18:00:00.000Z"],
    ["2026-11-22T20:00", "UTC", "2026-11-22T20:00:00.000Z"],
    ["2026-11-22T20:00", "Asia/Kolkata", "2026-11-22T14:30:00.000Z"],
    ["2026-12-31T23:59", "America/New_York", "2027-01-01T04:59:00.000Z"],
    // Twice in autumn: the first. Left out in spring: the hour after it.
    ["2026-10-25T02:30", "Europe/Paris", "2026-10-25T00:30:00.000Z"],
    ["2026-03-29T02:30", "Europe/Paris", "2026-03-29T01:30:00.000Z"],
  ])("%s in %s is %s", (local, zone, instant) => {
    expect(instantOf(local, zone)?.toISOString()).toBe(instant);
  });

  it("come back as they were typed, whenever there is such a time", () => {
    for (let hour = 0; hour < 24 * 370; hour += 7) {
      const instant = new Date(Date.UTC(2026, 0, 1, hour, 15));
      const local = localIn(instant, "America/Sao_Paulo");
      expect(localIn(instantOf(local, "America/Sao_Paulo") ?? new Date(0), "America/Sao_Paulo")).toBe(local);
    }
  });

  it("that are none are null", () => {
    expect(instantOf("", "UTC")).toBeNull();
    expect(instantOf("tomorrow", "UTC")).toBeNull();
  });

  it("propose the next full hour, but leave half an hour to prepare", () => {
    expect(nextHour(new Date("2026-11-22T18:20:00Z"), "UTC")).toBe("2026-11-22T19:00");
    expect(nextHour(new Date("2026-11-22T18:50:00Z"), "UTC")).toBe("2026-11-22T20:00");
    expect(nextHour(new Date("2026-12-31T22:40:00Z"), "Europe/Paris")).toBe("2027-01-01T01:00");
  });
});

const now = new Date("2026-11-22T18:20:00Z");
const draft = { ...newDraft(now, "en", "Europe/Paris"), title: " Budget night " };

describe("a plan", () => {
  it("without a time does not start by itself", () => {
    expect(spaceOf(draft)).toEqual({
      title: "Budget night", description: "", language: "en", visibility: "public", topics: [], grace_s: 10, successors: [], standby: "notice", keep_open_s: 3600,
      if_absent: "hold", postpone_s: 600, recording: "off", auto_start: false,
    });
  });

  it("with a time begins at that second by itself", () => {
    expect(spaceOf({ ...draft, later: true })).toMatchObject({ starts_at: "2026-11-22T19:00:00.000Z", auto_start: true });
  });

  it("sends what was changed, and nothing else", () => {
    const space = { ...spaceOf({ ...draft, later: true }), starts_at: "2026-11-22T19:00:00.000Z" } as unknown as Space;
    const before = draftOf(space, "Europe/Paris", now);
    expect(changeOf(before, before)).toEqual({});
    expect(changeOf(before, { ...before, standby: "tone", successors: ["leo"] })).toEqual({ standby: "tone", successors: ["leo"] });
    expect(changeOf(before, { ...before, later: false })).toEqual({ starts_at: null, auto_start: false });
    expect(changeOf(before, { ...before, zone: "UTC", startsAt: "2026-11-22T19:00" })).toEqual({});
  });

  it("takes the topic along that was typed and not added", () => {
    expect(spaceOf({ ...draft, topics: ["Budget"], topicText: "hospitals, budget" }).topics).toEqual(["Budget", "hospitals"]);
  });

  it("is said in one line, in both languages", () => {
    expect(inShort(draft, en)).toBe("On air when you press the button. If you drop out, somebody takes over after 10 seconds.");
    const timed = inShort({ ...draft, later: true, if_absent: "postpone", grace_s: 0 }, fr);
    expect(timed).toContain("Sans vous, on repousse. Si vous décrochez, on prend la relève aussitôt.");
  });
});

it.each([
  ["https://radio.example/s/b7", { to: "b7" }],
  ["  https://radio.example/s/b7/?x=1#y ", { to: "b7" }],
  ["https://radio.example/s/k3v9", "here"],
  ["https://other.example/s/q1", { url: "https://other.example/s/q1", site: "other.example" }],
  ["http://other.example/s/q1", "bad"],
  ["https://me:secret@other.example/s/q1", "bad"],
  ["https://radio.example/studio/b7", "bad"],
  ["b7", "bad"],
  ["", "bad"],
])("the link %j leads to %j", (pasted, target) => {
  expect(targetOf(pasted, "https://radio.example/s/k3v9")).toEqual(target);
});

describe("a stretch of a replay", () => {
  it.each([["65", 65], ["1:05", 65], ["1:05.3", 65.3], ["0:05,5", 5.5], ["1:01:05", 3665], ["", null], ["1:", null], ["-3", null], ["a", null], ["1:2:3:4", null]])(
    "%j is %j seconds", (text, seconds) => {
      if (seconds === null) expect(parseTime(text)).toBeNull();
      else expect(parseTime(text)).toBeCloseTo(seconds, 9);
    },
  );

  it("is written as it is read", () => {
    for (const seconds of [0, 5, 59.9, 65.3, 3600, 3665.1]) expect(parseTime(showTime(seconds))).toBeCloseTo(seconds, 6);
    expect([showTime(65.34), showTime(59.96), showTime(3665)]).toEqual(["1:05.3", "1:00", "1:01:05"]);
  });

  it("begins before it ends, within the replay", () => {
    expect(rangeOf("0:10", "0:20", 60)).toEqual({ from_s: 10, to_s: 20 });
    expect(rangeOf("0:10", "2:00", 60)).toEqual({ from_s: 10, to_s: 60 });
    expect([rangeOf("0:20", "0:20", 60), rangeOf("1:00", "1:10", 60), rangeOf("x", "1:10", 60)]).toEqual([null, null, null]);
  });

  it("is drawn with the loudest of each stretch", () => {
    expect(bars([0, 0.5, 0.2, 1], 2)).toEqual([0.5, 1]);
    expect(bars([0.3], 3)).toEqual([0.3, 0.3, 0.3]);
    expect(bars([], 2)).toEqual([0, 0]);
  });
});
