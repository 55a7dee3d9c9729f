/** One of a few, all to be read before one chooses; below, what the chosen one means. */

import type { JSX } from "preact";
import { useId } from "preact/hooks";

interface Props<T extends string> {
  legend: string;
  values: readonly T[];
  value: T;
  names: Record<T, string>;
  testId: string;
  hint?: string;
  onChange: (value: T) => void;
}

export function Radios<T extends string>({ legend, values, value, names, testId, hint, onChange }: Props<T>): JSX.Element {
  const name = useId();
  return (
    <fieldset class="field">
      <legend>{legend}</legend>
      <div class="choice choice-column">
        {values.map((one) => (
          <label key={one}>
            <input type="radio" name={name} checked={value === one} data-testid={`${testId}-${one}`} onChange={() => onChange(one)} />
            {names[one]}
          </label>
        ))}
      </div>
      {hint !== undefined && <p class="soft small">{hint}</p>}
    </fieldset>
  );
}
