/**
 * An invitation to one's handle, into the Space that one listens to (docs/protocol.md §4).
 *
 * Everybody hears that somebody is invited, by two digits that fit them and one in 256 of all others (§8, `invited`).
 * Whom they fit asks control: a crowd does not. Who signs in, or comes back to the page, asks once.
 */

import { Problem } from "../../shared/problem";
import { Store } from "../../shared/store";
import type { Sessions } from "./session";

export interface WaitingInvitation {
  id: string;
  space: { id: string };
  role: "co-host" | "speaker";
  by: { handle: string; display_name: string };
}

export class Invited {
  /** The one into this Space, or null. */
  readonly current = new Store<WaitingInvitation | null>(null);
  readonly problem = new Store<Problem | null>(null);
  #turn = 0;

  constructor(private readonly sessions: Sessions, private readonly space: () => string) {}

  /** Somebody was invited. */
  told(to: string): void {
    const handle = this.sessions.current.value?.handle;
    if (handle !== undefined && to === mark(this.space(), handle)) void this.look();
  }

  async look(): Promise<void> {
    const turn = (this.#turn += 1);
    try {
      const answer = await this.sessions.ask("GET", "/accounts/me/invitations");
      const { items } = (await answer.json()) as { items: WaitingInvitation[] };
      if (turn === this.#turn) this.current.set(items.find(({ space }) => space.id === this.space()) ?? null);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
  }

  /** Takes the seat. Whether one has it. */
  take(): Promise<boolean> {
    return this.#answer(({ id, space }) =>
      this.sessions.ask("POST", `/spaces/${encodeURIComponent(space.id)}/seats`, { invitation: id }));
  }

  decline(): Promise<boolean> {
    return this.#answer(({ id }) => this.sessions.ask("DELETE", `/accounts/me/invitations/${encodeURIComponent(id)}`));
  }

  /** Another Space, or nobody is signed in. */
  forget(): void {
    this.#turn += 1;
    this.current.set(null);
    this.problem.set(null);
  }

  async #answer(act: (one: WaitingInvitation) => Promise<unknown>): Promise<boolean> {
    const one = this.current.value;
    if (one === null) return false;
    this.problem.set(null);
    try {
      await act(one);
      this.forget();
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      // Taken back meanwhile: there is nothing to answer any more.
      if (error.code === "invitation-unknown" || error.code === "invitation-invalid") this.forget();
      else this.problem.set(error);
      return false;
    }
  }
}

/** As control reckons it (docs/protocol.md §8, `invited`). */
export function mark(space: string, handle: string): string {
  let found = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${space}:${handle}`)) found = Math.imul(found ^ byte, 0x01000193) >>> 0;
  return ((found ^ (found >>> 16)) & 0xff).toString(16).padStart(2, "0");
}
