/** The words of the replay in the language of the page: they come with its code, not with the hall's. */

import { useLanguage, type Language } from "../../../shared/language";
import { en, type Words } from "./en";
import { fr } from "./fr";

export type { Words };
export const WORDS: Record<Language, Words> = { en, fr };

export function useReplayWords(): Words {
  return WORDS[useLanguage()];
}
