/** The archive's API as the studio uses it: the replay of a Space and what is decided about it. */

import { pause } from "../shared/reconnect";
import { fetched, Problem } from "./api";

export interface ReplaySound {
  name: string;
  url: string;
  mime: string;
  bytes: number;
}

export interface Replay {
  title: string;
  version: number;
  duration_s: number;
  lost_parts: number;
  silenced_s: number;
  public: boolean;
  audio: ReplaySound[];
  tracks: (ReplaySound & { handle: string })[];
  turns: { start_s: number; end_s: number; handle: string }[];
  /** Amplitude, 0 to 1, in equal stretches. */
  waveform: number[];
  links: { share: string; feed: string };
}

export interface Range {
  from_s: number;
  to_s: number;
}

export interface Clip {
  id: string;
  title: string;
  by: string;
  duration_s: number;
  link: string;
  audio: ReplaySound[];
}

export interface RemovalRequest extends Range {
  id: string;
  handle: string;
  reason: string;
  at: string;
  state: "open" | "done" | "declined";
}

const MOST_WAIT_S = 10;

/** Each rejects with `Problem`. `base` is `links.replay` of the Space. */
export class Archive {
  constructor(private readonly base: string) {}

  /** An address of the archive, which it gives without its own origin. */
  address(path: string): string {
    return new URL(path, this.base).href;
  }

  /** The replay, as soon as it is made: it is made anew after each decision. */
  async replay(signal: AbortSignal): Promise<Replay> {
    for (;;) {
      try {
        return await this.#json<Replay>("GET", `${this.base}/replay.json`, undefined, signal);
      } catch (error) {
        if (!(error instanceof Problem) || error.code !== "replay-not-ready") throw error;
        await pause(Math.min(MOST_WAIT_S, error.retryAfterS ?? 2) * 1000, signal);
      }
    }
  }

  setPublic = (isPublic: boolean) => this.#ask("PATCH", this.base, { public: isPublic });
  /** Null brings back what was trimmed. */
  trim = (range: Range | null) => this.#ask("PATCH", this.base, { trim: range });
  /** Silent everywhere, for good. `request` is the removal request that it answers. */
  cut = (range: Range, request?: string) =>
    this.#ask("POST", `${this.base}/cuts`, { ...range, ...(request === undefined ? {} : { request }) });
  remove = () => this.#ask("DELETE", this.base);

  clips = async (): Promise<Clip[]> => (await this.#json<{ items: Clip[] }>("GET", `${this.base}/clips`)).items;
  clip = (range: Range, title: string) => this.#json<Clip>("POST", `${this.base}/clips`, { ...range, title });
  removeClip = (id: string) => this.#ask("DELETE", this.address(`/clip/${encodeURIComponent(id)}`));

  requests = async (): Promise<RemovalRequest[]> =>
    (await this.#json<{ items: RemovalRequest[] }>("GET", `${this.base}/removal-requests`)).items;
  askRemoval = (range: Range, reason: string) =>
    this.#json<RemovalRequest>("POST", `${this.base}/removal-requests`, { ...range, reason });
  decline = (id: string) => this.#ask("DELETE", `${this.base}/removal-requests/${encodeURIComponent(id)}`);

  /** The cookie goes along: the archive is another origin of the same site. */
  #ask(method: string, address: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const json = body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    return fetched(address, { method, credentials: "include", ...json, ...(signal === undefined ? {} : { signal }) });
  }

  async #json<T>(method: string, address: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    return (await (await this.#ask(method, address, body, signal)).json()) as T;
  }
}
