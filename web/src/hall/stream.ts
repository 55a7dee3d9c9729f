/** Reads the endless stream of one rendition and hands on whole pieces (docs/protocol.md §2). */

import { Splitter, type Init, type Part } from "./mp4";
import { MOST_STRETCH } from "./events";
import { answerOf } from "./space";

/** What an answer says of itself. */
export interface Opened {
  /** Where it was found in the end, when that is not where it was asked for. */
  redirectedTo: string | null;
  /** First part that comes, or null when that is not said. */
  sequence: number | null;
  /** Parts a burst, or null when that is not said. */
  stretch: number | null;
}

export interface Reading {
  /** Address of the stream, without `from`; on another origin it is whole. */
  address: string;
  /** First part wanted, or null for the newest that a player can start on. */
  from: number | null;
  /** Parts a burst before the connection broke, for who comes back with `from`; null when not known. */
  stretch: number | null;
  /** What lets us in, or null. */
  appointment: string | null;
  /** Pass and badge, as headers. */
  shown: Record<string, string>;
  signal: AbortSignal;
  /** The server has let us in. Nothing is read before it is done. */
  onOpen: (opened: Opened) => Promise<void>;
  onPieces: (pieces: (Init | Part)[]) => void;
}

/**
 * Reads until the server ends the stream, then returns. Throws `Answer` when it is refused, `StreamMalformed`, a
 * `TypeError` when the network fails, and the signal's reason when that aborts.
 */
export async function readStream(reading: Reading): Promise<void> {
  const { address, from, stretch, appointment, shown, signal, onOpen, onPieces } = reading;
  const url = new URL(address, location.href);
  if (from !== null) {
    url.searchParams.set("from", String(from));
    if (stretch !== null) url.searchParams.set("stretch", String(stretch));
  }
  const headers: HeadersInit = appointment === null ? shown : { ...shown, "X-Parvis-Appointment": appointment };
  const response = await fetch(url, { cache: "no-store", headers, signal });
  if (!response.ok || response.body === null) throw await answerOf(response);
  const sequence = response.headers.get("X-Parvis-Sequence") ?? "";
  await onOpen({
    redirectedTo: response.redirected ? response.url : null,
    sequence: /^\d{1,18}$/.test(sequence) ? Number(sequence) : null,
    stretch: stretchOf(response.headers.get("X-Parvis-Stretch")),
  });
  const reader = response.body.getReader();
  const splitter = new Splitter();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const pieces = splitter.push(value);
      if (pieces.length > 0) onPieces(pieces);
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

/** `X-Parvis-Stretch` as a number, 1 to 64, or null. */
export function stretchOf(header: string | null): number | null {
  const stretch = /^\d{1,2}$/.test(header ?? "") ? Number(header) : 0;
  return stretch >= 1 && stretch <= MOST_STRETCH ? stretch : null;
}
