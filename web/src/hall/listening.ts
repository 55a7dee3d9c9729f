/**
 * One listener's way through a Space: from the tap on play to the last word, whatever the network does between.
 *
 * Rules:
 *
 * - One loop owns the connection, and never gives up by itself while the Space is there.
 * - What is heard decides what is said: while buffered sound plays, a lost connection is nobody's business.
 * - It resumes at the part after the last one it has (`from`), so a short cut costs nothing.
 * - Who waited for the beginning starts at the first word, not at the moment the connection stood.
 * - Who was given an appointment keeps it, and asks for nothing until then.
 * - A handoff inside this Parvis changes nothing here but the address of the next connection. Into another Parvis the
 *   old sound plays until the first of the new is there, on the same audio element.
 * - Browsers say what they can decode, and are not always right: what failed once is not asked for again while there is
 *   another rendition.
 */

import { Backoff, pause } from "../shared/reconnect";
import { Store } from "../shared/store";
import { keepInMs, Pocket, tabStorage, type Offer } from "./appointment";
import { EventQueue, paceIn, type SpaceEvent } from "./events";
import { askAgainInMs, type Hearing, type Surroundings } from "./hearing";
import { PART_MS, StreamMalformed, type Init, type Part } from "./mp4";
import { IDLE, phaseOf, type Connection, type ListeningState, type Phase } from "./phase";
import { shownHeaders } from "./pass";
import { streamAddress } from "./place";
import { Player, pickRendition } from "./player";
import { Answer, needsPass, type Rendition, type RenditionName, type Space } from "./space";
import { readStream, type Opened } from "./stream";

const TICK_MS = 100;
/** An edge under full strain writes every 10.24 s; longer than this it is gone, if it has told no longer bursts. */
const SILENT_MS = 16_000;
/** So much longer than a burst it may be: with nothing left to play, patience is shorter. */
const DRY_SILENT_MS = 6_000;
/** Silent for so long, and the browser knows of no network: that is why. */
const OFFLINE_AFTER_MS = 2_000;
/** Who waited may start this far back, to hear the first word. */
const FIRST_WORD_MS = 8_000;
/** A timer that took so much longer by the wall clock than by its own: the machine has slept. */
const SLEPT_MS = 2_000;
/** So long it is said that sound was lost. */
const MISSED_FOR_MS = 12_000;

/** We go over into another Parvis, or say who we are: not a failure. */
class Moved extends Error {}

export class Listening implements Hearing {
  readonly state = new Store<ListeningState>(IDLE);
  readonly bringsEvents = true;
  /** Renditions that this browser said it would decode, and did not. */
  readonly #failed = new Set<RenditionName>();
  #abort: AbortController | null = null;
  #player: Player | null = null;
  /** The one that was heard until somebody paused. */
  #resting: Player | null = null;
  #connection: Connection = "connecting";
  #attempt: AbortController | null = null;
  #bytesAtMs = 0;
  #toldAtMs = 0;
  #waitedForBeginning = false;
  readonly #events = new EventQueue();
  readonly #wake = new EventTarget();
  readonly #around: Surroundings;
  #pocket: Pocket;
  /** The next connection brings another Parvis' sound, for a player of its own. */
  #fresh = false;
  #missed = { gapMs: 0, untilMs: 0, ms: 0 };

