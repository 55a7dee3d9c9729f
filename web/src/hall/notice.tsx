/** What is going on, in one line and a hint. The line is said politely to a screen reader, running seconds are not. */

import type { ComponentChildren, JSX } from "preact";
import { useStore } from "../shared/store";
import { useTicker } from "../shared/ticker";
import type { Hall } from "./model";
import type { HallState } from "./state";
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
  useStore(hall.listening.state);
  useTicker(1_000, state === "scheduled" || state === "waiting" || state === "reconnecting");
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

const SAY: Partial<Record<HallState, (words: Words, hall: Hall) => Said>> = {
  scheduled,
  waiting,
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

function waiting(words: Words, hall: Hall): Said {
  const inMs = Math.max(0, (hall.listening.state.value.retryAtMs ?? 0) - performance.now());
  return { line: words.waiting, hint: words.waitingHint(new Date(Date.now() + inMs), inMs) };
}

function ended(words: Words, hall: Hall): Said {
  const { started_at: from, ended_at: to } = hall.space.value ?? { started_at: null, ended_at: null };
  const lastedMs = from === null || to === null ? null : Date.parse(to) - Date.parse(from);
  return { line: words.ended, hint: words.endedHint(lastedMs) };
}
