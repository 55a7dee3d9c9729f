/** Who is signed in, and what they do here: write, raise a hand, speak. It knows the hall; the hall does not know it. */

import type { Line } from "../../shared/chat";
import { Problem } from "../../shared/problem";
import { Store } from "../../shared/store";
import type { Hall } from "../model";
import { passHeaders } from "../pass";
import { Raised } from "./hand";
import { Invited } from "./invited";
import { Presence } from "./presence";
import { Sessions } from "./session";
import { Speaking } from "./speaking";

/** A message as control answers it (docs/protocol.md §8). */
interface Message {
  id: string;
  by: { handle: string; display_name: string; role: Line["role"] };
  text: string;
  reply_to: string | null;
}

/** A program that begins again tells of some seconds ago. */
const ECHO_MS = 15_000;

export class Talker {
  readonly sessions: Sessions;
  readonly presence: Presence;
  readonly hand: Raised;
  readonly invited: Invited;
  readonly speaking: Speaking;
  /** One has a seat, and has not sat down: the call. */
  readonly called = new Store(false);
  /** The last thing that was refused to who writes. */
  readonly refusal = new Store<Problem | null>(null);
  /** One's message that was deleted a moment ago, and can be brought back. */
  readonly gone = new Store<string | null>(null);
  /** Control says that one was called; the stage has yet to say it to everybody. */
  #promised = false;
  /** One has sat in this seat, or did not want it: it is no call any more. */
  #sat = false;
  /** When one left the stage, by `performance.now()`: what was on its way then still tells of the seat. */
  #leftMs = -Infinity;
  #wasUp = false;

  constructor(readonly hall: Hall) {
    const space = (): string => hall.place.value.id;
    this.sessions = new Sessions(() => passHeaders(hall.place.value));
    this.presence = new Presence(this.sessions, hall);
    this.hand = new Raised(this.sessions, space);
    this.invited = new Invited(this.sessions, space);
    hall.invited = (to) => this.invited.told(to);
    this.invited.current.subscribe((one) => {
      if (one !== null && !this.speaking.active) hall.talk.show("hand");
      this.#look();
    });
    this.speaking = new Speaking(this.sessions, {
      space, silence: () => hall.listening.stop(), listen: () => hall.listening.start(),
    });
    hall.space.subscribe((known) => this.sessions.use(known?.links.api ?? null));
    hall.place.subscribe(() => this.#moved());
    hall.seated.subscribe(() => this.#look());
    this.speaking.state.subscribe(({ phase, ended }) => this.#spoke(phase !== "off" && phase !== "asking", ended !== null));
    this.hand.state.subscribe(({ hand }) => {
      if (hand?.state === "called" && this.#wasUp) {
        this.#promised = true;
        this.#sat = false;
      }
      this.#wasUp = hand?.state === "raised";
      if (this.#wasUp) this.#leftMs = -Infinity;
      this.#look();
    });
    this.sessions.current.subscribe(() => this.#asked());
    this.sessions.use(hall.space.value?.links.api ?? null);
  }

  /** Comes on stage by an invitation; from here on it is as for somebody who was called. */
  async come(): Promise<void> {
    if (!(await this.invited.take())) return;
    this.#promised = true;
    this.#sat = false;
    this.#look();
  }

  get handle(): string | null {
    return this.sessions.current.value?.handle ?? null;
  }

  /** Sends a message; it stands here at once. Returns whether it was taken. */
  async write(text: string, replyTo: string | null): Promise<boolean> {
    const body = { text, ...(replyTo === null ? {} : { reply_to: replyTo }) };
    return this.#attempt(async () => {
      const answer = await this.sessions.ask("POST", `${this.#path}/messages`, body);
      this.#add((await answer.json()) as Message);
    });
  }

  #add({ id, by, text, reply_to }: Message): void {
    this.hall.chat.add([{ id, by: by.handle, name: by.display_name, role: by.role, text, replyTo: reply_to }]);
  }

  /** Takes one's own message back. */
  async unwrite(id: string): Promise<void> {
    await this.#attempt(async () => {
      await this.sessions.ask("DELETE", `${this.#path}/messages/${encodeURIComponent(id)}`);
      this.hall.chat.remove(id);
      this.gone.set(id);
    });
  }

  /** Brings it back. */
  async rewrite(id: string): Promise<void> {
    this.gone.set(null);
    await this.#attempt(async () => {
      const answer = await this.sessions.ask("POST", `${this.#path}/messages/${encodeURIComponent(id)}/restore`);
      this.#add((await answer.json()) as Message);
    });
  }

  get #path(): string {
    return `/spaces/${encodeURIComponent(this.hall.place.value.id)}`;
  }

  async #attempt(act: () => Promise<void>): Promise<boolean> {
    this.refusal.set(null);
    try {
      await act();
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.refusal.set(error);
      // What the page knows of the chat is old.
      if (error.code === "chat-closed") void this.hall.refresh();
      return false;
    }
  }

  /** Somebody signed in or out. */
  #asked(): void {
    if (this.handle === null) {
      if (this.speaking.active) this.speaking.end(new Problem(401, "not-signed-in", ""));
      this.hand.forget();
      this.invited.forget();
    } else {
      void this.hand.look();
      void this.invited.look();
    }
    this.presence.introduce();
    this.#look();
  }

  /** Where the audience goes, those go who came onto the stage from it: listening again. */
  #moved(): void {
    this.speaking.end(null);
    this.hand.forget();
    this.invited.forget();
    this.sessions.use(this.hall.space.value?.links.api ?? null);
    if (this.handle !== null) {
      void this.hand.look();
      void this.invited.look();
    }
    this.presence.introduce(true);
  }

  #spoke(speaking: boolean, over: boolean): void {
    if (speaking || over) {
      this.#sat = true;
      this.#promised = false;
    }
    if (over) {
      this.#leftMs = performance.now();
      // It also tells whether one was banned, and why.
      this.hand.forget();
      if (this.handle !== null) void this.hand.look();
    }
    this.#look();
  }

  /** What the hall shows of it. */
  #look(): void {
    const { handle } = this;
    const connected = handle === null ? undefined : this.hall.seated.value.get(handle);
    if (connected !== undefined) this.#promised = false;
    const seat = connected !== undefined || this.#promised;
    const { phase } = this.speaking.state.value;
    if (phase === "off" && !seat && performance.now() - this.#leftMs > ECHO_MS) this.#sat = false;
    const called = seat && connected !== true && !this.#sat;
    this.hall.onStage.set(phase === "on" || phase === "cut");
    const asked = called || (phase === "off" && this.invited.current.value !== null);
    this.hall.hand.set(asked ? "called" : this.hand.up ? "up" : "down");
    if (called && !this.called.value) {
      this.speaking.acknowledge();
      this.hall.talk.show("hand");
      (navigator as Partial<Navigator>).vibrate?.([120, 80, 120]);
    }
    this.called.set(called);
  }
}
