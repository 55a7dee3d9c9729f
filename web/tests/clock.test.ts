import { describe, expect, it } from "vitest";
import { ServerClock } from "../src/shared/clock";

describe("ServerClock", () => {
  it("takes the middle of the round trip", () => {
    const clock = new ServerClock();
    clock.set(1_000_000, 100, 300);
    expect(clock.now(200)).toBe(1_000_000);
    expect(clock.now(1_200)).toBe(1_001_000);
  });

  it("keeps the sharper answer, for five minutes", () => {
    const clock = new ServerClock();
    clock.set(1_000_000, 0, 20);
    clock.set(5_000_000, 1_000, 3_000);
    expect(clock.now(10)).toBe(1_000_000);
    clock.set(5_000_000, 400_000, 402_000);
    expect(clock.now(401_000)).toBe(5_000_000);
  });

  it("takes a blunter answer once in doubt", () => {
    const clock = new ServerClock();
    clock.set(1_000_000, 0, 20);
    clock.doubt();
    clock.set(5_000_000, 1_000, 3_000);
    expect(clock.now(2_000)).toBe(5_000_000);
  });

  it("is not moved by a time that is none", () => {
    const clock = new ServerClock();
    clock.set(Number.NaN, 0, 1);
    expect(clock.known).toBe(false);
  });
});
