/** The words of the studio in the language of the page. */

import { useLanguage, type Language } from "../../shared/language";
import type { Problem } from "../api";
import { en, type Words } from "./en";
import { fr } from "./fr";

export type { Words };
export const WORDS: Record<Language, Words> = { en, fr };

export function useWords(): Words {
  return WORDS[useLanguage()];
}

/** What to say of a refusal: by its code; else the server's own sentence; else that it did not work. */
export function sayProblem(words: Words, problem: Problem): string {
  const known = words.errors[problem.code] ?? null;
  if (problem.code === "input-invalid" && problem.detail !== "") return `${known ?? ""} ${problem.detail}`.trim();
  return known ?? (problem.detail === "" ? words.unknownError : problem.detail);
}
