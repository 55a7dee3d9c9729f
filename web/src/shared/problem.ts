/** What a server says no with (RFC 9457), and a `fetch` whose every failure is one. */

export class Problem extends Error {
  constructor(
    /** HTTP status; 0 when nothing answered. */
    readonly status: number,
    /** Stable (docs/protocol.md §4); `network` when nothing answered, `unknown` for what is no problem. */
    readonly code: string,
    readonly detail: string,
    readonly retryAfterS: number | null = null,
    /** Whatever else the problem holds, such as `candidates`. */
    readonly more: Record<string, unknown> = {},
  ) {
    super(detail);
  }
}

/** `fetch`, whose every failure is a `Problem`. An abort rejects with the signal's reason. */
export async function fetched(address: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, init);
  } catch (error) {
    init.signal?.throwIfAborted();
    throw new Problem(0, "network", error instanceof Error ? error.message : "");
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** Reads a problem; a body that is none becomes code `unknown`. */
export async function problemOf(response: Response): Promise<Problem> {
  const retryAfter = Number(response.headers.get("Retry-After") ?? Number.NaN);
  const retryAfterS = Number.isNaN(retryAfter) ? null : retryAfter;
  try {
    const more = (await response.json()) as Record<string, unknown>;
    const text = (name: string, otherwise: string): string => (typeof more[name] === "string" ? more[name] : otherwise);
    return new Problem(response.status, text("code", "unknown"), text("detail", ""), retryAfterS, more);
  } catch {
    return new Problem(response.status, "unknown", response.statusText, retryAfterS);
  }
}

/** `RequestInit` of a request with a JSON body, or without a body. */
export function jsonInit(method: string, body?: unknown): RequestInit {
  if (body === undefined) return { method };
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}
