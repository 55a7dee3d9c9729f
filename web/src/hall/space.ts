/** What the edge tells of a Space: `space.json` (docs/protocol.md §2), from the page itself or fetched. */

import type { ServerClock } from "../shared/clock";
import { at } from "../shared/handle";
import { offerIn, type Offer } from "./appointment";
import { passHeaders } from "./pass";
import { liveAddress, type Place } from "./place";

export type SpaceState = "scheduled" | "live" | "held" | "ended";
export type RenditionName = "opus" | "aac";

export interface Speaker {
  handle: string;
  display_name: string;
  role: "host" | "co-host" | "speaker";
  connected: boolean;
  muted: boolean;
  /** Name of the picture, below `faces/` at the edge, or null. */
  avatar?: string | null;
}

export interface Rendition {
  name: RenditionName;
  mime: string;
  bitrate_bps: number;
  stream: string;
}

/** Where its audience was sent. `id` is null for another Parvis. */
export interface HandedTo {
  id: string | null;
  url: string;
  title: string;
  reason: string;
  at: string;
}

export interface Space {
  id: string;
  title: string;
  description: string;
  language: string;
  state: SpaceState;
  /** Code of docs/protocol.md §3 for why it is as it is; only events tell it. */
  reason?: string | null;
  host: { handle: string; display_name: string };
  /** Handle of who acts for the host, or null. */
  acting_host?: string | null;
  recording?: boolean;
  /** Address of the picture that was uploaded, or null. */
  cover?: string | null;
  captions?: "off" | "automatic" | "human";
  handed_to?: HandedTo | null;
  speakers: Speaker[];
  counts: { listeners: number };
  created_at: string;
  starts_at: string | null;
  started_at: string | null;
  ended_at: string | null;
  now: string;
  sequence: number | null;
  renditions: Rendition[];
  edges: string[];
  visibility?: "public" | "unlisted" | "members";
  end_reason?: "cancelled" | null;
  /** Whether hands can be raised now, and who may write; a Parvis of before hands and chat says neither. */
  hands?: "open" | "closed";
  chat?: { mode: "open" | "stage" | "off"; slow_s: number; links: boolean };
  links: {
    share: string; studio: string; replay?: string | null; api?: string; calendar?: string; home?: string;
  };
}

/** The server answered, but not with what was asked for. `retryAfterS` is from `Retry-After`; null is "not said". */
export class Answer extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly retryAfterS: number | null,
    readonly offer: Offer | null = null,
  ) {
    super(`${status} ${code}`);
  }
}

/** It is for members, and nothing but title and state was told: there is always a host. */
export function needsPass(space: Space | null): boolean {
  return space?.visibility === "members" && space.host.handle === "";
}

/** Display name of who acts for the host, or null when the host is there. */
export function actingName(space: Space | null): string | null {
  const acting = space?.acting_host ?? null;
  if (acting === null) return null;
  return space?.speakers.find(({ handle }) => handle === acting)?.display_name ?? at(acting);
}

/** The Space that the edge has put into the page, or null when it has not. */
export function embeddedSpace(page: Document): Space | null {
  const text = page.getElementById("space")?.textContent.trim() ?? "";
  return text.startsWith("{") ? (JSON.parse(text) as Space) : null;
}

/** Asks the edge, and sets `clock` by the answer. Throws `Answer`, or `TypeError` without a network. */
export async function fetchSpace(place: Place, clock: ServerClock, signal?: AbortSignal): Promise<Space> {
  const askedMs = performance.now();
  const response = await fetch(liveAddress(place, "space.json"), {
    cache: "no-store",
    headers: passHeaders(place),
    signal: signal ?? null,
  });
  if (!response.ok) throw await answerOf(response);
  const space = (await response.json()) as Space;
  clock.set(Date.parse(space.now), askedMs, performance.now());
  return space;
}

/** Reads a problem (RFC 9457); an answer that is none has the code `unknown`. */
export async function answerOf(response: Response): Promise<Answer> {
  let code = "unknown";
  let offer: Offer | null = null;
  try {
    const problem: unknown = await response.json();
    if (typeof problem === "object" && problem !== null) {
      if ("code" in problem) code = String(problem.code);
      offer = offerIn(problem);
    }
  } catch {
    // A proxy may answer in HTML: the status has to do.
  }
  return new Answer(response.status, code, retryAfterS(response.headers.get("Retry-After")), offer);
}

/** `Retry-After` in seconds (RFC 9110 §10.2.3: seconds or a date), or null. */
export function retryAfterS(header: string | null, nowMs = Date.now()): number | null {
  if (header === null) return null;
  if (/^\s*\d+\s*$/.test(header)) return Number(header);
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) ? null : Math.max(0, (dateMs - nowMs) / 1000);
}
