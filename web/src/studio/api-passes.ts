/** Passes at control (docs/protocol.md §4). Each rejects with `Problem`. */

import { ask, json, of } from "./api";
import type { NewPass, Pass } from "./passes";

export const passes = {
  /** The newest first, void ones too. */
  list: async (space: string): Promise<Pass[]> => (await json<{ items: Pass[] }>("GET", `${of(space)}/passes`)).items,
  make: (space: string, terms: NewPass) => json<Pass>("POST", `${of(space)}/passes`, terms),
  revoke: (space: string, pass: string) => ask("DELETE", `${of(space)}/passes/${encodeURIComponent(pass)}`),
};
