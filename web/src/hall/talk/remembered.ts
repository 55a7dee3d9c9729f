/** What an edge remembers of the talk around a stage, for who comes in the middle: `chat.json` (docs/protocol.md §8). */

import type { ChatEvent, PinEvent, PollEvent } from "../../shared/talk-events";
import { answerOf } from "../space";

export interface Remembered {
  items: ChatEvent[];
  pinned: PinEvent | null;
  poll: PollEvent | null;
}

/** Asks the edge at `address` (`chat.json`). Throws `Answer`, or `TypeError` without a network. */
export async function fetchRemembered(address: string, signal: AbortSignal): Promise<Remembered> {
  const response = await fetch(address, { signal });
  if (!response.ok) throw await answerOf(response);
  return (await response.json()) as Remembered;
}
