/** One's way to the stage: raise a hand, wait, be called, speak, come back. One screen a step. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { at } from "../../shared/handle";
import { Icon } from "../../shared/icons";
import { Problem } from "../../shared/problem";
import { useStore } from "../../shared/store";
import type { Hall } from "../model";
import { Door } from "./door";
import type { HandState } from "./hand";
import type { WaitingInvitation } from "./invited";
import type { SpeakingState } from "./speaking";
import type { Talker } from "./talker";
import { sayProblem, useTalkWords, type Words } from "./words";

const MOST_NOTE = 200;

/** What the sheet is called by what one lives through. */
export function handTitle(words: Words, { called, onStage, invited }: { called: boolean; onStage: boolean; invited: boolean }): string {
  return onStage ? words.onStage : called ? words.called : invited ? words.invited : words.hand;
}

export function HandSheet({ hall, talker }: { hall: Hall; talker: Talker }): JSX.Element {
  const words = useTalkWords();
  const session = useStore(talker.sessions.current);
  const called = useStore(talker.called);
  const speaking = useStore(talker.speaking.state);
  const hand = useStore(talker.hand.state);
  const refusal = useStore(talker.presence.refusal);
  const invited = useStore(talker.invited.current);
  const banned = hand.problem?.code === "banned" ? hand.problem : refusal;
  if (session === null) return <div class="sheet-body"><Door talker={talker} wish="hand" /></div>;
  return (
    <div class="sheet-body" data-testid="hand-sheet" data-hand={hand.hand?.state ?? "none"} data-speaking={speaking.phase}>
      {speaking.phase === "on" || speaking.phase === "cut" ? <p role="status">{words.onStageHint}</p>
        : called ? <Called talker={talker} speaking={speaking} />
        : banned !== null ? <Banned problem={banned} />
        : invited !== null && speaking.phase === "off" ? <Invited talker={talker} by={invited.by} role={invited.role} />
        : speaking.ended !== null ? <Over talker={talker} ended={speaking.ended} />
        : hand.hand?.state === "raised" ? <Up talker={talker} hand={hand} />
        : <Down hall={hall} talker={talker} hand={hand} />}
      <p class="soft small talk-who">
        {words.youAre(session.name)}{" "}
        {speaking.phase === "off" && !called && (
          <button type="button" class="button button-quiet" data-testid="sign-out" onClick={() => talker.sessions.signOut()}>
            {words.signOut}
          </button>
        )}
      </p>
    </div>
  );
}

function Down({ hall, talker, hand }: { hall: Hall; talker: Talker; hand: HandState }): JSX.Element {
  const words = useTalkWords();
  const space = useStore(hall.space);
  const [note, setNote] = useState("");
  if (space?.hands === "closed" || hand.problem?.code === "hands-closed") return <p data-testid="hands-closed">{words.handsClosed}</p>;
  return (
    <form
      class="talk-form"
      onSubmit={(event) => {
        event.preventDefault();
        void talker.hand.raise(note);
      }}
    >
      {hand.hand?.state === "declined" && (
        <p role="status" data-testid="hand-declined"><strong>{words.handDeclined}.</strong> {words.handDeclinedHint}</p>
      )}
      <p class="soft">{words.handWhat}</p>
      <Note note={note} onNote={setNote} />
      <Refused problem={hand.problem} />
      <button class="button button-main button-big" data-testid="hand-raise" disabled={hand.busy}>
        <Icon name="hand" />{words.raise}
      </button>
    </form>
  );
}

function Up({ talker, hand }: { talker: Talker; hand: HandState }): JSX.Element {
  const words = useTalkWords();
  const [note, setNote] = useState<string | null>(null);
  const position = hand.hand?.position ?? null;
  return (
    <div class="talk-form" data-testid="hand-up" data-position={position ?? ""}>
      <p class="talk-big" role="status">{words.handUp}</p>
      {position !== null && <p class="figures">{words.handPlace(position)}</p>}
      <p class="soft">{words.handWait}</p>
      {note !== null ? (
        <form
          class="talk-form"
          onSubmit={(event) => {
            event.preventDefault();
            void talker.hand.raise(note).then(() => setNote(null));
          }}
        >
          <Note note={note} onNote={setNote} />
          <button class="button" data-testid="note-save" disabled={hand.busy}>{words.noteNew}</button>
        </form>
      ) : (
        <p class="talk-note" dir="auto">
          {hand.hand?.note !== "" && <q>{hand.hand?.note}</q>}{" "}
          <button type="button" class="button button-quiet" data-testid="note-edit" onClick={() => setNote(hand.hand?.note ?? "")}>
            {words.noteNew}
          </button>
        </p>
      )}
      <Refused problem={hand.problem} />
      <button type="button" class="button" data-testid="hand-lower" disabled={hand.busy} onClick={() => void talker.hand.lower()}>
        {words.lower}
      </button>
    </div>
  );
}

