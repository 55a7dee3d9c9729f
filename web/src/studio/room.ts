/** The studio of one Space: what the server says of it, by events, and what one can do there. */

import { ServerClock } from "../shared/clock";
import { Microphone } from "../shared/microphone";
import { Backoff, pause } from "../shared/reconnect";
import { Store } from "../shared/store";
import { Whip } from "../shared/whip";
import {
  api, Problem, type Counts, type Handoff, type HandoffWish, type Notice, type Role, type Seat, type SeatList, type Space,
  type SpaceChange, type Succession,
} from "./api";
import { hosts, leads, standingOf, type Standing } from "./rules";

export interface RoomState {
  space: Space | null;
  seats: Seat[];
  /** Who is host, who acts, who will: on air only. `heardMs` is when that was said, by `performance.now()`. */
  succession: (Succession & { heardMs: number }) | null;
  handoffs: Handoff[];
  notice: Notice | null;
  /** Why there is nothing to show. */
  problem: Problem | null;
  /** The server's events have stopped coming. */
  stale: boolean;
}

export class Room {
  readonly state = new Store<RoomState>({
    space: null, seats: [], succession: null, handoffs: [], notice: null, problem: null, stale: false,
  });
  /** The last thing that was refused, for the one who asked. */
  readonly refusal = new Store<Problem | null>(null);
  /** One has closed one's own microphone. It holds here at once, whatever the server knows yet. */
  readonly silenced = new Store(false);
  readonly sound = new Audio();
  readonly microphone: Microphone;
  readonly whip: Whip;
  /** The server's time: on air is on its second, not on this device's. */
  readonly clock = new ServerClock();
  #abort = new AbortController();
  #following = false;

