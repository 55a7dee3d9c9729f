import { describe, expect, it } from "vitest";
import { answerOf, retryAfterS } from "../src/hall/space";
import { phaseOf } from "../src/hall/phase";
import { stateOf } from "../src/hall/state";

describe("retryAfterS", () => {
  it.each([[null, null], ["45", 45], [" 0 ", 0], ["soon", null], ["Sun, 22 Nov 2026 20:00:30 GMT", 30]])(
    "%j is %j", (header, expected) => {
      expect(retryAfterS(header, Date.parse("2026-11-22T20:00:00Z"))).toBe(expected);
    },
  );
});

describe("answerOf", () => {
  it("reads the code of a problem", async () => {
    const response = new Response('{"code":"not-admitted"}', { status: 503, headers: { "Retry-After": "9" } });
    expect(await answerOf(response)).toMatchObject({ status: 503, code: "not-admitted", retryAfterS: 9 });
  });

  it("makes do with the status when a proxy answers in HTML", async () => {
    expect(await answerOf(new Response("<html>", { status: 502 }))).toMatchObject({ status: 502, code: "unknown" });
  });
});

describe("what a listener is told", () => {
  it.each([
    ["lost", true, true, "playing"],
    ["lost", false, true, "reconnecting"],
    ["lost", false, false, "connecting"],
    ["open", false, true, "buffering"],
    ["open", false, false, "connecting"],
    ["waiting", false, true, "waiting"],
    ["offline", false, true, "offline"],
  ] as const)("connection %s, audible %s, heard before %s: %s", (connection, audible, before, phase) => {
    expect(phaseOf(connection, audible, before)).toBe(phase);
  });

  it.each([
    [null, "idle", "loading"],
    ["scheduled", "idle", "scheduled"],
    ["scheduled", "unbegun", "scheduled"],
    ["live", "idle", "ready"],
    ["live", "playing", "playing"],
    ["held", "playing", "held"],
    ["held", "reconnecting", "reconnecting"],
    ["ended", "idle", "ended"],
    ["ended", "playing", "playing"],
  ] as const)("Space %s, phase %s: %s", (space, phase, state) => {
    expect(stateOf(space, phase)).toBe(state);
  });
});
