/** The whole recording as one line: how loud it was, where the speaker changes, where one is. Left is the beginning,
 * in every script, as on every player. */

import { useMemo } from "preact/hooks";
import type { JSX } from "preact";
import { clock } from "../../shared/format";
import { useStore } from "../../shared/store";
import type { InTime } from "./scene";
import { bars, chapterAt } from "./times";
import { useReplayWords } from "./words";

const BARS = 120;
const STEP = 4;
const HEIGHT = 40;
const ARROW_S = 5;
const ARROWS: Record<string, number> = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };

export function SeekBar({ replay, playback, whole }: InTime): JSX.Element {
  const words = useReplayWords();
  const { at_s } = useStore(playback.state);
  const duration_s = Math.max(0.1, playback.duration_s);
  const outline = useMemo(() => outlineOf(whole ? replay.waveform : []), [replay, whole]);
  const chapters = whole ? replay.chapters : [];
  const who = chapters[chapterAt(chapters, at_s)]?.title ?? null;
  const pressed = (event: KeyboardEvent): void => {
    const way = ARROWS[event.key];
    if (way === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    playback.skip(way * ARROW_S);
  };
  return (
    <div class="seek" dir="ltr" style={{ "--played": at_s / duration_s }}>
      <div class="seek-line">
        <svg viewBox={`0 0 ${BARS * STEP} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          <path class="seek-rest" d={outline} />
          <path class="seek-done" d={outline} />
        </svg>
        {chapters.slice(1).map(({ startTime }) => (
          <span key={startTime} class="seek-mark" aria-hidden="true" style={{ "--at": startTime / duration_s }} />
        ))}
        <input
          type="range" min="0" max={duration_s} step="0.1" value={at_s} data-testid="seek" aria-label={words.seek}
          aria-valuetext={words.position(at_s * 1_000, duration_s * 1_000, who)} onKeyDown={pressed}
          onInput={(event) => playback.seek(Number(event.currentTarget.value))}
        />
      </div>
      <p class="seek-times small soft figures" aria-hidden="true">
        <span>{clock(at_s * 1_000)}</span>
        {who !== null && <span class="seek-who" dir="auto">{who}</span>}
        <span>{clock(duration_s * 1_000)}</span>
      </p>
    </div>
  );
}

/** One upright line for each bar, from the middle both ways. */
function outlineOf(waveform: number[]): string {
  return bars(waveform, BARS).map((bar, i) => {
    const half = Math.max(0.04, bar) * (HEIGHT / 2 - 2);
    return `M${i * STEP + STEP / 2} ${(HEIGHT / 2 - half).toFixed(1)}v${(2 * half).toFixed(1)}`;
  }).join("");
}
