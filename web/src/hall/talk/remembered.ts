/** What an edge remembers of the talk around a stage, for who comes in the middle: `chat.json` (docs/protocol.md §8). */

import type { ChatEvent, PinEvent, PollEvent } from "../../shared/talk-events";
import { passHeaders } from "../pass";
import { liveAddress, type Place } from "../place";
import { answerOf } from "../space";

export interface Remembered {
  items: ChatEvent[];
  pinned: PinEvent | null;
  poll: PollEvent | null;
}

/** Asks the edge. Throws `Answer`, or `TypeError` without a network. */
export async function fetchRemembered(place: Place, signal: AbortSignal): Promise<Remembered> {
  const response = await fetch(liveAddress(place, "chat.json"), { headers: passHeaders(place), signal });
  if (!response.ok) throw await answerOf(response);
  return (await response.json()) as Remembered;
}
