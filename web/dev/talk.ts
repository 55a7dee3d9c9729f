/** What is said around the stage of the fixture, and a control that believes everybody: for looking at the hall. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { problem } from "./edge.ts";

const SAID = [
  ["yuki", "Yuki Tanaka", "speaker", "The three numbers are on page 12, for those who read along."],
  ["marc_d", "Marc D.", null, "Does that hold for the overseas territories too?"],
  ["ines", "Inès", null, "👏👏 finally somebody says it"],
  ["tom", "Tom Okafor", "co-host", "Good question. We come to that after the second number."],
  ["abdou", "Abdou K.", null, "I am a nurse in Lille and what was just said about night shifts is exactly what we see every day on the ward, thank you for bringing it up so clearly."],
  ["lea_77", "Léa", null, "Is there a replay?"],
] as const;
const CHOICES = ["Income tax", "Hospitals", "Schools", "None of these"];
const PIN = { type: "pin", id: "m0", by: "ana", name: "Ana Lefèvre", text: "Questions: raise your hand, or write them here." };

function chatAt(sequence: number): object {
  const n = Math.floor(sequence / 12);
  const [by, name, role, text] = SAID[n % SAID.length] ?? SAID[0];
  const reply_to = n % SAID.length === 3 ? `m${n - 2}` : null;
  return { type: "chat", id: `m${n}`, by, name, role, text, reply_to, at: new Date(sequence * 320).toISOString() };
}

function pollAt(sequence: number): object {
  const votes = [412, 380, 177, 61].map((n, i) => n + Math.floor((sequence % 1_000) / (i + 2)));
  return {
    type: "poll", id: "p1", question: "Which of these should have been cut last?", choices: CHOICES, counts: votes,
    votes: votes.reduce((sum, n) => sum + n, 0), state: "open", closes_at: new Date(Date.now() + 84_000).toISOString(),
  };
}

const WORDS = [
  "Thank you. So the first number is the one that nobody reads: what it costs to do nothing at all.",
  "Nothing at all?",
  "Nothing at all. It stands on page 12, in a footnote, and it is larger than everything that was argued about this evening, hospitals and schools included.",
] as const;
const CAPTION_PARTS = 12;

function captionAt(sequence: number): object {
  const n = Math.floor(sequence / CAPTION_PARTS);
  const start_ms = sequence * 320;
  return {
    type: "caption", id: `c${n}`, start_ms, end_ms: start_ms + CAPTION_PARTS * 320, text: WORDS[n % WORDS.length], final: true, lang: "en", by: null,
  };
}

/** What is said in the part, in `captioned` and in Spaces of which the id begins with `talk`. */
export function talkOf(id: string, sequence: number): object[] {
  if (id === "captioned") return sequence % CAPTION_PARTS === 0 ? [captionAt(sequence)] : [];
  if (!id.startsWith("talk")) return [];
  const events: object[] = sequence % 12 === 0 ? [chatAt(sequence)] : [];
  if (sequence % 3 === 0) events.push({ type: "reactions", counts: { "👏": 3 + (sequence % 7), "❤️": sequence % 3, "🔥": sequence % 5 } });
  if (sequence % 32 === 0) events.push(PIN);
  if (id === "talkpoll" && sequence % 3 === 0) events.push(pollAt(sequence));
  return events;
}

export function rememberedOf(): object {
  const now = Math.floor(Date.now() / 320 / 12) * 12;
  return { items: Array.from({ length: 12 }, (_, i) => chatAt(now - (12 - i) * 12)), pinned: PIN, poll: null };
}

let raisedAtMs = 0;

/** Sign-ins, hands and messages; true when it has answered. */
export function answerControl(request: IncomingMessage, response: ServerResponse): boolean {
  const path = new URL(request.url ?? "/", "http://127.0.0.1").pathname;
  if (!path.startsWith("/api/v1/")) return false;
  const account = { handle: "camille", display_name: "Camille Roy" };
  const send = (status: number, body: object): void => {
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(body));
  };
  const hand = {
    id: "h1", ...account, note: "Night shifts: who pays for them?", screened: false, state: "raised", position: 3, ask_again_s: 15,
  };
  if (path.endsWith("/accounts")) send(201, account);
  else if (path.endsWith("/sessions")) send(201, { token: "fixture", account });
  else if (path.endsWith("/hands/mine") && request.method === "GET") {
    if (path.includes("/talkbanned/")) problem(response, 403, "banned", {}, { detail: "Shouting at other guests." });
    else if (raisedAtMs === 0) problem(response, 404, "hand-unknown");
    else send(200, hand);
  } else if (path.endsWith("/hands") && request.method === "POST") {
    raisedAtMs = Date.now();
    send(201, hand);
  } else if (request.method === "DELETE") {
    raisedAtMs = 0;
    response.writeHead(204).end();
  } else if (path.endsWith("/messages")) send(201, { id: `o${Date.now()}`, by: { ...account, role: null }, text: "That is good to know.", reply_to: null });
  else problem(response, 404, "not-found");
  return true;
}
