/** The captions over the page, the button that shows them, and the one that makes them larger. */

import type { JSX } from "preact";
import { recall, remember } from "../shared/language";
import { Store, useStore } from "../shared/store";
import type { Hall } from "./model";
import { useWords } from "./words";

const SHOWN_KEY = "parvis.captions";
const SIZE_KEY = "parvis.captions.size";
const SIZES = ["m", "l", "xl"] as const;

const shown = new Store(recall(SHOWN_KEY) !== "off");
const size = new Store(Math.max(0, SIZES.indexOf((recall(SIZE_KEY) ?? "m") as (typeof SIZES)[number])));

function useOffered(hall: Hall): boolean {
  const space = useStore(hall.space);
  const seen = useStore(hall.captions.seen);
  return seen || (space?.captions ?? "off") !== "off";
}

export function CaptionsButton({ hall }: { hall: Hall }): JSX.Element | null {
  const words = useWords();
  const on = useStore(shown);
  if (!useOffered(hall)) return null;
  return (
    <button
      type="button" class="button button-quiet captions-button" data-testid="cc" aria-pressed={on} aria-label={`CC, ${words.captions}`}
      title={words.captions}
      onClick={() => {
        shown.set(!on);
        remember(SHOWN_KEY, on ? "off" : "on");
      }}
    >
      CC
    </button>
  );
}

/** Not read aloud by itself: who hears a screen reader hears the stage, too. It can be read at one's own pace. */
export function CaptionsBox({ hall }: { hall: Hall }): JSX.Element | null {
  const words = useWords();
  const on = useStore(shown);
  const lines = useStore(hall.captions.lines);
  const index = useStore(size);
  if (!useOffered(hall) || !on) return null;
  const room = <div class="captions-room" />;
  if (lines.length === 0) return room;
  return (
    <>
      {room}
      <section class={`captions captions-${SIZES[index] ?? "m"}`} aria-label={words.captions} data-testid="captions">
        <div role="log" aria-live="off">
          {lines.map(({ id, text, lang }) => <p key={id} lang={lang} dir="auto" data-caption={id}>{text}</p>)}
        </div>
        <button
          type="button" class="captions-size" aria-label={words.captionsSize} title={words.captionsSize} data-testid="cc-size"
          onClick={() => {
            const next = (index + 1) % SIZES.length;
            size.set(next);
            remember(SIZE_KEY, SIZES[next] ?? "m");
          }}
        >
          <span aria-hidden="true">A</span>
        </button>
      </section>
    </>
  );
}
