/**
 * The pass into a Space for members (docs/protocol.md §2): found in the address, kept in this browser, shown to the edge.
 *
 * It is taken out of the address at once: whoever looks over a shoulder, or gets the address copied, has no pass by that.
 * It goes to the Parvis that it came from, and to no other.
 */

import { recall, remember } from "../shared/language";
import type { Place } from "./place";

const KEY = "parvis.pass.";
/** It goes out as a header: what cannot be one is none. */
const PRESENTABLE = /^[A-Za-z0-9_.-]{1,1024}$/;

/** The pass in a fragment, and what the fragment is without it. */
export function passIn(fragment: string): { pass: string | null; rest: string } {
  const fields = new URLSearchParams(fragment.replace(/^#/, ""));
  const pass = fields.get("pass");
  if (pass === null) return { pass: null, rest: fragment };
  fields.delete("pass");
  const rest = fields.toString();
  return { pass: PRESENTABLE.test(pass) ? pass : null, rest: rest === "" ? "" : `#${rest}` };
}

/** Keeps the pass that the page's address holds; call it once, before anything is asked. */
export function takePass(place: Place): void {
  const { pass, rest } = passIn(location.hash);
  if (rest !== location.hash) history.replaceState(null, "", location.pathname + location.search + rest);
  if (pass !== null) remember(KEY + place.id, pass);
}

/** The pass for a Space, or for the Space that sent us there; null without one, and for another Parvis. */
export function passFor({ origin, id, via }: Place): string | null {
  if (origin !== "") return null;
  const kept = recall(KEY + id) ?? (via === null ? null : recall(KEY + via));
  return kept !== null && PRESENTABLE.test(kept) ? kept : null;
}

export function passHeaders(place: Place): Record<string, string> {
  const pass = passFor(place);
  return pass === null ? {} : { "X-Parvis-Pass": pass };
}

/** The same with the badge, which like the pass goes to the Parvis that it came from, and to no other. */
export function shownHeaders(place: Place, badge: string | null): Record<string, string> {
  return badge === null || place.origin !== "" ? passHeaders(place) : { ...passHeaders(place), "X-Parvis-Badge": badge };
}

/** The address with the pass in it, for what can send no header. */
export function withPass(address: string, place: Place): string {
  const pass = passFor(place);
  return pass === null ? address : `${address}${address.includes("?") ? "&" : "?"}pass=${pass}`;
}
