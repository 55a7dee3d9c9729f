/** What people say to each other around the stage, as events in the program (docs/protocol.md §8). */

/** What somebody was on stage when they wrote. */
export type TalkRole = "host" | "co-host" | "speaker";

/** Somebody wrote something (docs/protocol.md §8). */
export interface ChatEvent {
  type: "chat" | "chat-back";
  id: string;
  by: string;
  name: string;
  role: TalkRole | null;
  text: string;
  reply_to: string | null;
  /** RFC 3339. */
  at: string;
}

/** What is kept on top of the chat; nothing with `id` null. */
export interface PinEvent {
  type: "pin";
  id: string | null;
  by?: string;
  name?: string;
  text?: string;
}

export interface PollEvent {
  type: "poll";
  id: string;
  question: string;
  choices: string[];
  counts: number[];
  votes: number;
  state: "open" | "closed";
  closes_at: string | null;
}

/** What people say to each other around the stage. */
export type TalkEvent =
  | ChatEvent
  | PinEvent
  | PollEvent
  | { type: "chat-gone"; id: string | null; by: string }
  | { type: "chat-more"; missed: number }
  | { type: "invited"; to: string }
  | { type: "reactions"; counts: Record<string, number> };
