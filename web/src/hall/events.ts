/**
 * Events that ride with the sound (docs/protocol.md §3), shown when their sound is heard.
 *
 * A listener is one to ten seconds behind the stage; an event that was shown when it arrives would light a
 * speaker before the voice is there. So events wait here for their program time.
 */

import type { TalkEvent } from "../shared/talk-events";
import type { CaptionEvent } from "./captions";
import type { Speaker, SpaceState } from "./space";
import type { TimedEvent } from "./mp4";

/** The audience goes over into another Space: `to` of this Parvis, or "" and `url` of another. */
export interface HandoffEvent {
  type: "handoff";
  from: string;
  to: string;
  url: string;
  title: string;
  reason: string;
  by: string;
  /** Unix ms of the sound that it belongs to; the queue adds it. */
  atMs: number;
}

export interface StageEvent {
  type: "stage";
  speakers: Speaker[];
}

export type SpaceEvent =
  | { type: "state"; state: SpaceState; title: string; reason: string | null; starts_at?: string | null }
  | StageEvent
  | { type: "levels"; levels: Record<string, number>; active: string | null }
  | { type: "counts"; listeners: number }
  | HandoffEvent
  | CaptionEvent
  | TalkEvent;

/** Said by an edge to its own listeners: from that part on, bursts hold `stretch` parts. Nothing to see or hear. */
export interface PaceEvent {
  stretch: number;
  from_sequence: number;
}

export const MOST_STRETCH = 64;
export const TYPES = [
  "state", "stage", "levels", "counts", "handoff", "caption",
  "chat", "chat-gone", "chat-back", "chat-more", "pin", "poll", "reactions", "invited",
] as const;
const KNOWN = new Set<string>(TYPES);
/** A bound for a page that is frozen while bytes arrive; ten seconds of sound hold about a hundred. */
const MOST_WAITING = 2_000;

/** The event in `body`, or null for one that is not JSON, or of a type that this page does not know. */
export function parseEvent(body: string): SpaceEvent | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return null;
  }
  if (typeof parsed !== "object" || parsed === null || !("type" in parsed)) return null;
  return KNOWN.has(parsed.type as string) ? (parsed as SpaceEvent) : null;
}

/** A handoff comes first in its part: what else the part tells is of the new Space. */
function rank(event: SpaceEvent): number {
  return event.type === "handoff" ? 0 : 1;
}

/** What the last of `events` that is of type `pace` tells, or null when none is, or it makes no sense. */
export function paceIn(events: TimedEvent[]): PaceEvent | null {
  const body = events.findLast((event) => event.body.includes('"pace"'))?.body;
  if (body === undefined) return null;
  try {
    const told = JSON.parse(body) as Partial<PaceEvent> & { type?: unknown };
    const { stretch = 0, from_sequence = NaN } = told;
    const sound = Number.isInteger(stretch) && stretch >= 1 && stretch <= MOST_STRETCH && Number.isInteger(from_sequence);
    return told.type === "pace" && sound ? { stretch, from_sequence } : null;
  } catch {
    return null;
  }
}

export class EventQueue {
  #waiting: { timeMs: number; event: SpaceEvent }[] = [];

  /** Gives what is worth knowing before it is heard: handoffs, and who is on stage. */
  add(events: TimedEvent[]): (HandoffEvent | StageEvent)[] {
    const ahead: (HandoffEvent | StageEvent)[] = [];
    for (const { timeMs, body } of events) {
      const parsed = parseEvent(body);
      if (parsed === null) continue;
      const event = parsed.type === "handoff" ? { ...parsed, atMs: timeMs } : parsed;
      if (event.type === "handoff" || event.type === "stage") ahead.push(event);
      this.put(timeMs, event);
    }
    return ahead;
  }

  /** One that was learnt of in another way. */
  put(partMs: number, event: SpaceEvent): void {
    // Words come after their sound: a caption is about the sound at which they began, not that of its part.
    const timeMs = event.type === "caption" ? Math.min(event.start_ms, partMs) : partMs;
    this.#waiting.push({ timeMs, event });
    this.#waiting.sort((a, b) => a.timeMs - b.timeMs || rank(a.event) - rank(b.event));
    if (this.#waiting.length > MOST_WAITING) this.#waiting.splice(0, this.#waiting.length - MOST_WAITING);
  }

  /** Takes what belongs to sound up to `heardMs` (Unix ms), oldest first. */
  due(heardMs: number): SpaceEvent[] {
    const later = this.#waiting.findIndex((waiting) => waiting.timeMs > heardMs);
    return this.#waiting.splice(0, later < 0 ? this.#waiting.length : later).map(({ event }) => event);
  }

  clear(): void {
    this.#waiting = [];
  }
}
