import { describe, expect, it } from "vitest";
import { filled, FOCUS, onStage, places, scaleOf, STAGE_RADIUS } from "../src/square/geometry";

const PLACES = places();

describe("places", () => {
  it("holds about a thousand, all inside the square and off the stage", () => {
    expect(PLACES.length).toBeGreaterThan(800);
    expect(PLACES.length).toBeLessThan(1_200);
    for (const { x, y } of PLACES) {
      expect(Math.hypot(x, y)).toBeLessThan(0.96);
      expect(Math.hypot(x - FOCUS.x, y - FOCUS.y)).toBeGreaterThan(STAGE_RADIUS + 0.1);
    }
  });

  it("keeps people apart", () => {
    let nearest = Infinity;
    PLACES.forEach((a, i) => {
      for (const b of PLACES.slice(i + 1)) nearest = Math.min(nearest, Math.hypot(a.x - b.x, a.y - b.y));
    });
    expect(nearest).toBeGreaterThan(0.03);
  });

  it("fills from the stage outward, the same each time", () => {
    expect(places()).toEqual(PLACES);
    const mean = (from: number, to: number): number =>
      PLACES.slice(from, to).reduce((sum, { ring }) => sum + ring, 0) / (to - from);
    expect(mean(0, 50)).toBeLessThan(mean(400, 450));
    expect(mean(400, 450)).toBeLessThan(mean(800, 850));
  });
});

describe("points", () => {
  it.each([[0, 1, 0], [1, 1, 1], [900, 1, 900], [901, 10, 91], [12_345, 100, 124], [612_408, 1000, 613], [5_000_000, 1000, 900]])(
    "%i listeners: one point is %i, %i are filled", (listeners, scale, points) => {
      expect(scaleOf(listeners, 900)).toBe(scale);
      expect(filled(listeners, 900)).toBe(points);
    },
  );
});

it("puts one speaker in the middle of the stage, and several from side to side", () => {
  expect(onStage(0)).toEqual([]);
  expect(onStage(1)[0]?.x).toBeCloseTo(FOCUS.x);
  const three = onStage(3).map(({ x }) => x);
  expect(three).toEqual([...three].sort((a, b) => a - b));
  expect(new Set(onStage(13).map(({ x }) => x.toFixed(3))).size).toBe(13);
});
