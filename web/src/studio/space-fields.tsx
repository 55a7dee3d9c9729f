/** What people will see of a Space, and who may come: the words, and behind a disclosure what makes it found and seen. */

import type { JSX } from "preact";
import { CoverField, type CoverChange } from "./cover-field";
import { Field } from "./parts";
import type { Draft } from "./plan";
import { Radios } from "./radios";
import { languages, nameOfLanguage } from "./spoken";
import { TopicsField } from "./topics-field";
import type { Visibility } from "./types";
import { useWords } from "./words";

const VISIBILITIES: Visibility[] = ["public", "unlisted", "members"];

interface Props {
  draft: Draft;
  onChange: (change: Partial<Draft>) => void;
  /** Address of the picture at the server. */
  coverThere?: string | null;
  cover: CoverChange;
  onCover: (cover: CoverChange) => void;
  /** It is on air: those who listen stay. */
  onAir?: boolean;
}

export function SpaceFields({ draft, onChange, coverThere = null, cover, onCover, onAir = false }: Props): JSX.Element {
  const words = useWords();
  const { visibility } = draft;
  const pictured = cover instanceof File || (coverThere !== null && cover !== "none");
  const hint = onAir && visibility === "members" ? `${words.visibilityHints.members} ${words.visibilityNow}` : words.visibilityHints[visibility];
  return (
    <>
      <Field label={words.title} hint={words.titleHint}>
        {(id, hintId) => (
          <input
            id={id} aria-describedby={hintId} data-testid="create-title" dir="auto" required maxLength={120} value={draft.title}
            onInput={({ currentTarget: { value } }) => onChange({ title: value })}
          />
        )}
      </Field>
      <Field label={`${words.description} (${words.optional})`}>
        {(id) => (
          <textarea
            id={id} data-testid="create-description" dir="auto" rows={2} maxLength={2000} value={draft.description}
            onInput={({ currentTarget: { value } }) => onChange({ description: value })}
          />
        )}
      </Field>
      <details class="more" data-testid="look">
        <summary>
          <span>{words.look}</span>
          <span class="soft small">{words.lookShort(draft.topics, pictured, nameOfLanguage(draft.language))}</span>
        </summary>
        <div class="form">
          <TopicsField draft={draft} onChange={onChange} />
          <CoverField there={coverThere} change={cover} onChange={onCover} />
          <Field label={words.language}>
            {(id) => (
              <select
                id={id} data-testid="create-language" value={draft.language}
                onChange={({ currentTarget: { value } }) => onChange({ language: value })}
              >
                {languages(draft.language).map((tag) => <option key={tag} value={tag} lang={tag}>{nameOfLanguage(tag)}</option>)}
              </select>
            )}
          </Field>
        </div>
      </details>
      <Radios
        legend={words.visibility} values={VISIBILITIES} value={visibility} names={words.visibilities} testId="visibility" hint={hint}
        onChange={(one) => onChange({ visibility: one })}
      />
    </>
  );
}
