/** What the hall knows and does, without a picture: the Space, the levels, the listening, and how they meet. */

import { Chat } from "../shared/chat";
import { ServerClock } from "../shared/clock";
import { Backoff } from "../shared/reconnect";
import { Store } from "../shared/store";
import { Captions } from "./captions";
import type { HandoffEvent, SpaceEvent, StageEvent } from "./events";
import { Follower } from "./follow";
import { knownHandoff, toldHandoff, type Handoff } from "./handoff";
import type { Hearing, HearingKind } from "./hearing";
import type { ListeningState } from "./phase";
import { shownHeaders, takePass, withPass } from "./pass";
import { isSame, liveAddress, placeOfAnswer, placeOfPath, type Place } from "./place";
import { Polls } from "./polls";
import { Reactions } from "./reactions";
import { Answer, embeddedSpace, fetchSpace, needsPass, type Space, type Speaker } from "./space";
import { Talk } from "./talk";
import { Watch } from "./watch";

export interface Voices {
  levels: Record<string, number>;
  active: string | null;
}

const SILENCE: Voices = { levels: {}, active: null };
/** A crowd that is told of the beginning in the same instant spreads its requests over this. */
const SPREAD_MS = 600;
/** Pages that were away this long don't trust their clock. */
const LONG_AWAY_MS = 60_000;
/** A chain of handoffs that is longer leads nowhere. */
const MOST_HOPS = 5;

