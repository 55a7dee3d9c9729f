/** Handles: what people are called by each other and by addresses. */

/** What a sign-up field must be: the same as control asks, told before it is sent. */
export const HANDLE = "[a-z0-9_]{2,30}";

/** A handle made of a name: `Léo Marchand` gives `leo_marchand`. */
export function handleFrom(name: string): string {
  return name
    .normalize("NFD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 30);
}

/** `@leo`, kept together from left to right (U+2066, U+2069): among words from right to left the @ would change sides. */
export function at(handle: string): string {
  return `\u2066@${handle}\u2069`;
}
