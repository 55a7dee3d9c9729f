/**
 * The lock screen and the headset buttons (W3C Media Session).
 *
 * Rules:
 *
 * - Pause is stop, play comes back live: there is nothing behind a live voice to wind back to.
 * - The artist is whoever was heard last, said at most every two seconds; before anybody was, the host.
 * - It says nothing for a Space that is over: the replay answers there.
 * - While one is on stage oneself, no button of the system brings the program back into the microphone.
 */

import { artworkOf } from "./artwork";
import type { Hearing } from "./hearing";
import type { Hall } from "./model";

const TELL_EACH_MS = 2_000;

/** What it needs of the hall. */
export interface Sounding extends Pick<Hall, "space" | "place" | "voices" | "onStage"> {
  readonly listening: Pick<Hearing, "state" | "active" | "start" | "stop">;
}

export function startMediaSession(hall: Sounding): void {
  const session = (navigator as Partial<Navigator>).mediaSession;
  if (session === undefined) return;
  const act = (action: MediaSessionAction, handler: () => void): void => {
    try {
      session.setActionHandler(action, handler);
    } catch {
      // This browser has no such button.
    }
  };
  act("play", () => {
    if (!hall.onStage.value) hall.listening.start();
  });
  act("pause", () => hall.listening.stop());
  act("stop", () => hall.listening.stop());

  let speaker = "";
  let told = "";
  let toldAtMs = -Infinity;
  let timer = 0;
  const tell = (): void => {
    const space = hall.space.value;
    if (space === null || space.state === "ended") return;
    const waitMs = toldAtMs + TELL_EACH_MS - performance.now();
    const now = [space.title, speaker === "" ? space.host.display_name : speaker, space.cover ?? ""].join("\n");
    if (now === told) return;
    clearTimeout(timer);
    if (waitMs > 0) {
      timer = window.setTimeout(tell, waitMs);
      return;
    }
    told = now;
    toldAtMs = performance.now();
    const [title, artist] = now.split("\n");
    session.metadata = new MediaMetadata({
      title: title ?? "", artist: artist ?? "", album: "Parvis", artwork: artworkOf(space),
    });
  };
  hall.space.subscribe(tell);
  hall.place.subscribe(() => (speaker = ""));
  hall.voices.subscribe(({ active }) => {
    const found = hall.space.value?.speakers.find(({ handle }) => handle === active);
    if (found === undefined || found.display_name === speaker) return;
    speaker = found.display_name;
    tell();
  });
  let begun = false;
  const state = (): void => {
    const { phase } = hall.listening.state.value;
    if (hall.space.value?.state === "ended" && phase !== "playing") return;
    begun ||= hall.listening.active;
    session.playbackState = hall.onStage.value || !begun ? "none" : hall.listening.active ? "playing" : "paused";
    if (!hall.listening.active) return;
    tell();
    try {
      session.setPositionState({ duration: Infinity, position: 0, playbackRate: 1 });
    } catch {
      // It knows of no sound without an end.
    }
  };
  hall.listening.state.subscribe(state);
  hall.onStage.subscribe(state);
  tell();
}
