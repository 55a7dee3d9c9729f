/** The edge of the fixture: pages, `space.json`, events, and a stream of real parts with silence in them. */

import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { init, part } from "../tests/fmp4.ts";
import { spaceOf } from "./spaces.ts";

const PART_MS = 320;
/** `broken` cuts every stream after this many parts and then refuses; `gap` leaves some out. */
const CUT_AFTER = 20;

export function problem(response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "Content-Type": "application/problem+json", ...headers });
  response.end(JSON.stringify({ type: "about:blank", title: code, status, detail: code, code }));
}

/** The events of the part: Ana and Tom take turns, louder and softer. */
function eventsOf(id: string, sequence: number): object[] {
  const turn = Math.floor(sequence / 12) % 2 === 0;
  const level = Math.round(56 + 30 * Math.sin(sequence / 1.7));
  const events: object[] = spaceOf(id)?.state !== "live"
    ? [] : [{ type: "levels", levels: { [turn ? "ana" : "tom"]: level }, active: turn ? "ana" : "tom" }];
  const space = spaceOf(id);
  if (sequence % 6 === 0 && space !== null) {
    events.push({ type: "counts", listeners: space.counts.listeners });
    events.push({ type: "state", state: space.state, title: space.title, reason: null });
  }
  return events;
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
  } else if (name === "events") serveEvents(id, response);
  else if (name === "stream.mp4") serveStream(id, url.searchParams.get("from"), response);
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

const cut = new Set<string>();

function serveStream(id: string, from: string | null, response: ServerResponse): void {
  const refusal: [number, string, Record<string, string>] | null =
    id === "full" ? [503, "not-admitted", { "Retry-After": "45" }]
    : cut.has(id) ? [502, "gone", {}]
    : spaceOf(id)?.renditions.length === 0 ? [409, "space-not-begun", { "Retry-After": "2" }] : null;
  if (refusal !== null) {
    problem(response, ...refusal);
    return;
  }
  const newest = Math.floor(Date.now() / PART_MS) - 1;
  let next = Math.max(newest - 93, Math.min(from === null ? newest - 2 : Number(from), newest));
  let sent = 0;
  response.writeHead(200, { "Content-Type": "audio/mp4", "X-Parvis-Sequence": String(next) });
  response.write(init());
  const send = (): void => {
    for (; next < Math.floor(Date.now() / PART_MS); next += 1, sent += 1) {
      if (id === "gap" && sent >= 12 && sent < 18) continue;
      response.write(part(next, eventsOf(id, next)));
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
