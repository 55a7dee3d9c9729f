/**
 * Who may do what on a stage (docs/protocol.md §4), so that nobody is shown a button that will be refused; and how
 * good a connection is, in one word.
 */

import type { Candidate, Handoff, Role, Seat, Space } from "./types";

export type Act = "mute" | "unmute" | "remove" | "role";

/** What one is on stage at this moment: an acting host may do what the host may, except give that role away. */
export type Standing = Role | "acting host" | null;

export function standingOf({ role, acting }: Pick<Space, "role" | "acting">): Standing {
  return acting ? "acting host" : role;
}

/** Invites, edits, starts, hands the audience off. */
export function leads(standing: Standing): boolean {
  return standing === "host" || standing === "acting host" || standing === "co-host";
}

/** Ends, changes roles, names successors, makes handoff codes. */
export function hosts(standing: Standing): boolean {
  return standing === "host" || standing === "acting host";
}

/** What somebody may do to the seat of somebody else. */
export function actsOn(seat: Seat, standing: Standing): Act[] {
  if (!leads(standing)) return [];
  const acts: Act[] = [];
  if (!seat.muted) acts.push("mute");
  else if (seat.muted_by === "host") acts.push("unmute");
  if (seat.acting && standing === "co-host") return acts;
  if (seat.role !== "host") acts.push(...(hosts(standing) ? ["role", "remove"] as const : ["remove"] as const));
  return acts;
}

/** Who may be host after the one who leaves: co-hosts first; on air only who is connected. */
export function candidates(seats: Seat[], onAir: boolean): Candidate[] {
  const others = seats.filter(({ role, connected }) => role !== "host" && (connected || !onAir));
  return others.sort((a, b) => Number(b.role === "co-host") - Number(a.role === "co-host"));
}

/** A suspended host has no seat on stage; a Space without a suspension has exactly one host there. */
export function hostIsGone(seats: Seat[]): boolean {
  return seats.length > 0 && seats.every(({ role }) => role !== "host");
}

export function isOnAir({ state }: Pick<Space, "state">): boolean {
  return state === "live" || state === "held";
}

/** Handoffs into this Space that wait for its answer. */
export function asking(handoffs: Handoff[], space: string, nowMs: number): Handoff[] {
  return handoffs.filter(({ state, from, expires_at }) => state === "asked" && from.id !== space && Date.parse(expires_at) > nowMs);
}

/** The one that this Space has asked of another, if it waits. */
export function asked(handoffs: Handoff[], space: string, nowMs: number): Handoff | null {
  return handoffs.find(({ state, from, expires_at }) => state === "asked" && from.id === space && Date.parse(expires_at) > nowMs) ?? null;
}

/** The last audience that came here and has not been sent back. */
export function cameFrom(handoffs: Handoff[], space: string): Handoff | null {
  return handoffs.findLast(({ state, from, only_from }) => state === "made" && from.id !== space && only_from === null) ?? null;
}

export type Quality = "good" | "fair" | "poor" | "unknown" | "away";

/** By what one hears: losses that concealment hides, delays that make people talk over each other. */
export function qualityOf({ connected, loss_percent, rtt_ms, jitter_ms }: Seat): Quality {
  if (!connected) return "away";
  if (loss_percent === null && rtt_ms === null && jitter_ms === null) return "unknown";
  const [loss, rtt, jitter] = [loss_percent ?? 0, rtt_ms ?? 0, jitter_ms ?? 0];
  if (loss >= 12 || rtt >= 400 || jitter >= 80) return "poor";
  if (loss >= 4 || rtt >= 220 || jitter >= 40) return "fair";
  return "good";
}
