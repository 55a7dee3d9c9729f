/** The one word for what a listener is living through: `data-state` of the page, and which notice is shown. */

import type { Phase } from "./phase";
import type { SpaceState } from "./space";

export type HallState = Exclude<Phase, "idle" | "unbegun"> | "loading" | "scheduled" | "ready" | "held";

/** Bursts of so many parts (2.56 s) and more are worth a word to who listens. */
export const CROWDED_FROM_STRETCH = 8;

const WHILE_IDLE: Record<SpaceState, HallState> = {
  scheduled: "scheduled",
  live: "ready",
  held: "held",
  ended: "ended",
};

export function stateOf(space: SpaceState | null, phase: Phase): HallState {
  if (phase === "idle") return space === null ? "loading" : WHILE_IDLE[space];
  if (phase === "unbegun") return space === "held" ? "held" : "scheduled";
  // The standby sound plays: what is told is what the Space waits for.
  if (phase === "playing" && (space === "held" || space === "scheduled")) return space;
  return phase;
}