export class Hall {
  readonly place = new Store<Place>(placeOfPath(location.pathname));
  readonly clock = new ServerClock();
  readonly space = new Store<Space | null>(embeddedSpace(document));
  readonly voices = new Store<Voices>(SILENCE);
  readonly missing = new Store(false);
  readonly chat = new Chat();
  readonly captions = new Captions();
  readonly reactions = new Reactions(() => this.#address("reactions"));
  readonly polls = new Polls((poll) => this.#address(`polls/${encodeURIComponent(poll)}/votes`), () => shownHeaders(this.place.value, this.badge.value));
  /** Who is on stage and whether connected, as soon as that is known: what is heard is seconds behind. */
  readonly seated = new Store<ReadonlyMap<string, boolean>>(seatsOf(this.space.value?.speakers));
  /** What one is here oneself, beside listening; told by `talk`. */
  readonly hand = new Store<"down" | "up" | "called">("down");
  readonly onStage = new Store(false);
  /** Who one is to the edge, for who is signed in; null for everybody else. */
  readonly badge = new Store<string | null>(null);
  readonly banned = new Store(false);
  /** Asks whether a ban still holds; set by `talk`. */
  comeBack: () => void = () => undefined;
  /** Somebody is invited on stage; set by `talk`. */
  invited: (to: string) => void = () => undefined;
  /** Why there is no replay to hear, or "none": there is nothing to say of it. */
  readonly replay = new Store<"none" | "making" | "deleted" | "away">("none");
  /** Whoever opens the page of what is over comes alone; a crowd that was there when it ended does not. */
  readonly cameAfter = this.space.value?.state === "ended";
  readonly follower = new Follower(this.place, this.space, (handoff, from) => this.#arrived(handoff, from));
  readonly listening: Hearing;
  readonly talk: Talk;
  readonly #watch: Watch;
  readonly #backoff = new Backoff();
  #hiddenSinceMs: number | null = null;

  constructor(readonly audio: HTMLAudioElement, Kind: HearingKind) {
    takePass(this.place.value);
    addEventListener("hashchange", () => {
      takePass(this.place.value);
      void this.refresh();
    });
    this.listening = new Kind({
      audio, clock: this.clock, place: this.place, space: this.space, badge: this.badge,
      refresh: (signal) => this.#ask(signal).catch(() => signal.throwIfAborted()),
      onHeard: (event) => this.#take(event),
      onComing: (event) => this.#expect(event),
      onRedirected: (address, fromMs) => void this.#sentOn(address, fromMs),
    });
    this.#watch = new Watch(
      () => this.#address("events"),
      (event, atMs) => this.#takeTold(event, atMs),
      () => void this.refresh(),
    );
    this.listening.state.subscribe((state) => this.#listeningChanged(state));
    this.space.subscribe(() => this.#arrangeWatch());
    this.badge.subscribe(() => this.listening.reintroduce());
    this.banned.subscribe((banned) => {
      if (banned) this.listening.banish();
      else if (this.listening.state.value.phase === "banned") this.listening.stop();
    });
    document.addEventListener("visibilitychange", () => this.#visibilityChanged());
    void this.refresh();
    this.#arrangeWatch();
    this.talk = new Talk(this);
  }

  /** Asks the edge anew. What fails leaves what was known. */
  async refresh(): Promise<void> {
    try {
      await this.#ask();
    } catch (error) {
      if (error instanceof Answer && error.status === 404) this.missing.set(true);
      else if (this.space.value === null) setTimeout(() => void this.refresh(), this.#backoff.next());
    }
  }

  toggle(): void {
    if (this.listening.active) this.listening.stop();
    else if (this.banned.value) this.comeBack();
    else this.listening.start();
  }

  /** Where the picture of somebody on stage is, or null without one. */
  faceOf({ avatar }: Speaker): string | null {
    return avatar === undefined || avatar === null ? null : this.#address(`faces/${encodeURIComponent(avatar)}.webp`);
  }

  /** Of what lies below the Space at its edge, with the pass where there is one. */
  #address(name: string): string {
    return withPass(liveAddress(this.place.value, name), this.place.value);
  }

  /** What the edge knows now, and then the same of where it sends us. Throws as `fetchSpace` does. */
  async #ask(signal?: AbortSignal): Promise<void> {
    for (let hops = 0; hops < MOST_HOPS; hops += 1) {
      const place = this.place.value;
      const space = await fetchSpace(place, this.clock, signal);
      if (!isSame(place, this.place.value)) continue;
      this.missing.set(false);
      // Only events tell why it is as it is.
      const reason = this.space.value?.state === space.state ? this.space.value.reason : null;
      this.space.set({ ...space, reason: reason ?? null });
      this.seated.set(seatsOf(space.speakers));
      if (!this.#follow(knownHandoff(space, place, location.origin))) return;
    }
  }

  /** True when the page is in another Space now. What is still being heard is heard to its end. */
  #follow(handoff: Handoff | null): boolean {
    if (handoff === null || handoff.atMs <= this.follower.arrivedMs) return false;
    const heardMs = this.listening.hearingMs;
    if ((heardMs ?? this.clock.now()) >= handoff.atMs) return this.follower.arrive(handoff, true);
    this.follower.expect(handoff);
    if (heardMs !== null) this.listening.schedule(handoff.atMs, eventOf(handoff, this.place.value));
    else setTimeout(() => void this.refresh(), handoff.atMs - this.clock.now() + Math.random() * SPREAD_MS);
    return false;
  }

  /** The edge has answered with another Space's sound: whoever reconnects is sent on without an event. */
  async #sentOn(address: string, fromMs: number): Promise<void> {
    const place = this.place.value;
    const to = placeOfAnswer(address, location.origin);
    if (to === null || isSame(to, place)) return;
    try {
      const handoff = knownHandoff(await fetchSpace(place, this.clock), place, location.origin);
      if (handoff === null || !isSame(place, this.place.value)) return;
      this.follower.expect(handoff);
      if (isSame(handoff.place, to)) this.listening.schedule(fromMs, eventOf({ ...handoff, atMs: fromMs }, place));
    } catch {
      // The sound is there; the next answer will tell where we are.
    }
  }

  #expect(event: HandoffEvent | StageEvent): void {
    if (event.type === "stage") {
      this.seated.set(seatsOf(event.speakers));
      return;
    }
    const handoff = toldHandoff(event, this.place.value, location.origin);
    if (handoff !== null) this.follower.expect(handoff);
  }

  /** The new Space is on the page: its address, its events, its sound. */
  #arrived({ place }: Handoff, from: Place): void {
    this.voices.set(SILENCE);
    this.missing.set(false);
    this.chat.clear();
    this.captions.clear();
    this.reactions.clear();
    this.polls.clear();
    const page = location.pathname.startsWith("/embed/") ? "embed" : "s";
    if (place.origin === "") history.replaceState(null, "", `/${page}/${encodeURIComponent(place.id)}`);
    if (place.origin !== from.origin) this.clock.doubt();
    if (this.listening.active) {
      if (place.origin !== from.origin) this.listening.move();
    } else if (this.listening.state.value.phase === "ended") this.listening.start();
    this.#watch.stop();
    setTimeout(() => this.#arrangeWatch(), Math.random() * SPREAD_MS);
  }

  #take(event: SpaceEvent): void {
    if (event.type === "handoff") {
      const handoff = toldHandoff(event, this.place.value, location.origin);
      if (handoff !== null) this.follower.arrive(handoff);
      return;
    }
    if (event.type === "levels") {
      this.voices.set({ levels: event.levels, active: event.active });
      return;
    }
    if (event.type === "reactions") {
      this.reactions.take(event.counts);
      return;
    }
    if (event.type === "poll") {
      this.polls.take(event);
      return;
    }
    if (event.type === "invited") {
      this.invited(event.to);
      return;
    }
    if (event.type === "caption") {
      this.captions.take(event);
      return;
    }
    const space = this.space.value;
    if (space === null) return;
    if (event.type === "counts") this.space.set({ ...space, counts: { listeners: event.listeners } });
    else if (event.type === "stage") this.space.set({ ...space, speakers: event.speakers });
    else if (event.type !== "state") this.chat.take(event);
    else {
      const { state, title, reason } = event;
      const starts_at = event.starts_at === undefined ? space.starts_at : event.starts_at;
      const same = state === space.state && title === space.title && reason === space.reason;
      if (!same || starts_at !== space.starts_at) this.space.set({ ...space, state, title, reason, starts_at });
    }
  }

  /** Events by SSE: those of a sound that is heard wait for it. */
  #takeTold(event: SpaceEvent, atMs: number | null): void {
    const heardMs = this.listening.bringsEvents ? null : this.listening.hearingMs;
    if (heardMs === null || atMs === null || atMs <= heardMs) {
      this.#takeUnheard(event);
      return;
    }
    const timed = event.type === "handoff" ? { ...event, atMs } : event;
    if (timed.type === "handoff" || timed.type === "stage") this.#expect(timed);
    this.listening.schedule(atMs, timed);
  }

