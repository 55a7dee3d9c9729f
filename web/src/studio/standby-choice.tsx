/** The standby sound: four choices, each to be heard before the audience hears it. */

import type { JSX } from "preact";
import { useEffect, useId, useMemo, useState } from "preact/hooks";
import { Icon } from "../shared/icons";
import { useStore } from "../shared/store";
import { StandbySound } from "./standby-sound";
import type { Standby } from "./types";
import { useWords } from "./words";

const KINDS: Standby[] = ["notice", "tone", "loop", "silence"];
const LARGEST_BYTES = 5_000_000;

interface Props {
  value: Standby;
  language: string;
  /** A sound that was chosen here and is not yet at the server. */
  file: File | null;
  /** The server has one. */
  there: boolean;
  onChange: (value: Standby) => void;
  onFile: (file: File | null) => void;
}

export function StandbyChoice({ value, language, file, there, onChange, onFile }: Props): JSX.Element {
  const words = useWords();
  const name = useId();
  const preview = useMemo(() => new StandbySound(), []);
  const { kind: playing, failed } = useStore(preview.state);
  useEffect(() => () => preview.stop(), [preview]);
  const canBeHeard = value !== "silence" && (value !== "loop" || file !== null);
  return (
    <fieldset class="field">
      <legend>{words.standby}</legend>
      <div class="choice choice-column">
        {KINDS.map((kind) => (
          <label key={kind}>
            <input
              type="radio" name={name} checked={value === kind} data-testid={`standby-${kind}`}
              onChange={() => {
                preview.stop();
                onChange(kind);
              }}
            />
            {words.standbyChoice[kind]}
          </label>
        ))}
      </div>
      {value === "loop" && <LoopFile file={file} there={there} onFile={onFile} />}
      {canBeHeard && (
        <button
          type="button" class="button button-small" data-testid="standby-hear" data-playing={playing ?? ""}
          onClick={() => {
            if (playing === null) void preview.play(value, language, file);
            else preview.stop();
          }}
        >
          <Icon name={playing === null ? "volume" : "stop"} />{playing === null ? words.hear : words.hearStop}
        </button>
      )}
      {failed && <p class="soft small" role="status">{words.hearFailed}</p>}
    </fieldset>
  );
}

function LoopFile({ file, there, onFile }: Pick<Props, "file" | "there" | "onFile">): JSX.Element {
  const words = useWords();
  const hint = useId();
  const [tooBig, setTooBig] = useState(false);
  return (
    <div class="field">
      <label class="button button-small file">
        <Icon name="plus" />{file !== null || there ? words.loopOther : words.loopChoose}
        <input
          type="file" accept="audio/*" class="hidden" data-testid="standby-file" aria-describedby={hint}
          onChange={({ currentTarget: { files } }) => {
            const chosen = files?.[0] ?? null;
            setTooBig(chosen !== null && chosen.size > LARGEST_BYTES);
            onFile(chosen !== null && chosen.size <= LARGEST_BYTES ? chosen : null);
          }}
        />
      </label>
      <p class="soft small" id={hint}>{file?.name ?? (there ? words.loopThere : words.loopHint)}</p>
      {tooBig && <p class="refusal" role="alert">{words.loopTooBig}</p>}
    </div>
  );
}
