/** A replay as the archive tells it: `replay.json`, its captions and its chat (docs/protocol.md §7). */

import { at } from "../../shared/handle";
import { Answer, answerOf } from "../space";
import { captionsOf, type Cue } from "./captions";

export interface Chapter {
  startTime: number;
  endTime: number;
  title: string;
  handle: string;
}

export interface Turn {
  start_s: number;
  end_s: number;
  handle: string;
}

export interface Sound {
  name: "aac" | "opus";
  url: string;
  mime: string;
  bytes: number;
}

export interface Replay {
  id: string;
  title: string;
  description: string;
  language: string;
  host: { handle: string; display_name: string };
  speakers: { handle: string; display_name: string; role: string }[];
  started_at: string | null;
  ended_at: string | null;
  duration_s: number;
  lost_parts: number;
  silenced_s: number;
  peak_listeners: number;
  audio: Sound[];
  chapters: Chapter[];
  turns: Turn[];
  captions: string | null;
  chat: string | null;
  /** At most 1,000 amplitudes, 0 to 1. */
  waveform: number[];
}

export interface Line {
  at_s: number;
  name: string;
  text: string;
}

export interface Clip {
  id: string;
  title: string;
  by: string;
  duration_s: number;
  audio: Sound[];
}

const PLAYS = { aac: 'audio/mp4; codecs="mp4a.40.2"', opus: 'audio/ogg; codecs="opus"' } as const;

/** `replay.json`, its addresses made whole. Throws `Answer`, or `TypeError` without a network. */
export async function fetchReplay(link: string, signal: AbortSignal): Promise<Replay> {
  const replay = (await asked(`${link}/replay.json`, signal)) as Replay;
  const whole = (address: string | null): string | null => (address === null ? null : new URL(address, link).href);
  return {
    ...replay, audio: soundsOf(replay.audio, link), captions: whole(replay.captions), chat: whole(replay.chat),
  };
}

/** Captions in time. Throws as `fetchReplay` does. */
export async function fetchCaptions(address: string, signal: AbortSignal): Promise<Cue[]> {
  const response = await fetch(address, { signal });
  if (!response.ok) throw await answerOf(response);
  return captionsOf(await response.text());
}

/** What was written, in time (docs/protocol.md §8): by the names of that moment. Throws as `fetchReplay` does. */
export async function fetchChat(address: string, signal: AbortSignal): Promise<Line[]> {
  const found = (await asked(address, signal)) as Record<string, unknown>[];
  return found.flatMap(({ at_s, text, by, name }) => {
    if (typeof at_s !== "number" || typeof text !== "string" || text === "") return [];
    return [{ at_s, text, name: typeof name === "string" ? name : typeof by === "string" ? at(by) : "" }];
  });
}

/** The clips that were made of it, newest first. Throws as `fetchReplay` does. */
export async function fetchClips(link: string, signal: AbortSignal): Promise<Clip[]> {
  const { items } = (await asked(`${link}/clips`, signal)) as { items: Clip[] };
  return items.map((clip) => ({ ...clip, audio: soundsOf(clip.audio, link) }));
}

/** The file that this browser plays and seeks best, or null: AAC has an index, so it comes first. */
export function soundFor(sounds: Sound[], plays: (mime: string) => string): Sound | null {
  const order = ["probably", "maybe"];
  const known = sounds.filter(({ name }) => order.includes(plays(PLAYS[name])));
  const rank = ({ name }: Sound): number => order.indexOf(plays(PLAYS[name])) * 2 + Number(name !== "aac");
  return known.sort((a, b) => rank(a) - rank(b))[0] ?? null;
}

async function asked(address: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(address, { signal });
  if (!response.ok) throw await answerOf(response);
  return response.json();
}

function soundsOf(sounds: Sound[], link: string): Sound[] {
  return sounds.map((sound) => ({ ...sound, url: new URL(sound.url, link).href }));
}

/** What an answer means for who came to hear: it is being made, it is gone, it never was; else it is tried again. */
export function fateOf(error: unknown): "making" | "deleted" | "none" | "away" {
  if (!(error instanceof Answer)) return "away";
  if (error.code === "replay-not-ready") return "making";
  if (error.status === 410) return "deleted";
  return error.status === 404 ? "none" : "away";
}
