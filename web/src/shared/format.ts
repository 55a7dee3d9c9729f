/** Numbers, times and spans as people of a language write them. */

import type { Language } from "./language";

const LOCALES: Record<Language, string> = { en: "en-GB", fr: "fr-FR" };

export function number(value: number, language: Language): string {
  return new Intl.NumberFormat(LOCALES[language]).format(value);
}

/** Seconds with one decimal below ten, none above: `1.8`, `12`. */
export function seconds(ms: number, language: Language): string {
  const value = Math.max(0, ms) / 1000;
  const digits = value < 10 ? 1 : 0;
  return new Intl.NumberFormat(LOCALES[language], {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}

/** A running clock: `4:05`, `1:04:05`. */
export function clock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** `Sunday 22 November, 20:00` in the reader's own time zone. */
export function dayAndTime(date: Date, language: Language): string {
  return new Intl.DateTimeFormat(LOCALES[language], {
    weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit",
  }).format(date);
}

/** `Sunday 22 November at 20:00 CET`: for an announced time, which people far away read too. */
export function dayTimeAndZone(date: Date, language: Language): string {
  return new Intl.DateTimeFormat(LOCALES[language], {
    weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  }).format(date);
}

export function timeOfDay(date: Date, language: Language): string {
  return new Intl.DateTimeFormat(LOCALES[language], { hour: "2-digit", minute: "2-digit" }).format(date);
}

/** `20:04:31` in the reader's own time zone: for what happens on the second. */
export function timeToTheSecond(date: Date, language: Language): string {
  return new Intl.DateTimeFormat(LOCALES[language], {
    hour: "2-digit", minute: "2-digit", second: "2-digit",
  }).format(date);
}

/** `1 h 04 min`, `12 min`, `40 s`: the same in both languages. */
export function span(ms: number): string {
  const total = Math.max(0, Math.round(ms / 1000));
  if (total < 60) return `${total} s`;
  const minutes = Math.floor(total / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** The one or two letters that stand for a person. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined]
    .map((word) => (word === undefined ? "" : String.fromCodePoint(word.codePointAt(0) ?? 32)));
  return letters.join("").toLocaleUpperCase();
}
