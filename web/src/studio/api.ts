/** Control's API as the studio uses it (docs/protocol.md §4). The session is the cookie: no token is ever held here. */

export type Role = "host" | "co-host" | "speaker";
export type SpaceState = "scheduled" | "live" | "held" | "ended";

export interface Account {
  id: string;
  handle: string;
  display_name: string;
}

export interface Counts {
  listeners: number;
  peak_listeners: number;
}

export interface Space {
  id: string;
  title: string;
  description: string;
  language: string;
  state: SpaceState;
  host: { handle: string; display_name: string };
  created_at: string;
  starts_at: string | null;
  started_at: string | null;
  ended_at: string | null;
  max_speakers: number;
  counts: Counts;
  role: Role | null;
  links: { share: string; whip: string; studio: string; events: string };
}

export interface Seat {
  handle: string;
  display_name: string;
  role: Role;
  muted: boolean;
  muted_by: "self" | "host" | null;
  connected: boolean;
  level: number | null;
  loss_percent: number | null;
  rtt_ms: number | null;
  jitter_ms: number | null;
}

export interface Invitation {
  id: string;
  link: string;
  role: Role;
  uses_left: number;
  expires_at: string;
}

export interface NewSpace {
  title: string;
  description?: string;
  language?: string;
  starts_at?: string;
}

/** What the server says no with (RFC 9457). `code` is `network` when nothing answered. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly retryAfterS: number | null = null,
  ) {
    super(detail);
  }
}

const BASE = "/api/v1";

async function ask(method: string, path: string, body?: unknown): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(BASE + path, {
      method,
      credentials: "same-origin",
      ...(body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
    });
  } catch {
    throw new Problem(0, "network", "The server cannot be reached.");
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** Reads a problem; a body that is none becomes code `unknown`. */
export async function problemOf(response: Response): Promise<Problem> {
  const retryAfter = Number(response.headers.get("Retry-After") ?? Number.NaN);
  const retryAfterS = Number.isNaN(retryAfter) ? null : retryAfter;
  try {
    const { code, detail } = (await response.json()) as { code?: unknown; detail?: unknown };
    return new Problem(response.status, typeof code === "string" ? code : "unknown", typeof detail === "string" ? detail : "", retryAfterS);
  } catch {
    return new Problem(response.status, "unknown", response.statusText, retryAfterS);
  }
}

async function json<T>(method: string, path: string, body?: unknown): Promise<T> {
  return (await (await ask(method, path, body)).json()) as T;
}

const of = (space: string): string => `/spaces/${encodeURIComponent(space)}`;
const seatOf = (space: string, handle: string): string => `${of(space)}/seats/${encodeURIComponent(handle)}`;

/** Each rejects with `Problem`. */
export const api = {
  me: async (): Promise<Account> => (await json<{ account: Account }>("GET", "/sessions/current")).account,
  signUp: (handle: string, password: string, display_name: string) =>
    json<Account>("POST", "/accounts", { handle, password, display_name }),
  signIn: async (handle: string, password: string): Promise<Account> =>
    (await json<{ account: Account }>("POST", "/sessions", { handle, password })).account,
  signOut: () => ask("DELETE", "/sessions/current"),

  mySpaces: async (): Promise<Space[]> => (await json<{ items: Space[] }>("GET", "/spaces?mine=true&limit=50")).items,
  create: (space: NewSpace) => json<Space>("POST", "/spaces", space),
  space: (id: string) => json<Space>("GET", of(id)),
  start: (id: string) => json<Space>("POST", `${of(id)}/start`),
  end: (id: string) => json<Space>("POST", `${of(id)}/end`),

  seats: async (id: string): Promise<Seat[]> => (await json<{ items: Seat[] }>("GET", `${of(id)}/seats`)).items,
  accept: (id: string, invitation: string) => json<Seat>("POST", `${of(id)}/seats`, { invitation }),
  changeSeat: (id: string, handle: string, change: { muted?: boolean; role?: "co-host" | "speaker" }) =>
    json<Seat>("PATCH", seatOf(id, handle), change),
  removeSeat: (id: string, handle: string) => ask("DELETE", seatOf(id, handle)),
  invite: (id: string, role: "speaker" | "co-host") =>
    json<Invitation>("POST", `${of(id)}/invitations`, { role, uses: 10, expires_in_s: 7 * 24 * 3600 }),

  events: (id: string) => new EventSource(`${BASE}${of(id)}/events`),
  whip: (id: string) => `${BASE}/whip/${encodeURIComponent(id)}`,
};
