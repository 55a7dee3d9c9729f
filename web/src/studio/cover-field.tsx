/** The picture of a Space: chosen and seen before it goes anywhere; one that is to go can be kept until one saves. */

import type { JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { Icon } from "../shared/icons";
import { useWords } from "./words";

const LARGEST_BYTES = 5_000_000;

/** A new picture, none any more, or what there is. */
export type CoverChange = File | "none" | null;

interface Props {
  /** Address of the one at the server. */
  there: string | null;
  change: CoverChange;
  onChange: (change: CoverChange) => void;
}

export function CoverField({ there, change, onChange }: Props): JSX.Element {
  const words = useWords();
  const hint = useId();
  const [tooBig, setTooBig] = useState(false);
  const chosen = usePreview(change instanceof File ? change : null);
  const shown = chosen ?? (change === "none" ? null : there === null ? null : coverPath(there));
  return (
    <div class="field cover-field">
      <span>{words.cover} ({words.optional})</span>
      {shown !== null && <img class="cover" src={shown} alt={words.coverAlt} data-testid="cover-shown" width={480} height={270} />}
      <div class="row">
        <label class="button button-small file">
          <Icon name="plus" />{shown === null ? words.coverChoose : words.coverOther}
          <input
            type="file" class="hidden" accept="image/png,image/jpeg,image/webp,image/gif" data-testid="cover" aria-describedby={hint}
            onChange={({ currentTarget: { files } }) => {
              const file = files?.[0] ?? null;
              setTooBig(file !== null && file.size > LARGEST_BYTES);
              if (file !== null && file.size <= LARGEST_BYTES) onChange(file);
            }}
          />
        </label>
        {shown !== null && (
          <button type="button" class="button button-quiet" data-testid="cover-drop" onClick={() => onChange(there === null ? null : "none")}>
            {words.coverDrop}
          </button>
        )}
        {change === "none" && (
          <button type="button" class="button button-quiet" data-testid="cover-keep" onClick={() => onChange(null)}>{words.coverKeep}</button>
        )}
      </div>
      <p class="soft small" id={hint} role="status">{change === "none" ? words.coverGoes : words.coverHint}</p>
      {tooBig && <p class="refusal" role="alert">{words.coverTooBig}</p>}
    </div>
  );
}

/** On this page's own origin, whatever name the server calls itself by: the policy allows no other. */
export function coverPath(address: string): string {
  return new URL(address, location.href).pathname;
}

function usePreview(file: File | null): string | null {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (file === null) return undefined;
    const made = URL.createObjectURL(file);
    setAddress(made);
    return () => {
      URL.revokeObjectURL(made);
      setAddress(null);
    };
  }, [file]);
  return address;
}
