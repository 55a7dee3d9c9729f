/** Reactions to tap, and those of all others as they rise from the square. Nothing here is read out by itself. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { number } from "../shared/format";
import { useLanguage } from "../shared/language";
import { useStore } from "../shared/store";
import { EmojiPicture } from "./emoji";
import type { Hall } from "./model";
import { EMOJI } from "./reactions";
import { useWords } from "./words";

export function ReactionRow({ hall }: { hall: Hall }): JSX.Element {
  const words = useWords();
  const resting = useStore(hall.reactions.resting);
  return (
    <div class="reactions" role="group" aria-label={words.reactions} data-testid="reactions">
      {EMOJI.map((emoji, i) => (
        <button
          key={emoji} type="button" class="reaction" disabled={resting} aria-label={words.reaction[i]} title={words.reaction[i]}
          data-testid={`react-${i}`} onClick={() => void hall.reactions.react(emoji)}
        >
          <EmojiPicture emoji={emoji} />
        </button>
      ))}
    </div>
  );
}

/** Over the square, out of everybody's way; where nothing may move, the latest sum in figures. */
export function Risers({ hall }: { hall: Hall }): JSX.Element {
  const words = useWords();
  const language = useLanguage();
  const still = useStill();
  const rising = useStore(hall.reactions.rising);
  const sum = useStore(hall.reactions.sum);
  const heard = useStore(hall.reactions.heard);
  return (
    <div class={still ? "risers risers-still" : "risers"} aria-hidden="true" data-testid="risers" data-heard={heard} title={words.reactionsHeard}>
      {still
        ? EMOJI.map((emoji) => sum[emoji] !== undefined && (
          <span key={emoji} class="figures"><EmojiPicture emoji={emoji} />{number(sum[emoji], language)}</span>
        ))
        : rising.map(({ key, emoji, x, drift, delayMs }) => (
          <span
            key={key} class="riser"
            style={{ insetInlineStart: `${x * 100}%`, "--drift": String(drift), animationDelay: `${delayMs}ms` }}
          >
            <EmojiPicture emoji={emoji} />
          </span>
        ))}
    </div>
  );
}

function useStill(): boolean {
  const [still, setStill] = useState(() => matchMedia("(prefers-reduced-motion: reduce)").matches);
  useEffect(() => {
    const query = matchMedia("(prefers-reduced-motion: reduce)");
    const changed = (): void => setStill(query.matches);
    query.addEventListener("change", changed);
    return () => query.removeEventListener("change", changed);
  }, []);
  return still;
}
