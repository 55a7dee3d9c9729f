/**
 * The poll that is open, or was a moment ago, and one's vote in it: anonymous, by one small request to the edge.
 *
 * Nobody can tell from a vote who gave it: the name under which a browser votes is drawn anew for each poll. It is kept
 * in this browser, so that a reload does not vote again.
 */

import { recall, remember } from "../shared/language";
import { Store } from "../shared/store";
import type { PollEvent } from "../shared/talk-events";
import { answerOf } from "./space";

export interface PollState {
  poll: PollEvent | null;
  /** Index of what one chose, or null. */
  choice: number | null;
  sending: boolean;
  /** Code of why the vote does not count, or null; `network` when nothing answered. */
  refused: string | null;
}

interface Vote {
  voter: string;
  choice: number;
}

const EMPTY: PollState = { poll: null, choice: null, sending: false, refused: null };
const KEY = "parvis.votes";
const MOST_KEPT = 20;

export class Polls {
  readonly state = new Store<PollState>(EMPTY);
  #dismissed: string | null = null;

  constructor(
    private readonly address: (poll: string) => string,
    /** Who is signed in votes as that, once in a Space; everybody else as who this browser is. */
    private readonly shown: () => Record<string, string> = () => ({}),
  ) {}

  take(poll: PollEvent): void {
    const known = this.state.value.poll;
    if (poll.id === this.#dismissed && poll.state === "closed") return;
    if (known?.id === poll.id) this.state.patch({ poll });
    // What closed before one came is nobody's business any more.
    else if (poll.state === "open") this.state.set({ ...EMPTY, poll, choice: kept()[poll.id]?.choice ?? null });
  }

  async vote(choice: number): Promise<void> {
    const { poll, sending } = this.state.value;
    if (poll?.state !== "open" || sending || this.state.value.choice !== null) return;
    const voter = kept()[poll.id]?.voter ?? drawn();
    this.state.patch({ sending: true, refused: null });
    const refused = await this.#send(poll.id, { choice, voter });
    if (this.state.value.poll?.id !== poll.id) return;
    if (refused === null) keep(poll.id, { choice, voter });
    this.state.patch({ sending: false, refused, choice: refused === null ? choice : null });
  }

  /** Out of sight, for this visit. */
  dismiss(): void {
    this.#dismissed = this.state.value.poll?.id ?? null;
    this.state.set(EMPTY);
  }

  /** Another Space. */
  clear(): void {
    this.state.set(EMPTY);
  }

  async #send(poll: string, vote: Vote): Promise<string | null> {
    try {
      const answer = await fetch(this.address(poll), {
        method: "POST", headers: { "Content-Type": "text/plain", ...this.shown() }, body: JSON.stringify(vote), cache: "no-store",
      });
      return answer.ok ? null : (await answerOf(answer)).code;
    } catch {
      return "network";
    }
  }
}

/** Share of each choice, 0 to 1; all 0 while nobody has voted. */
export function sharesOf({ counts, choices }: Pick<PollEvent, "counts" | "choices">): number[] {
  const total = counts.reduce((sum, n) => sum + n, 0);
  return choices.map((_, i) => (total === 0 ? 0 : (counts[i] ?? 0) / total));
}

function kept(): Record<string, Vote | undefined> {
  try {
    const stored: unknown = JSON.parse(recall(KEY) ?? "{}");
    return typeof stored === "object" && stored !== null ? (stored as Record<string, Vote | undefined>) : {};
  } catch {
    return {};
  }
}

function keep(poll: string, vote: Vote): void {
  const all = Object.entries({ ...kept(), [poll]: vote });
  remember(KEY, JSON.stringify(Object.fromEntries(all.slice(-MOST_KEPT))));
}

/** 128 bits in base64url. `crypto.randomUUID` is not there on pages without TLS. */
function drawn(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
