/**
 * Plays by the browser's own player of HLS, where there are no Media Source Extensions: iPhones before iOS 17.1.
 *
 * Rules:
 *
 * - The browser fetches, buffers and keeps its own delay; here is only said what to play, and seen whether it plays.
 * - Events come by SSE, with the number of the part that they ride on. `getStartDate()`, which WebKit has, tells the
 *   program time of what is heard (EXT-X-PROGRAM-DATE-TIME), so they wait for their sound as everywhere. A browser
 *   that does not tell shows them when they come, and no delay.
 * - A media element does not say why it failed: the playlist is asked then, and its answer decides.
 * - Pausing is stopping: whoever comes back comes back live. The address is given in the tap, or `play()` is called
 *   without one: WebKit then lets the element play later, when the Space has begun.
 */

import { Backoff, pause } from "../shared/reconnect";
import { Store } from "../shared/store";
import { EventQueue, type SpaceEvent } from "./events";
import { askAgainInMs, type Hearing, type Surroundings } from "./hearing";
import { IDLE, phaseOf, type Connection, type ListeningState, type Phase } from "./phase";
import { passHeaders, withPass } from "./pass";
import { liveAddress } from "./place";
import { rangesOf, standing } from "./ranges";
import { Answer, answerOf, needsPass } from "./space";

const TICK_MS = 250;
const TOLD_EACH_MS = 1_000;
/** Without progress for so long it is silent. */
const STUCK_MS = 1_000;
/** And for so long it is lost: a player of HLS has waited for several segments then. */
const LOST_MS = 15_000;

/** WebKit only: the wall clock at second 0 of the timeline, or an invalid date. */
interface Dated {
  getStartDate?: () => Date;
}

type End = "ended" | "failed" | "moved";

export class NativeHls implements Hearing {
  readonly state = new Store<ListeningState>(IDLE);
  readonly bringsEvents = false;
  #abort: AbortController | null = null;
  #connection: Connection = "connecting";
  #loaded = false;
  #heard = false;
  #stalls = 0;
  #progress = { at: -1, sinceMs: 0 };
  #toldAtMs = 0;
  readonly #events = new EventQueue();
  readonly #bell = new EventTarget();

