/** Hands, bans, chat and polls as the studio asks for them (docs/protocol.md §8). Each rejects with `Problem`. */

import { ask, json, of } from "./api";
import type { Ban, Hand, HandOrder, HandPage, Message, NewPoll, Poll } from "./types-manners";

export interface HandQuestion {
  search: string;
  order: HandOrder;
  screened: boolean;
  cursor: string | null;
}

const HANDS = 25;
const MESSAGES = 50;
const part = (name: string): string => encodeURIComponent(name);

export const manners = {
  hands: (space: string, { search, order, screened, cursor }: HandQuestion): Promise<HandPage> => {
    const query = new URLSearchParams({ order, limit: String(HANDS) });
    if (search !== "") query.set("search", search);
    if (screened) query.set("screened", "true");
    if (cursor !== null) query.set("cursor", cursor);
    return json<HandPage>("GET", `${of(space)}/hands?${query}`);
  },
  changeHand: (space: string, hand: string, change: { screened?: boolean; state?: "called" | "declined" }) =>
    json<Hand>("PATCH", `${of(space)}/hands/${part(hand)}`, change),
  lowerAll: (space: string) => ask("DELETE", `${of(space)}/hands`),
  muteAll: async (space: string): Promise<number> =>
    (await json<{ muted: number }>("POST", `${of(space)}/seats/mute`, {})).muted,

  ban: (space: string, handle: string, reason: string) => json<Ban>("POST", `${of(space)}/bans`, { handle, reason }),
  bans: async (space: string): Promise<Ban[]> => (await json<{ items: Ban[] }>("GET", `${of(space)}/bans`)).items,
  liftBan: (space: string, handle: string) => ask("DELETE", `${of(space)}/bans/${part(handle)}`),

  /** Newest first. */
  messages: async (space: string): Promise<Message[]> =>
    (await json<{ items: Message[] }>("GET", `${of(space)}/messages?limit=${MESSAGES}`)).items,
  write: (space: string, text: string, reply_to: string | null) =>
    json<Message>("POST", `${of(space)}/messages`, { text, ...(reply_to === null ? {} : { reply_to }) }),
  deleteMessage: (space: string, message: string) => ask("DELETE", `${of(space)}/messages/${part(message)}`),
  restore: (space: string, message: string) => json<Message>("POST", `${of(space)}/messages/${part(message)}/restore`),
  pin: (space: string, message: string) => json<Message>("PUT", `${of(space)}/pinned`, { message }),
  unpin: (space: string) => ask("DELETE", `${of(space)}/pinned`),

  polls: async (space: string): Promise<Poll[]> => (await json<{ items: Poll[] }>("GET", `${of(space)}/polls`)).items,
  openPoll: (space: string, poll: NewPoll) => json<Poll>("POST", `${of(space)}/polls`, poll),
  closePoll: (space: string, poll: string) => json<Poll>("POST", `${of(space)}/polls/${part(poll)}/close`),
};
