/** Handoffs as they come and go: who asks to send their audience here, what became of what one asked, the way back. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useStore } from "../shared/store";
import { useTicker } from "../shared/ticker";
import { api, type Handoff, type HandoffCode, type Space } from "./api";
import { CopyLink, Question } from "./parts";
import type { Room } from "./room";
import { follow } from "./route";
import { asked, asking, cameFrom, isOnAir } from "./rules";
import { useWords } from "./words";

const secondsTo = (at: string, nowMs: number): number => Math.max(0, Math.ceil((Date.parse(at) - nowMs) / 1000));

export function HandoffBanners({ room, space }: { room: Room; space: Space }): JSX.Element | null {
  const { handoffs } = useStore(room.state);
  const active = handoffs.some(({ state }) => state === "asked") || space.handed_to !== null;
  useTicker(500, active);
  if (handoffs.length === 0 && space.handed_to === null) return null;
  const nowMs = room.clock.now();
  const waiting = asked(handoffs, space.id, nowMs);
  const back = space.handed_to === null && isOnAir(space) ? cameFrom(handoffs, space.id) : null;
  return (
    <div class="banners">
      {room.leads && asking(handoffs, space.id, nowMs).map((one) => <Incoming key={one.id} room={room} space={space} handoff={one} />)}
      {waiting !== null && <Waiting handoff={waiting} leftS={secondsTo(waiting.expires_at, nowMs)} />}
      {waiting === null && <Answer handoffs={handoffs} space={space.id} />}
      {space.handed_to !== null && <Sent key={space.handed_to.at} space={space} nowMs={nowMs} />}
      {back !== null && room.leads && <Came room={room} handoff={back} />}
    </div>
  );
}

/** Two big buttons, and the time that is left. It takes no focus: whoever speaks may be holding the mute key. */
function Incoming({ room, space, handoff }: { room: Room; space: Space; handoff: Handoff }): JSX.Element {
  const words = useWords();
  const listeners = useListenersOf(handoff.from.id, space);
  const leftS = secondsTo(handoff.expires_at, room.clock.now());
  return (
    <section class="acting" data-testid="incoming" data-left-s={leftS} aria-labelledby={`incoming-${handoff.id}`}>
      <h2 id={`incoming-${handoff.id}`}><span role="alert">{words.incoming(handoff.by, handoff.from.title)}</span></h2>
      <p><q dir="auto">{handoff.reason}</q> {listeners !== null && words.incomingCount(listeners)}</p>
      <div class="row">
        <button type="button" class="button button-ink button-big" data-testid="handoff-accept" onClick={() => void room.answerHandoff(handoff, true)}>
          {words.accept}
        </button>
        <button type="button" class="button button-big" data-testid="handoff-decline" onClick={() => void room.answerHandoff(handoff, false)}>
          {words.decline}
        </button>
        <span class="figures" role="timer">{words.incomingLeft(leftS)}</span>
      </div>
    </section>
  );
}

/** How many listen there, as its own edge says; null while nobody has said. */
function useListenersOf(other: string, space: Space): number | null {
  const [count, setCount] = useState<number | null>(null);
  const address = space.links.space.replace(space.id, other);
  useEffect(() => {
    const over = new AbortController();
    fetch(address, { signal: over.signal })
      .then(async (answer) => setCount(((await answer.json()) as { counts: { listeners: number } }).counts.listeners))
      .catch(() => undefined);
    return () => over.abort();
  }, [address]);
  return count;
}

function Waiting({ handoff, leftS }: { handoff: Handoff; leftS: number }): JSX.Element {
  const words = useWords();
  return (
    <p class="said-urgent figures" role="timer" data-testid="handoff-waiting" data-left-s={leftS}>
      {words.askedOf(handoff.title, leftS)}
    </p>
  );
}

/** What became of the last one that was asked, when it was not a yes. */
function Answer({ handoffs, space }: { handoffs: Handoff[]; space: string }): JSX.Element | null {
  const words = useWords();
  const last = handoffs.findLast(({ from }) => from.id === space);
  if (last?.state !== "declined" && last?.state !== "expired") return null;
  return (
    <p class="said-urgent" role="status" data-testid="handoff-answer" data-state={last.state}>
      {last.state === "declined" ? words.askDeclined(last.title) : words.askExpired(last.title)}
    </p>
  );
}

function Sent({ space, nowMs }: { space: Space; nowMs: number }): JSX.Element | null {
  const words = useWords();
  /** What is read out, once: the seconds that run are only shown. */
  const [firstS] = useState(space.handed_to === null ? 0 : secondsTo(space.handed_to.at, nowMs));
  if (space.handed_to === null) return null;
  const { id, url, title, at } = space.handed_to;
  const inS = secondsTo(at, nowMs);
  return (
    <section class="acting" data-testid="handed-to">
      <p class="acting-line figures">{inS > 0 ? words.sending(title, inS) : words.sent(title)}</p>
      <p class="hidden" role="status">{inS > 0 ? words.sending(title, firstS) : words.sent(title)}</p>
      {space.ends_at !== null && <p class="figures">{words.sentEnds(secondsTo(space.ends_at, nowMs))}</p>}
      {id === null
        ? <a class="button button-ink" href={url} rel="noreferrer" target="_blank">{words.sentGo}</a>
        : <a class="button button-ink" href={`/studio/${id}`} onClick={follow}>{words.sentGo}</a>}
    </section>
  );
}

function Came({ room, handoff }: { room: Room; handoff: Handoff }): JSX.Element {
  const words = useWords();
  const [sending, setSending] = useState(false);
  const { id, title } = handoff.from;
  return (
    <div class="said-urgent row" data-testid="came">
      <span>{words.came(title)}</span>
      <button type="button" class="button button-quiet" data-testid="send-back" onClick={() => setSending(true)}>{words.sendBack}</button>
      {sending && (
        <Question
          title={words.sendBackAsk(title)} act={words.sendBack} danger onClose={() => setSending(false)}
          onAct={() => void room.handOff({ to: id, only_from: id, reason: words.sendBackReason, end: false })}
        >
          <p>{words.sendBackWhat(title)}</p>
        </Question>
      )}
    </div>
  );
}

/** Consent beforehand: whoever is given the code need not ask. */
export function HandoffCodeMaker({ room }: { room: Room }): JSX.Element {
  const words = useWords();
  const [made, setMade] = useState<HandoffCode | null>(null);
  return (
    <div class="field">
      {made !== null && <p class="small">{words.handOffCodeIs}</p>}
      {made !== null && <CopyLink link={made.code} testId="handoff-code-made" />}
      <button
        type="button" class="button" data-testid="handoff-code-make"
        onClick={() => void room.attempt(async () => setMade(await api.handoffCode(room.id)))}
      >
        {words.handOffCodeMake}
      </button>
      <p class="soft small">{words.handOffCodeMakeHint}</p>
    </div>
  );
}
