/** The edge of the fixture: pages, `space.json`, events, and a stream of real parts with silence in them. */

import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { init, part } from "../tests/fmp4.ts";
import { HANDED_AFTER_MS, reasonOf, spaceOf } from "./spaces.ts";
import { rememberedOf, talkOf } from "./talk.ts";

const PART_MS = 320;
/** What is waited for at `turn` and `long`, and how many are ahead. */
const TURNS: Record<string, { waitMs: number; ahead: number }> = {
  turn: { waitMs: 30_000, ahead: 1_240 },
  long: { waitMs: 4_354_000, ahead: 412_870 },
};
/** Stretches of `rising`, and how many parts each is kept. */
const RISING = [[1, 40], [4, 40], [16, 80], [32, 120], [8, 80], [1, 200]] as const;
/** `broken` cuts every stream after this many parts and then refuses; `gap` leaves some out. */
const CUT_AFTER = 20;

export function problem(
  response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}, more: object = {},
): void {
  response.writeHead(status, { "Content-Type": "application/problem+json", ...headers });
  response.end(JSON.stringify({ type: "about:blank", title: code, status, detail: code, code, ...more }));
}

/** The events of the part: those on stage take turns, louder and softer. */
function eventsOf(id: string, sequence: number): object[] {
  const space = spaceOf(id);
  const speakers = (space?.speakers ?? []).filter(({ connected, muted }) => connected && !muted);
  const turn = speakers[Math.floor(sequence / 12) % Math.max(1, speakers.length)]?.handle ?? "ana";
  const level = Math.round(56 + 30 * Math.sin(sequence / 1.7));
  const events: object[] = space?.state === "live" ? [{ type: "levels", levels: { [turn]: level }, active: turn }] : [];
  if (sequence % 6 === 0 && space !== null) {
    events.push({ type: "counts", listeners: space.counts.listeners });
    events.push({ type: "state", state: space.state, title: space.title, reason: reasonOf(id), starts_at: space.starts_at });
    events.push({ type: "stage", speakers: space.speakers });
  }
  return [...events, ...talkOf(id, sequence)];
}

export function answerEdge(request: IncomingMessage, response: ServerResponse, pages: string): boolean {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  const [kind, id, name] = url.pathname.split("/").slice(1).map(decodeURIComponent);
  if (id === undefined || (kind !== "s" && kind !== "live")) return false;
  const space = spaceOf(id);
  if (kind === "s") {
    const json = space === null ? "" : JSON.stringify(space).replaceAll("<", "\\u003c");
    const page = readFileSync(`${pages}/hall.html`, "utf8").replace("<!--parvis:space-->", () => json);
    response.writeHead(space === null ? 404 : 200, {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": "default-src 'self'; script-src 'self'; style-src 'self'; media-src 'self' blob:",
    });
    response.end(page);
  } else if (space === null) problem(response, 404, "space-unknown");
  else if (name === "space.json") {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(JSON.stringify(space));
  } else if (name === "chat.json") {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(JSON.stringify(rememberedOf()));
  } else if (request.method === "POST") response.writeHead(204).end();
  else if (name === "events") serveEvents(id, response);
  else if (name === "stream.mp4") {
    const presented = request.headers["x-parvis-appointment"] ?? "";
    if (!giveAppointment(id, String(presented), response)) serveStream(id, url.searchParams.get("from"), response);
  }
  else return false;
  return true;
}

function serveEvents(id: string, response: ServerResponse): void {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  const send = (): void => {
    for (const event of eventsOf(id, Math.floor(Date.now() / PART_MS)) as { type: string }[]) {
      response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    }
  };
  send();
  const timer = setInterval(send, PART_MS);
  response.on("close", () => clearInterval(timer));
}

