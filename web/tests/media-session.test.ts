/** What the lock screen is told, and what its buttons do. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { IDLE, type ListeningState } from "../src/hall/phase";
import { startMediaSession, type Sounding } from "../src/hall/media-session";
import type { Voices } from "../src/hall/model";
import type { Place } from "../src/hall/place";
import type { Space } from "../src/hall/space";
import { Store } from "../src/shared/store";
import { spaceOf } from "../dev/spaces";

const HERE: Place = { id: "calm", origin: "", via: null };

/** What a browser keeps of what it is told. Buttons that are in `missing` are unknown to it. */
class Session {
  metadata: { title: string; artist: string; album: string; artwork: MediaImage[] } | null = null;
  playbackState: MediaSessionPlaybackState = "none";
  position: MediaPositionState | null = null;
  readonly buttons = new Map<string, () => void>();

  constructor(private readonly missing: string[] = []) {}

  setActionHandler(action: string, handler: () => void): void {
    if (this.missing.includes(action)) throw new TypeError(`${action} is not known`);
    this.buttons.set(action, handler);
  }

  setPositionState(state: MediaPositionState): void {
    this.position = state;
  }

  press(action: string): void {
    this.buttons.get(action)?.();
  }
}

/** A hall that plays as soon as it is started. */
class Hall implements Sounding {
  readonly space = new Store<Space | null>(spaceOf("calm"));
  readonly place = new Store(HERE);
  readonly voices = new Store<Voices>({ levels: {}, active: null });
  readonly onStage = new Store(false);
  readonly did: string[] = [];
  readonly listening = {
    state: new Store<ListeningState>(IDLE),
    active: false,
    start: (): void => this.#becomes("start", true),
    stop: (): void => this.#becomes("stop", false),
  };

  #becomes(done: string, active: boolean): void {
    this.did.push(done);
    this.listening.active = active;
    this.listening.state.set({ ...IDLE, phase: active ? "playing" : "idle" });
  }

  speaks(active: string | null): void {
    this.voices.set({ levels: {}, active });
  }

  changes(fields: Partial<Space>): void {
    if (this.space.value !== null) this.space.set({ ...this.space.value, ...fields });
  }
}

let session: Session;

function begun(): Hall {
  const hall = new Hall();
  startMediaSession(hall);
  return hall;
}

beforeEach(() => {
  vi.useFakeTimers();
  session = new Session();
  const drawn = new Proxy({}, { get: () => () => undefined, set: () => true });
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("navigator", { mediaSession: session });
  vi.stubGlobal("MediaMetadata", function (this: object, init: object) { Object.assign(this, init); });
  vi.stubGlobal("document", {
    createElement: () => ({ getContext: () => drawn, toDataURL: () => "data:image/png;base64,AAAA" }),
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("what is shown", () => {
  it("is the title, the host before anybody was heard, and the square", () => {
    begun();
    expect(session.metadata).toMatchObject({
      title: "Budget night: what it changes for you", artist: "Ana Lefèvre", album: "Parvis",
      artwork: [{ src: "data:image/png;base64,AAAA", sizes: "512x512", type: "image/png" }],
    });
  });

  it("is the cover first, where there is one", () => {
    const hall = begun();
    vi.advanceTimersByTime(2_000);
    hall.changes({ cover: "/live/calm/cover.webp" });
    expect(session.metadata?.artwork.map(({ src }) => src)).toEqual(["/live/calm/cover.webp", "data:image/png;base64,AAAA"]);
  });

  it("is whoever was heard last, also in a silence, told at most every two seconds", () => {
    const hall = begun();
    hall.listening.start();
    hall.speaks("tom");
    hall.speaks("yuki");
    expect(session.metadata?.artist).toBe("Ana Lefèvre");
    vi.advanceTimersByTime(2_000);
    expect(session.metadata?.artist).toBe("Yuki Tanaka");
    hall.speaks(null);
    vi.advanceTimersByTime(10_000);
    expect(session.metadata?.artist).toBe("Yuki Tanaka");
  });

  it("is the host of the next room after a handoff", () => {
    const hall = begun();
    hall.listening.start();
    hall.speaks("yuki");
    hall.place.set({ id: "onward", origin: "", via: "calm" });
    hall.space.set(spaceOf("onward"));
    vi.advanceTimersByTime(2_000);
    expect(session.metadata).toMatchObject({ title: "Budget night, second room", artist: "Tom Okafor" });
  });

  it("is nothing of a Space that is over: the replay answers there", () => {
    const hall = begun();
    vi.advanceTimersByTime(2_000);
    hall.changes({ state: "ended", title: "Over" });
    expect(session.metadata?.title).not.toBe("Over");
  });
});

describe("the state", () => {
  it("is none until somebody listens, then playing and paused, without an end", () => {
    const hall = begun();
    expect(session.playbackState).toBe("none");
    hall.listening.start();
    expect(session.playbackState).toBe("playing");
    expect(session.position).toEqual({ duration: Infinity, position: 0, playbackRate: 1 });
    hall.listening.stop();
    expect(session.playbackState).toBe("paused");
  });

  it("is none while one is on stage", () => {
    const hall = begun();
    hall.listening.start();
    hall.listening.stop();
    hall.onStage.set(true);
    expect(session.playbackState).toBe("none");
    hall.onStage.set(false);
    expect(session.playbackState).toBe("paused");
  });
});

describe("the buttons", () => {
  it.each(["pause", "stop"])("play, and %s is silence", (button) => {
    const hall = begun();
    session.press("play");
    session.press(button);
    session.press("play");
    expect(hall.did).toEqual(["start", "stop", "start"]);
  });

  it("do not bring the program back into the microphone of who is on stage", () => {
    const hall = begun();
    hall.onStage.set(true);
    session.press("play");
    expect(hall.did).toEqual([]);
  });

  it("are play, pause and stop, as far as the browser has them: there is nothing to wind", () => {
    begun();
    expect([...session.buttons.keys()]).toEqual(["play", "pause", "stop"]);
    session = new Session(["stop"]);
    vi.stubGlobal("navigator", { mediaSession: session });
    begun();
    expect([...session.buttons.keys()]).toEqual(["play", "pause"]);
  });

  it("are not missed by a browser that knows nothing of them", () => {
    vi.stubGlobal("navigator", {});
    expect(begun).not.toThrow();
  });
});
