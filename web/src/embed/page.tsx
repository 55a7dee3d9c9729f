/** The player as one sees it: one row, one button. */

import { useEffect } from "preact/hooks";
import type { JSX } from "preact";
import { clock } from "../shared/format";
import { Icon, Mark } from "../shared/icons";
import { useStore } from "../shared/store";
import { useTicker } from "../shared/ticker";
import type { Hall } from "../hall/model";
import { needsPass } from "../hall/space";
import { stateOf, type HallState } from "../hall/state";
import { useWords, type Words } from "../hall/words";

/** In these there is nothing to play. */
const SILENT = new Set<HallState>(["ended", "unknown", "unsupported", "members", "loading"]);

export function EmbedPage({ hall, root }: { hall: Hall; root: HTMLElement }): JSX.Element {
  const words = useWords();
  const space = useStore(hall.space);
  const missing = useStore(hall.missing);
  const listening = useStore(hall.listening.state);
  const active = hall.listening.active;
  const known = stateOf(space?.state ?? null, listening.phase);
  const state: HallState = missing && !active ? "unknown" : needsPass(space) && !active ? "members" : known;
  useTicker(1_000, state === "waiting" || state === "scheduled");
  useEffect(() => {
    root.dataset.state = state;
    root.dataset.listening = String(active);
  }, [root, state, active]);
  const label = active ? words.pause : state === "scheduled" ? words.waitHere : words.listen;
  return (
    <div class="embed">
      <button
        type="button" class="embed-play button-main" data-testid="play" aria-label={label} title={label} disabled={SILENT.has(state)}
        onClick={() => hall.toggle()}
      >
        <Icon name={active ? "pause" : "play"} />
      </button>
      <div class="embed-words">
        <h1 dir="auto">{space === null ? words.unknown : space.title}</h1>
        <p class="soft small">
          {space !== null && (
            <span class={space.state === "live" ? "badge badge-live" : "badge"}>{words.badge[space.state]}</span>
          )}
          {space !== null && space.host.display_name !== "" && <span>{words.hostedBy(space.host.display_name)}</span>}
        </p>
        <p class="small" data-testid="said">{said(words, hall, state)}</p>
        <p class="hidden" role="status">{aloud(words, hall, state)}</p>
      </div>
      {space !== null && (
        <a class="brand embed-brand" href={space.links.share} target="_blank" rel="noopener" title={words.openHall}>
          <Mark /><span class="hidden">{words.openHall}</span>
        </a>
      )}
    </div>
  );
}

/** The same for a reader of screens, who hears what changes, and neither counts nor clocks. */
function aloud(words: Words, hall: Hall, state: HallState): string {
  if (state === "playing" || state === "ready" || state === "scheduled") return "";
  const { appointment } = hall.listening.state.value;
  if (state !== "waiting" || appointment === null) return said(words, hall, state);
  return `${words.waiting}. ${words.appointment(appointment.ahead, new Date(appointment.atMs))}`;
}

/** What is going on, in a line. */
function said(words: Words, hall: Hall, state: HallState): string {
  const space = hall.space.value;
  const { appointment } = hall.listening.state.value;
  switch (state) {
    case "playing":
      return words.listening(Math.max(1, space?.counts.listeners ?? 0));
    case "ready":
      return (space?.counts.listeners ?? 0) > 0 ? words.listening(space?.counts.listeners ?? 0) : "";
    case "scheduled":
      return space?.starts_at == null ? words.scheduledUnknown : words.scheduled(new Date(space.starts_at));
    case "connecting":
      return words.connecting;
    case "buffering":
      return words.buffering;
    case "reconnecting":
      return words.reconnectingHint;
    case "waiting":
      return appointment === null ? words.waiting
        : `${words.waiting} · ${clock(Math.max(0, appointment.atMs - hall.clock.now()))}`;
    case "held":
      return words.held;
    case "ended":
      return space?.end_reason === "cancelled" ? words.cancelled : words.ended;
    case "members":
      return words.members;
    case "banned":
      return words.banned;
    case "pass-full":
      return words.passFull;
    case "unknown":
      return words.unknownHint;
    case "offline":
      return words.offline;
    case "refused":
      return words.refused;
    case "unsupported":
      return words.unsupported;
    case "loading":
      return "";
  }
}