/** True when it has answered: an appointment that is not kept on its second is no good. */
function giveAppointment(id: string, presented: string, response: ServerResponse): boolean {
  const turn = TURNS[id];
  if (turn === undefined) return false;
  const lateMs = Date.now() - Number(presented.replace(`${id}-`, ""));
  if (presented !== "" && lateMs > -1_000 && lateMs < 30_000) return false;
  const atMs = Date.now() + turn.waitMs;
  problem(response, 503, "not-admitted", { "Retry-After": String(Math.ceil(turn.waitMs / 1000)) }, {
    appointment: `${id}-${atMs}`, at: new Date(atMs).toISOString(), ahead: turn.ahead,
  });
  return true;
}

/** The stretch of a stream, part by part, and what it tells of the next: longer bursts are told long before. */
class Bursts {
  #stretch: number;
  #step = 0;
  #began: number;
  #told: { stretch: number; from_sequence: number } | null = null;

  constructor(private readonly rising: boolean, stretch: number, next: number) {
    this.#stretch = stretch;
    this.#began = next;
  }

  /** Parts in the burst that begins with part `first`. */
  at(first: number): number {
    if (this.#told !== null && first >= this.#told.from_sequence) {
      this.#stretch = this.#told.stretch;
      this.#told = null;
      this.#began = first;
      this.#step += 1;
    }
    return this.#stretch;
  }

  /** What to say at the head of the burst that begins with part `first`, when it goes out. */
  tell(first: number): object[] {
    const [, parts] = RISING[this.#step % RISING.length] ?? [1, 1];
    if (!this.rising || this.#told !== null || first < this.#began + parts) return [];
    const [stretch] = RISING[(this.#step + 1) % RISING.length] ?? [1];
    const lead = Math.max(2 * stretch, 20 * (stretch - this.#stretch));
    this.#told = { stretch, from_sequence: first + lead };
    return [{ type: "pace", ...this.#told }];
  }
}

const cut = new Set<string>();

const HANDOFF = {
  type: "handoff", from: "handed", to: "onward", url: "http://127.0.0.1/s/onward", title: "Budget night, second room",
  reason: "The first room lost its host, so we go on here.", by: "tom",
};

function serveStream(id: string, from: string | null, response: ServerResponse): void {
  const refusal: [number, string, Record<string, string>] | null =
    id === "full" ? [503, "not-admitted", { "Retry-After": "45" }]
    : id === "passfull" ? [403, "pass-full", {}]
    : cut.has(id) ? [502, "gone", {}]
    : spaceOf(id)?.renditions.length === 0 ? [409, "space-not-begun", { "Retry-After": "2" }] : null;
  if (refusal !== null) {
    problem(response, ...refusal);
    return;
  }
  const newest = Math.floor(Date.now() / PART_MS) - 1;
  const stretch = id === "packed" ? 32 : 1;
  let next = Math.max(newest - 93, Math.min(from === null ? newest - 1 - stretch : Number(from), newest));
  const first = next;
  let over = false;
  let sent = 0;
  response.writeHead(200, {
    "Content-Type": "audio/mp4", "X-Parvis-Sequence": String(next), "X-Parvis-Stretch": String(stretch),
  });
  response.write(init());
  const bursts = new Bursts(id === "rising", stretch, next);
  const send = (): void => {
    for (;;) {
      const count = sent === 0 ? newest - next + 1 : bursts.at(next);
      if (next + count > Math.floor(Date.now() / PART_MS)) break;
      const told = bursts.tell(next);
      for (const end = next + count; next < end; next += 1, sent += 1) {
        if (id === "gap" && sent >= 12 && sent < 18) continue;
        const handed = id === "handed" && next - first >= HANDED_AFTER_MS / PART_MS;
        if (handed && !over) told.push(HANDOFF);
        over = handed;
        response.write(part(next, [...eventsOf(handed ? "onward" : id, next), ...told.splice(0)]));
      }
    }
    if (id === "broken" && sent > CUT_AFTER) {
      cut.add(id);
      setTimeout(() => cut.delete(id), 12_000);
      response.destroy();
    }
  };
  send();
  const timer = setInterval(send, 40);
  response.on("close", () => clearInterval(timer));
}
