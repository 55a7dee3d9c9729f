/** Invitations to the stage as control keeps them (docs/protocol.md §4). Each rejects with `Problem`. */

import { ask, json, of } from "./api";
import type { Invitation, Person, SpaceState } from "./types";

export interface Inviter extends Person {
  avatar: string | null;
}

/** One to oneself; the `id` is worth the seat. */
export interface WaitingInvitation {
  id: string;
  space: { id: string; title: string; language: string; state: SpaceState; starts_at: string | null; share: string };
  role: "co-host" | "speaker";
  by: Inviter;
}

/** One that is out; `to` null: a link. */
export interface SentInvitation {
  id: string;
  role: "co-host" | "speaker";
  uses_left: number;
  by: Inviter;
  to: Inviter | null;
}

const ME = "/accounts/me/invitations";
const part = (id: string): string => encodeURIComponent(id);

export const invitations = {
  waiting: async () => (await json<{ items: WaitingInvitation[] }>("GET", ME)).items,
  decline: (id: string) => ask("DELETE", `${ME}/${part(id)}`),
  toHandle: (space: string, handle: string) => json<Invitation>("POST", `${of(space)}/invitations`, { handle }),
  sent: async (space: string) => (await json<{ items: SentInvitation[] }>("GET", `${of(space)}/invitations`)).items,
  revoke: (space: string, id: string) => ask("DELETE", `${of(space)}/invitations/${part(id)}`),
};
