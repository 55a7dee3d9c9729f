import { describe, expect, it } from "vitest";
import { Pace } from "../src/hall/pace";

/** Plays `seconds` of bursts of `burstS`, the buffer falling from `highS` after each burst. Returns the end, ms. */
function play(pace: Pace, fromMs: number, seconds: number, burstS: number, lowS: number): number {
  for (let ms = 0; ms < seconds * 1000; ms += 100) {
    const intoBurstS = (ms / 1000) % burstS;
    if (intoBurstS < 0.1) pace.arrived(fromMs + ms, ms);
    pace.observe(fromMs + ms, lowS + burstS - intoBurstS);
  }
  return fromMs + seconds * 1000;
}

describe("Pace", () => {
  it("leaves the rate alone before it has watched", () => {
    const pace = new Pace();
    pace.observe(0, 9);
    expect(pace.rate(100)).toBe(1);
  });

  it.each([0.32, 1.28, 5.12])("is content with the target in bursts of %d s", (burstS) => {
    const pace = new Pace();
    const end = play(pace, 0, 30, burstS, 0.75);
    expect(pace.rate(end)).toBe(1);
    expect(pace.skipS(end)).toBe(0);
  });

  it("goes faster when too much waits, slower when too little, by 3 % at most", () => {
    const much = new Pace();
    expect(much.rate(play(much, 0, 10, 0.32, 3))).toBe(1.03);
    const little = new Pace();
    expect(little.rate(play(little, 0, 10, 0.32, 0.05))).toBe(0.97);
  });

  it("sees the lowest point of a long burst, not its top", () => {
    const pace = new Pace();
    const end = play(pace, 0, 40, 5.12, 0.1);
    expect(pace.rate(end)).toBe(0.97);
  });

  it("wins back what a cut has put off, and skips only what is too late to matter", () => {
    const late = new Pace();
    expect(late.skipS(play(late, 0, 10, 0.32, 7))).toBe(0);
    const tooLate = new Pace();
    expect(tooLate.skipS(play(tooLate, 0, 10, 0.32, 25))).toBeCloseTo(24.2, 1);
  });

  it("does not take the time of a reconnection for a burst", () => {
    const pace = new Pace();
    const end = play(pace, 0, 10, 0.32, 3);
    pace.resumed(null);
    pace.arrived(end + 10_000, 100_000);
    pace.arrived(end + 10_320, 100_001);
    pace.observe(end + 10_400, 3);
    expect(pace.rate(end + 10_400)).toBe(1.03);
  });

  it("goes on after running dry when what is there lasts until the next burst, however long bursts are", () => {
    const pace = new Pace();
    expect(pace.ready(0, 0.81)).toBe(true);
    pace.resumed(19);
    pace.arrived(1_000, 19);
    expect(pace.ready(1_100, 6.08)).toBe(false);
    expect(pace.ready(1_800, 6.08)).toBe(true);
    expect(pace.ready(9_000, 0.7)).toBe(false);
  });

  it("keeps more in hand after running dry, and less again when calm", () => {
    const pace = new Pace();
    const calmS = pace.targetS;
    pace.stalled(0);
    expect(pace.targetS).toBeCloseTo(calmS + 0.5);
    for (let i = 0; i < 20; i += 1) pace.stalled(i);
    expect(pace.targetS).toBe(4);
    for (let minute = 0; minute < 60; minute += 1) pace.observe(minute * 61_000, 4);
    expect(pace.targetS).toBeCloseTo(calmS);
  });
});
