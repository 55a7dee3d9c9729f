/** One's own account as control keeps it (docs/protocol.md §4). Each rejects with `Problem`. */

import { ask, fetched, json, type Account } from "./api";

export interface Ways {
  password: boolean;
  passkeys: boolean;
  /** What the OpenID provider is called, if there is one. */
  openid: string | null;
  /** Origin of the hall. */
  hall: string;
}

export interface MySession {
  id: string;
  device: string;
  created_at: string;
  last_seen_at: string;
  current: boolean;
}

export interface Passkey {
  id: string;
  name: string;
  created_at: string;
  last_used_at: string | null;
}

/** Somebody whom one follows, or has blocked. */
export interface Relation {
  handle: string;
  display_name: string;
  avatar: string | null;
  since: string;
}

interface Items<T> {
  items: T[];
}

const ME = "/accounts/me";
const part = (id: string): string => encodeURIComponent(id);

export const mine = {
  another: () => json<{ token: string; account: Account }>("POST", "/sessions/another"),
  ways: () => json<Ways>("GET", "/sessions/ways"),
  edit: (change: { display_name?: string; bio?: string }) => json<Account>("PATCH", ME, change),
  setPassword: (current: string | null, fresh: string) => ask("POST", `${ME}/password`, { current, new: fresh }),
  setPicture: async (picture: Blob): Promise<Account> => {
    const response = await fetched(`/api/v1${ME}/avatar`, {
      method: "PUT", credentials: "same-origin", body: picture, headers: { "Content-Type": picture.type || "application/octet-stream" },
    });
    return (await response.json()) as Account;
  },
  dropPicture: () => ask("DELETE", `${ME}/avatar`),

  sessions: async (): Promise<MySession[]> => (await json<Items<MySession>>("GET", "/sessions")).items,
  endSession: (id: string) => ask("DELETE", `/sessions/${part(id)}`),
  endOthers: () => ask("DELETE", "/sessions"),

  following: async (): Promise<Relation[]> => (await json<Items<Relation>>("GET", `${ME}/following`)).items,
  unfollow: (handle: string) => ask("DELETE", `/accounts/${part(handle)}/follow`),
  blocks: async (): Promise<Relation[]> => (await json<Items<Relation>>("GET", `${ME}/blocks`)).items,
  block: (handle: string) => ask("PUT", `/accounts/${part(handle)}/block`),
  unblock: (handle: string) => ask("DELETE", `/accounts/${part(handle)}/block`),

  passkeys: async (): Promise<Passkey[]> => (await json<Items<Passkey>>("GET", `${ME}/passkeys`)).items,
  dropPasskey: (id: string) => ask("DELETE", `${ME}/passkeys/${part(id)}`),

  exportLink: `/api/v1${ME}/export`,
  remove: (password: string | null) => ask("DELETE", ME, { password }),
};
