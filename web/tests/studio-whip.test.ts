import { describe, expect, it } from "vitest";
import { LOOK_MS, Watchdog } from "../src/shared/watchdog";

/** When it is given up, in ms after the last packet; null within ten seconds. */
function givenUp(watchdog: Watchdog, states: (ms: number) => RTCPeerConnectionState, packetsUntilMs: number, startMs: number): number | null {
  for (let ms = startMs; ms < startMs + 10_000; ms += LOOK_MS) {
    const packets = Math.min(ms, packetsUntilMs) / 20;
    if (watchdog.isLost(ms, states(ms), packets)) return ms - packetsUntilMs;
  }
  return null;
}

const connected = (): RTCPeerConnectionState => "connected";

describe("a connection to the stage", () => {
  it("that goes on is left alone", () => {
    expect(givenUp(new Watchdog(), connected, Infinity, 1_000)).toBeNull();
  });

  it("that is silent for a second and a half is lost", () => {
    expect(givenUp(new Watchdog(), connected, 5_000, 1_000)).toBe(1_500);
  });

  it("that is silent after the network has changed is lost sooner", () => {
    const watchdog = new Watchdog();
    watchdog.suspect(5_000);
    expect(givenUp(watchdog, connected, 5_000, 1_000)).toBe(750);
  });

  it("to a stage that never sent anything is not silent, only when ICE gives up", () => {
    expect(givenUp(new Watchdog(), connected, 0, 0)).toBeNull();
    expect(givenUp(new Watchdog(), () => "failed", 0, 0)).toBe(0);
  });

  it("that is cut may mend for two and a half seconds", () => {
    const cut = (untilMs: number) => (ms: number): RTCPeerConnectionState => (ms >= 2_000 && ms < untilMs ? "disconnected" : "connected");
    expect(givenUp(new Watchdog(), cut(4_250), Infinity, 1_000)).toBeNull();
    const watchdog = new Watchdog();
    const lostMs = [2_000, 3_000, 4_250, 4_500].map((ms) => watchdog.isLost(ms, "disconnected", ms));
    expect(lostMs).toEqual([false, false, false, true]);
  });
});
