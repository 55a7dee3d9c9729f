/**
 * What is open beside the square, and the code for it: fetched when somebody wants to write, ask or speak, never before.
 *
 * Most of a crowd only listens, so all that needs an account is a chunk of its own (`talk/`). Who signed in before in
 * this tab has it fetched with the page: a hand may be up.
 */

import { Backoff } from "../shared/reconnect";
import { Store } from "../shared/store";
import { tabStorage } from "./appointment";
import type { Hall } from "./model";
import type { Talker } from "./talk/talker";

export type Sheet = "chat" | "hand" | "people";
type Page = typeof import("./talk/page");

/** Where the session is kept: in this tab, and nowhere else. */
export const SESSION_KEY = "parvis.session";

export class Talk {
  readonly sheet = new Store<Sheet | null>(null);
  readonly page = new Store<Page | null>(null);
  /** Who is signed in and what they do here; null until the code is there. */
  readonly talker = new Store<Talker | null>(null);
  #loading: Promise<void> | null = null;

  constructor(private readonly hall: Hall) {
    if (signedInBefore()) void this.load();
  }

  /** Opens a sheet, or closes it when it is open. */
  toggle(sheet: Sheet): void {
    if (this.sheet.value === sheet) this.close();
    else this.show(sheet);
  }

  show(sheet: Sheet): void {
    this.sheet.set(sheet);
    void this.load();
  }

  close(): void {
    this.sheet.set(null);
  }

  /** Fetches the code once; without a network again and again. */
  load(): Promise<void> {
    this.#loading ??= this.#fetch();
    return this.#loading;
  }

  async #fetch(): Promise<void> {
    const backoff = new Backoff();
    for (;;) {
      try {
        const page = await import("./talk/page");
        this.talker.set(new page.Talker(this.hall));
        this.page.set(page);
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, backoff.next()));
      }
    }
  }
}

function signedInBefore(): boolean {
  try {
    return tabStorage()?.getItem(SESSION_KEY) != null;
  } catch {
    return false;
  }
}
