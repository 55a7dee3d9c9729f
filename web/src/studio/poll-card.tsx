/** A question to everybody who listens, and what they answer. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { clock } from "../shared/format";
import { Icon } from "../shared/icons";
import { useStore } from "../shared/store";
import { useTicker } from "../shared/ticker";
import type { Conversation } from "./conversation";
import { Field } from "./parts";
import type { Room } from "./room";
import { isOnAir } from "./rules";
import type { Space } from "./types";
import type { Poll } from "./types-manners";
import { useWords } from "./words";

const MOST_CHOICES = 6;
const LENGTHS_S = [60, 120, 300, 900, 0];

export function PollCard({ room, space, talk }: { room: Room; space: Space; talk: Conversation }): JSX.Element | null {
  const words = useWords();
  const known = useStore(talk.known);
  const poll = useStore(talk.poll);
  const [making, setMaking] = useState(false);
  useStore(room.state);
  if (!known || (!room.leads && poll === null)) return null;
  const open = poll?.state === "open";
  return (
    <section class="card" aria-labelledby="poll" data-testid="poll" data-state={poll?.state ?? "none"} data-votes={poll?.votes ?? 0}>
      <h2 id="poll">{words.poll}</h2>
      {poll !== null && !making && <Result room={room} poll={poll} />}
      {open && room.leads && (
        <button type="button" class="button button-small" data-testid="poll-close" onClick={() => void talk.closePoll(poll)}>{words.pollClose}</button>
      )}
      {!open && room.leads && !making && (
        <button type="button" class="button" data-testid="poll-new" disabled={!isOnAir(space)} onClick={() => setMaking(true)}>
          <Icon name="poll" />{poll === null ? words.pollNew : words.pollAnother}
        </button>
      )}
      {!open && !making && poll === null && <p class="soft small">{words.pollHint}</p>}
      {making && <Make talk={talk} onDone={() => setMaking(false)} />}
    </section>
  );
}

function Result({ room, poll }: { room: Room; poll: Poll }): JSX.Element {
  const words = useWords();
  const endsMs = poll.closes_at === null ? null : Date.parse(poll.closes_at);
  const open = poll.state === "open";
  useTicker(1_000, open && endsMs !== null);
  const leftMs = endsMs === null ? 0 : endsMs - room.clock.now();
  return (
    <div class="poll-result">
      <p class="poll-question" dir="auto">{poll.question}</p>
      <ul>
        {poll.choices.map((choice, i) => {
          const count = poll.counts[i] ?? 0;
          const share = poll.votes === 0 ? 0 : count / poll.votes;
          return (
            <li key={choice} class="poll-bar" data-testid={`choice-${i}`} data-votes={count}>
              <span class="poll-share" aria-hidden="true" style={{ "--share": String(share) }} />
              <span dir="auto">{choice}</span>
              <span class="figures">{words.pollShare(count, share)}</span>
            </li>
          );
        })}
      </ul>
      <p class="soft small figures">
        {words.pollVotes(poll.votes)}{open ? (leftMs > 0 ? ` · ${words.pollEnds(clock(leftMs))}` : "") : ` · ${words.pollIsClosed}`}
      </p>
    </div>
  );
}

function Make({ talk, onDone }: { talk: Conversation; onDone: () => void }): JSX.Element {
  const words = useWords();
  const [question, setQuestion] = useState("");
  const [choices, setChoices] = useState(["", ""]);
  const [lengthS, setLengthS] = useState(120);
  const [busy, setBusy] = useState(false);
  const whole = choices.map((choice) => choice.trim()).filter((choice) => choice !== "");
  const good = question.trim() !== "" && whole.length >= 2 && new Set(whole).size === whole.length;
  const submit = async (): Promise<void> => {
    setBusy(true);
    const poll = { question: question.trim(), choices: whole, ...(lengthS === 0 ? {} : { for_s: lengthS }) };
    if (await talk.openPoll(poll)) onDone();
    else setBusy(false);
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Field label={words.pollQuestion}>
        {(id) => (
          <input
            id={id} required maxLength={200} dir="auto" data-testid="poll-question" value={question}
            onInput={({ currentTarget: { value } }) => setQuestion(value)}
          />
        )}
      </Field>
      <fieldset class="field">
        <legend>{words.pollChoices}</legend>
        {choices.map((choice, i) => (
          <input
            key={i} maxLength={80} dir="auto" aria-label={words.pollChoice(i + 1)} placeholder={words.pollChoice(i + 1)} required={i < 2}
            data-testid={`poll-choice-${i}`} value={choice}
            onInput={({ currentTarget: { value } }) => setChoices(choices.map((old, at) => (at === i ? value : old)))}
          />
        ))}
        {choices.length < MOST_CHOICES && (
          <button type="button" class="button button-quiet button-small" data-testid="poll-choice-add" onClick={() => setChoices([...choices, ""])}>
            <Icon name="plus" />{words.pollChoiceAdd}
          </button>
        )}
      </fieldset>
      <Field label={words.pollFor}>
        {(id) => (
          <select id={id} data-testid="poll-for" value={lengthS} onChange={({ currentTarget: { value } }) => setLengthS(Number(value))}>
            {LENGTHS_S.map((s) => <option key={s} value={s}>{words.pollLength(s)}</option>)}
          </select>
        )}
      </Field>
      <div class="row">
        <button class="button button-main" data-testid="poll-open" disabled={!good || busy}>{words.pollOpen}</button>
        <button type="button" class="button button-quiet" onClick={onDone}>{words.cancel}</button>
      </div>
    </form>
  );
}
