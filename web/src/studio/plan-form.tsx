/** What a host settles, on one calm screen: when, recording; the rest, which has good defaults, behind a disclosure. */

import type { ComponentChildren, JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { HANDLE } from "../shared/handle";
import { at } from "../shared/handle";
import { Field } from "./parts";
import { startOf, type Draft } from "./plan";
import { Radios } from "./radios";
import { StandbyChoice } from "./standby-choice";
import type { IfAbsent, RecordingMode, Seat } from "./types";
import { When } from "./when-field";
import { useWords, type Words } from "./words";

const RECORDINGS: RecordingMode[] = ["off", "program", "tracks"];
const ABSENCES: IfAbsent[] = ["hold", "acting", "postpone"];
const GRACES_S = [0, 5, 10, 30, 60, 300, 600];
const POSTPONES_S = [60, 300, 600, 900, 1_800, 3_600];
const KEEP_OPENS_S = [300, 900, 3_600, 21_600, 86_400, 604_800, 0];

interface Props {
  draft: Draft;
  onChange: (change: Partial<Draft>) => void;
  file: File | null;
  onFile: (file: File | null) => void;
  /** A sound of one's own is at the server. */
  loopThere?: boolean;
  /** It has begun: the time stands. */
  begun?: boolean;
  /** Who might take over; null when one may not say who. */
  seats: Seat[] | null;
}

export function PlanFields(props: Props): JSX.Element {
  const { draft, onChange, begun = false } = props;
  const words = useWords();
  return (
    <>
      {begun ? <p class="soft small">{words.planBegun}</p> : (
        <When draft={draft} onChange={onChange}>
          <label class="tick">
            <input
              type="checkbox" checked={draft.auto_start} data-testid="auto-start"
              onChange={({ currentTarget: { checked } }) => onChange({ auto_start: checked })}
            />
            {words.autoStart}
          </label>
          {!draft.auto_start && <p class="soft small">{words.autoStartHint}</p>}
        </When>
      )}
      <Radios
        legend={words.recording} values={RECORDINGS} value={draft.recording} names={words.recordingChoice} testId="recording"
        hint={words.recordingHint[draft.recording]} onChange={(recording) => onChange({ recording })}
      />
      <details class="more" data-testid="more">
        <summary>
          <span>{words.more}</span>
          <span class="soft small" data-testid="in-short">{inShort(draft, words, begun)}</span>
        </summary>
        <div class="form"><More {...props} /></div>
      </details>
    </>
  );
}

function More({ draft, onChange, file, onFile, loopThere = false, seats }: Props): JSX.Element {
  const words = useWords();
  return (
    <>
      <StandbyChoice
        value={draft.standby} language={draft.language} file={file} there={loopThere}
        onChange={(standby) => onChange({ standby })} onFile={onFile}
      />
      {draft.later && draft.auto_start && (
        <>
          <Radios
            legend={words.ifAbsent} values={ABSENCES} value={draft.if_absent} names={words.ifAbsentChoice} testId="if-absent"
            onChange={(if_absent) => onChange({ if_absent })}
          />
          {draft.if_absent === "postpone" && (
            <Spans
              label={words.postponeBy} testId="postpone" value={draft.postpone_s} values={POSTPONES_S}
              say={(s) => sayDuration(s, words)} onChange={(postpone_s) => onChange({ postpone_s })}
            />
          )}
        </>
      )}
      <Spans
        label={words.grace} testId="grace" value={draft.grace_s} values={GRACES_S} say={(s) => sayGrace(s, words)}
        onChange={(grace_s) => onChange({ grace_s })}
      />
      {seats !== null && <Successors value={draft.successors} seats={seats} onChange={(successors) => onChange({ successors })} />}
      <Spans
        label={words.keepOpen} testId="keep-open" value={draft.keep_open_s} values={KEEP_OPENS_S}
        say={(s) => (s === 0 ? words.keepOpenEver : sayDuration(s, words))} onChange={(keep_open_s) => onChange({ keep_open_s })}
      />
    </>
  );
}

function Successors({ value, seats, onChange }: { value: string[]; seats: Seat[]; onChange: (value: string[]) => void }): JSX.Element {
  const words = useWords();
  const list = useId();
  const [handle, setHandle] = useState("");
  const [good, setGood] = useState(true);
  const add = (): void => {
    const named = handle.trim().replace(/^@/, "");
    const valid = new RegExp(`^${HANDLE}$`).test(named);
    setGood(valid);
    if (!valid) return;
    if (!value.includes(named)) onChange([...value, named]);
    setHandle("");
  };
  return (
    <div class="field">
      <Field label={words.successors} hint={words.successorsHint}>
        {(id, hint) => (
          <div class="copy">
            <input
              id={id} aria-describedby={hint} data-testid="successor" list={list} value={handle} placeholder={words.successorHandle}
              autocapitalize="none" spellcheck={false} aria-invalid={!good}
              onInput={({ currentTarget }) => setHandle(currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key !== "Enter") return;
                event.preventDefault();
                add();
              }}
            />
            <button type="button" class="button" data-testid="successor-add" onClick={add}>{words.successorAdd}</button>
          </div>
        )}
      </Field>
      {!good && <p class="small problem" role="alert">{words.handleHint}</p>}
      <datalist id={list}>
        {seats.filter(({ role }) => role === "speaker").map((seat) => (
          <option key={seat.handle} value={seat.handle}>{seat.display_name}</option>
        ))}
      </datalist>
      {value.length > 0 && (
        <ul class="chips">
          {value.map((one) => (
            <li key={one} class="chip">
              {at(one)}
              <button
                type="button" class="button button-quiet button-chip" aria-label={words.successorRemove(one)} data-testid={`successor-remove-${one}`}
                onClick={() => onChange(value.filter((other) => other !== one))}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

interface SpansProps {
  label: string;
  testId: string;
  value: number;
  values: number[];
  say: (seconds: number) => ComponentChildren;
  onChange: (value: number) => void;
}

/** A few round lengths of time, and the one that was set by other means. */
function Spans({ label, testId, value, values, say, onChange }: SpansProps): JSX.Element {
  return (
    <Field label={label}>
      {(id) => (
        <select id={id} data-testid={testId} value={value} onChange={({ currentTarget }) => onChange(Number(currentTarget.value))}>
          {(values.includes(value) ? values : [value, ...values]).map((one) => <option key={one} value={one}>{say(one)}</option>)}
        </select>
      )}
    </Field>
  );
}

/** `90` is `90 seconds`, `600` is `10 minutes`. */
export function sayDuration(seconds: number, words: Words): string {
  if (seconds >= 86_400 && seconds % 86_400 === 0) return words.days(seconds / 86_400);
  if (seconds >= 3_600 && seconds % 3_600 === 0) return words.hours(seconds / 3_600);
  return seconds >= 60 && seconds % 60 === 0 ? words.minutes(seconds / 60) : words.seconds(seconds);
}

function sayGrace(seconds: number, words: Words): string {
  return seconds === 0 ? words.atOnce : words.after(sayDuration(seconds, words));
}

/** What will happen by itself, in a few words. */
export function inShort(draft: Draft, words: Words, begun = false): string {
  const takeOver = words.shortTakeOver(sayGrace(draft.grace_s, words));
  if (begun) return takeOver;
  const start = startOf(draft);
  const begins = start === null ? words.shortNow : draft.auto_start ? words.shortStart(start) : words.shortAnnounced(start);
  const absent = start !== null && draft.auto_start ? [words.shortAbsent[draft.if_absent]] : [];
  return [begins, ...absent, takeOver].join(" ");
}
