/** The replay's sound and its outline: a tap on the outline goes there, the chosen stretch is lit. */

import type { ComponentChildren, JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { Icon } from "../shared/icons";
import type { Range, Replay } from "./archive";
import { bars, showTime } from "./range";
import { useWords } from "./words";

const BARS = 160;

interface Props {
  address: string;
  replay: Replay;
  range: Range | null;
  /** Gets what tells the second that is heard now. */
  children: (atS: () => number) => ComponentChildren;
}

export function Player({ address, replay, range, children }: Props): JSX.Element {
  const words = useWords();
  const sound = useRef<HTMLAudioElement>(null);
  const [playing, setPlaying] = useState(false);
  const [atS, setAtS] = useState(0);
  const { duration_s: durationS } = replay;
  const outline = bars(replay.waveform, BARS);
  // A voice is far below full scale: the loudest moment fills the height.
  const loudest = Math.max(0.02, ...outline);
  const goTo = (seconds: number): void => {
    if (sound.current !== null) sound.current.currentTime = seconds;
    setAtS(seconds);
  };
  const toggle = (): void => {
    if (playing) sound.current?.pause();
    else void sound.current?.play().catch(() => setPlaying(false));
  };
  return (
    <div class="player">
      <audio
        ref={sound} src={address} preload="metadata" data-testid="replay-audio" onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)} onTimeUpdate={({ currentTarget }) => setAtS(currentTarget.currentTime)}
      />
      <div class="player-row">
        <button type="button" class="button button-round" data-testid="replay-play" aria-label={playing ? words.pause : words.play} onClick={toggle}>
          <Icon name={playing ? "pause" : "play"} />
        </button>
        <span class="player-outline">
          <svg class="outline" viewBox={`0 0 ${BARS} 40`} preserveAspectRatio="none" aria-hidden="true">
            {outline.map((height, i) => {
              const seconds = ((i + 0.5) / BARS) * durationS;
              const inside = range !== null && seconds >= range.from_s && seconds < range.to_s;
              const tall = Math.max(1, (height / loudest) * 38);
              return <rect key={i} x={i + 0.15} width="0.7" y={20 - tall / 2} height={tall} class={inside ? "bar-chosen" : "bar-other"} />;
            })}
            <rect class="playhead" x={(atS / Math.max(durationS, 0.001)) * BARS - 0.3} width="0.6" y="0" height="40" />
          </svg>
          <input
            type="range" class="seek" min="0" max={durationS} step="0.1" value={atS} aria-label={words.waveform}
            aria-valuetext={showTime(atS)} data-testid="replay-seek" onInput={({ currentTarget }) => goTo(Number(currentTarget.value))}
          />
        </span>
        <span class="figures small">{showTime(Math.floor(atS))}</span>
      </div>
      {children(() => sound.current?.currentTime ?? 0)}
    </div>
  );
}
