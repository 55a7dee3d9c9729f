/** What is going on, in one line and a hint. The line is said politely to a screen reader, running seconds are not. */

import type { ComponentChildren, JSX } from "preact";
import { clock } from "../shared/format";
import { Icon } from "../shared/icons";
import { useStore } from "../shared/store";
import { useTicker } from "../shared/ticker";
import { aheadNow, isGood } from "./appointment";
import type { Arrival } from "./follow";
import type { Hall } from "./model";
import { passFor, withPass } from "./pass";
import { PollCard } from "./poll-card";
import { actingName } from "./space";
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
  useStore(hall.replay);
  const { appointment } = useStore(hall.listening.state);
  const arrival = useStore(hall.follower.arrival);
  useTicker(1_000, appointment !== null || RUNNING.has(state));
  const said = SAY[state]?.(words, hall) ?? null;
  return (
    <div class="notice-place">
      {arrival !== null && <Handed arrival={arrival} hall={hall} />}
      <p class="hidden" role="status">{said === null ? "" : (said.aloud ?? said.line)}</p>
      {said !== null && (
        <div class={said.urgent === true ? "notice notice-urgent" : "notice"} data-testid="notice">
          <p class="notice-line">{said.line}</p>
          {said.clock !== undefined && (
            <p class={/\d/.test(said.clock) ? "notice-clock figures" : "notice-clock notice-clock-words"} data-testid="clock">
              {said.clock}
            </p>
          )}
          {said.hint !== undefined && <p class="soft">{said.hint}</p>}
        </div>
      )}
      {state !== "ended" && state !== "unknown" && <PollCard hall={hall} />}
    </div>
  );
}

/** To whom, and why. It stays until it is dismissed: whoever looked away finds it. */
function Handed({ arrival, hall }: { arrival: Arrival; hall: Hall }): JSX.Element {
  const words = useWords();
  const { phase, title, reason, by, url, elsewhere } = arrival;
  const line = phase === "here" ? (hall.listening.active ? words.handed(title) : words.handedShown(title))
    : phase === "going" ? words.handedGoing(elsewhere ?? "") : words.handedAway(elsewhere ?? "");
  return (
    <div class="notice notice-handed" role="status" data-testid="handed" data-phase={phase}>
      <p class="notice-line">{line}</p>
      {reason !== "" && <p dir="auto">{reason}</p>}
      {(by !== null && by !== "") || (phase === "here" && elsewhere !== null) ? (
        <p class="soft small">
          {by !== null && by !== "" && words.handedBy(by)}
          {phase === "here" && elsewhere !== null && ` ${words.handedElsewhere(elsewhere)}`}
        </p>
      ) : null}
      {phase === "away" && <p><a class="button" href={url}>{words.handedOpen}</a></p>}
      <button
        type="button" class="button button-quiet notice-close" data-testid="handed-dismiss" aria-label={words.dismiss}
        title={words.dismiss} onClick={() => hall.follower.dismiss()}
      >
        <Icon name="close" />
      </button>
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
  held,
  members: (words, hall) => ({
    line: words.members, hint: passFor(hall.place.value) === null ? words.membersHint : words.passOver,
  }),
  "pass-full": (words) => ({ line: words.passFull, hint: words.passFullHint }),
  banned: (words) => ({ line: words.banned, hint: words.bannedHint, urgent: true }),
  unknown: (words) => ({ line: words.unknown, hint: words.unknownHint }),
  offline: (words) => ({ line: words.offline, hint: words.offlineHint, urgent: true }),
  refused: (words) => ({ line: words.refused, hint: words.refusedHint }),
  unsupported: (words) => ({ line: words.unsupported, hint: words.unsupportedHint }),
};

/** The clock runs to when the first word is heard here, not to when it is said. */
function scheduled(words: Words, hall: Hall): Said {
  const { starts_at: startsAt, reason, renditions } = hall.space.value ?? { starts_at: null, reason: null, renditions: [] };
  const { active, state: { value: { phase, delayMs } } } = hall.listening;
  const hint = phase === "playing" ? words.scheduledHeard
    : active ? words.scheduledArmed : renditions.length > 0 ? words.scheduledOpen : words.scheduledHint;
  if (startsAt === null) return { line: words.scheduledUnknown, hint };
  const leftMs = Date.parse(startsAt) - hall.clock.now() + (delayMs ?? 0);
  if (leftMs <= 0 && reason === "waiting-for-host") return { line: words.hostAwaited, hint: words.hostAwaitedHint };
  const put = reason === "postponed" ? words.postponed(new Date(startsAt)) : words.scheduled(new Date(startsAt));
  return {
    line: put, clock: leftMs > 0 ? words.scheduledIn(leftMs) : words.scheduledLate,
    hint: <>{reason === "postponed" ? `${words.postponedHint} ${hint}` : hint}<Remind hall={hall} /></>,
  };
}

/** Into the reader's own calendar, which reminds by itself and follows when the time changes. */
function Remind({ hall }: { hall: Hall }): JSX.Element | null {
  const words = useWords();
  const calendar = hall.space.value?.links.calendar;
  if (calendar === undefined) return null;
  return (
    <span class="remind">
      <a class="button" href={withPass(calendar, hall.place.value)} data-testid="remind">{words.remind}</a>
    </span>
  );
}

/** What happened, what will, and who answers for it meanwhile. */
function held(words: Words, hall: Hall): Said {
  const acting = actingName(hall.space.value);
  return { line: words.held, hint: acting === null ? words.heldHint : `${words.heldHint} ${words.heldActing(acting)}` };
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
  const { delayMs, stretch, missedMs } = hall.listening.state.value;
  if (missedMs > 0) return { line: words.missed(missedMs), hint: words.missedHint };
  if (delayMs === null || delayMs < CROWDED_FROM_MS || (stretch ?? 0) < CROWDED_FROM_STRETCH) return null;
  return { line: words.crowded, hint: words.crowdedHint(delayMs), aloud: words.crowdedAloud };
}

function ended(words: Words, hall: Hall): Said {
  if (hall.space.value?.end_reason === "cancelled") return { line: words.cancelled, hint: words.cancelledHint };
  const { started_at: from, ended_at: to } = hall.space.value ?? { started_at: null, ended_at: null };
  const lastedMs = from === null || to === null ? null : Date.parse(to) - Date.parse(from);
  const replay = { making: words.replayMaking, deleted: words.replayDeleted, away: words.replayAway, none: "" }[hall.replay.value];
  return { line: words.ended, hint: `${words.endedHint(lastedMs)} ${replay}` };
}
