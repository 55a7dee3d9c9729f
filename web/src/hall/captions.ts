/**
 * Captions as a reader sees them: the words of what is heard now.
 *
 * The queue of events gives a caption when the sound of its first word is heard, or at once when that is past. It then
 * stays as long as its words took, or longer if there was little time to read it. A later one of the same id takes its
 * place; one without words takes it away.
 */

import { Store } from "../shared/store";

export interface CaptionEvent {
  type: "caption";
  id: string;
  start_ms: number;
  end_ms: number;
  text: string;
  final: boolean;
  lang: string;
  by: string | null;
}

export interface Line {
  id: string;
  text: string;
  lang: string;
}

/** Two are read at once: the last, and the one before. */
const MOST_LINES = 2;
const SHORTEST_MS = 2_000;
const LONGEST_MS = 10_000;
const MS_A_CHARACTER = 65;
/** Ids of captions that may still be corrected, or told again by a stage that took over. */
const MOST_KNOWN = 100;

export class Captions {
  readonly lines = new Store<readonly Line[]>([]);
  /** Whether there are any to be had: the Space has them on, or one came. */
  readonly seen = new Store(false);
  readonly #known = new Map<string, string>();
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  take({ id, text, lang, start_ms, end_ms }: CaptionEvent): void {
    this.seen.set(true);
    if (this.#known.get(id) === text) return;
    const correction = this.#known.has(id);
    this.#known.set(id, text);
    if (this.#known.size > MOST_KNOWN) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    const shown = this.lines.value.some((line) => line.id === id);
    if (text === "") {
      this.#remove(id);
      return;
    }
    if (correction && !shown) return;
    const line = { id, text, lang };
    const lines = shown
      ? this.lines.value.map((before) => (before.id === id ? line : before))
      : [...this.lines.value, line].slice(-MOST_LINES);
    this.lines.set(lines);
    if (!shown) this.#expire(id, Math.max(end_ms - start_ms, text.length * MS_A_CHARACTER));
  }

  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    if (this.lines.value.length > 0) this.lines.set([]);
  }

  #expire(id: string, ms: number): void {
    const lastsMs = Math.min(Math.max(ms, SHORTEST_MS), LONGEST_MS);
    this.#timers.set(id, setTimeout(() => this.#remove(id), lastsMs));
  }

  #remove(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    if (this.lines.value.some((line) => line.id === id)) {
      this.lines.set(this.lines.value.filter((line) => line.id !== id));
    }
  }
}
