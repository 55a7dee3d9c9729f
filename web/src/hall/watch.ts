/**
 * What happens in a Space for somebody who is not listening yet: the same events, by SSE (docs/protocol.md §2).
 *
 * One quiet connection instead of asking again and again: when the Space begins, everybody who waits is told by one
 * write. It is closed while sound is playing, for then the events come with the sound (unless the browser plays HLS by
 * itself), and while nobody looks.
 *
 * An edge without room refuses it, and the browser does not say so: who fails again and again asks seldom.
 */

import { Backoff, pause } from "../shared/reconnect";
import { parseEvent, TYPES, type SpaceEvent } from "./events";
import { PART_MS } from "./mp4";

const REST_MS = 1_000;
const LONG_REST_MS = 12_000;

export class Watch {
  #abort: AbortController | null = null;

  constructor(
    /** Asked at each connection: a handoff changes it. */
    private readonly address: () => string,
    /** `atMs` is the program time that the event belongs to, Unix ms, or null for one of no part. */
    private readonly onEvent: (event: SpaceEvent, atMs: number | null) => void,
    /** The connection was lost and something may have been missed. */
    private readonly onLost: () => void,
  ) {}

  start(): void {
    if (this.#abort !== null) return;
    this.#abort = new AbortController();
    void this.#run(this.#abort.signal).catch(() => undefined);
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = null;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff();
    while (!signal.aborted) {
      await this.#listen(signal, backoff);
      const restMs = backoff.failures < 2 ? REST_MS : LONG_REST_MS;
      await pause(restMs + backoff.next(), signal);
      this.onLost();
    }
  }

  /** Returns when the connection fails; the browser's own reconnection has no jitter and is not used. */
  #listen(signal: AbortSignal, backoff: Backoff): Promise<void> {
    const source = new EventSource(this.address());
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
          const event = parseEvent(message.data);
          const part = /^\d{1,15}$/.test(message.lastEventId) ? Number(message.lastEventId) : null;
          if (event !== null) {
            this.onEvent(event.type === "handoff" ? { ...event, atMs: 0 } : event, part === null ? null : part * PART_MS);
          }
        });
      }
    });
  }
}
