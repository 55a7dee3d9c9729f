/** A new Space: what it is called, and whether it begins now or at an announced time. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { LANGUAGES, NAMES, useLanguage } from "../shared/language";
import { api, Problem } from "./api";
import { Field, Refusal } from "./parts";
import { go } from "./route";
import { useWords } from "./words";

/** The next full hour, as `datetime-local` writes it. */
export function nextHour(now: Date): string {
  const next = new Date(now);
  next.setHours(now.getHours() + 1, 0, 0, 0);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${next.getFullYear()}-${two(next.getMonth() + 1)}-${two(next.getDate())}T${two(next.getHours())}:00`;
}

export function CreateSpace(): JSX.Element {
  const words = useWords();
  const pageLanguage = useLanguage();
  const [title, setTitle] = useState("");
  const [description, setDescription] = useState("");
  const [language, setLanguage] = useState<string>(pageLanguage);
  const [later, setLater] = useState(false);
  const [startsAt, setStartsAt] = useState(() => nextHour(new Date()));
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const starts = later ? { starts_at: new Date(startsAt).toISOString() } : {};
      const space = await api.create({ title: title.trim(), description: description.trim(), language, ...starts });
      go(`/studio/${space.id}`);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <form class="card form" data-testid="create-form" onSubmit={(event) => void submit(event)}>
      <h2>{words.newSpace}</h2>
      <Field label={words.title} hint={words.titleHint}>
        {(id, hint) => (
          <input
            id={id} aria-describedby={hint} data-testid="create-title" required maxLength={120} value={title}
            onInput={({ currentTarget: { value } }) => setTitle(value)}
          />
        )}
      </Field>
      <Field label={`${words.description} (${words.optional})`}>
        {(id) => (
          <textarea
            id={id} data-testid="create-description" rows={3} maxLength={2000} value={description}
            onInput={({ currentTarget: { value } }) => setDescription(value)}
          />
        )}
      </Field>
      <Field label={words.language}>
        {(id) => (
          <select
            id={id} data-testid="create-language" value={language}
            onChange={({ currentTarget: { value } }) => setLanguage(value)}
          >
            {LANGUAGES.map((tag) => <option key={tag} value={tag}>{NAMES[tag]}</option>)}
          </select>
        )}
      </Field>
      <fieldset class="field">
        <legend>{words.when}</legend>
        <div class="choice">
          <label>
            <input type="radio" name="when" checked={!later} data-testid="create-now" onChange={() => setLater(false)} />
            {words.now}
          </label>
          <label>
            <input type="radio" name="when" checked={later} data-testid="create-later" onChange={() => setLater(true)} />
            {words.later}
          </label>
        </div>
        {!later && <p class="soft small">{words.nowHint}</p>}
      </fieldset>
      {later && (
        <Field label={words.startsAt} hint={words.timeZone(Intl.DateTimeFormat().resolvedOptions().timeZone)}>
          {(id, hint) => (
            <input
              id={id} aria-describedby={hint} data-testid="create-starts-at" type="datetime-local" required value={startsAt}
              onInput={({ currentTarget: { value } }) => setStartsAt(value)}
            />
          )}
        </Field>
      )}
      <Refusal problem={problem} />
      <button class="button button-main" data-testid="create-submit" disabled={busy}>{words.create}</button>
    </form>
  );
}
