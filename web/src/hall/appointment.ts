/**
 * The time at which a newcomer for whom there was no room will be let in (docs/protocol.md §2, "Appointment").
 *
 * Rules:
 *
 * - The page keeps it by itself, within the second that was named, each at its own moment of it, by the server's clock.
 * - It is kept for this tab, so that a reload does not lose the place. A new one replaces the old.
 * - It is good for 30 s. A page that slept through it asks anew, as everybody does.
 */

export interface Appointment {
  /** What to present; opaque. */
  text: string;
  /** When, Unix ms by the server's clock. */
  atMs: number;
  /** How many came before, when it was given. */
  ahead: number;
  /** When it was given, Unix ms by the server's clock. */
  givenMs: number;
}

/** What a `503` says of it. */
export type Offer = Omit<Appointment, "givenMs">;

const GOOD_FOR_MS = 30_000;
const WITHIN_MS = 1_000;
/** It goes out as a header: what cannot be one is none of ours. */
const PRESENTABLE = /^[\x21-\x7e]{1,512}$/;

/** The appointment in a problem, or null when there is none that could be kept. */
export function offerIn(problem: object): Offer | null {
  const { appointment: text, at, ahead } = problem as { appointment?: unknown; at?: unknown; ahead?: unknown };
  if (typeof text !== "string" || !PRESENTABLE.test(text) || typeof at !== "string") return null;
  const atMs = Date.parse(at);
  if (Number.isNaN(atMs)) return null;
  return { text, atMs, ahead: typeof ahead === "number" && ahead > 0 ? Math.round(ahead) : 0 };
}

/**
 * Ms until it is to be kept. `retryAfterS` is what came with it (whole seconds, rounded up): when the two clocks
 * disagree, it is the one that never comes too early.
 */
export function keepInMs(
  appointment: Offer, nowMs: number, retryAfterS: number | null, random: () => number = Math.random,
): number {
  const leastMs = retryAfterS === null ? 0 : (retryAfterS - 1) * 1_000;
  return Math.max(0, leastMs, appointment.atMs - nowMs) + random() * WITHIN_MS;
}

/** How many are still ahead: they are let in one by one, so the line shortens evenly. */
export function aheadNow({ atMs, givenMs, ahead }: Appointment, nowMs: number): number {
  if (atMs <= givenMs) return 0;
  return Math.round(ahead * Math.max(0, Math.min(1, (atMs - nowMs) / (atMs - givenMs))));
}

/** It is not over yet. */
export function isGood({ atMs }: Appointment, nowMs: number): boolean {
  return nowMs <= atMs + GOOD_FOR_MS;
}

/** Where one Space's appointment is kept: in this tab's storage, or in memory where that is refused. */
export class Pocket {
  readonly #key: string;
  #kept: Appointment | null = null;

  constructor(space: string, private readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem"> | null) {
    this.#key = `parvis.appointment.${space}`;
    this.#kept = this.#stored();
  }

  /** The appointment, unless its time is over. */
  at(nowMs: number): Appointment | null {
    if (this.#kept !== null && !isGood(this.#kept, nowMs)) this.drop();
    return this.#kept;
  }

  keep(appointment: Appointment): void {
    this.#kept = appointment;
    this.#quietly(() => this.storage?.setItem(this.#key, JSON.stringify(appointment)));
  }

  drop(): void {
    if (this.#kept === null) return;
    this.#kept = null;
    this.#quietly(() => this.storage?.removeItem(this.#key));
  }

  #stored(): Appointment | null {
    let fields: Partial<Appointment> | null;
    try {
      fields = JSON.parse(this.storage?.getItem(this.#key) ?? "null") as Partial<Appointment> | null;
    } catch {
      return null;
    }
    const whole = typeof fields?.text === "string" && PRESENTABLE.test(fields.text) &&
      [fields.atMs, fields.ahead, fields.givenMs].every(Number.isFinite);
    return whole ? (fields as Appointment) : null;
  }

  /** Private windows may refuse: then it is kept for this visit only. */
  #quietly(act: () => void): void {
    try {
      act();
    } catch {
      // Nothing to do.
    }
  }
}

/** This tab's storage, or null where the browser refuses it. */
export function tabStorage(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}
