/**
 * One's hand: up, where in the line, called or not (docs/protocol.md §8).
 *
 * Whoever waits asks control as seldom as it says (`ask_again_s`, give or take half, so that fifty thousand hands don't
 * ask in one second), and is told of the call by the `stage` event that everybody gets.
 */

import { Problem } from "../../shared/problem";
import { Store } from "../../shared/store";
import type { Sessions } from "./session";

export interface Hand {
  id: string;
  note: string;
  state: "raised" | "called" | "declined" | "lowered";
  /** From 1, among those that are raised; else null. */
  position: number | null;
  ask_again_s: number | null;
}

export interface HandState {
  hand: Hand | null;
  /** Control has told how it is. */
  known: boolean;
  busy: boolean;
  problem: Problem | null;
}

const NOTHING: HandState = { hand: null, known: false, busy: false, problem: null };
/** When an answer fails, it is asked again after about so long. */
const AGAIN_S = 20;

export class Raised {
  readonly state = new Store<HandState>(NOTHING);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turn = 0;

  constructor(private readonly sessions: Sessions, private readonly space: () => string) {}

  get up(): boolean {
    return this.state.value.hand?.state === "raised";
  }

  /** How it stands, as control knows it. */
  async look(): Promise<void> {
    const turn = (this.#turn += 1);
    clearTimeout(this.#timer);
    try {
      const hand = (await (await this.sessions.ask("GET", `${this.#path}/mine`)).json()) as Hand;
      if (turn === this.#turn) this.#take(hand);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (turn !== this.#turn) return;
      if (error.code === "hand-unknown") this.state.set({ ...NOTHING, known: true });
      else if (error.code === "banned") this.state.set({ ...NOTHING, known: true, problem: error });
      else if (error.status !== 401) this.#askAgain(error.retryAfterS ?? AGAIN_S);
    }
  }

  raise(note: string): Promise<void> {
    return this.#act(async () => {
      const said = note.trim();
      const answer = await this.sessions.ask("POST", this.#path, said === "" ? {} : { note: said });
      this.#take((await answer.json()) as Hand);
    });
  }

  lower(): Promise<void> {
    return this.#act(async () => {
      await this.sessions.ask("DELETE", `${this.#path}/mine`);
      clearTimeout(this.#timer);
      this.state.set({ ...NOTHING, known: true });
    });
  }

  /** Another Space, or nobody is signed in: nothing is known. */
  forget(): void {
    this.#turn += 1;
    clearTimeout(this.#timer);
    this.state.set(NOTHING);
  }

  get #path(): string {
    return `/spaces/${encodeURIComponent(this.space())}/hands`;
  }

  async #act(act: () => Promise<void>): Promise<void> {
    this.#turn += 1;
    this.state.patch({ busy: true, problem: null });
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.state.patch({ problem: error });
    } finally {
      this.state.patch({ busy: false });
    }
  }

  #take(hand: Hand): void {
    clearTimeout(this.#timer);
    this.state.patch({ hand, known: true, problem: null });
    if (hand.state === "raised") this.#askAgain(hand.ask_again_s ?? AGAIN_S);
  }

  #askAgain(afterS: number): void {
    this.#timer = setTimeout(() => void this.look(), afterS * 1_000 * (0.5 + Math.random()));
  }
}
