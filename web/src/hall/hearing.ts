/**
 * What the hall needs of whatever brings the sound: parts pushed by Media Source Extensions (`listening.ts`), or the
 * browser's own player of HLS where there is nothing to push into (`native-hls.ts`).
 */

import type { ServerClock } from "../shared/clock";
import type { Store } from "../shared/store";
import type { HandoffEvent, SpaceEvent, StageEvent } from "./events";
import type { ListeningState } from "./phase";
import type { Place } from "./place";
import type { Space } from "./space";

/** What it is told of, and whom it tells. */
export interface Surroundings {
  audio: HTMLAudioElement;
  clock: ServerClock;
  place: Store<Place>;
  /** What tells the edge who one is, or null; see `talk/presence.ts`. */
  badge: Store<string | null>;
  space: Store<Space | null>;
  /** Asks the edge anew, handoffs followed. What fails leaves what was known. */
  refresh: (signal: AbortSignal) => Promise<void>;
  /** The sound of this event is heard now. */
  onHeard: (event: SpaceEvent) => void;
  /** This event is on its way to the ear. */
  onComing: (event: HandoffEvent | StageEvent) => void;
  /** The stream was sent on to this address, with sound from then on (Unix ms). */
  onRedirected: (address: string, fromMs: number) => void;
}

export interface Hearing {
  readonly state: Store<ListeningState>;
  /** Events come with the sound; else they have to be asked for beside it. */
  readonly bringsEvents: boolean;
  /** From the tap on play to the tap on pause, waits included. */
  readonly active: boolean;
  /** Program time that is being heard, Unix ms, or null while there is silence or it cannot be known. */
  readonly hearingMs: number | null;
  /** Begins to listen, or to wait for the beginning. Call it in a tap: browsers allow sound only then. */
  start(): void;
  stop(): void;
  /** Ends a wait early: there is news, or the network is back. */
  wake(): void;
  /** Says to the edge anew who one is; the sound goes on where it was. */
  reintroduce(): void;
  /** One was banned from this Space: silence, at once. */
  banish(): void;
  /** Goes on with the sound of another Parvis. Call it when the place has been changed. */
  move(): void;
  /** Tells this event when its program time is heard (Unix ms). */
  schedule(atMs: number, event: SpaceEvent): void;
}

export type HearingKind = new (around: Surroundings) => Hearing;

const SPREAD_MS = 1_000;

/** Ms until it is worth asking again whether a Space has begun. `Watch` says it sooner, where it can. */
export function askAgainInMs(space: Space, retryAfterS: number | null, nowMs: number): number {
  const spreadMs = Math.random() * SPREAD_MS;
  if (space.state !== "scheduled") return (retryAfterS ?? 1) * 1_000 + spreadMs;
  const leftMs = space.starts_at === null ? Infinity : Date.parse(space.starts_at) - nowMs;
  return Math.max(1_000, Math.min(leftMs, 15_000)) + spreadMs * 5;
}
