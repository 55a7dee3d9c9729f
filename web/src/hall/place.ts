/**
 * Where a Space is: which Parvis, which Space, and from which Space this listener was sent (docs/protocol.md §2).
 *
 * A handoff changes it while the page stays what it is, so nothing else may remember an address.
 */

export interface Place {
  readonly id: string;
  /** Origin of its edges; "" is the one that this page came from. */
  readonly origin: string;
  /** The Space that sent us here, or null: a return takes those along who came from there. */
  readonly via: string | null;
}

/** The Space that the page was opened for: the last word of its path. */
export function placeOfPath(path: string): Place {
  return { id: decodeURIComponent(path.split("/").filter(Boolean).at(-1) ?? ""), origin: "", via: null };
}

/**
 * The Space of a share link (`https://…/s/{id}`), or null for what is none. `here` is the origin of this page:
 * its own Spaces have no other.
 */
export function placeOfLink(link: string, here: string): Place | null {
  let url: URL;
  try {
    url = new URL(link);
  } catch {
    return null;
  }
  const id = /\/s\/([^/]+)\/?$/.exec(url.pathname)?.[1];
  if (id === undefined || !/^https?:$/.test(url.protocol)) return null;
  return { id: decodeURIComponent(id), origin: url.origin === here ? "" : url.origin, via: null };
}

/** The Space below whose `/live/` an answer was found in the end, redirects followed; or null. */
export function placeOfAnswer(address: string, here: string): Place | null {
  const url = new URL(address, here);
  const id = /\/live\/([^/]+)\//.exec(url.pathname)?.[1];
  if (id === undefined) return null;
  return {
    id: decodeURIComponent(id), origin: url.origin === here ? "" : url.origin, via: url.searchParams.get("via"),
  };
}

export function isSame(one: Place, other: Place): boolean {
  return one.id === other.id && one.origin === other.origin;
}

/** Address of what lies below `/live/{space}/`. */
export function liveAddress({ origin, id }: Place, name: string): string {
  return `${origin}/live/${encodeURIComponent(id)}/${name}`;
}

/** Address of a rendition's stream, with what a return needs to know. */
export function streamAddress({ origin, via }: Place, stream: string): string {
  return `${origin}${stream}${via === null ? "" : `${stream.includes("?") ? "&" : "?"}via=${encodeURIComponent(via)}`}`;
}
