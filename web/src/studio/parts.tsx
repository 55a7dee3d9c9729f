/** Small pieces that several screens use: a refusal, a field, a link to copy, a question asked once. */

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon } from "../shared/icons";
import type { Problem } from "./api";
import { sayProblem, useWords } from "./words";

/** A refusal in words, read out at once. */
export function Refusal({ problem }: { problem: Problem | null }): JSX.Element | null {
  const words = useWords();
  if (problem === null) return null;
  return <p class="refusal" role="alert" data-testid="refusal" data-code={problem.code}>{sayProblem(words, problem)}</p>;
}

interface FieldProps {
  label: string;
  hint?: string | undefined;
  /** Gets the id for the control and the id of the hint. */
  children: (id: string, hintId: string | undefined) => ComponentChildren;
}

export function Field({ label, hint, children }: FieldProps): JSX.Element {
  const id = useId();
  const hintId = hint === undefined ? undefined : `${id}-hint`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(id, hintId)}
      {hint !== undefined && <p class="soft small" id={hintId}>{hint}</p>}
    </div>
  );
}

/** Copies a text; true for two seconds after it was copied. */
export function useCopy(): [boolean, (text: string) => Promise<void>] {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), 2_000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async (text: string): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // Not allowed here: where the text is shown it is selected, and the keyboard can copy it.
    }
  };
  return [copied, copy];
}

/** An address to hand on: shown whole, copied by one tap. `label` says what it is; without one it says itself. */
export function CopyLink({ link, testId, label = link }: { link: string; testId: string; label?: string }): JSX.Element {
  const words = useWords();
  const [copied, copy] = useCopy();
  const field = useRef<HTMLInputElement>(null);
  return (
    <div class="copy">
      <input
        ref={field} readOnly value={link} data-testid={testId} aria-label={label}
        onFocus={(event) => event.currentTarget.select()}
      />
      <button
        type="button" class="button" data-testid={`${testId}-copy`}
        onClick={() => {
          field.current?.select();
          void copy(link);
        }}
      >
        <Icon name={copied ? "check" : "copy"} />
        <span aria-live="polite">{copied ? words.copied : words.copy}</span>
      </button>
    </div>
  );
}

/** A line that counts, and what it means for whoever reads it. */
export function Said({ line, hint, urgent = false }: { line: string; hint: string; urgent?: boolean }): JSX.Element {
  return (
    <div class={urgent ? "said said-urgent" : "said"}>
      <p class="said-line" role="status">{line}</p>
      <p class={urgent ? "" : "soft"}>{hint}</p>
    </div>
  );
}

interface QuestionProps {
  title: string;
  children: ComponentChildren;
  /** What the button that does it says, and the one that doesn't, where "cancel" could mean either. */
  act: string;
  no?: string;
  danger?: boolean;
  disabled?: boolean;
  wide?: boolean;
  /** Does it. False, also later, leaves the question open: its content says why. */
  onAct: () => unknown;
  onClose: () => void;
}

/** A question that is asked once, before what cannot be undone. Escape and a tap beside it mean no. */
export function Question(props: QuestionProps): JSX.Element {
  const { title, children, act, no, danger = false, disabled = false, wide = false, onAct, onClose } = props;
  const words = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const titleId = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const answer = async (): Promise<void> => {
    setBusy(true);
    if ((await onAct()) === false) setBusy(false);
    else dialog.current?.close();
  };
  return (
    <dialog
      ref={dialog} class={wide ? "question question-wide" : "question"} aria-labelledby={titleId} onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <div class="question-body">
        <h2 id={titleId}>{title}</h2>
        {children}
        <div class="question-row">
          <button type="button" class="button" data-testid="confirm-no" onClick={() => dialog.current?.close()}>
            {no ?? words.cancel}
          </button>
          <button
            type="button" class={danger ? "button button-danger" : "button button-main"} data-testid="confirm-yes"
            disabled={disabled || busy} onClick={() => void answer()}
          >
            {act}
          </button>
        </div>
      </div>
    </dialog>
  );
}
