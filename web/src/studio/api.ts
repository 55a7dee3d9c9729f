/** Control's API as the studio uses it (docs/protocol.md §4). The session is the cookie: no token is ever held here. */

import { fetched, jsonInit } from "../shared/problem";
import type {
  Account, Crowd, Handoff, HandoffCode, HandoffWish, Invitation, LogPage, NewSpace, Role, Seat, SeatList, Space, SpaceChange,
} from "./types";

export { fetched, Problem, problemOf } from "../shared/problem";
export type * from "./types";

const BASE = "/api/v1";

export async function ask(method: string, path: string, body?: unknown): Promise<Response> {
  return fetched(BASE + path, { ...jsonInit(method, body), credentials: "same-origin" });
}

export async function json<T>(method: string, path: string, body?: unknown): Promise<T> {
  return (await (await ask(method, path, body)).json()) as T;
}

export const of = (space: string): string => `/spaces/${encodeURIComponent(space)}`;
const seatOf = (space: string, handle: string): string => `${of(space)}/seats/${encodeURIComponent(handle)}`;
const handoffOf = (space: string, handoff: string): string => `${of(space)}/handoffs/${encodeURIComponent(handoff)}`;

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
  audience: (id: string) => json<Crowd>("GET", `${of(id)}/audience`),
  space: (id: string) => json<Space>("GET", of(id)),
  change: (id: string, change: SpaceChange) => json<Space>("PATCH", of(id), change),
  start: (id: string) => json<Space>("POST", `${of(id)}/start`),
  end: (id: string) => json<Space>("POST", `${of(id)}/end`),
  /** Before it began only. */
  cancel: (id: string) => json<Space>("POST", `${of(id)}/cancel`),
  /** `startsAt` null: whenever one goes live. */
  duplicate: (id: string, startsAt: string | null) => json<Space>("POST", `${of(id)}/duplicate`, { starts_at: startsAt }),
  log: (id: string, cursor: string | null) =>
    json<LogPage>("GET", `${of(id)}/log?limit=50${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`),

  /** A picture of at most 5 MB; it is cut to 16 by 9. */
  setCover: (id: string, picture: Blob) => fetched(`${BASE}${of(id)}/cover`, {
    method: "PUT", credentials: "same-origin", body: picture, headers: { "Content-Type": picture.type || "application/octet-stream" },
  }),
  dropCover: (id: string) => ask("DELETE", `${of(id)}/cover`),

  /** A sound of 1 to 30 s and at most 5 MB, in whatever form: the server makes it even. */
  setLoop: (id: string, sound: Blob) => fetched(`${BASE}${of(id)}/standby-loop`, {
    method: "PUT", credentials: "same-origin", body: sound,
    headers: { "Content-Type": sound.type.startsWith("audio/") ? sound.type : "application/octet-stream" },
  }),

  seats: (id: string) => json<SeatList>("GET", `${of(id)}/seats`),
  accept: (id: string, invitation: string) => json<Seat>("POST", `${of(id)}/seats`, { invitation }),
  changeSeat: (id: string, handle: string, change: { muted?: boolean; role?: Role }) =>
    json<Seat>("PATCH", seatOf(id, handle), change),
  /** Removes somebody, or oneself; a host names who follows. */
  removeSeat: (id: string, handle: string, successor?: string) =>
    ask("DELETE", seatOf(id, handle) + (successor === undefined ? "" : `?successor=${encodeURIComponent(successor)}`)),
  invite: (id: string, role: "speaker" | "co-host") =>
    json<Invitation>("POST", `${of(id)}/invitations`, { role, uses: 10, expires_in_s: 7 * 24 * 3600 }),

  handOff: (id: string, wish: HandoffWish) => json<Handoff>("POST", `${of(id)}/handoff`, wish),
  handoffCode: (id: string) => json<HandoffCode>("POST", `${of(id)}/handoff-codes`, {}),
  acceptHandoff: (id: string, handoff: string) => json<Handoff>("POST", `${handoffOf(id, handoff)}/accept`),
  declineHandoff: (id: string, handoff: string) => json<Handoff>("POST", `${handoffOf(id, handoff)}/decline`),
  rescue: async (id: string): Promise<Space> => (await json<{ space: Space }>("POST", `${of(id)}/rescue`, {})).space,

  events: (id: string) => new EventSource(`${BASE}${of(id)}/events`),
  whip: (id: string) => `${BASE}/whip/${encodeURIComponent(id)}`,
};