  constructor(around: Surroundings) {
    this.#around = around;
    const { audio, clock, place } = around;
    this.#pocket = new Pocket(place.value.id, tabStorage());
    place.subscribe(({ id }) => (this.#pocket = new Pocket(id, tabStorage())));
    this.state.patch({ appointment: this.#pocket.at(clock.now()) });
    audio.addEventListener("pause", () => {
      // Headphones pulled out, a call coming in: the system has paused us.
      if (this.#player !== null && !this.#player.holding && !audio.ended) this.stop();
    });
    audio.addEventListener("error", () => {
      if (this.#player === null) return;
      const { rendition } = this.state.value;
      if (rendition !== null) this.#failed.add(rendition);
      this.#attempt?.abort(new StreamMalformed("the browser cannot decode this"));
    });
    window.addEventListener("online", () => {
      // A connection over the network that was lost may look open for long.
      if (this.#cutOff) this.#attempt?.abort(new TypeError("the network is another"));
      this.wake();
    });
    window.addEventListener("offline", () => this.#tick());
  }

  get active(): boolean {
    return this.#abort !== null;
  }

  /** The connection looks open, and nothing comes. */
  get #cutOff(): boolean {
    const quietMs = performance.now() - this.#bytesAtMs;
    return this.#connection === "open" && this.#player?.audible === false && quietMs > OFFLINE_AFTER_MS;
  }

  /** Program time that is being heard, Unix ms, or null while there is silence. */
  get hearingMs(): number | null {
    return this.#player?.audible === true ? this.#player.heardMs : null;
  }

  /** Begins to listen, or to wait for the beginning. Call it in a tap: browsers allow sound only then. */
  start(): void {
    if (this.active) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#connection = "connecting";
    this.#waitedForBeginning = false;
    this.state.set({ ...IDLE, phase: "connecting", appointment: this.#pocket.at(this.#around.clock.now()) });
    const timer = setInterval(() => this.#tick(), TICK_MS);
    abort.signal.addEventListener("abort", () => clearInterval(timer));
    try {
      this.#renew();
    } catch {
      this.#stopAs("unsupported");
      return;
    }
    void this.#run(abort.signal).catch((error: unknown) => {
      if (!abort.signal.aborted) this.#stopAs("idle");
      if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
    });
  }

  stop(): void {
    this.#stopAs("idle");
  }

  /** Ends a wait early: there is news, or the network is back. But who was given a time keeps to it. */
  wake(): void {
    if (this.#connection === "waiting") return;
    this.#wake.dispatchEvent(new Event("wake"));
  }

  reintroduce(): void {
    if (this.active && this.#connection === "open") this.#attempt?.abort(new Moved("known by a badge"));
  }

  banish(): void {
    this.#stopAs("banned");
  }

  /** Goes on with the sound of `space`, on another origin. Call it when the place has been changed. */
  move(): void {
    if (!this.active) return;
    this.#fresh = true;
    this.#attempt?.abort(new Moved("handed over to another Parvis"));
    this.#wake.dispatchEvent(new Event("wake"));
  }

  /** An event that was learnt of in another way than with the sound. */
  schedule(atMs: number, event: SpaceEvent): void {
    this.#events.put(atMs, event);
  }

  #stopAs(phase: Phase): void {
    this.#abort?.abort();
    this.#abort = null;
    const player = this.#player ?? this.#resting;
    this.#player = null;
    this.#resting = phase === "idle" ? player : null;
    if (phase === "idle") player?.rest();
    else player?.close();
    this.#events.clear();
    this.#fresh = false;
    this.state.set({ ...IDLE, phase, appointment: this.#pocket.at(this.#around.clock.now()) });
  }

  /** A fresh player on the same element. */
  #renew(): void {
    const old = this.#player ?? this.#resting;
    this.#player = null;
    this.#resting = null;
    old?.close();
    this.#player = new Player(this.#around.audio);
    this.#missed = { gapMs: 0, untilMs: 0, ms: 0 };
    this.#around.audio.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "NotAllowedError") this.#stopAs("refused");
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff();
    while (!signal.aborted) {
      const waitMs = await this.#attemptOnce(signal, backoff);
      if (waitMs === null) return;
      const fromMs = performance.now();
      const lagMs = Date.now() - fromMs;
      this.state.patch({ retryAtMs: fromMs + waitMs });
      await pause(waitMs, signal, this.#wake);
      const slept = Date.now() - performance.now() - lagMs > SLEPT_MS;
      if (slept) this.#around.clock.doubt();
      // An appointment is kept without another question first: so many keep theirs in the same second.
      if (slept || (this.state.value.appointment === null && waitMs > 0)) await this.#around.refresh(signal);
    }
  }

  /** One connection, to its end. Returns ms until the next, or null when there is no next. */
  async #attemptOnce(signal: AbortSignal, backoff: Backoff): Promise<number | null> {
    const space = this.#around.space.value;
    if (space === null) {
      this.#told(navigator.onLine ? "connecting" : "offline");
      return backoff.next();
    }
    if (space.state === "ended") return this.#finish(signal);
    if (needsPass(space)) {
      // The pass was taken back while we were away: all that is told of the Space now is its title.
      this.#stopAs("members");
      return null;
    }
    if (space.renditions.length === 0) return this.#waitForBeginning(space, null);
    const rendition = pickRendition(space.renditions, this.#failed) ?? pickRendition(space.renditions);
    if (rendition === null) {
      this.#stopAs("unsupported");
      return null;
    }
    const kept = this.#pocket.at(this.#around.clock.now());
    this.state.patch({ appointment: kept });
    if (kept !== null && kept.atMs > this.#around.clock.now()) {
      this.#told("waiting");
      return keepInMs(kept, this.#around.clock.now(), null);
    }
    const attempt = new AbortController();
    const forward = (): void => attempt.abort(signal.reason);
    signal.addEventListener("abort", forward);
    this.#attempt = attempt;
    try {
      if (!this.#fresh) await this.#player?.open(rendition.mime);
      this.#bytesAtMs = performance.now();
      await readStream({
        address: streamAddress(this.#around.place.value, rendition.stream),
        from: this.#from(space),
        stretch: this.#fresh ? null : (this.#player?.stretch ?? null),
        appointment: kept?.text ?? null,
        shown: shownHeaders(this.#around.place.value, this.#around.badge.value),
        signal: attempt.signal,
        onOpen: (opened) => this.#opened(opened, rendition),
        onPieces: (pieces) => {
          backoff.reset();
          this.#bytesAtMs = performance.now();
          for (const piece of pieces) this.#take(piece);
          // In the background, timers are slow and the network is not.
          this.#tick();
        },
      });
      await this.#around.refresh(signal);
      if (this.#around.space.value?.state === "ended") return await this.#finish(signal);
      this.#told("lost");
      return backoff.next();
    } catch (error) {
      signal.throwIfAborted();
      return await this.#afterFailure(error, space, backoff, signal);
    } finally {
      signal.removeEventListener("abort", forward);
    }
  }

  async #opened({ redirectedTo, sequence, stretch }: Opened, rendition: Rendition): Promise<void> {
    this.#pocket.drop();
    if (this.#fresh) {
      this.#fresh = false;
      this.#events.clear();
      this.#renew();
      await this.#player?.open(rendition.mime);
    }
    this.state.patch({ appointment: null, rendition: rendition.name });
    this.#player?.resumed(stretch);
    this.#told("open");
    if (redirectedTo !== null) {
      this.#around.onRedirected(redirectedTo, sequence === null ? this.#around.clock.now() : sequence * PART_MS);
    }
  }

  async #afterFailure(
    error: unknown, space: Space, backoff: Backoff, signal: AbortSignal,
  ): Promise<number | null> {
    if (error instanceof Moved) return 0;
    if (error instanceof Answer) {
      if (error.status === 404) {
        this.#stopAs("unknown");
        return null;
      }
      if (error.code === "banned") {
        this.#stopAs("banned");
        return null;
      }
      if (error.code.startsWith("pass-")) {
        this.#stopAs(error.code === "pass-full" ? "pass-full" : "members");
        return null;
      }
      if (error.status === 409) return this.#waitForBeginning(space, error.retryAfterS);
      if (error.status === 410) return this.#finish(signal);
      if (error.offer !== null) return this.#makeAppointment(error.offer, error.retryAfterS);
      this.#told(error.status === 503 ? "waiting" : "lost");
      return backoff.next(error.retryAfterS);
    }
    if (error instanceof StreamMalformed) this.#renew();
    this.#told(navigator.onLine ? "lost" : "offline");
    return backoff.next();
  }

  /** A new appointment replaces the old. */
  #makeAppointment(offer: Offer, retryAfterS: number | null): number {
    if (retryAfterS !== null && !this.#around.clock.known) {
      // `Retry-After` is rounded up: the answer was given within the second that ends so long before.
      const nowMs = performance.now();
      this.#around.clock.set(offer.atMs - retryAfterS * 1_000 + 500, nowMs - 500, nowMs + 500);
    }
    const nowMs = this.#around.clock.now();
    const known = this.#pocket.at(nowMs);
    const appointment = known?.text === offer.text ? known : { ...offer, givenMs: nowMs };
    this.#pocket.keep(appointment);
    this.state.patch({ appointment });
    this.#told("waiting");
    return keepInMs(appointment, nowMs, retryAfterS);
  }

  #take(piece: Init | Part): void {
    this.#player?.append(piece);
    if (piece.kind === "init") return;
    for (const event of this.#events.add(piece.events)) this.#around.onComing(event);
    const told = paceIn(piece.events);
    if (told !== null) this.#player?.expect(told.stretch, told.from_sequence);
  }

  #from(space: Space): number | null {
    if (this.#fresh) return null;
    const last = this.#player?.lastSequence ?? null;
    if (last !== null) return last + 1;
    if (!this.#waitedForBeginning || space.started_at === null) return null;
    const startedMs = Date.parse(space.started_at);
    return this.#around.clock.now() - startedMs < FIRST_WORD_MS ? Math.floor(startedMs / PART_MS) : null;
  }

  /** `Watch` wakes us when it begins; asking is only for the case that it could not. */
  #waitForBeginning(space: Space, retryAfterS: number | null): number {
    this.#waitedForBeginning = true;
    this.#told("unbegun");
    return askAgainInMs(space, retryAfterS, this.#around.clock.now());
  }

  /** Plays out what is there, then says goodbye. */
  async #finish(signal: AbortSignal): Promise<null> {
    this.#player?.finish();
    while ((this.#player?.aheadS ?? 0) > 0.1 && this.#player?.audible === true) await pause(TICK_MS, signal);
    this.#stopAs("ended");
    return null;
  }

  #told(connection: Connection): void {
    this.#connection = connection;
    this.#tick();
  }

  #tick(): void {
    const player = this.#player;
    if (player === null) return;
    const nowMs = performance.now();
    player.tick(nowMs);
    const { heardMs, aheadS, audible } = player;
    if (heardMs !== null) for (const event of this.#events.due(heardMs)) this.#around.onHeard(event);

    const quietMs = nowMs - this.#bytesAtMs;
    const drySilentMs = DRY_SILENT_MS + (player.stretch ?? 0) * PART_MS;
    if (this.#connection === "open" && quietMs > (audible ? Math.max(SILENT_MS, drySilentMs) : drySilentMs)) {
      this.#attempt?.abort(new TypeError("the stream fell silent"));
    }
    this.#noteMissed(player.gapMs, nowMs);
    const missedMs = nowMs < this.#missed.untilMs ? this.#missed.ms : 0;
    const silentSinceMs = audible || heardMs === null ? null : (this.state.value.silentSinceMs ?? nowMs);
    const connection = this.#cutOff && !navigator.onLine ? "offline" : this.#connection;
    const phase = phaseOf(connection, audible, heardMs !== null);
    if (phase === this.state.value.phase && nowMs - this.#toldAtMs < 1_000) return;
    this.#toldAtMs = nowMs;
    this.state.patch({
      phase, silentSinceMs, missedMs,
      delayMs: heardMs === null ? null : Math.round(this.#around.clock.now() - heardMs),
      aheadMs: Math.round(aheadS * 1_000),
      stretch: player.stretch, gaps: player.gaps, gapMs: player.gapMs, stalls: player.stalls,
    });
  }

  /** Holes close together are one loss. */
  #noteMissed(gapMs: number, nowMs: number): void {
    const lostMs = gapMs - this.#missed.gapMs;
    if (lostMs < PART_MS) return;
    const soFarMs = nowMs < this.#missed.untilMs ? this.#missed.ms : 0;
    this.#missed = { gapMs, untilMs: nowMs + MISSED_FOR_MS, ms: soFarMs + lostMs };
  }
}