  /** Events by SSE, for those who don't hear: what begins or ends also changes what can be asked for. */
  #takeUnheard(event: SpaceEvent): void {
    const before = this.space.value?.state;
    if (event.type === "handoff") {
      const atMs = this.clock.now();
      this.#expect({ ...event, atMs });
      setTimeout(() => this.#take({ ...event, atMs }), Math.random() * SPREAD_MS);
      return;
    }
    this.#take(event);
    if (event.type === "stage") this.#expect(event);
    if (event.type !== "state" || event.state === before) return;
    setTimeout(() => void this.refresh().then(() => this.listening.wake()), Math.random() * SPREAD_MS);
  }

  #listeningChanged(state: ListeningState): void {
    if (state.phase !== "playing" && this.voices.value !== SILENCE) this.voices.set(SILENCE);
    if (state.phase === "unknown") this.missing.set(true);
    // The edge says that, control says why.
    if (state.phase === "banned" && !this.banned.value) this.comeBack();
    if (state.phase === "idle") this.captions.clear();
    this.#arrangeWatch();
  }

  #arrangeWatch(): void {
    const { phase } = this.listening.state.value;
    const alone = this.listening.active && !this.listening.bringsEvents;
    const seen = document.visibilityState === "visible" || phase === "unbegun" || alone;
    const useful = this.space.value !== null && this.space.value.state !== "ended" && !needsPass(this.space.value);
    const unheard = !this.listening.active || phase === "unbegun" || alone;
    if (seen && useful && unheard) this.#watch.start();
    else this.#watch.stop();
  }

  #visibilityChanged(): void {
    if (document.visibilityState === "hidden") this.#hiddenSinceMs = Date.now();
    else if (this.#hiddenSinceMs !== null && Date.now() - this.#hiddenSinceMs > LONG_AWAY_MS) {
      this.clock.doubt();
      void this.refresh();
    }
    this.#arrangeWatch();
  }
}

function seatsOf(speakers: Speaker[] = []): ReadonlyMap<string, boolean> {
  return new Map(speakers.map(({ handle, connected }) => [handle, connected]));
}

function eventOf({ place, url, title, reason, by, atMs }: Handoff, from: Place): HandoffEvent {
  const to = place.origin === from.origin ? place.id : "";
  return { type: "handoff", from: from.id, to, url, title, reason, by: by ?? "", atMs };
}
