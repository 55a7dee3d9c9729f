/** Captions at control (docs/protocol.md §9). Each rejects with `Problem`. */

import { ask, json, of } from "./api";

export interface Caption {
  id: string;
  start_ms: number;
  end_ms: number;
  text: string;
  lang: string;
  by: string;
}

const one = (space: string, caption: string): string => `${of(space)}/captions/${encodeURIComponent(caption)}`;

export const captioning = {
  /** `agoMs`: how long ago the first letter was typed. */
  write: (space: string, text: string, agoMs: number) =>
    json<Caption>("POST", `${of(space)}/captions`, { text, ago_ms: Math.round(Math.min(Math.max(0, agoMs), 60_000)) }),
  correct: (space: string, caption: string, text: string) => ask("PUT", one(space, caption), { text }),
  /** First subtags of the languages that a machine captions now. */
  languages: async (): Promise<string[]> => (await json<{ languages: string[] }>("GET", "/captioners")).languages,
};