function Note({ note, onNote }: { note: string; onNote: (note: string) => void }): JSX.Element {
  const words = useTalkWords();
  return (
    <label>
      <span>{words.note}</span>
      <textarea
        rows={2} maxLength={MOST_NOTE} dir="auto" data-testid="hand-note" value={note}
        onInput={({ currentTarget: { value } }) => onNote(value)}
      />
      <span class="soft small">{words.noteHint}</span>
    </label>
  );
}

/**
 * The moment: large, said at once, one tap away from being heard. The keyboard comes here, but not onto the button: who
 * was writing when the call came must not open a microphone by the next space.
 */
function Called({ talker, speaking }: { talker: Talker; speaking: SpeakingState }): JSX.Element {
  const words = useTalkWords();
  const place = useRef<HTMLDivElement>(null);
  const busy = speaking.phase !== "off";
  useEffect(() => place.current?.focus(), []);
  return (
    <div ref={place} class="called" data-testid="called" role="group" aria-label={words.called} tabIndex={-1}>
      <p class="hidden" role="alert">{words.called}</p>
      <p>{words.calledHint}</p>
      {speaking.micError !== null && (
        <p class="talk-refusal" role="alert" data-testid="mic-error" data-code={speaking.micError}>{words.micErrors[speaking.micError]}</p>
      )}
      <button
        type="button" class="button button-main button-big" data-testid="speak-now" disabled={busy}
        onClick={() => void talker.speaking.start()}
      >
        <Icon name="mic" />
        {speaking.phase === "asking" ? words.asking : busy ? words.connecting : words.speakNow}
      </button>
      {!busy && (
        <button type="button" class="button button-quiet" data-testid="not-now" onClick={() => void talker.speaking.decline()}>
          {words.notNow}
        </button>
      )}
    </div>
  );
}

/** The host would like to hear one: a seat first, then the microphone. */
function Invited({ talker, by, role }: { talker: Talker; by: WaitingInvitation["by"]; role: WaitingInvitation["role"] }): JSX.Element {
  const words = useTalkWords();
  const problem = useStore(talker.invited.problem);
  const [busy, setBusy] = useState(false);
  const answer = (act: () => Promise<unknown>): void => {
    setBusy(true);
    void act().finally(() => setBusy(false));
  };
  return (
    <div class="talk-form" data-testid="invited" data-by={by.handle}>
      <p class="talk-big" role="status">{words.invitedBy(at(by.handle), role)}</p>
      <p class="soft">{words.invitedHint}</p>
      <Refused problem={problem} />
      <button type="button" class="button button-main button-big" data-testid="invited-take" disabled={busy} onClick={() => answer(() => talker.come())}>
        <Icon name="mic" />{words.invitedTake}
      </button>
      <button type="button" class="button button-quiet" data-testid="invited-decline" disabled={busy} onClick={() => answer(() => talker.invited.decline())}>
        {words.invitedDecline}
      </button>
    </div>
  );
}

function Over({ talker, ended }: { talker: Talker; ended: NonNullable<SpeakingState["ended"]> }): JSX.Element {
  const words = useTalkWords();
  const line = ended === "left" ? words.left : ended === "replaced" ? words.replaced
    : ended.code === "no-seat" ? words.removed : sayProblem(words, ended);
  return (
    <div class="talk-form" data-testid="speaking-over" data-code={ended instanceof Problem ? ended.code : ended}>
      <p role="status">{line}</p>
      <button type="button" class="button" data-testid="over-read" onClick={() => talker.speaking.acknowledge()}>{words.understood}</button>
    </div>
  );
}

/** Said once, with the reason, and what one still has. */
function Banned({ problem }: { problem: Problem }): JSX.Element {
  const words = useTalkWords();
  // What people wrote stands behind the server's own words.
  const reason = problem.detail.replace(/^[^:]*: /, "");
  return (
    <div class="talk-form" data-testid="banned">
      <p class="talk-big" role="status">{words.banned}</p>
      {reason !== "" && <p dir="auto">{words.bannedWhy(reason)}</p>}
      <p class="soft">{words.bannedHint}</p>
    </div>
  );
}

function Refused({ problem }: { problem: Problem | null }): JSX.Element | null {
  const words = useTalkWords();
  if (problem === null) return null;
  return <p class="talk-refusal" role="alert" data-testid="refusal" data-code={problem.code}>{sayProblem(words, problem)}</p>;
}
