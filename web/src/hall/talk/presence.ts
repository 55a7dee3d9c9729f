/**
 * Who one is to the edge, once one is signed in: a badge (docs/protocol.md §8), shown beside listening and voting.
 *
 * Nobody who only listens has one. With it one counts once in a poll, is let go when banned, and may be seen by the
 * others who are signed in: only who says so, in this browser.
 */

import { Problem } from "../../shared/problem";
import { Backoff, pause } from "../../shared/reconnect";
import { recall, remember } from "../../shared/language";
import { Store } from "../../shared/store";
import type { Hall } from "../model";
import type { Sessions } from "./session";

const KEY = "parvis.seen";
/** An audience that was handed over comes to control over so long. */
const SPREAD_MS = 3_000;

export interface Present {
  handle: string;
  display_name: string;
  avatar: string | null;
}

export interface Audience {
  counts: { listeners: number; peak_listeners: number; total_listeners: number };
  /** How many chose to be seen; `sample` are some of them. */
  seen: number;
  sample: Present[];
}

export class Presence {
  readonly seen = new Store(recall(KEY) === "yes");
  /** Why one may not be here, or null. */
  readonly refusal = new Store<Problem | null>(null);
  #abort: AbortController | null = null;

  constructor(private readonly sessions: Sessions, private readonly hall: Hall) {
    hall.comeBack = () => this.introduce();
  }

  /** Somebody signed in or out, went elsewhere with the audience (`spread`), or wants to be seen. */
  introduce(spread = false): void {
    this.#abort?.abort();
    this.#abort = null;
    this.refusal.set(null);
    if (this.sessions.current.value === null) {
      this.hall.banned.set(false);
      this.hall.badge.set(null);
      return;
    }
    this.#abort = new AbortController();
    void this.#ask(this.#abort.signal, spread ? Math.random() * SPREAD_MS : 0).catch(() => undefined);
  }

  setSeen(seen: boolean): void {
    remember(KEY, seen ? "yes" : "no");
    this.seen.set(seen);
    this.introduce();
  }

  /** Rejects with `Problem`. */
  async audience(signal: AbortSignal): Promise<Audience> {
    const answer = await this.sessions.ask("GET", `${this.#path}/audience`, undefined, signal);
    return (await answer.json()) as Audience;
  }

  get #path(): string {
    return `/spaces/${encodeURIComponent(this.hall.place.value.id)}`;
  }

  async #ask(signal: AbortSignal, restMs: number): Promise<void> {
    const backoff = new Backoff();
    for (let waitMs = restMs; ; waitMs = backoff.next()) {
      await pause(waitMs, signal);
      try {
        const answer = await this.sessions.ask("POST", `${this.#path}/badge`, { seen: this.seen.value }, signal);
        const { badge } = (await answer.json()) as { badge: string };
        this.hall.banned.set(false);
        this.hall.badge.set(badge);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof Problem)) throw error;
        if (error.code === "banned") {
          this.refusal.set(error);
          this.hall.banned.set(true);
        }
        const passes = error.status === 0 || error.status === 429 || error.status >= 500;
        if (!passes) return;
      }
    }
  }
}
