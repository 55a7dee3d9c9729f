/**
 * Who is signed in here: a bearer token for control, in this tab only (`sessionStorage`), never in an address, and no
 * cookie. An audience that is handed into another Parvis is a stranger there, and known again when it comes back.
 */

import { fetched, jsonInit, Problem } from "../../shared/problem";
import { Store } from "../../shared/store";
import { tabStorage } from "../appointment";
import { SESSION_KEY } from "../talk";

/** A window that has closed may have said something just before. */
const LAST_WORD_MS = 400;

export interface Session {
  /** Control's `/api/v1`, from `links.api`. */
  api: string;
  token: string;
  handle: string;
  name: string;
}

export class Sessions {
  readonly current = new Store<Session | null>(null);
  #api: string | null = null;

  /** `shown` is what control is shown beside the token: the pass into a Space for members. */
  constructor(private readonly shown: () => Record<string, string>) {}

  /** Whose control is asked from now on; null where the edge does not say. */
  use(api: string | null): void {
    if (api === this.#api) return;
    this.#api = api;
    this.current.set(api === null ? null : (stored()[api] ?? null));
  }

  get possible(): boolean {
    return this.#api !== null;
  }

  /** Rejects with `Problem`. */
  async signIn(handle: string, password: string): Promise<void> {
    const api = this.#whole();
    const answer = await fetched(`${api}/sessions`, { ...jsonInit("POST", { handle, password }), credentials: "omit" });
    const { token, account } = (await answer.json()) as { token: string; account: { handle: string; display_name: string } };
    this.#keep({ api, token, handle: account.handle, name: account.display_name });
  }

  /** A new account, signed in. Rejects with `Problem`. */
  async signUp(handle: string, password: string, display_name: string): Promise<void> {
    const account = { handle, password, display_name };
    await fetched(`${this.#whole()}/accounts`, { ...jsonInit("POST", account), credentials: "omit" });
    await this.signIn(handle, password);
  }

  /**
   * In a window of control, where passkeys and accounts elsewhere are at home. Call it in a tap. Rejects with `Problem`
   * `window-blocked`; resolves when somebody has signed in, or has closed the window.
   */
  async signInThere(): Promise<void> {
    const api = this.#whole();
    const control = new URL(api, location.href).origin;
    const opened = window.open(`${control}/sign-in`, "parvis-sign-in", "popup,width=460,height=720");
    if (opened === null) throw new Problem(0, "window-blocked", "");
    const said = await new Promise<unknown>((resolve) => {
      const done = (data: unknown): void => {
        removeEventListener("message", heard);
        clearInterval(timer);
        resolve(data);
      };
      const heard = ({ origin, source, data }: MessageEvent<unknown>): void => {
        if (origin === control && source === opened) done(data);
      };
      const timer = setInterval(() => {
        if (opened.closed) setTimeout(() => done(null), LAST_WORD_MS);
      }, LAST_WORD_MS);
      addEventListener("message", heard);
    });
    const session = sessionIn(said, api);
    if (session !== null) this.#keep(session);
  }

  /** Out, here at once; the server is told when it can be. */
  signOut(): void {
    const session = this.current.value;
    this.forget();
    if (session !== null) void asked(session, "DELETE", "/sessions/current").catch(() => undefined);
  }

  /** The token does not count any more. */
  forget(): void {
    put(Object.fromEntries(Object.entries(stored()).filter(([api]) => api !== this.#api)));
    this.current.set(null);
  }

  /** Asks control in the name of who is signed in. Rejects with `Problem`; a token that is void is forgotten. */
  async ask(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const session = this.current.value;
    if (session === null) throw new Problem(401, "not-signed-in", "");
    try {
      return await asked(session, method, path, body, signal, this.shown());
    } catch (error) {
      if (error instanceof Problem && error.status === 401 && this.current.value === session) this.forget();
      throw error;
    }
  }

  #whole(): string {
    if (this.#api === null) throw new Problem(0, "network", "");
    return this.#api;
  }

  #keep(session: Session): void {
    put({ ...stored(), [session.api]: session });
    this.current.set(session);
  }
}

export function bearer({ token }: Session): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}

function asked(
  session: Session, method: string, path: string, body?: unknown, signal?: AbortSignal, shown: Record<string, string> = {},
): Promise<Response> {
  const init = jsonInit(method, body);
  const headers = { ...(init.headers as Record<string, string> | undefined), ...shown, ...bearer(session) };
  return fetched(session.api + path, { ...init, headers, credentials: "omit", cache: "no-store", signal: signal ?? null });
}

/** What the window handed over, if that is what it said. */
function sessionIn(said: unknown, api: string): Session | null {
  if (typeof said !== "object" || said === null) return null;
  const { type, token, handle, name } = said as Record<string, unknown>;
  if (type !== "parvis-session" || typeof token !== "string" || typeof handle !== "string" || typeof name !== "string") return null;
  return { api, token, handle, name };
}

type Kept = Record<string, Session | undefined>;

function stored(): Kept {
  try {
    return JSON.parse(tabStorage()?.getItem(SESSION_KEY) ?? "{}") as Kept;
  } catch {
    return {};
  }
}

/** Private windows may refuse: then it is kept for this page only. */
function put(all: Kept): void {
  try {
    if (Object.keys(all).length === 0) tabStorage()?.removeItem(SESSION_KEY);
    else tabStorage()?.setItem(SESSION_KEY, JSON.stringify(all));
  } catch {
    // Nothing to do.
  }
}
