/** Passes as a host thinks of them: for whom, good or why not, and many made at once. Pure. */

export interface Pass {
  id: string;
  link: string;
  label: string;
  /** How many may listen by it at once. */
  uses: number;
  /** How many do now. */
  listeners: number;
  created_at: string;
  expires_at: string | null;
  void_at: string | null;
  void_reason: "revoked" | "shared" | "banned" | null;
}

export interface NewPass {
  label: string;
  uses: number;
  expires_in_s: number | null;
}

export type PassState = "good" | "revoked" | "shared" | "banned" | "expired";

export const MOST_AT_ONCE = 50;
export const LONGEST_LABEL = 60;

export function stateOfPass({ void_reason, void_at, expires_at }: Pass, nowMs: number): PassState {
  if (void_at !== null) return void_reason ?? "revoked";
  return expires_at !== null && Date.parse(expires_at) <= nowMs ? "expired" : "good";
}

/** One name a line; without any, one pass without a name. */
export function namesOf(text: string): string[] {
  const names = text.split("\n").map((line) => line.replace(/\s+/gu, " ").trim()).filter(Boolean);
  return names.length === 0 ? [""] : names;
}

/** Passes that are good, those in use first; and the others, by when they stopped. `search` looks at the names. */
export function sorted(passes: Pass[], search: string, nowMs: number): { good: Pass[]; over: Pass[] } {
  const wanted = search.trim().toLowerCase();
  const shown = passes.filter(({ label }) => label.toLowerCase().includes(wanted));
  const good = shown.filter((pass) => stateOfPass(pass, nowMs) === "good").sort((a, b) => b.listeners - a.listeners);
  return { good, over: shown.filter((pass) => stateOfPass(pass, nowMs) !== "good") };
}

/** Lines to paste into a message or a table: a name, a tab, its link. */
export function asLines(passes: Pass[]): string {
  return passes.map(({ label, link }) => (label === "" ? link : `${label}\t${link}`)).join("\n");
}
