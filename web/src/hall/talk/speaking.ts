/**
 * From the audience onto the stage and back, on the same page: microphone, WHIP with a bearer token, the mix-minus in
 * the place of the program.
 *
 * - The program plays on until the stage is connected: nobody sits in silence while a browser asks for a microphone. The
 *   microphone opens when the program has stopped, or the stage would hear it come back.
 * - What the stage says of one's seat (muted by the host, another owner, gone) comes by the studio's events; whoever has a
 *   seat may have them, and nobody else needs them.
 * - However it ends (left, removed, banned, another tab), one is a listener again without a tap.
 */

import { Microphone, type MicError } from "../../shared/microphone";
import { Problem } from "../../shared/problem";
import { Backoff, pause } from "../../shared/reconnect";
import { readEvents } from "../../shared/sse";
import { Store } from "../../shared/store";
import { Whip, type WhipState } from "../../shared/whip";
import { bearer, type Session, type Sessions } from "./session";

export interface SpeakingState {
  /** `cut`: connected before, and being connected again. */
  phase: "off" | "asking" | "connecting" | "on" | "cut";
  muted: boolean;
  byHost: boolean;
  micError: MicError | null;
  /** Why it is over, once it is: a problem of control, by oneself, or in another tab. */
  ended: Problem | "left" | "replaced" | null;
  /** From the tap to the connected stage, ms; null before that. */
  tookMs: number | null;
}

const OFF: SpeakingState = { phase: "off", muted: false, byHost: false, micError: null, ended: null, tookMs: null };

/** What it needs of the hall. */
export interface Floor {
  space: () => string;
  /** The program stops being heard. */
  silence: () => void;
  /** It is heard again. */
  listen: () => void;
}

interface OwnSeat {
  handle: string;
  muted: boolean;
  muted_by: "self" | "host" | null;
}

export class Speaking {
  readonly state = new Store<SpeakingState>(OFF);
  #abort: AbortController | null = null;
  #whip: Whip | null = null;
  #microphone: Microphone | null = null;
  #sound: HTMLAudioElement | null = null;
  #tapMs = 0;

  constructor(private readonly sessions: Sessions, private readonly floor: Floor) {}

  get active(): boolean {
    return this.state.value.phase !== "off";
  }

  /** Takes one's seat with sound. Call it in a tap. */
  async start(): Promise<void> {
    const session = this.sessions.current.value;
    if (this.active || session === null) return;
    this.#tapMs = performance.now();
    this.state.set({ ...OFF, phase: "asking" });
    const abort = (this.#abort = new AbortController());
    const sound = (this.#sound = audioElement());
    const whip = (this.#whip = new Whip(`${session.api}/whip/${encodeURIComponent(this.floor.space())}`, (stream) => {
      sound.srcObject = stream;
      void sound.play().catch(() => undefined);
    }, { credentials: "omit", headers: bearer(session) }));
    whip.prepare();
    const microphone = (this.#microphone = new Microphone((track) => void whip.replaceTrack(track)));
    microphone.open(false);
    const on = await microphone.turnOn();
    if (abort.signal.aborted) return;
    if (!on || microphone.track === null) {
      const { error } = microphone.state.value;
      this.#close();
      this.state.set({ ...OFF, micError: error ?? "missing" });
      return;
    }
    this.state.patch({ phase: "connecting" });
    whip.state.subscribe((state) => this.#connectionChanged(state));
    whip.start(microphone.track);
    void this.#follow(session, abort.signal).catch(() => undefined);
  }

  /** Closes one's microphone at once; opens it when control agrees. */
  async mute(muted: boolean): Promise<void> {
    if (muted) this.#setMuted(true, this.state.value.byHost);
    try {
      await this.sessions.ask("PATCH", this.#seat, { muted });
      this.#setMuted(muted, false);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code === "muted-by-host") this.#setMuted(true, true);
    }
  }

  /** Gives the seat back and listens again. */
  async leave(): Promise<void> {
    const seat = this.#seat;
    this.end("left");
    await this.sessions.ask("DELETE", seat).catch((error: unknown) => {
      if (!(error instanceof Problem)) throw error;
    });
  }

  /** Says no to the seat that one was given, without having spoken. */
  async decline(): Promise<void> {
    await this.sessions.ask("DELETE", this.#seat).catch((error: unknown) => {
      if (!(error instanceof Problem)) throw error;
    });
    this.state.set({ ...OFF, ended: "left" });
  }

  /** It is over: the program is heard again. */
  end(why: SpeakingState["ended"]): void {
    if (!this.active) return;
    this.#close();
    this.state.set({ ...OFF, ended: why });
    this.floor.listen();
  }

  /** Level of one's voice at this moment, 0 to 100. */
  level(): number {
    return this.#microphone?.level() ?? 0;
  }

  /** What was said of the last time has been read. */
  acknowledge(): void {
    if (!this.active) this.state.set(OFF);
  }

  get #seat(): string {
    const handle = this.sessions.current.value?.handle ?? "";
    return `/spaces/${encodeURIComponent(this.floor.space())}/seats/${encodeURIComponent(handle)}`;
  }

  #close(): void {
    this.#abort?.abort();
    this.#whip?.close();
    this.#microphone?.close();
    this.#sound?.remove();
    [this.#abort, this.#whip, this.#microphone, this.#sound] = [null, null, null, null];
  }

  #setMuted(muted: boolean, byHost: boolean): void {
    this.#microphone?.open(!muted);
    this.state.patch({ muted, byHost });
  }

  #connectionChanged({ phase, problem }: WhipState): void {
    if (phase === "connected") {
      this.floor.silence();
      this.#microphone?.open(!this.state.value.muted);
      const tookMs = this.state.value.tookMs ?? Math.round(performance.now() - this.#tapMs);
      this.state.patch({ phase: "on", tookMs });
    } else if (phase === "reconnecting") {
      this.state.patch({ phase: this.state.value.tookMs === null ? "connecting" : "cut" });
    } else if (phase === "replaced") this.end("replaced");
    else if (phase === "refused") this.end(problem ?? new Problem(0, "unknown", ""));
  }

  /** The studio's events, as long as one has a seat. */
  async #follow(session: Session, signal: AbortSignal): Promise<void> {
    const backoff = new Backoff();
    const path = `/spaces/${encodeURIComponent(this.floor.space())}/events`;
    for (;;) {
      try {
        const { body } = await this.sessions.ask("GET", path, undefined, signal);
        if (body !== null) {
          await readEvents(body, ({ type, data }) => {
            backoff.reset();
            if (type === "seats") this.#seatsChanged(JSON.parse(data) as { items: OwnSeat[]; stage_epoch?: number | null }, session);
          });
        }
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof Problem && error.status === 403) {
          this.end(error);
          return;
        }
      }
      await pause(500 + backoff.next(), signal);
    }
  }

  #seatsChanged({ items, stage_epoch: epoch }: { items: OwnSeat[]; stage_epoch?: number | null }, { handle }: Session): void {
    if (!this.active) return;
    if (typeof epoch === "number") this.#whip?.stageIsOf(epoch);
    const own = items.find((seat) => seat.handle === handle);
    if (own === undefined) this.end(new Problem(403, "no-seat", ""));
    else if (own.muted_by !== null || this.state.value.byHost) this.#setMuted(own.muted, own.muted_by === "host");
  }
}

function audioElement(): HTMLAudioElement {
  const sound = new Audio();
  sound.autoplay = true;
  sound.dataset.testid = "return";
  document.body.append(sound);
  return sound;
}
