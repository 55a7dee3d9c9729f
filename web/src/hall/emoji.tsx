/**
 * The eight reactions on a grid of 32, drawn for these pages: the same on every machine, those without such a font
 * included, and at home beside the square.
 */

import type { JSX } from "preact";
import type { Emoji } from "./reactions";

const SKIN = "#f0b73f";
const SHADE = "#c98a1b";
const INK = "#4a2e05";
const RED = "#d8402f";
const BLUE = "#4fa3dd";

/** What is painted, from behind to the front: a path, and how it is filled or drawn. */
type Stroke = [path: string, fill: string, line?: string];

const FACE: Stroke = ["M16 3.5a12.5 12.5 0 1 0 0 25 12.5 12.5 0 0 0 0-25Z", SKIN];
const HAND = "M10.2 18.6 7.4 11.8a1.7 1.7 0 0 1 3.1-1.3l2 4.8-3.2-7.8a1.7 1.7 0 0 1 3.1-1.3l3.2 7.8-2.5-6a1.7 1.7 0 0 1 3.1-1.3l4 9.6.2-3.6a1.8 1.8 0 0 1 3.6.1l-.4 7.2a7 7 0 0 1-12.9 3.2Z";

const PICTURES: Record<Emoji, Stroke[]> = {
  "👏": [
    ["M6.6 20.9 4 14.9a1.6 1.6 0 0 1 2.9-1.2l2 4.4 7 10.3c-4.2 1.3-7.2-2.2-9.3-7.5Z", SHADE],
    [HAND, SKIN],
    ["M4.5 9.5 2.8 7.6M8 5.5 7.4 3M20.5 5.2l.9-2.4M24.5 8l2.1-1.6", "none", SHADE],
  ],
  "❤️": [["M16 28C8.5 22.3 3.5 18 3.5 12.3A6.6 6.6 0 0 1 16 9a6.6 6.6 0 0 1 12.5 3.3C28.5 18 23.5 22.3 16 28Z", RED]],
  "😂": [
    FACE,
    ["M8.3 17h15.4a7.7 7.7 0 0 1-15.4 0Z", INK],
    ["M10.5 22.4a7.7 7.7 0 0 0 11 0 9 9 0 0 0-11 0Z", RED],
    ["M8.2 13.3c1-2 3.4-2 4.5 0M19.3 13.3c1.1-2 3.5-2 4.5 0", "none", INK],
    ["M7.2 14.2c-3 1.4-5.2 3.8-4.2 5.8s4.2.6 4.8-1.6c.3-1.3 0-2.8-.6-4.2ZM24.8 14.2c3 1.4 5.2 3.8 4.2 5.8s-4.2.6-4.8-1.6c-.3-1.3 0-2.8.6-4.2Z", BLUE],
  ],
  "😮": [
    FACE,
    ["M16 17.2a3.6 4.2 0 1 0 0 8.4 3.6 4.2 0 0 0 0-8.4ZM10.8 11.2a1.7 2.1 0 1 0 0 4.2 1.7 2.1 0 0 0 0-4.2ZM21.2 11.2a1.7 2.1 0 1 0 0 4.2 1.7 2.1 0 0 0 0-4.2Z", INK],
  ],
  "🔥": [
    ["M16.5 2.5c1 4.5 7.8 7.7 7.8 15.5a8.4 8.4 0 0 1-16.8.4c0-3.9 1.7-5.9 2.8-8.1.6 1.5 1.3 2.3 2.3 2.9C12.3 9 13.3 5.3 16.5 2.5Z", "#e0591f"],
    ["M16.3 15c.6 2.4 4 3.9 4 7.5a4.3 4.3 0 0 1-8.6 0c0-1.9.9-2.9 1.6-4 .4.7.7 1 1.2 1.3-.2-2 .4-3.6 1.8-4.8Z", "#f8c542"],
  ],
  "👍": [
    ["M10.5 14.2 15 4.5c1.9-.2 3.4 1.2 3.4 3.1v4.6h6a2.6 2.6 0 0 1 2.5 3.2l-2 8.3a3.2 3.2 0 0 1-3.1 2.5H10.5Z", SKIN],
    ["M4.5 13.5h4v13.2h-4Z", SHADE],
  ],
  "🎉": [
    ["M4 28 10.5 11l10.6 10.6Z", SHADE],
    ["M6.6 21.2 10.5 11l2.6 2.6-4 12.4-3 1.2 3-9.3Z", SKIN],
    ["M15 11c2.5-2 2.8-4.5 1-7M20.5 16.5c2-1.5 4.5-1.7 7.5-.5M18 14c1-4.5 4-6.5 8-6.5", "none", RED],
    ["M21.5 3.8h2.2v2.2h-2.2ZM26.3 11h2.2v2.2h-2.2ZM10.2 5.2h2.2v2.2h-2.2ZM24.5 21.3h2.2v2.2h-2.2Z", BLUE],
  ],
  "🙏": [
    ["M15.6 3.5c-1.2 0-2 .9-2.2 2L12 14.8l-4 5.4-3.6 1.5 3.8 6.8 4.6-2.7a6 6 0 0 0 2.8-5Z", SKIN],
    ["M16.4 3.5c1.2 0 2 .9 2.2 2L20 14.8l4 5.4 3.6 1.5-3.8 6.8-4.6-2.7a6 6 0 0 1-2.8-5Z", SHADE],
  ],
};

export function EmojiPicture({ emoji }: { emoji: Emoji }): JSX.Element {
  return (
    <svg class="emoji" viewBox="0 0 32 32" aria-hidden="true" data-emoji={emoji}>
      {PICTURES[emoji].map(([path, fill, line]) => (
        <path key={path} d={path} fill={fill} stroke={line} stroke-width={line === undefined ? undefined : "1.9"} stroke-linecap="round" />
      ))}
    </svg>
  );
}
