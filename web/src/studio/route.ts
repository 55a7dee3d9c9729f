/** Where one is: home, or the studio of a Space, perhaps with an invitation, or at its log, by the fragment. */

import { Store } from "../shared/store";

export type Route = { page: "home" } | { page: "account" } | { page: "sign-in" } | { page: "studio"; space: string; invitation: string | null; log: boolean };

export function routeOf(path: string, fragment: string): Route {
  const [first, second] = path.split("/").filter(Boolean);
  if (first === "sign-in") return { page: "sign-in" };
  if (first === "account") return { page: "account" };
  if (first !== "studio" || second === undefined) return { page: "home" };
  const code = new URLSearchParams(fragment.replace(/^#/, "")).get("invitation");
  return { page: "studio", space: decodeURIComponent(second), invitation: code === "" ? null : code, log: fragment === "#log" };
}

export const route = new Store<Route>({ page: "home" });

/** Reads the address; call it once. The invitation is taken out of it: whoever looks over a shoulder sees no key. */
export function startRoute(): void {
  const read = (): void => {
    route.set(routeOf(location.pathname, location.hash));
    if (location.hash.includes("invitation=")) history.replaceState(null, "", location.pathname + location.search);
  };
  read();
  addEventListener("popstate", read);
  addEventListener("hashchange", read);
}

export function go(path: string): void {
  history.pushState(null, "", path);
  route.set(routeOf(location.pathname, location.hash));
  scrollTo(0, 0);
}

/** For links inside the studio: a plain click stays in the page, anything else is the browser's. */
export function follow(event: MouseEvent): void {
  const link = event.currentTarget as HTMLAnchorElement;
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(link.pathname + link.hash);
}
