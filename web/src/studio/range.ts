/** A stretch of a replay as one types it: `1:04.5` to `1:30`. Pure. */

import type { Range } from "./archive";

export const CLIP_MAX_S = 90;

/** Seconds of `65`, `1:05`, `1:05.3`, `1:01:05`; null for anything else. */
export function parseTime(text: string): number | null {
  const fields = text.trim().replace(",", ".").split(":");
  if (fields.length > 3 || fields.some((field) => !/^\d+(\.\d+)?$/.test(field))) return null;
  return fields.reduce((seconds, field) => seconds * 60 + Number(field), 0);
}

/** `1:05.3`; the tenth only where there is one. */
export function showTime(seconds: number): string {
  const tenths = Math.max(0, Math.round(seconds * 10));
  const [whole, tenth] = [Math.floor(tenths / 10), tenths % 10];
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const clock = hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  return tenth === 0 ? clock : `${clock}.${tenth}`;
}

/** What was typed, or null when it is no stretch of a replay that lasts so long. */
export function rangeOf(from: string, to: string, durationS: number): Range | null {
  const [from_s, to_s] = [parseTime(from), parseTime(to)];
  if (from_s === null || to_s === null || from_s >= to_s || from_s >= durationS) return null;
  return { from_s, to_s: Math.min(to_s, durationS) };
}

/** The highest of `values` in each of `count` equal stretches. */
export function bars(values: readonly number[], count: number): number[] {
  if (values.length === 0) return Array.from({ length: count }, () => 0);
  return Array.from({ length: count }, (_, i) => {
    const first = Math.floor((i * values.length) / count);
    return Math.max(...values.slice(first, Math.max(first + 1, Math.floor(((i + 1) * values.length) / count))));
  });
}