  constructor(private readonly around: Surroundings) {
    const { audio } = around;
    audio.addEventListener("pause", () => {
      // Headphones pulled out, a call coming in: the system has paused us.
      if (this.#loaded && !audio.ended) this.stop();
    });
    audio.addEventListener("ended", () => this.#ring("ended"));
    audio.addEventListener("error", () => this.#ring("failed"));
    window.addEventListener("online", () => this.wake());
  }

  get active(): boolean {
    return this.#abort !== null;
  }

  get hearingMs(): number | null {
    const startMs = (this.around.audio as Dated).getStartDate?.().getTime() ?? NaN;
    return Number.isNaN(startMs) || !this.#audible ? null : startMs + this.around.audio.currentTime * 1_000;
  }

  start(): void {
    if (this.active) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#connection = "connecting";
    this.#heard = false;
    this.#stalls = 0;
    this.state.set({ ...IDLE, phase: "connecting" });
    const timer = setInterval(() => this.#tick(), TICK_MS);
    abort.signal.addEventListener("abort", () => clearInterval(timer));
    if ((this.around.space.value?.renditions.length ?? 0) > 0) this.#load();
    else void this.around.audio.play().catch(() => undefined);
    void this.#run(abort.signal).catch((error: unknown) => {
      if (!abort.signal.aborted) this.#stopAs("idle");
      if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
    });
  }

  stop(): void {
    this.#stopAs("idle");
  }

  wake(): void {
    this.#bell.dispatchEvent(new Event("wake"));
  }

  /** A player of HLS sends no headers: to the edge one stays a stranger. */
  reintroduce(): void {
    return undefined;
  }

  banish(): void {
    this.#stopAs("banned");
  }

  move(): void {
    if (!this.active) return;
    this.#events.clear();
    this.#ring("moved");
    this.wake();
  }

  schedule(atMs: number, event: SpaceEvent): void {
    this.#events.put(atMs, event);
  }

  #stopAs(phase: Phase): void {
    this.#abort?.abort();
    this.#abort = null;
    this.#unload();
    this.#events.clear();
    this.state.set({ ...IDLE, phase });
  }

  #load(): void {
    const { audio, place } = this.around;
    this.#loaded = true;
    this.#progress = { at: -1, sinceMs: performance.now() };
    audio.src = withPass(liveAddress(place.value, "index.m3u8"), place.value);
    audio.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "NotAllowedError") this.#stopAs("refused");
    });
  }

  #unload(): void {
    if (!this.#loaded) return;
    this.#loaded = false;
    this.around.audio.pause();
    this.around.audio.removeAttribute("src");
    this.around.audio.load();
  }

  #ring(end: End): void {
    if (this.#loaded) this.#bell.dispatchEvent(new CustomEvent<End>("over", { detail: end }));
  }

  async #run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff();
    while (!signal.aborted) {
      const waitMs = await this.#attemptOnce(signal, backoff);
      if (waitMs === null) return;
      this.state.patch({ retryAtMs: performance.now() + waitMs });
      await pause(waitMs, signal, this.#bell);
      if (waitMs > 0) await this.around.refresh(signal);
    }
  }

  /** One playing, to its end. Returns ms until the next, or null when there is no next. */
  async #attemptOnce(signal: AbortSignal, backoff: Backoff): Promise<number | null> {
    const space = this.around.space.value;
    if (space === null) {
      this.#told(navigator.onLine ? "connecting" : "offline");
      return backoff.next();
    }
    if (space.state === "ended" && !this.#loaded) {
      this.#stopAs("ended");
      return null;
    }
    if (needsPass(space) && !this.#loaded) {
      this.#stopAs("members");
      return null;
    }
    if (space.renditions.length === 0 && !this.#loaded) {
      this.#told("unbegun");
      return askAgainInMs(space, null, this.around.clock.now());
    }
    if (!this.#loaded) this.#load();
    const end = await this.#over(signal, backoff);
    this.#unload();
    if (end === "moved") return 0;
    return this.#whyOver(signal, backoff);
  }

  /** Waits until the element has played it to its end, has failed, or stands still for too long. */
  #over(signal: AbortSignal, backoff: Backoff): Promise<End> {
    return new Promise((resolve, reject) => {
      const closing = new AbortController();
      const done = (act: () => void): void => {
        closing.abort();
        act();
      };
      const timer = setInterval(() => {
        if (this.#audible) backoff.reset();
        else if (performance.now() - this.#progress.sinceMs > LOST_MS) done(() => resolve("failed"));
      }, TICK_MS);
      closing.signal.addEventListener("abort", () => clearInterval(timer));
      const over = (event: Event): void => done(() => resolve((event as CustomEvent<End>).detail));
      this.#bell.addEventListener("over", over, { signal: closing.signal });
      signal.addEventListener("abort", () => done(() => reject(signal.reason as Error)), { signal: closing.signal });
    });
  }

  async #whyOver(signal: AbortSignal, backoff: Backoff): Promise<number | null> {
    await this.around.refresh(signal);
    const { value: space } = this.around.space;
    const { value: place } = this.around.place;
    if (space?.state === "ended") {
      this.#stopAs("ended");
      return null;
    }
    try {
      const response = await fetch(liveAddress(place, "index.m3u8"), { cache: "no-store", headers: passHeaders(place), signal });
      if (!response.ok) throw await answerOf(response);
      void response.body?.cancel().catch(() => undefined);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Answer && space !== null) {
        if (error.status === 404 || error.status === 410) {
          this.#stopAs(error.status === 404 ? "unknown" : "ended");
          return null;
        }
        if (error.code.startsWith("pass-")) {
          this.#stopAs(error.code === "pass-full" ? "pass-full" : "members");
          return null;
        }
        if (error.status === 409) {
          this.#told("unbegun");
          return askAgainInMs(space, error.retryAfterS, this.around.clock.now());
        }
        this.#told(error.status === 503 ? "waiting" : "lost");
        return backoff.next(error.retryAfterS);
      }
    }
    this.#told(navigator.onLine ? "lost" : "offline");
    return backoff.next();
  }

  get #audible(): boolean {
    const { audio } = this.around;
    const moves = this.#progress.at > 0 && performance.now() - this.#progress.sinceMs < STUCK_MS;
    return this.#loaded && moves && !audio.paused && !audio.ended;
  }

  #told(connection: Connection): void {
    this.#connection = connection;
    this.#tick();
  }

  #tick(): void {
    if (!this.active) return;
    const { audio, clock } = this.around;
    const nowMs = performance.now();
    if (this.#loaded && audio.currentTime !== this.#progress.at) {
      this.#progress = { at: audio.currentTime, sinceMs: nowMs };
    }
    const audible = this.#audible;
    if (audible) {
      this.#connection = "open";
      this.#heard = true;
    } else if (this.state.value.phase === "playing") this.#stalls += 1;
    const { hearingMs } = this;
    if (hearingMs !== null) for (const event of this.#events.due(hearingMs)) this.around.onHeard(event);
    const phase = phaseOf(this.#connection, audible, this.#heard);
    if (phase === this.state.value.phase && nowMs - this.#toldAtMs < TOLD_EACH_MS) return;
    this.#toldAtMs = nowMs;
    this.state.patch({
      phase,
      delayMs: hearingMs === null ? null : Math.round(clock.now() - hearingMs),
      aheadMs: Math.round(standing(rangesOf(audio.buffered), audio.currentTime).aheadS * 1_000),
      silentSinceMs: audible || !this.#heard ? null : (this.state.value.silentSinceMs ?? nowMs),
      stalls: this.#stalls,
    });
  }
}
