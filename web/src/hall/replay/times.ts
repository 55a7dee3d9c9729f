/** What belongs to a second of a replay: who speaks, how loudly, which chapter; and a second as part of a link. */

import type { Chapter, Turn } from "./recording";

/** Index of the last of `items` that has begun at `at_s`, or -1. They are in order of `start`. */
export function lastBegun<T>(items: readonly T[], at_s: number, start: (item: T) => number): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (start(items[middle] as T) <= at_s) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export function chapterAt(chapters: readonly Chapter[], at_s: number): number {
  return lastBegun(chapters, at_s, ({ startTime }) => startTime);
}

/** Who has the floor at this second, or null. Turns may overlap: the one that began last counts. */
export function speakerAt(turns: readonly Turn[], at_s: number): string | null {
  for (let i = lastBegun(turns, at_s, ({ start_s }) => start_s); i >= 0; i -= 1) {
    const turn = turns[i];
    if (turn !== undefined && at_s < turn.end_s) return turn.handle;
  }
  return null;
}

/** The level of docs/protocol.md §3, 0 to 100, from the outline. */
export function levelAt(waveform: readonly number[], at_s: number, duration_s: number): number {
  const amplitude = waveform[Math.floor((at_s / duration_s) * waveform.length)] ?? 0;
  return amplitude <= 0 ? 0 : Math.max(0, Math.min(100, 100 + (2_000 * Math.log10(amplitude)) / 60));
}

/** The outline as `count` bars, 0 to 1, the loudest 1: a quiet recording is drawn as well as a loud one. */
export function bars(waveform: readonly number[], count: number): number[] {
  if (waveform.length === 0) return new Array<number>(count).fill(0);
  const tops = Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * waveform.length) / count);
    const to = Math.max(from + 1, Math.floor(((i + 1) * waveform.length) / count));
    return Math.max(...waveform.slice(from, to));
  });
  const loudest = Math.max(...tops);
  return loudest === 0 ? tops : tops.map((top) => Math.sqrt(top / loudest));
}

/** Seconds that each handle had the floor, the most talkative first. */
export function floorShares(turns: readonly Turn[]): [string, number][] {
  const spoken = new Map<string, number>();
  for (const { handle, start_s, end_s } of turns) spoken.set(handle, (spoken.get(handle) ?? 0) + end_s - start_s);
  return [...spoken].sort(([, a], [, b]) => b - a);
}

export interface Fragment {
  at_s: number | null;
  clip: string | null;
}

/** `#t=83`, `#t=1:23`, `#t=1h2m3s` (Media Fragments §4.2.1, and what people write), `#clip={id}`. */
export function fragmentOf(hash: string): Fragment {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  return { at_s: secondsOf(fields.get("t")), clip: fields.get("clip") };
}

/** The same the other way round: whole seconds, which is what people read in a link. */
export function fragmentFor(at_s: number): string {
  return `#t=${Math.max(0, Math.floor(at_s))}`;
}

function secondsOf(text: string | null): number | null {
  const begin = (text ?? "").replace(/^npt:/, "").split(",")[0] ?? "";
  const clock = /^(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d+)?)$/.exec(begin);
  const words = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(begin);
  const [, hours = 0, minutes = 0, seconds = 0] = clock ?? (begin === "" ? null : words) ?? [NaN, NaN, NaN, NaN];
  const at_s = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
  return Number.isFinite(at_s) ? at_s : null;
}
