/**
 * Who may do what on a stage (docs/protocol.md §4), so that nobody is shown a button that will be refused; and how
 * good a connection is, in one word.
 */

import type { Role, Seat } from "./api";

export type Act = "mute" | "unmute" | "remove" | "role";

export function leads(role: Role | null): boolean {
  return role === "host" || role === "co-host";
}

/** What somebody with `role` may do to the seat of somebody else. */
export function actsOn(seat: Seat, role: Role | null): Act[] {
  if (!leads(role)) return [];
  const acts: Act[] = [];
  if (!seat.muted) acts.push("mute");
  else if (seat.muted_by === "host") acts.push("unmute");
  if (role === "host") acts.push("role");
  if (seat.role !== "host") acts.push("remove");
  return acts.filter((act) => seat.role !== "host" || act === "mute" || act === "unmute");
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

/** Level as in docs/protocol.md §3: 100 at 0 dBFS RMS, 0 at -60 dBFS and below, linear in dB. */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const rms = Math.sqrt(sum / Math.max(1, samples.length));
  if (rms === 0) return 0;
  return Math.round(Math.min(100, Math.max(0, (20 * Math.log10(rms) + 60) / 0.6)));
}

/** What a sign-up field must be: the same as control asks, told before it is sent. */
export const HANDLE = "[a-z0-9_]{2,30}";

/** A handle made of a name: `Léo Marchand` gives `leo_marchand`. */
export function handleFrom(name: string): string {
  return name
    .normalize("NFD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 30);
}
