/** When: whenever one goes live, or at a time that is said with its zone. */

import type { ComponentChildren, JSX } from "preact";
import { useId, useMemo } from "preact/hooks";
import { Field } from "./parts";
import { startOf, type Draft } from "./plan";
import { useWords, type Words } from "./words";
import { allZones, ownZone } from "./zones";

export type Time = Pick<Draft, "later" | "startsAt" | "zone">;

interface Props {
  draft: Time;
  onChange: (change: Partial<Time>) => void;
  /** Asked only of a time that was said. */
  children?: ComponentChildren;
}

export function When({ draft, onChange, children }: Props): JSX.Element {
  const words = useWords();
  const name = useId();
  const start = startOf(draft);
  return (
    <>
      <fieldset class="field">
        <legend>{words.when}</legend>
        <div class="choice">
          <label>
            <input type="radio" name={name} checked={!draft.later} data-testid="create-now" onChange={() => onChange({ later: false })} />
            {words.now}
          </label>
          <label>
            <input type="radio" name={name} checked={draft.later} data-testid="create-later" onChange={() => onChange({ later: true })} />
            {words.later}
          </label>
        </div>
        {!draft.later && <p class="soft small">{words.nowHint}</p>}
      </fieldset>
      {draft.later && (
        <div class="field">
          <div class="pair">
            <Field label={words.startsAt}>
              {(id) => (
                <input
                  id={id} data-testid="create-starts-at" type="datetime-local" required value={draft.startsAt}
                  onInput={({ currentTarget: { value } }) => onChange({ startsAt: value })}
                />
              )}
            </Field>
            <Zone value={draft.zone} onChange={(zone) => onChange({ zone })} />
          </div>
          <p class="soft small" data-testid="also-at" role="status">{whenHint(start, draft.zone, words)}</p>
          {children}
        </div>
      )}
    </>
  );
}

function Zone({ value, onChange }: { value: string; onChange: (zone: string) => void }): JSX.Element {
  const words = useWords();
  const zones = useMemo(() => [...new Set([...allZones(), value])].sort(), [value]);
  return (
    <Field label={words.zone}>
      {(id) => (
        <select id={id} data-testid="create-zone" value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
          {zones.map((zone) => <option key={zone} value={zone}>{zone.replaceAll("_", " ")}</option>)}
        </select>
      )}
    </Field>
  );
}

function whenHint(start: Date | null, zone: string, words: Words): string {
  if (start === null) return words.noSuchTime;
  if (start.getTime() < Date.now()) return words.timePast;
  return zone === ownZone() ? words.inWords(start) : words.alsoAt(words.inWords(start), start.toISOString().slice(11, 16));
}
