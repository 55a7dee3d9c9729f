/** Hands, bans, messages and polls, in the shapes of docs/protocol.md §8. */

import type { Person, Role } from "./types";

export interface Hand extends Person {
  id: string;
  note: string;
  raised_at: string;
  screened: boolean;
  state: "raised" | "called" | "declined" | "lowered";
  position: number | null;
}

export type HandOrder = "oldest" | "newest" | "name";

export interface HandPage {
  items: Hand[];
  next: string | null;
  /** Of all that are raised. */
  total: number;
  screened: number;
}

export interface Ban extends Person {
  reason: string;
  by: string;
  at: string;
}

export interface Message {
  id: string;
  at: string;
  by: Person & { role: Role | null };
  text: string;
  reply_to: string | null;
  pinned: boolean;
  deleted: boolean;
}

export interface Poll {
  id: string;
  question: string;
  choices: string[];
  counts: number[];
  votes: number;
  state: "open" | "closed";
  opened_at: string;
  closes_at: string | null;
  closed_at: string | null;
}

export interface NewPoll {
  question: string;
  choices: string[];
  for_s?: number;
}
