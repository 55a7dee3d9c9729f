/**
 * What is written around the stage, as far as this page has heard of it: nothing is asked for, it comes with the sound.
 *
 * - A line may come twice (by the watch, and again with the sound that is two seconds behind): its id tells.
 * - Who opens the page in the middle can have the last fifty from the edge (`chat.json`, docs/protocol.md §8), and is
 *   shown of them what has been heard.
 * - Who reads may have scrolled up, so lines are only added at the end and taken out where they stand.
 * - No more than `MOST_LINES` are kept; a page that is open for a day must not grow.
 */

import { Store } from "./store";
import type { ChatEvent, PinEvent, TalkEvent, TalkRole } from "./talk-events";

export const MOST_LINES = 300;

export interface Line {
  id: string;
  by: string;
  name: string;
  role: TalkRole | null;
  text: string;
  replyTo: string | null;
}

export interface Pinned {
  id: string;
  name: string;
  text: string;
}

export interface ChatState {
  /** Oldest first. */
  lines: Line[];
  pinned: Pinned | null;
  /** Lines that came while nobody looked. */
  unread: number;
  /** Lines that were too many for the sound to carry, since the page was opened. */
  missed: number;
}

const EMPTY: ChatState = { lines: [], pinned: null, unread: 0, missed: 0 };

export class Chat {
  readonly state = new Store<ChatState>(EMPTY);
  #looking = false;
  /** Taken out, and not yet given back: an older telling of them must not bring them back. */
  readonly #gone = new Set<string>();

  take(event: TalkEvent): void {
    switch (event.type) {
      case "chat":
        if (!this.#gone.has(event.id)) this.add([lineOf(event)]);
        break;
      case "chat-back":
        this.#gone.delete(event.id);
        this.add([lineOf(event)]);
        break;
      case "chat-gone":
        if (event.id === null) this.removeAllOf(event.by);
        else this.remove(event.id);
        break;
      case "chat-more":
        this.state.patch({ missed: this.state.value.missed + event.missed });
        break;
      case "pin":
        this.#pin(event);
    }
  }

  /** At the end, those that are not there yet. */
  add(lines: Line[]): void {
    const { lines: old, unread } = this.state.value;
    const fresh = this.#fresh(lines);
    if (fresh.length === 0) return;
    this.state.patch({
      lines: [...old, ...fresh].slice(-MOST_LINES), unread: this.#looking ? unread : unread + fresh.length,
    });
  }

  /** What was written before this page listened: at the beginning, and nobody has to be told of it. */
  addEarlier(events: ChatEvent[]): void {
    const fresh = this.#fresh(events.map(lineOf));
    if (fresh.length > 0) this.state.patch({ lines: [...fresh, ...this.state.value.lines].slice(-MOST_LINES) });
  }

  #fresh(lines: Line[]): Line[] {
    const known = new Set(this.state.value.lines.map(({ id }) => id));
    return lines.filter(({ id }) => !known.has(id) && !this.#gone.has(id));
  }

  /** Out of sight for everybody. */
  remove(id: string): void {
    this.#gone.add(id);
    const { lines, pinned } = this.state.value;
    const kept = lines.filter((line) => line.id !== id);
    this.state.patch({
      lines: kept.length === lines.length ? lines : kept,
      pinned: pinned?.id === id ? null : pinned,
    });
  }

  /** All that somebody wrote so far. */
  removeAllOf(handle: string): void {
    const { lines, pinned } = this.state.value;
    const gone = lines.filter(({ by }) => by === handle);
    for (const { id } of gone) this.#gone.add(id);
    if (gone.length > 0) {
      this.state.patch({
        lines: lines.filter(({ by }) => by !== handle), pinned: gone.some(({ id }) => id === pinned?.id) ? null : pinned,
      });
    }
  }

  /** Whether the lines are in sight. */
  look(looking: boolean): void {
    this.#looking = looking;
    if (looking) this.state.patch({ unread: 0 });
  }

  /** Another Space. */
  clear(): void {
    this.#gone.clear();
    this.state.set(EMPTY);
  }

  #pin({ id, name = "", text = "" }: PinEvent): void {
    const { pinned } = this.state.value;
    if (id === null) this.state.patch({ pinned: null });
    else if (pinned?.id !== id || pinned.text !== text) this.state.patch({ pinned: { id, name, text } });
  }
}

function lineOf({ id, by, name, role, text, reply_to }: ChatEvent): Line {
  return { id, by, name, role, text, replyTo: reply_to };
}
