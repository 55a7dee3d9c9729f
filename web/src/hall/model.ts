/** What the hall knows and does, without a picture: the Space, the levels, the listening, and how they meet. */

import { ServerClock } from "../shared/clock";
import { Backoff } from "../shared/reconnect";
import { Store } from "../shared/store";
import type { SpaceEvent } from "./events";
import { Listening, type ListeningState } from "./listening";
import { Answer, embeddedSpace, fetchSpace, spaceIdOf, type Space } from "./space";
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

export class Hall {
  readonly id = spaceIdOf(location.pathname);
  readonly clock = new ServerClock();
  readonly space = new Store<Space | null>(embeddedSpace(document));
  readonly voices = new Store<Voices>(SILENCE);
  readonly missing = new Store(false);
  readonly listening: Listening;
  readonly #watch: Watch;
  readonly #backoff = new Backoff();
  #hiddenSinceMs: number | null = null;

  constructor(readonly audio: HTMLAudioElement) {
    this.listening = new Listening(this.id, audio, this.clock, this.space, (event) => this.#take(event));
    this.#watch = new Watch(
      `/live/${encodeURIComponent(this.id)}/events`,
      (event) => this.#takeUnheard(event),
      () => void this.refresh(),
    );
    this.listening.state.subscribe((state) => this.#listeningChanged(state));
    this.space.subscribe(() => this.#arrangeWatch());
    document.addEventListener("visibilitychange", () => this.#visibilityChanged());
    void this.refresh();
    this.#arrangeWatch();
  }

  /** Asks the edge anew. What fails leaves what was known. */
  async refresh(): Promise<void> {
    try {
      this.space.set(await fetchSpace(this.id, this.clock));
      this.missing.set(false);
    } catch (error) {
      if (error instanceof Answer && error.status === 404) this.missing.set(true);
      else if (this.space.value === null) setTimeout(() => void this.refresh(), this.#backoff.next());
    }
  }

  toggle(): void {
    if (this.listening.active) this.listening.stop();
    else this.listening.start();
  }

  #take(event: SpaceEvent): void {
    if (event.type === "levels") {
      this.voices.set({ levels: event.levels, active: event.active });
      return;
    }
    const space = this.space.value;
    if (space === null) return;
    if (event.type === "counts") this.space.set({ ...space, counts: { listeners: event.listeners } });
    else if (event.type === "stage") this.space.set({ ...space, speakers: event.speakers });
    else if (event.state !== space.state || event.title !== space.title) {
      this.space.set({ ...space, state: event.state, title: event.title });
    }
  }

  /** Events by SSE, for those who don't hear: what begins or ends also changes what can be asked for. */
  #takeUnheard(event: SpaceEvent): void {
    const before = this.space.value?.state;
    this.#take(event);
    if (event.type !== "state" || event.state === before) return;
    setTimeout(() => void this.refresh().then(() => this.listening.wake()), Math.random() * SPREAD_MS);
  }

  #listeningChanged(state: ListeningState): void {
    if (state.phase !== "playing" && this.voices.value !== SILENCE) this.voices.set(SILENCE);
    if (state.phase === "unknown") this.missing.set(true);
    this.#arrangeWatch();
  }

  #arrangeWatch(): void {
    const { phase } = this.listening.state.value;
    const seen = document.visibilityState === "visible" || phase === "unbegun";
    const useful = this.space.value !== null && this.space.value.state !== "ended";
    const unheard = !this.listening.active || phase === "unbegun";
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