  constructor(readonly id: string, readonly handle: string) {
    this.whip = new Whip(api.whip(id), (stream) => {
      this.sound.srcObject = stream;
      void this.sound.play().catch(() => undefined);
    }, { credentials: "same-origin" });
    this.microphone = new Microphone((track) => void this.whip.replaceTrack(track));
    this.sound.autoplay = true;
    this.sound.dataset.testid = "return";
    document.body.append(this.sound);
    this.state.subscribe(this.#obey);
    this.silenced.subscribe(this.#obey);
    void this.load();
  }

  get me(): Seat | null {
    return this.state.value.seats.find(({ handle }) => handle === this.handle) ?? null;
  }

  get standing(): Standing {
    const { space } = this.state.value;
    return space === null ? null : standingOf(space);
  }

  get leads(): boolean {
    return leads(this.standing);
  }

  get hosts(): boolean {
    return hosts(this.standing);
  }

  async load(): Promise<void> {
    try {
      const space = await api.space(this.id);
      const seats = space.role === null ? [] : (await api.seats(this.id)).items;
      this.state.patch({ space, seats, problem: null });
      void this.#setClock(space);
      if (space.role !== null) this.whip.prepare();
      if (space.role !== null && !this.#following) void this.#follow(this.#abort.signal).catch(() => undefined);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (this.state.value.space === null) this.state.patch({ problem: error });
    }
  }

  /** Does what was asked; a refusal is shown, not thrown. Returns whether it was done. */
  async attempt(act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      this.refusal.set(null);
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.refusal.set(error);
      return false;
    }
  }

  /** Takes the seat with sound, asking for the microphone first if need be. */
  async connect(): Promise<void> {
    this.whip.prepare();
    if (!this.microphone.state.value.on && !(await this.microphone.turnOn())) return;
    const { track } = this.microphone;
    if (track !== null) this.whip.start(track);
  }

  /** Mutes at once and tells the server; opens only when the server agrees. */
  async mute(muted: boolean): Promise<void> {
    if (muted) this.silenced.set(true);
    const done = await this.attempt(async () => this.#takeSeat(await api.changeSeat(this.id, this.handle, { muted })));
    if (done) this.silenced.set(muted);
  }

  start(): Promise<boolean> {
    return this.attempt(async () => this.state.patch({ space: await api.start(this.id) }));
  }

  end(): Promise<boolean> {
    return this.attempt(async () => this.state.patch({ space: await api.end(this.id) }));
  }

  change(change: SpaceChange): Promise<boolean> {
    return this.attempt(async () => this.state.patch({ space: await api.change(this.id, change) }));
  }

  handOff(wish: HandoffWish): Promise<boolean> {
    return this.attempt(async () => this.#takeHandoff(await api.handOff(this.id, wish)));
  }

  answerHandoff(handoff: Handoff, accept: boolean): Promise<boolean> {
    const answer = accept ? api.acceptHandoff : api.declineHandoff;
    return this.attempt(async () => this.#takeHandoff(await answer(this.id, handoff.id)));
  }

  /** Host for good, in the place of one who was suspended. */
  rescue(): Promise<boolean> {
    return this.attempt(async () => this.state.patch({ space: await api.rescue(this.id) }));
  }

  changeSeat(handle: string, change: { muted?: boolean; role?: Role }): Promise<boolean> {
    return this.attempt(async () => this.#takeSeat(await api.changeSeat(this.id, handle, change)));
  }

  removeSeat(handle: string): Promise<boolean> {
    return this.attempt(async () => {
      await api.removeSeat(this.id, handle);
      await this.#left(handle);
    });
  }

  /** The host leaves for good. Rejects with `Problem`: `successor-needed` names who could follow. */
  async leaveTo(successor: string): Promise<void> {
    await api.removeSeat(this.id, this.handle, successor);
    await this.#left(this.handle);
  }

  close(): void {
    this.#abort.abort();
    this.whip.close();
    this.microphone.close();
    this.sound.remove();
  }

  async #left(handle: string): Promise<void> {
    if (handle === this.handle) this.whip.stop();
    await this.load();
  }

  #takeHandoff(handoff: Handoff): void {
    const others = this.state.value.handoffs.filter(({ id }) => id !== handoff.id);
    this.state.patch({ handoffs: [...others, handoff] });
  }

  /** By the edge's `now`, which is exact to the millisecond; without an answer the device's own clock has to do. */
  async #setClock(space: Space): Promise<void> {
    const askedMs = performance.now();
    const answer = await fetch(space.links.space, { signal: this.#abort.signal }).catch(() => null);
    if (answer?.ok !== true) return;
    const { now } = (await answer.json().catch(() => ({}))) as { now?: string };
    this.clock.set(Date.parse(now ?? ""), askedMs, performance.now());
  }

  #takeSeat(seat: Seat): void {
    this.state.patch({ seats: this.state.value.seats.map((old) => (old.handle === seat.handle ? { ...old, ...seat } : old)) });
  }

  /** The microphone is open only while nobody, here or on the server, wants it closed. */
  #obey = (): void => {
    this.microphone.open(!this.silenced.value && this.me?.muted !== true);
    if (this.state.value.space?.state === "ended") this.whip.stop(false);
  };

  async #follow(signal: AbortSignal): Promise<void> {
    this.#following = true;
    const backoff = new Backoff();
    while (!signal.aborted && this.state.value.space?.state !== "ended") {
      await this.#listen(signal, backoff);
      this.state.patch({ stale: true });
      await pause(500 + backoff.next(), signal);
      await this.load();
    }
  }

  #listen(signal: AbortSignal, backoff: Backoff): Promise<void> {
    const source = api.events(this.id);
    const take = (type: string, change: (data: unknown) => Partial<RoomState>): void =>
      source.addEventListener(type, (message: MessageEvent<string>) => {
        backoff.reset();
        this.state.patch({ ...change(JSON.parse(message.data)), stale: false });
      });
    take("space", (space) => ({ space: space as Space }));
    take("seats", (list) => {
      const { items, stage_epoch: epoch } = list as SeatList;
      if (typeof epoch === "number") this.whip.stageIsOf(epoch);
      // The seat was muted in another tab: it is the same mouth.
      if (items.some(({ handle, muted_by }) => handle === this.handle && muted_by === "self")) this.silenced.set(true);
      return { seats: items };
    });
    take("counts", (counts) => {
      const { space } = this.state.value;
      return space === null ? {} : { space: { ...space, counts: counts as Counts } };
    });
    take("succession", (succession) => ({ succession: { ...(succession as Succession), heardMs: performance.now() } }));
    take("handoffs", (list) => ({ handoffs: (list as { items: Handoff[] }).items }));
    take("notice", (notice) => ({ notice: notice as Notice }));
    return new Promise((resolve) => {
      const close = (): void => {
        source.close();
        resolve();
      };
      source.addEventListener("error", close);
      signal.addEventListener("abort", close, { once: true });
    });
  }
}
