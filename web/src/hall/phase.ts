/** What a listener is living through, as far as connection and sound go. */

import type { Appointment } from "./appointment";
import type { RenditionName } from "./space";

/** What the connection does: `waiting` is not admitted, `unbegun` is no program yet. */
export type Connection = "connecting" | "open" | "lost" | "waiting" | "unbegun" | "offline";

export type Phase =
  | "idle" | "connecting" | "playing" | "buffering" | "reconnecting" | "waiting" | "unbegun" | "offline"
  | "refused" | "ended" | "unknown" | "unsupported" | "members" | "pass-full" | "banned";

export interface ListeningState {
  phase: Phase;
  rendition: RenditionName | null;
  /** Stage to ear, ms, or null while nothing is heard. */
  delayMs: number | null;
  aheadMs: number;
  gaps: number;
  gapMs: number;
  stalls: number;
  /** When it will try again, or when the sound stopped: ms as of `performance.now()`. */
  retryAtMs: number | null;
  silentSinceMs: number | null;
  /** Sound that was lost a moment ago, ms, or 0. */
  missedMs: number;
  /** What will let us in, while we are not. */
  appointment: Appointment | null;
  /** Parts a burst, told changes included, or null when that is not known. */
  stretch: number | null;
}

export const IDLE: ListeningState = {
  phase: "idle", rendition: null, delayMs: null, aheadMs: 0, gaps: 0, gapMs: 0, stalls: 0,
  retryAtMs: null, silentSinceMs: null, missedMs: 0, appointment: null, stretch: null,
};

/** What a listener is told, from what the connection does and what is heard. */
export function phaseOf(connection: Connection, audible: boolean, heardBefore: boolean): Phase {
  if (audible) return "playing";
  switch (connection) {
    case "open":
      return heardBefore ? "buffering" : "connecting";
    case "lost":
      return heardBefore ? "reconnecting" : "connecting";
    default:
      return connection;
  }
}
