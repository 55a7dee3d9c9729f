/** What a host settles about a Space, as the forms hold it, and what of it has to be sent. Pure. */

import { takeTopics } from "./topics";
import type { Listing, NewSpace, Settings, Space, SpaceChange } from "./types";
import { instantOf, localIn, nextHour } from "./zones";

const WEEK_MS = 7 * 86_400_000;

export interface Draft extends Settings, Listing {
  /** What stands in the field of topics and was not added yet: it goes along with them. */
  topicText: string;
  title: string;
  description: string;
  language: string;
  /** At an announced time; else whenever one goes live. */
  later: boolean;
  /** What clocks in `zone` show then. */
  startsAt: string;
  zone: string;
}

/**
 * A new Space. Where the server's defaults are the plainest, these are the kindest: a voice tells those who wait that they
 * are right here, rather than a silence that sounds like a fault.
 */
export function newDraft(now: Date, language: string, zone: string): Draft {
  return {
    title: "", description: "", language, visibility: "public", topics: [], topicText: "", later: false, startsAt: nextHour(now, zone), zone,
    grace_s: 10, successors: [], standby: "notice", keep_open_s: 3_600,
    auto_start: true, if_absent: "hold", postpone_s: 600, recording: "off",
  };
}

export function draftOf(space: Space, zone: string, now: Date): Draft {
  const { title, description, language, visibility, topics, grace_s, standby, keep_open_s, if_absent, postpone_s, recording } = space;
  const startsAt = space.starts_at === null ? nextHour(now, zone) : localIn(new Date(space.starts_at), zone);
  return {
    title, description, language, visibility, topics, topicText: "", later: space.starts_at !== null, startsAt, zone, grace_s, standby, keep_open_s,
    if_absent, postpone_s, recording, successors: space.successors ?? [],
    auto_start: space.starts_at === null || space.auto_start,
  };
}

/** When it begins, or null for whenever. */
export function startOf({ later, startsAt, zone }: Pick<Draft, "later" | "startsAt" | "zone">): Date | null {
  return later ? instantOf(startsAt, zone) : null;
}

function settingsOf(draft: Draft): Settings {
  const { grace_s, successors, standby, keep_open_s, if_absent, postpone_s, recording } = draft;
  return {
    grace_s, successors, standby, keep_open_s, if_absent, postpone_s, recording, auto_start: draft.later && draft.auto_start,
  };
}

/** For `POST /spaces`. */
export function spaceOf(draft: Draft): NewSpace {
  const start = startOf(draft);
  return {
    title: draft.title.trim(), description: draft.description.trim(), language: draft.language, visibility: draft.visibility,
    topics: takeTopics(draft.topics, draft.topicText).topics, ...settingsOf(draft),
    ...(start === null ? {} : { starts_at: start.toISOString() }),
  };
}

/** For `PATCH /spaces/{id}`: what differs, and nothing else, so that two who edit at once don't undo each other. */
export function changeOf(before: Draft, after: Draft): SpaceChange {
  const sent = (draft: Draft): Record<string, unknown> => ({ ...spaceOf(draft), starts_at: startOf(draft)?.toISOString() ?? null });
  const old = sent(before);
  return Object.fromEntries(
    Object.entries(sent(after)).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(old[name])),
  );
}

/** When a copy would take place: at the same time of day, as many weeks later as it takes to be in the future. */
export function nextTime(startsAt: string | null, zone: string, now: Date): string {
  if (startsAt === null) return nextHour(now, zone);
  const before = Date.parse(`${localIn(new Date(startsAt), zone)}Z`);
  for (let week = 1; week < 10_000; week += 1) {
    const local = new Date(before + week * WEEK_MS).toISOString().slice(0, 16);
    if ((instantOf(local, zone)?.getTime() ?? 0) > now.getTime()) return local;
  }
  return nextHour(now, zone);
}
