/** The archive of the fixture: a replay of half an hour whose sound is silence, with people who take turns in it. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { problem } from "./edge.ts";

const DURATION_S = 1_824;
const RATE = 8_000;
const PEOPLE = [["ana", "Ana Lefèvre", "host"], ["tom", "Tom Okafor", "co-host"], ["yuki", "Yuki Tanaka", "speaker"]] as const;

export function answerArchive(request: IncomingMessage, response: ServerResponse): boolean {
  const [kind, id = "", name = ""] = new URL(request.url ?? "/", "http://127.0.0.1").pathname.split("/").slice(1);
  if (kind !== "replay") return false;
  if (id === "making") problem(response, 503, "replay-not-ready", { "Retry-After": "2" });
  else if (id === "deleted") problem(response, 410, "replay-deleted");
  else if (name === "replay.json") json(response, replayOf(id));
  else if (name === "clips") json(response, { items: CLIPS });
  else if (name === "chat.json") json(response, CHAT);
  else if (name === "captions.vtt") {
    response.writeHead(200, { "Content-Type": "text/vtt; charset=utf-8" });
    response.end(CAPTIONS);
  } else if (name.startsWith("audio.")) sound(request, response);
  else problem(response, 404, "not-found");
  return true;
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
}

const TURNS = Array.from({ length: 26 }, (_, i) => {
  const start_s = i * 70 + (i % 3) * 4;
  return { start_s, end_s: start_s + 52 + (i % 4) * 5, handle: PEOPLE[(i * 2 + (i % 5 === 0 ? 1 : 0)) % 3]?.[0] ?? "ana" };
});

const CHAPTERS = TURNS.filter(({ handle }, i) => TURNS[i - 1]?.handle !== handle).map(({ start_s, handle }, i, all) => ({
  startTime: i === 0 ? 0 : start_s, endTime: all[i + 1]?.start_s ?? DURATION_S, handle,
  title: PEOPLE.find(([known]) => known === handle)?.[1] ?? handle,
}));

const SAID = ["Good evening, and welcome to the square.", "The state budget has three numbers that matter tonight.",
  "Let us take them one by one, slowly.", "What does it change for a family of four?"];
const at = (s: number): string => `00:${String(Math.floor(s / 60)).padStart(2, "0")}:${String(s % 60).padStart(2, "0")}.000`;
const CAPTIONS = `WEBVTT\n\n${Array.from({ length: 200 }, (_, i) =>
  `${at(i * 6)} --> ${at(i * 6 + 6)}\n<v Ana Lefèvre>${SAID[i % SAID.length] ?? ""}`).join("\n\n")}\n`;
const CHAT = Array.from({ length: 40 }, (_, i) => ({
  at_s: i * 20, type: "chat", by: i % 2 === 0 ? "tom" : "marc_d", name: i % 2 === 0 ? "Tom Okafor" : "Marc D.", text: SAID[(i + 1) % SAID.length],
}));
const CLIPS = [{ id: "abc", title: "The three numbers", by: "tom", duration_s: 42, audio: soundsOf("replayed") }];

function soundsOf(id: string): object[] {
  return [
    { name: "aac", url: `/replay/${id}/audio.m4a`, mime: "audio/mp4", bytes: 14_400_000 },
    { name: "opus", url: `/replay/${id}/audio.opus`, mime: "audio/ogg", bytes: 7_200_000 },
  ];
}

function replayOf(id: string): object {
  return {
    id, title: "Budget night: what it changes for you", language: "en",
    description: "Three economists read the budget line by line. Questions at the end.",
    host: { handle: "ana", display_name: "Ana Lefèvre" },
    speakers: PEOPLE.map(([handle, display_name, role]) => ({ handle, display_name, role })),
    started_at: "2026-11-20T19:00:00.000Z", ended_at: "2026-11-20T19:30:24.000Z", duration_s: DURATION_S, lost_parts: 12,
    silenced_s: 0, peak_listeners: 1_348, audio: soundsOf(id), chapters: CHAPTERS, turns: TURNS,
    captions: `/replay/${id}/captions.vtt`, chat: `/replay/${id}/chat.json`,
    waveform: Array.from({ length: 1_000 }, (_, i) => 0.1 + 0.12 * Math.abs(Math.sin(i / 9) + Math.sin(i / 2.3) * Math.sin(i / 47))),
  };
}

/** A WAV file of 8-bit silence, in ranges. */
function sound(request: IncomingMessage, response: ServerResponse): void {
  const samples = DURATION_S * RATE;
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + samples, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write("data", 36);
  head.writeUInt32LE(samples, 40);
  const whole = Buffer.concat([head, Buffer.alloc(samples, 128)]);
  const [, from = "0", to = ""] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
  const last = to === "" ? whole.length - 1 : Math.min(Number(to), whole.length - 1);
  response.writeHead(request.headers.range === undefined ? 200 : 206, {
    "Content-Type": "audio/wav", "Accept-Ranges": "bytes", "Content-Length": String(last - Number(from) + 1),
    "Content-Range": `bytes ${from}-${last}/${whole.length}`,
  });
  response.end(whole.subarray(Number(from), last + 1));
}
