/** The words of talking in the language of the page: they come with its code, not with the hall's. */

import { useLanguage, type Language } from "../../../shared/language";
import type { Problem } from "../../../shared/problem";
import { en, type Words } from "./en";
import { fr } from "./fr";

export type { Words };
export const WORDS: Record<Language, Words> = { en, fr };

export function useTalkWords(): Words {
  return WORDS[useLanguage()];
}

/** What to say of a refusal: by its code; else the server's own sentence; else that it did not work. */
export function sayProblem(words: Words, problem: Problem): string {
  return words.errors[problem.code] ?? (problem.detail === "" ? words.unknownError : problem.detail);
}
