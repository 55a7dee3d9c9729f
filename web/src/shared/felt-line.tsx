/** One quiet line: what the audience has felt in the last minute. It says nothing by itself to who hears the page. */

import type { JSX } from "preact";
import { EmojiPicture } from "../hall/emoji";
import { EMOJI } from "../hall/reactions";
import type { Felt } from "./felt";
import { number } from "./format";
import { useLanguage } from "./language";
import { useStore } from "./store";
import "./felt.css";

export function FeltLine({ felt, label }: { felt: Felt; label: string }): JSX.Element {
  const language = useLanguage();
  const sums = useStore(felt.lately);
  const total = EMOJI.reduce((sum, emoji) => sum + (sums[emoji] ?? 0), 0);
  return (
    <p class="felt figures small" title={label} data-testid="felt" data-total={total}>
      {total > 0 && <span class="hidden">{label}: </span>}
      {EMOJI.map((emoji) => sums[emoji] !== undefined && (
        <span key={emoji} data-emoji={emoji}><EmojiPicture emoji={emoji} /><span class="hidden">{emoji} </span>{number(sums[emoji], language)}</span>
      ))}
    </p>
  );
}
