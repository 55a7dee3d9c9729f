/**
 * Chat and polls as those who run a Space have them: at once, not with the sound, and with what can be undone.
 *
 * What is written and voted comes from the edge, by the same anonymous events that everybody gets; before there is a
 * program, and where that connection fails, control is asked now and then.
 */

import { Chat, type Line } from "../shared/chat";
import { Felt } from "../shared/felt";
import { Problem } from "../shared/problem";
import { Backoff, pause } from "../shared/reconnect";
import { Store } from "../shared/store";
import type { ChatEvent, TalkEvent } from "../shared/talk-events";
import { manners } from "./api-manners";
import type { Room } from "./room";
import { isOnAir } from "./rules";
import type { Message, NewPoll, Poll } from "./types-manners";

/** What may be restored, and until when by `performance.now()`. */
export interface Deleted {
  line: Line;
  untilMs: number;
}

const RESTORE_MS = 58_000;
const ASK_AGAIN_MS = 10_000;
const TYPES = ["chat", "chat-gone", "chat-back", "chat-more", "pin", "poll", "reactions"] as const;

export class Conversation {
  readonly chat = new Chat();
  readonly felt = new Felt();
  /** Newest last. */
  readonly deleted = new Store<Deleted[]>([]);
  /** The latest poll, open or closed. */
  readonly poll = new Store<Poll | null>(null);
  /** Control has told of the chat, and of polls. */
  readonly known = new Store(false);
  readonly #abort = new AbortController();

  constructor(private readonly room: Room) {
    this.chat.look(true);
    void this.#follow(this.#abort.signal).catch(() => undefined);
  }

  close(): void {
    this.#abort.abort();
  }

  write(text: string, replyTo: string | null): Promise<boolean> {
    return this.room.attempt(async () => this.chat.add([lineOf(await manners.write(this.room.id, text, replyTo))]));
  }

  async delete(line: Line): Promise<void> {
    const done = await this.room.attempt(() => manners.deleteMessage(this.room.id, line.id));
    if (!done) return;
    this.chat.remove(line.id);
    const untilMs = performance.now() + RESTORE_MS;
    this.deleted.set([...this.deleted.value, { line, untilMs }]);
    setTimeout(() => this.#forget(line.id), RESTORE_MS);
  }

  async restore({ line }: Deleted): Promise<void> {
    const done = await this.room.attempt(() => manners.restore(this.room.id, line.id));
    this.#forget(line.id);
    if (done) this.chat.take(eventOf(line, "chat-back"));
  }

  async pin(line: Line): Promise<void> {
    const done = await this.room.attempt(() => manners.pin(this.room.id, line.id));
    if (done) this.chat.take({ type: "pin", id: line.id, by: line.by, name: line.name, text: line.text });
  }

  async unpin(): Promise<void> {
    if (await this.room.attempt(() => manners.unpin(this.room.id))) this.chat.take({ type: "pin", id: null });
  }

  openPoll(poll: NewPoll): Promise<boolean> {
    return this.room.attempt(async () => this.poll.set(await manners.openPoll(this.room.id, poll)));
  }

  closePoll({ id }: Poll): Promise<boolean> {
    return this.room.attempt(async () => this.poll.set(await manners.closePoll(this.room.id, id)));
  }

  #forget(id: string): void {
    this.deleted.set(this.deleted.value.filter(({ line }) => line.id !== id));
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff();
    for (;;) {
      const { space } = this.room.state.value;
      if (signal.aborted || space?.state === "ended") return;
      await this.#load();
      if (space !== null && isOnAir(space)) await this.#listen(space.links.space.replace(/space\.json$/, "events"), signal, backoff);
      await pause(this.known.value && space !== null && isOnAir(space) ? 500 + backoff.next() : ASK_AGAIN_MS, signal, this.#wake());
    }
  }

  /** On air or not any more: the events begin or end. */
  #wake(): EventTarget {
    const wake = new EventTarget();
    const before = this.room.state.value.space?.state;
    const done = this.room.state.subscribe(({ space }) => {
      if (space?.state === before) return;
      done();
      wake.dispatchEvent(new Event("wake"));
    });
    return wake;
  }

  /** What control knows. A Parvis without a conversation has nothing to show. */
  async #load(): Promise<void> {
    try {
      const [messages, polls] = await Promise.all([manners.messages(this.room.id), manners.polls(this.room.id)]);
      const lines = messages.filter(({ deleted }) => !deleted).reverse();
      this.chat.add(lines.map(lineOf));
      const pinned = messages.find((message) => message.pinned);
      if (pinned !== undefined) this.chat.take({ type: "pin", id: pinned.id, by: pinned.by.handle, name: pinned.by.display_name, text: pinned.text });
      this.poll.set(polls[0] ?? null);
      this.known.set(true);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
  }

  /** Returns when the connection fails. */
  #listen(address: string, signal: AbortSignal, backoff: Backoff): Promise<void> {
    const source = new EventSource(address);
    return new Promise((resolve) => {
      const close = (): void => {
        source.close();
        resolve();
      };
      source.addEventListener("error", close);
      signal.addEventListener("abort", close, { once: true });
      for (const type of TYPES) {
        source.addEventListener(type, (message: MessageEvent<string>) => {
          backoff.reset();
          this.#take(JSON.parse(message.data) as TalkEvent);
        });
      }
    });
  }

  #take(event: TalkEvent): void {
    if (event.type === "reactions") this.felt.take(event.counts);
    else if (event.type !== "poll") this.chat.take(event);
    else if (event.id === this.poll.value?.id) {
      const { counts, votes, state, closes_at } = event;
      this.poll.set({ ...this.poll.value, counts, votes, state, closes_at });
    } else void this.#load();
  }
}

function lineOf({ id, by, text, reply_to }: Message): Line {
  return { id, by: by.handle, name: by.display_name, role: by.role, text, replyTo: reply_to };
}

function eventOf({ id, by, name, role, text, replyTo }: Line, type: ChatEvent["type"]): ChatEvent {
  return { type, id, by, name, role, text, reply_to: replyTo, at: new Date().toISOString() };
}
