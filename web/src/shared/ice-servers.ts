/**
 * The STUN and TURN servers that a WHIP endpoint names (RFC 9725 §4.6), for those who get no UDP through.
 *
 * Rules:
 *
 * - They are asked for by `OPTIONS` before the offer: candidates are gathered of servers that are known by then, and a
 *   session stays one `POST`. It can be asked ahead, beside the question for the microphone.
 * - Where none are named nobody waits for them again: each answer to an offer names them too.
 * - A server without an answer, and a header that is not understood, are no servers. The offer says what is wrong.
 */

import type { WhipAccess } from "./whip";

/** A password is good for a minute at least (docs/operations/settings.md). */
const FRESH_MS = 30_000;
const PATIENCE_MS = 2_000;

export class IceServers {
  #known: RTCIceServer[] | null = null;
  #asking: Promise<RTCIceServer[]> | null = null;
  #askedMs = -Infinity;

  constructor(private readonly address: string, private readonly access: WhipAccess) {}

  /** Those of this moment; at once if they were asked for just now, or if there are none. Never rejects. */
  ask(): Promise<RTCIceServer[]> {
    const nowMs = performance.now();
    const fresh = this.#known?.length === 0 || nowMs - this.#askedMs < FRESH_MS;
    if (this.#asking !== null && fresh) return this.#asking;
    this.#askedMs = nowMs;
    return (this.#asking = this.#ask());
  }

  /** What an answer to an offer named. */
  told(link: string | null): void {
    this.#known = iceServersIn(link);
    this.#askedMs = performance.now();
    this.#asking = Promise.resolve(this.#known);
  }

  async #ask(): Promise<RTCIceServer[]> {
    try {
      const init = { ...this.access, method: "OPTIONS", signal: AbortSignal.timeout(PATIENCE_MS) };
      const answer = await fetch(this.address, init);
      if (answer.ok) return (this.#known = iceServersIn(answer.headers.get("Link")));
    } catch {
      // As without an answer.
    }
    this.#askedMs = -Infinity;
    return this.#known ?? [];
  }
}

// RFC 8288 §3; `[\s,]*`, for a list may have empty elements (RFC 9110 §5.6.1).
const TARGET = /[\s,]*<([^<>]*)>/y;
const PARAMETER = /\s*;\s*(?:([!#$%&'*+.^_`|~\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",;<>]+)))?)?/y;
const END = /\s*(?:,|$)/y;
// RFC 7064, RFC 7065.
const URI = /^(?:stuns?:[^\s?#/@]+|turns?:[^\s?#/@]+(?:\?transport=(?:udp|tcp))?)$/i;

/**
 * The servers in the value of a `Link` header, or of several with commas between. A link that is none ends it, for what
 * follows cannot be told apart from it.
 */
export function iceServersIn(link: string | null): RTCIceServer[] {
  const found: RTCIceServer[] = [];
  const text = link ?? "";
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const taken = pattern.exec(text);
    if (taken !== null) at = pattern.lastIndex;
    return taken;
  };
  for (let target = take(TARGET); target !== null; target = take(TARGET)) {
    const said = new Map<string, string>();
    for (let parameter = take(PARAMETER); parameter !== null; parameter = take(PARAMETER)) {
      const name = parameter[1]?.toLowerCase() ?? "";
      // What is said twice counts as it was said first (RFC 8288 §3.3).
      if (!said.has(name)) said.set(name, parameter[2]?.replace(/\\(.)/g, "$1") ?? parameter[3] ?? "");
    }
    if (take(END) === null) break;
    const server = serverOf(target[1]?.trim() ?? "", said);
    if (server !== null) found.push(server);
  }
  return found;
}

/** One server as `RTCPeerConnection` takes it; null for another link, and for what it would refuse. */
function serverOf(urls: string, said: Map<string, string>): RTCIceServer | null {
  const relations = (said.get("rel") ?? "").toLowerCase().split(/\s+/);
  if (!relations.includes("ice-server") || !URI.test(urls)) return null;
  if (/^stun/i.test(urls)) return { urls };
  const [username, credential] = [said.get("username") ?? "", said.get("credential") ?? ""];
  if (username === "" || credential === "" || (said.get("credential-type") ?? "password") !== "password") return null;
  return { urls, username, credential };
}
