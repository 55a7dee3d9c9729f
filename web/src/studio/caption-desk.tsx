/**
 * Where a person captions: a line is typed while it is said, and goes out on Enter.
 *
 * The time of a line is that of its first letter: until Enter the writer only adds to what was said then. The last line
 * comes back with the arrow up, as in a chat, to be corrected.
 */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { captioning, type Caption } from "./api-captions";
import { Problem, type Space } from "./api";
import { isOnAir } from "./rules";
import { sayProblem, useWords } from "./words";

const TEXT_MAX = 200;
const SHOWN = 5;

export function CaptionDesk({ space }: { space: Space }): JSX.Element {
  const words = useWords();
  const [text, setText] = useState("");
  const [lines, setLines] = useState<Caption[]>([]);
  const [correcting, setCorrecting] = useState<Caption | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const beganAtMs = useRef<number | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const open = isOnAir(space);

  const take = (value: string): void => {
    // Whoever empties the field begins anew.
    if (value.trim() === "") beganAtMs.current = null;
    else beganAtMs.current ??= performance.now();
    setText(value);
  };
  const clear = (): void => {
    beganAtMs.current = null;
    setText("");
    setCorrecting(null);
  };
  const send = async (): Promise<void> => {
    const line = text.trim();
    const agoMs = performance.now() - (beganAtMs.current ?? performance.now());
    const old = correcting;
    if (line === "" && old === null) return;
    clear();
    try {
      if (old === null) {
        const caption = await captioning.write(space.id, line, agoMs);
        setLines((before) => [...before, caption].slice(-SHOWN));
      } else {
        await captioning.correct(space.id, old.id, line);
        setLines((before) => before.map((one) => (one.id === old.id ? { ...one, text: line } : one)).filter((one) => one.text !== ""));
      }
      setProblem(null);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      setText(line);
      setCorrecting(old);
    }
  };
  const correct = (caption: Caption): void => {
    setCorrecting(caption);
    setText(caption.text);
    field.current?.focus();
  };
  useEffect(() => {
    if (open) field.current?.focus();
  }, [open]);

  return (
    <form
      class="caption-desk" data-testid="caption-desk"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <ol class="plain" aria-label={words.captionsSent}>
        {lines.map((caption) => (
          <li key={caption.id} data-testid="caption-sent">
            <span dir="auto" lang={caption.lang}>{caption.text}</span>{" "}
            <button type="button" class="button button-quiet button-small" onClick={() => correct(caption)}>{words.captionsCorrect}</button>
          </li>
        ))}
      </ol>
      <label class="field">
        <span>{correcting === null ? words.captionsLine : words.captionsCorrecting}</span>
        <input
          ref={field} type="text" value={text} maxLength={TEXT_MAX} disabled={!open} lang={space.language} dir="auto"
          autocomplete="off" enterkeyhint="send" data-testid="caption-line"
          onInput={({ currentTarget }) => take(currentTarget.value)}
          onKeyDown={(event) => {
            const last = lines.at(-1);
            if (event.key === "ArrowUp" && text === "" && last !== undefined) {
              event.preventDefault();
              correct(last);
            } else if (event.key === "Escape" && correcting !== null) clear();
          }}
        />
      </label>
      <p class="soft small">{open ? words.captionsHint : words.captionsNotYet}</p>
      {problem !== null && <p class="refusal" role="alert">{sayProblem(words, problem)}</p>}
    </form>
  );
}
