/**
 * The line of raised hands as its managers work on it. Fifty thousand may be up: a page at a time is here, never all.
 *
 * The first page is asked for anew every few seconds while somebody looks at it. Who is deep in the line keeps what is
 * there until going back to its head: a list that jumps under a finger calls the wrong one.
 */

import { Problem } from "../shared/problem";
import { Store } from "../shared/store";
import { manners, type HandQuestion } from "./api-manners";
import type { Room } from "./room";
import type { Hand, HandOrder } from "./types-manners";

export const LOOK_AGAIN_MS = 4_000;

export interface HandsState {
  items: Hand[];
  next: string | null;
  total: number;
  screened: number;
  /** It has been asked, and answered. */
  known: boolean;
  search: string;
  order: HandOrder;
  onlyScreened: boolean;
  loading: boolean;
}

export class Hands {
  readonly state = new Store<HandsState>({
    items: [], next: null, total: 0, screened: 0, known: false, search: "", order: "oldest", onlyScreened: false, loading: false,
  });
  #turn = 0;
  #deep = false;

  constructor(private readonly room: Room) {}

  /** Shows the line by other terms, from its head. */
  ask(terms: Partial<Pick<HandsState, "search" | "order" | "onlyScreened">>): void {
    this.state.patch(terms);
    this.#deep = false;
    void this.look();
  }

  /** The head of the line, as it is now, unless somebody is deep in it. */
  async look(): Promise<void> {
    if (this.#deep) return;
    const turn = (this.#turn += 1);
    try {
      const { items, next, total, screened } = await manners.hands(this.room.id, this.#question(null));
      if (turn === this.#turn) this.state.patch({ items, next, total, screened, known: true, loading: false });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (turn === this.#turn) this.state.patch({ loading: false });
    }
  }

  /** The page after the last one. */
  async more(): Promise<void> {
    const { next } = this.state.value;
    if (next === null) return;
    const turn = (this.#turn += 1);
    this.#deep = true;
    this.state.patch({ loading: true });
    await this.room.attempt(async () => {
      const page = await manners.hands(this.room.id, this.#question(next));
      if (turn !== this.#turn) return;
      const known = new Set(this.state.value.items.map(({ id }) => id));
      const items = [...this.state.value.items, ...page.items.filter(({ id }) => !known.has(id))];
      this.state.patch({ items, next: page.next, total: page.total, screened: page.screened });
    });
    this.state.patch({ loading: false });
  }

  screen({ id, screened }: Hand): Promise<boolean> {
    return this.room.attempt(async () => {
      const hand = await manners.changeHand(this.room.id, id, { screened: !screened });
      this.#turn += 1;
      const { items, screened: count } = this.state.value;
      this.state.patch({
        items: items.map((old) => (old.id === id ? { ...old, ...hand } : old)), screened: count + (screened ? -1 : 1),
      });
    });
  }

  /** Out of the line: onto the stage, or not this time. */
  async answer({ id }: Hand, state: "called" | "declined"): Promise<boolean> {
    const done = await this.room.attempt(() => manners.changeHand(this.room.id, id, { state }));
    if (done) this.drop((hand) => hand.id === id);
    return done;
  }

  async lowerAll(): Promise<void> {
    if (await this.room.attempt(() => manners.lowerAll(this.room.id))) this.drop(() => true, true);
  }

  /** What is not in the line any more. */
  drop(gone: (hand: Hand) => boolean, all = false): void {
    this.#turn += 1;
    const { items, total, screened } = this.state.value;
    const left = items.filter((hand) => !gone(hand));
    const unscreened = items.filter((hand) => gone(hand) && hand.screened).length;
    this.state.patch(all ? { items: [], next: null, total: 0, screened: 0 }
      : { items: left, total: total - (items.length - left.length), screened: screened - unscreened });
    if (left.length === 0) this.#deep = false;
    void this.look();
  }

  #question(cursor: string | null): HandQuestion {
    const { search, order, onlyScreened } = this.state.value;
    return { search: search.trim(), order, screened: onlyScreened, cursor };
  }
}
