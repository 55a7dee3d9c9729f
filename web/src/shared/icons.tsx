/** Line icons on a grid of 24, drawn for these pages. Decoration only: the words beside them carry the meaning. */

import type { JSX } from "preact";

const LINES = {
  mic: "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3ZM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21",
  micOff: "M9 9v2a3 3 0 0 0 4.6 2.5M15 10V6a3 3 0 0 0-5.7-1.3M5.5 11a6.5 6.5 0 0 0 9.6 5.7M18.5 11a6.4 6.4 0 0 1-.5 2.5M12 17.5V21M4 4l16 16",
  volume: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5ZM15.5 9a4.5 4.5 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11",
  volumeOff: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5ZM16 9.5l5 5M21 9.5l-5 5",
  copy: "M9 9h10v10H9ZM5 15V5h10",
  check: "M5 12.5 10 17l9-10",
  people: "M9 11a3.2 3.2 0 1 0 0-6.4A3.2 3.2 0 0 0 9 11ZM3 19.5a6 6 0 0 1 12 0M16 4.9a3.2 3.2 0 0 1 0 5.9M17.5 14.2a6 6 0 0 1 3.5 5.3",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 1 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 1 0 11 18.7l1-1",
  close: "M6 6l12 12M18 6 6 18",
  plus: "M12 5v14M5 12h14",
  arrow: "M5 12h14M13 6l6 6-6 6",
  back: "M19 12H5M11 6l-6 6 6 6",
  down: "M6 9.5l6 6 6-6",
  record: "M12 19a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM12 14a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  back15: "M12 5.5a7 7 0 1 1-6.6 4.7M12 2.5 8.8 5.5 12 8.5",
  forward15: "M12 5.5a7 7 0 1 0 6.6 4.7M12 2.5l3.2 3L12 8.5",
  download: "M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14",
  hand: "M8 12.5V6.2a1.3 1.3 0 0 1 2.6 0V11M10.6 10.5V4.7a1.3 1.3 0 0 1 2.6 0V11M13.2 11V5.7a1.3 1.3 0 0 1 2.6 0V13M15.8 9.2a1.3 1.3 0 0 1 2.6 0v5.3a6.5 6.5 0 0 1-6.5 6.5c-2.6 0-4.2-1.1-5.4-3.2l-2.3-4a1.3 1.3 0 0 1 2.2-1.4L8 14.5",
  chat: "M5 5h14a1.5 1.5 0 0 1 1.5 1.5v8A1.5 1.5 0 0 1 19 16h-6.5L8 20v-4H5a1.5 1.5 0 0 1-1.5-1.5v-8A1.5 1.5 0 0 1 5 5Z",
  reply: "M10 6 5 11l5 5M5 11h8a6 6 0 0 1 6 6v1",
  send: "M4 12 20 5l-5 15-4-6ZM11 14l9-9",
  pin: "M9 4h6l-1 6 3 3H7l3-3ZM12 13v7",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM16 16l4.5 4.5",
  crown: "M4 18h16M4.5 14.5 3.5 7l5 3.5L12 5l3.5 5.5 5-3.5-1 7.5Z",
  lock: "M7 11h10v9H7ZM9 11V8a3 3 0 0 1 6 0v3",
  ban: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16ZM6.5 6.5l11 11",
  poll: "M5 19V11M12 19V5M19 19v-5",
  leave: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
} as const;

const SOLIDS = {
  play: "M8 5.2v13.6a.8.8 0 0 0 1.22.68l11-6.8a.8.8 0 0 0 0-1.36l-11-6.8A.8.8 0 0 0 8 5.2Z",
  pause: "M7 5h3.2v14H7ZM13.8 5H17v14h-3.2Z",
  stop: "M7 7h10v10H7Z",
} as const;

export type IconName = keyof typeof LINES | keyof typeof SOLIDS;

export function Icon({ name }: { name: IconName }): JSX.Element {
  const solid = name in SOLIDS;
  const path = solid ? SOLIDS[name as keyof typeof SOLIDS] : LINES[name as keyof typeof LINES];
  return (
    <svg class={solid ? "icon icon-solid" : "icon"} viewBox="0 0 24 24" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

/** The mark: three rings of people around a lit stage. */
export function Mark(): JSX.Element {
  const rings = ["M9.5 24.5a6.9 6.9 0 0 1 13 0", "M5.6 20.5a11.2 11.2 0 0 1 20.8 0", "M6 13.2a15.6 15.6 0 0 1 20 0"];
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" class="mark">
      {rings.map((path) => <path key={path} d={path} class="mark-ring" />)}
      <path d="M12.6 27.6a3.6 3.6 0 0 1 6.8 0" class="mark-stage" />
    </svg>
  );
}
