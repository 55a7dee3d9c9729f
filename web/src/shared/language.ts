/**
 * The language of the page: the listener's own choice, else what the browser asks for, else English.
 *
 * The choice is kept in this browser's storage and never sent anywhere: there is no cookie.
 */

import { Store, useStore } from "./store";

export const LANGUAGES = ["en", "fr"] as const;
export type Language = (typeof LANGUAGES)[number];

/** Each language's name in itself. */
export const NAMES: Record<Language, string> = { en: "English", fr: "Français" };

const KEY = "parvis.language";

/** The first of `wanted` (BCP 47 tags, best first) that these pages speak. */
export function chosen(stored: string | null, wanted: readonly string[]): Language {
  for (const tag of [stored ?? "", ...wanted]) {
    const language = LANGUAGES.find((known) => tag.toLowerCase().split("-")[0] === known);
    if (language !== undefined) return language;
  }
  return "en";
}

export const language = new Store<Language>("en");

/** Finds the language and puts it on the page; call it once. */
export function startLanguage(): void {
  language.subscribe((value) => (document.documentElement.lang = value));
  document.documentElement.lang = language.value;
  language.set(chosen(recall(KEY), navigator.languages));
}

export function chooseLanguage(value: Language): void {
  language.set(value);
  remember(KEY, value);
}

export function useLanguage(): Language {
  return useStore(language);
}

/** What was kept under `key`, or null; private windows may refuse. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Kept for this visit only.
  }
}
