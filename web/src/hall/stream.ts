/** Reads the endless stream of one rendition and hands on whole pieces (docs/protocol.md §2). */

import { Splitter, type Init, type Part } from "./mp4";
import { answerOf } from "./space";

export interface Reading {
  /** Address of the stream, without `from`. */
  address: string;
  /** First part wanted, or null for the newest that a player can start on. */
  from: number | null;
  signal: AbortSignal;
  /** The server has let us in. */
  onOpen: () => void;
  onPieces: (pieces: (Init | Part)[]) => void;
}

/**
 * Reads until the server ends the stream, then returns. Throws `Answer` when it is refused, `StreamMalformed`, a
 * `TypeError` when the network fails, and the signal's reason when that aborts.
 */
export async function readStream({ address, from, signal, onOpen, onPieces }: Reading): Promise<void> {
  const url = new URL(address, location.href);
  if (from !== null) url.searchParams.set("from", String(from));
  const response = await fetch(url, { cache: "no-store", signal });
  if (!response.ok || response.body === null) throw await answerOf(response);
  onOpen();
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
