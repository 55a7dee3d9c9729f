/** What a listener lives through when the bursts of its edge grow and shrink: minutes of it, for every stretch. */

import { describe, expect, it } from "vitest";
import { PART_S } from "../src/hall/pace";
import { Crowd, edgeChange } from "./crowd";

const EVERY = Array.from({ length: 64 }, (_, i) => i + 1);
const LADDER = [1, 2, 4, 8, 16, 32, 64];

/** A network that adds up to `mostMs`, the same in each run. */
function jitter(mostMs: number, seed = 7): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state / 2_147_483_647) * mostMs;
  };
}

describe("who joins", () => {
  it.each(EVERY)("at stretch %d plays at once, and never runs dry", (stretch) => {
    const crowd = new Crowd(stretch, jitter(200));
    crowd.run(180);
    expect(crowd.drySeconds).toBe(0);
    expect(crowd.delayS).toBeLessThan((stretch + Math.max(2, stretch / 8)) * PART_S + 1.2);
    expect(crowd.slowest).toBeGreaterThanOrEqual(0.97);
  });

  it("is not hurried out of the sound that it was given for bursts that are to come", () => {
    const crowd = new Crowd(16);
    crowd.pace.resumed(32);
    crowd.run(60);
    expect(crowd.fastest).toBe(1);
  });
});

describe("who is told", () => {
  it.each(EVERY.slice(1))("of stretch %d from 1, and back, never runs dry", (stretch) => {
    const crowd = new Crowd(1, jitter(150));
    crowd.run(20);
    crowd.tell(edgeChange(1, stretch));
    crowd.settle();
    crowd.run(120);
    expect(crowd.stretch).toBe(stretch);
    expect(crowd.drySeconds).toBe(0);
    crowd.tell(edgeChange(stretch, 1));
    crowd.settle();
    crowd.run(120 + 13 * stretch);
    expect(crowd.drySeconds).toBe(0);
    expect(crowd.fastest).toBeLessThanOrEqual(1.03);
    expect(crowd.skipped).toBe(0);
    expect(crowd.delayS).toBeLessThan(2);
  });

  it("climbs the whole ladder and comes down again", () => {
    const crowd = new Crowd(1, jitter(150));
    crowd.run(10);
    for (const [i, stretch] of LADDER.slice(1).entries()) {
      crowd.tell(edgeChange(LADDER[i] ?? 1, stretch));
      crowd.settle();
      crowd.run(3);
    }
    expect(crowd.drySeconds).toBe(0);
    expect(crowd.delayS).toBeGreaterThan(10);
    crowd.run(30);
    for (const stretch of [...LADDER].reverse().slice(1)) {
      crowd.tell(edgeChange(crowd.stretch, stretch));
      crowd.settle();
      crowd.run(30);
    }
    crowd.run(600);
    expect(crowd.drySeconds).toBe(0);
    expect(crowd.skipped).toBe(0);
    expect(crowd.delayS).toBeLessThan(2);
  });

  it.each(Array.from({ length: 40 }, (_, seed) => seed + 1))("changes at random (%d), and never runs dry", (seed) => {
    const random = jitter(1, seed);
    const crowd = new Crowd(1 + Math.floor(random() * 32), jitter(150, seed));
    for (let i = 0; i < 8; i += 1) {
      crowd.run(3 + random() * 40);
      crowd.tell(edgeChange(crowd.stretch, 1 + Math.floor(random() * 32)));
      crowd.settle();
    }
    crowd.run(40);
    expect(crowd.drySeconds).toBe(0);
    expect(crowd.slowest).toBeGreaterThanOrEqual(0.92);
  });

  it.each([[1, 8], [8, 16], [16, 32], [1, 32]])("early enough, slows by no more than three in a hundred (%d to %d)", (from, to) => {
    const crowd = new Crowd(from);
    crowd.run(20);
    crowd.tell({ stretch: to, leadParts: 34 * (to - from) + to });
    crowd.settle();
    crowd.run(60);
    expect(crowd.drySeconds).toBe(0);
    expect(crowd.slowest).toBe(0.97);
  });

  it("too late for anything has its one silence, and then enough", () => {
    const crowd = new Crowd(2);
    crowd.run(20);
    crowd.tell({ stretch: 32, leadParts: 4 });
    crowd.settle();
    crowd.run(60);
    const silenceS = crowd.drySeconds;
    expect(silenceS).toBeGreaterThan(5);
    crowd.run(120);
    expect(crowd.drySeconds).toBe(silenceS);
  });
});
