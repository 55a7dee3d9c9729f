/** The words of the hall in the language of the page. */

import { useLanguage, type Language } from "../../shared/language";
import { en, type Words } from "./en";
import { fr } from "./fr";

export type { Words };
export const WORDS: Record<Language, Words> = { en, fr };

export function useWords(): Words {
  return WORDS[useLanguage()];
}
