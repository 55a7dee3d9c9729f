/** Who is signed in on this page: known, nobody, or not asked yet. */

import { Store } from "../shared/store";
import { api, Problem, type Account } from "./api";

export type Who = Account | "nobody" | "asking";

export const account = new Store<Who>("asking");

/** Asks the server; what is not a clear yes counts as nobody. */
export async function startAccount(): Promise<void> {
  try {
    account.set(await api.me());
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    account.set("nobody");
  }
}

export async function signUp(handle: string, password: string, name: string): Promise<void> {
  await api.signUp(handle, password, name);
  await signIn(handle, password);
}

export async function signIn(handle: string, password: string): Promise<void> {
  account.set(await api.signIn(handle, password));
}

/** Signs out here even when the server cannot be told. */
export async function signOut(): Promise<void> {
  await api.signOut().catch(() => undefined);
  account.set("nobody");
}
