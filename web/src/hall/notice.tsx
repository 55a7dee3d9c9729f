/** What is going on, in one line and a hint. The line is said politely to a screen reader, running seconds are not. */

import type { ComponentChildren, JSX } from "preact";
import { clock } from "../shared/format";
import { useStore } from "../shared/store";
import { useTicker } from "../shared/ticker";
import { aheadNow, isGood } from "./appointment";
import type { Hall } from "./model";
import { CROWDED_FROM_STRETCH, type HallState } from "./state";
import { useWords, type Words } from "./words";

interface Said {
  line: string;
  /** What changes every second: shown large, not read out. */
  clock?: string;
  hint?: ComponentChildren;
  /** Read out instead of `line` where that runs. */
  aloud?: string;
  urgent?: boolean;
}

export function Notice({ hall, state }: { hall: Hall; state: HallState }): JSX.Element | null {
  const words = useWords();
  useStore(hall.space);
  const { appointment } = useStore(hall.listening.state);
  useTicker(1_000, appointment !== null || RUNNING.has(state));
  const said = SAY[state]?.(words, hall) ?? null;
  return (
    <div class="notice-place">
      <p class="hidden" role="status">{said === null ? "" : (said.aloud ?? said.line)}</p>
      {said !== null && (
        <div class={said.urgent === true ? "notice notice-urgent" : "notice"} data-testid="notice">
          <p class="notice-line">{said.line}</p>
          {said.clock !== undefined && <p class="notice-clock figures" data-testid="clock">{said.clock}</p>}
          {said.hint !== undefined && <p class="soft">{said.hint}</p>}
        </div>
      )}
    </div>
  );
}

/** States whose notice shows running seconds. */
const RUNNING = new Set<HallState>(["scheduled", "waiting", "reconnecting"]);
/** And only when it can be heard: the delay of a calm Space is about 2 s. */
const CROWDED_FROM_MS = 4_000;

const SAY: Partial<Record<HallState, (words: Words, hall: Hall) => Said | null>> = {
  scheduled,
  ready,
  waiting,
  playing,
  ended,
  connecting: (words) => ({ line: words.connecting }),
  buffering: (words) => ({ line: words.buffering, hint: words.bufferingHint }),
  reconnecting: (words, hall) => {
    const sinceMs = hall.listening.state.value.silentSinceMs ?? performance.now();
    return {
      line: words.reconnecting(performance.now() - sinceMs), aloud: words.reconnectingHint,
      hint: words.reconnectingHint, urgent: true,
    };
  },
  held: (words) => ({ line: words.held, hint: words.heldHint }),
  unknown: (words) => ({ line: words.unknown, hint: words.unknownHint }),
  offline: (words) => ({ line: words.offline, hint: words.offlineHint, urgent: true }),
  refused: (words) => ({ line: words.refused, hint: words.refusedHint }),
  unsupported: (words) => ({ line: words.unsupported, hint: words.unsupportedHint }),
};

function scheduled(words: Words, hall: Hall): Said {
  const startsAt = hall.space.value?.starts_at ?? null;
  const hint = hall.listening.active ? words.scheduledArmed : words.scheduledHint;
  if (startsAt === null) return { line: words.scheduledUnknown, hint };
  const leftMs = Date.parse(startsAt) - hall.clock.now();
  return {
    line: words.scheduled(new Date(startsAt)),
    clock: leftMs > 0 ? words.scheduledIn(leftMs) : words.scheduledLate,
    hint,
  };
}

/** Who reloads the page while waiting keeps the place; the sound needs a tap of this page. */
function ready(words: Words, hall: Hall): Said | null {
  const { appointment } = hall.listening.state.value;
  const nowMs = hall.clock.now();
  if (appointment === null || !isGood(appointment, nowMs)) return null;
  const leftMs = appointment.atMs - nowMs;
  return {
    line: words.kept, clock: leftMs > 0 ? clock(leftMs) : words.appointmentNow,
    hint: leftMs > 0 ? words.keptHint(new Date(appointment.atMs)) : words.keptNow,
  };
}

/** Read out once for each appointment: what runs is only shown. */
function waiting(words: Words, hall: Hall): Said {
  const { appointment, retryAtMs } = hall.listening.state.value;
  if (appointment !== null) {
    const nowMs = hall.clock.now();
    const at = new Date(appointment.atMs);
    return {
      line: words.waiting, aloud: `${words.waiting}. ${words.appointment(appointment.ahead, at)}`,
      clock: appointment.atMs > nowMs ? clock(appointment.atMs - nowMs) : words.appointmentNow,
      hint: words.appointment(aheadNow(appointment, nowMs), at),
    };
  }
  const inMs = Math.max(0, (retryAtMs ?? 0) - performance.now());
  return { line: words.waiting, hint: words.waitingHint(new Date(Date.now() + inMs), inMs) };
}

function playing(words: Words, hall: Hall): Said | null {
  const { delayMs, stretch } = hall.listening.state.value;
  if (delayMs === null || delayMs < CROWDED_FROM_MS || (stretch ?? 0) < CROWDED_FROM_STRETCH) return null;
  return { line: words.crowded, hint: words.crowdedHint(delayMs), aloud: words.crowdedAloud };
}

function ended(words: Words, hall: Hall): Said {
  const { started_at: from, ended_at: to } = hall.space.value ?? { started_at: null, ended_at: null };
  const lastedMs = from === null || to === null ? null : Date.parse(to) - Date.parse(from);
  return { line: words.ended, hint: words.endedHint(lastedMs) };
}
