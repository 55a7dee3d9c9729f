/**
 * Goes where the audience is sent, without a tap.
 *
 * Rules:
 *
 * - It looks ahead as soon as it is told, each page at its own moment: the new Space is known when it is heard.
 * - In this Parvis the new Space is on the connection already, so the page goes over at once, known or not.
 * - Into another Parvis it goes when that has answered. Until then it stays, says so, and shows the link.
 */

import { ServerClock } from "../shared/clock";
import { Backoff, pause } from "../shared/reconnect";
import { Store } from "../shared/store";
import type { Handoff } from "./handoff";
import { isSame, type Place } from "./place";
import { fetchSpace, type Space } from "./space";

/** What is told until it is dismissed. `going`: not there yet; `away`: it does not answer. */
export interface Arrival {
  phase: "going" | "away" | "here";
  title: string;
  reason: string;
  by: string | null;
  url: string;
  /** Host name of another Parvis, or null in this one. */
  elsewhere: string | null;
}

interface Coming {
  handoff: Handoff;
  space: Space | null;
  due: boolean;
  failures: number;
}

/** Told at least a second before, a crowd that looks ahead spreads over this. */
const SPREAD_MS = 1_500;
/** So many failures in a row are said. */
const AWAY_AFTER = 3;

export class Follower {
  readonly arrival = new Store<Arrival | null>(null);
  /** Program time of the last handoff that was followed, Unix ms: older ones are history. */
  arrivedMs = -Infinity;
  #coming: Coming | null = null;
  #loading: AbortController | null = null;

  constructor(
    private readonly place: Store<Place>,
    private readonly space: Store<Space | null>,
    /** The page is in another Space now, and was in `from`. */
    private readonly onArrived: (handoff: Handoff, from: Place) => void,
  ) {}

  /** It was told, and is yet to be heard. */
  expect(handoff: Handoff): void {
    if (!this.#isPast(handoff)) this.#look(handoff);
  }

  /**
   * It is heard now, or nothing is heard that it could cut. True when the page has gone over; with `asks`, the caller
   * then asks for the new Space.
   */
  arrive(handoff: Handoff, asks = false): boolean {
    if (this.#isPast(handoff)) return false;
    const within = handoff.place.origin === this.place.value.origin;
    const coming = within && asks ? this.#known(handoff) : this.#look(handoff);
    coming.due = true;
    if (within || coming.space !== null) {
      this.#go(coming);
      return true;
    }
    this.#tell(coming, coming.failures >= AWAY_AFTER ? "away" : "going");
    return false;
  }

  dismiss(): void {
    this.arrival.set(null);
  }

  #isPast({ place, atMs }: Handoff): boolean {
    return isSame(place, this.place.value) || atMs <= this.arrivedMs;
  }

  #known(handoff: Handoff): Coming {
    const known = this.#coming;
    return known !== null && isSame(known.handoff.place, handoff.place)
      ? known : { handoff, space: null, due: false, failures: 0 };
  }

  /** Looks ahead, unless that is being done. */
  #look(handoff: Handoff): Coming {
    const coming = this.#known(handoff);
    if (coming === this.#coming) return coming;
    this.#loading?.abort();
    this.#loading = new AbortController();
    this.#coming = coming;
    void this.#load(coming, this.#loading.signal).catch(() => undefined);
    return coming;
  }

  async #load(coming: Coming, signal: AbortSignal): Promise<void> {
    const backoff = new Backoff();
    await pause(Math.random() * SPREAD_MS, signal);
    for (;;) {
      try {
        // The other Parvis has a clock of its own, which is none of ours until we are there.
        coming.space = await fetchSpace(coming.handoff.place, new ServerClock(), signal);
        break;
      } catch {
        signal.throwIfAborted();
        coming.failures += 1;
        if (coming.due && coming.failures >= AWAY_AFTER) this.#tell(coming, "away");
        await pause(backoff.next(), signal);
      }
    }
    if (isSame(coming.handoff.place, this.place.value)) this.space.set(coming.space);
    else if (coming.due) this.#go(coming);
  }

  #go(coming: Coming): void {
    const { handoff } = coming;
    const before = this.space.value;
    const from = this.place.value;
    this.arrivedMs = handoff.atMs;
    this.#coming = null;
    if (coming.space !== null) this.#loading?.abort();
    this.#tell(coming, "here");
    this.place.set(handoff.place);
    this.space.set(coming.space ?? (before === null ? null : sketch(before, from, handoff)));
    this.onArrived(handoff, from);
  }

  /** Another Parvis' title is known when it has answered: a link does not tell it. */
  #tell({ handoff, space }: Coming, phase: Arrival["phase"]): void {
    const { reason, by, url, place } = handoff;
    const elsewhere = place.origin === "" ? null : new URL(place.origin).host;
    this.arrival.set({ phase, title: space?.title ?? handoff.title, reason, by, url, elsewhere });
  }
}

/** What can be said of the new Space before it has answered: nothing of the old one's people. */
export function sketch(before: Space, from: Place, { place, title }: Handoff): Space {
  const [old, now] = [from.id, place.id].map((id) => `/live/${encodeURIComponent(id)}/`) as [string, string];
  return {
    ...before, id: place.id, title, description: "", state: "live", speakers: [], reason: null, recording: false,
    host: { handle: "", display_name: "" }, acting_host: null, handed_to: null, starts_at: null, ended_at: null,
    renditions: before.renditions.map((rendition) => ({ ...rendition, stream: rendition.stream.replace(old, now) })),
  };
}
