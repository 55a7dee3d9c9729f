/** New passes: one for each name, as many uses and as long as one says; then all their links at once. */

import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { Icon } from "../shared/icons";
import { passes as api } from "./api-passes";
import { Problem } from "./api";
import { asLines, LONGEST_LABEL, MOST_AT_ONCE, namesOf, type Pass } from "./passes";
import { Field, Refusal, useCopy } from "./parts";
import { useWords } from "./words";

const USES = [1, 2, 5, 10, 50, 100, 1_000, 10_000];
const FOR_S = [0, 3_600, 86_400, 7 * 86_400, 30 * 86_400];

interface Props {
  space: string;
  onMade: () => Promise<void>;
  onClose: () => void;
}

export function PassMaker({ space, onMade, onClose }: Props): JSX.Element {
  const words = useWords();
  const [text, setText] = useState("");
  const [uses, setUses] = useState(1);
  const [forS, setForS] = useState(0);
  const [made, setMade] = useState<Pass[]>([]);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const closed = useRef(false);
  const names = namesOf(text);
  const long = names.find((name) => Array.from(name).length > LONGEST_LABEL);
  const bad = names.length > MOST_AT_ONCE ? words.passTooMany : long === undefined ? null : words.passNameLong(Array.from(long).slice(0, 20).join(""));

  /** Those that are made stay made; what was refused remains in the field. */
  const make = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const done: Pass[] = [];
    try {
      for (const label of names) {
        done.push(await api.make(space, { label, uses, expires_in_s: forS === 0 ? null : forS }));
        setMade([...done]);
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
    setText(names.slice(done.length).join("\n"));
    await onMade();
    if (!closed.current) setBusy(false);
  };
  const close = (): void => {
    closed.current = true;
    onClose();
  };
  return (
    <form class="form pass-maker" data-testid="pass-form" onSubmit={(event) => void make(event)}>
      <Field label={`${words.passNames} (${words.optional})`} hint={words.passNamesHint}>
        {(id, hint) => (
          <textarea
            id={id} aria-describedby={hint} rows={2} maxLength={4_000} value={text} placeholder={words.passNamesExample} data-testid="pass-names"
            onInput={({ currentTarget: { value } }) => setText(value)}
          />
        )}
      </Field>
      <div class="pair">
        <Field label={words.passUses}>
          {(id) => (
            <select id={id} value={uses} data-testid="pass-uses" onChange={({ currentTarget }) => setUses(Number(currentTarget.value))}>
              {USES.map((n) => <option key={n} value={n}>{words.passUsesChoice(n)}</option>)}
            </select>
          )}
        </Field>
        <Field label={words.passFor}>
          {(id) => (
            <select id={id} value={forS} data-testid="pass-for" onChange={({ currentTarget }) => setForS(Number(currentTarget.value))}>
              {FOR_S.map((s) => <option key={s} value={s}>{words.passForChoice(s)}</option>)}
            </select>
          )}
        </Field>
      </div>
      {bad !== null && <p class="small problem" role="alert">{bad}</p>}
      <Refusal problem={problem} />
      <div class="row">
        <button class="button button-main" data-testid="pass-make" disabled={busy || bad !== null}>
          {busy ? words.passMaking(made.length, names.length) : words.passMake(names.length)}
        </button>
        <button type="button" class="button button-quiet" onClick={close}>{words.close}</button>
      </div>
      {made.length > 0 && !busy && <Made passes={made} />}
    </form>
  );
}

function Made({ passes }: { passes: Pass[] }): JSX.Element {
  const words = useWords();
  const [copied, copy] = useCopy();
  const only = passes.length === 1 ? passes[0] : undefined;
  return (
    <div class="row pass-made" role="status" data-testid="pass-made" data-count={passes.length}>
      <strong>{words.passMade(passes.length)}</strong>
      <button type="button" class="button button-small" onClick={() => void copy(only?.link ?? asLines(passes))}>
        <Icon name={copied ? "check" : "copy"} />{copied ? words.copied : only === undefined ? words.passCopyAll : words.passCopy}
      </button>
    </div>
  );
}
