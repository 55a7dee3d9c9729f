/** A handoff: where the audience goes, why and when; as an event tells it, and as `space.json` keeps it. */

import type { HandoffEvent } from "./events";
import { isSame, placeOfLink, type Place } from "./place";
import type { Space } from "./space";

export interface Handoff {
  place: Place;
  /** Share link of where it leads. */
  url: string;
  title: string;
  reason: string;
  /** Handle of who decided it, or null when that is not told. */
  by: string | null;
  /** Unix ms of the sound with which it takes effect. */
  atMs: number;
}

/** What an event tells. Null for one that leads nowhere, or to where we are. */
export function toldHandoff(event: HandoffEvent, from: Place, here: string): Handoff | null {
  return handoffTo(event.to === "" ? null : event.to, event, from, event.atMs, here);
}

/** What `space.json` keeps of it for those who come later. */
export function knownHandoff(space: Space, from: Place, here: string): Handoff | null {
  const { handed_to: handed } = space;
  if (handed === null || handed === undefined) return null;
  return handoffTo(handed.id, handed, from, Date.parse(handed.at), here);
}

function handoffTo(
  id: string | null, told: { url: string; title: string; reason: string; by?: string }, from: Place, atMs: number,
  here: string,
): Handoff | null {
  const place = id === null ? placeOfLink(told.url, here) : { id, origin: from.origin, via: from.id };
  if (place === null || Number.isNaN(atMs) || isSame(place, from)) return null;
  return { place, url: told.url, title: told.title, reason: told.reason, by: told.by ?? null, atMs };
}
