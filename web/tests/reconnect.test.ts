import { describe, expect, it } from "vitest";
import { Backoff, pause } from "../src/shared/reconnect";

const most = (): number => 1 - Number.EPSILON;

describe("Backoff", () => {
  it("raises its bound from a quarter of a second to fifteen seconds", () => {
    const backoff = new Backoff(most);
    const waits = Array.from({ length: 11 }, () => Math.round(backoff.next()));
    expect(waits).toEqual([250, 400, 640, 1024, 1638, 2621, 4194, 6711, 10_737, 15_000, 15_000]);
  });

  it("draws from zero to the bound", () => {
    expect(new Backoff(() => 0).next()).toBe(0);
    expect(new Backoff(() => 0.5).next()).toBe(125);
  });

  it("starts anew when what was tried works", () => {
    const backoff = new Backoff(most);
    backoff.next();
    backoff.next();
    backoff.reset();
    expect(Math.round(backoff.next())).toBe(250);
  });

  it("never comes before the time that the server named, and spreads behind it", () => {
    expect(new Backoff(() => 0).next(45)).toBe(45_000);
    expect(Math.round(new Backoff(most).next(45))).toBe(49_500);
    expect(Math.round(new Backoff(most).next(0))).toBe(250);
  });

  it("does not overflow after a night without a network", () => {
    const backoff = new Backoff(most);
    for (let i = 0; i < 5_000; i += 1) backoff.next();
    expect(Math.round(backoff.next())).toBe(15_000);
  });
});

describe("pause", () => {
  it("ends early when woken", async () => {
    const wake = new EventTarget();
    const paused = pause(3_600_000, new AbortController().signal, wake);
    wake.dispatchEvent(new Event("wake"));
    await expect(paused).resolves.toBeUndefined();
  });

  it("rejects with the reason of the abort, before and during", async () => {
    const abort = new AbortController();
    const paused = pause(3_600_000, abort.signal);
    abort.abort(new Error("gone"));
    await expect(paused).rejects.toThrow("gone");
    await expect(pause(1, abort.signal)).rejects.toThrow("gone");
  });
});
