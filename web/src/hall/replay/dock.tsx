/** The controls of a replay, under the thumb: where, how fast, and a link to here. */

import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { Icon } from "../../shared/icons";
import { number } from "../../shared/format";
import { isForPage } from "../../shared/keys";
import { useLanguage } from "../../shared/language";
import { useStore } from "../../shared/store";
import { Volume } from "../dock";
import { SKIP_S, SPEEDS, type Playback } from "./playback";
import type { InTime } from "./scene";
import { SeekBar } from "./seek-bar";
import { chapterAt, fragmentFor } from "./times";
import { useReplayWords } from "./words";

interface DockProps extends InTime {
  audio: HTMLAudioElement;
  /** Link to this page. */
  share: string;
}

export function ReplayDock({ replay, playback, whole, audio, share }: DockProps): JSX.Element {
  const words = useReplayWords();
  const { playing, gathering } = useStore(playback.state);
  useKeys({ replay, playback, whole });
  return (
    <section class="dock dock-replay" data-testid="dock" aria-label={words.badge}>
      <div class="dock-inner">
        <SeekBar replay={replay} playback={playback} whole={whole} />
        <div class="replay-row" dir="ltr">
          <div class="replay-aside"><Speed playback={playback} /></div>
          <button type="button" class="button button-quiet replay-skip" aria-label={words.back} title={words.back}
            data-testid="back" onClick={() => playback.skip(-SKIP_S)}>
            <Icon name="back15" /><span class="figures" aria-hidden="true">15</span>
          </button>
          <button type="button" class="play play-round" data-testid="play" data-active={playing} data-gathering={gathering}
            aria-label={playing ? words.pause : words.play} onClick={() => playback.toggle()}>
            <Icon name={playing ? "pause" : "play"} />
          </button>
          <button type="button" class="button button-quiet replay-skip" aria-label={words.forward} title={words.forward}
            data-testid="forward" onClick={() => playback.skip(SKIP_S)}>
            <Icon name="forward15" /><span class="figures" aria-hidden="true">15</span>
          </button>
          <div class="replay-aside replay-end">
            {whole && <Share playback={playback} share={share} />}
            <Volume audio={audio} />
          </div>
        </div>
      </div>
    </section>
  );
}

function Speed({ playback }: { playback: Playback }): JSX.Element {
  const words = useReplayWords();
  const language = useLanguage();
  const { speed } = useStore(playback.state);
  return (
    <select
      class="replay-speed figures" data-testid="speed" aria-label={words.speed} value={speed}
      onChange={(event) => playback.setSpeed(Number(event.currentTarget.value))}
    >
      {SPEEDS.map((each) => <option key={each} value={each}>{`${number(each, language)}×`}</option>)}
    </select>
  );
}

/** Copies a link to this second; where the browser refuses, the address bar has it. */
function Share({ playback, share }: { playback: Playback; share: string }): JSX.Element {
  const words = useReplayWords();
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return undefined;
    const timer = setTimeout(() => setDone(false), 3_000);
    return () => clearTimeout(timer);
  }, [done]);
  const act = async (): Promise<void> => {
    const fragment = fragmentFor(playback.state.value.at_s);
    history.replaceState(null, "", fragment);
    const url = `${share.replace(/#.*/, "")}${fragment}`;
    if (matchMedia("(pointer: coarse)").matches && "share" in navigator) {
      await navigator.share({ title: document.title, url });
      return;
    }
    await navigator.clipboard.writeText(url);
    setDone(true);
  };
  return (
    <button
      type="button" class="button button-quiet replay-share" data-testid="share" title={words.share}
      onClick={() => void act().catch(() => undefined)}
    >
      <Icon name={done ? "check" : "link"} />
      <span role="status">{done ? words.shared : words.share}</span>
    </button>
  );
}

/** As in every player. */
function useKeys({ replay, playback, whole }: InTime): void {
  useEffect(() => {
    const toChapter = (way: 1 | -1): void => {
      const { at_s } = playback.state.value;
      const now = chapterAt(replay.chapters, way < 0 ? at_s - 3 : at_s);
      const to = replay.chapters[way < 0 ? now : now + 1];
      if (whole && to !== undefined) playback.seek(to.startTime);
    };
    const acts: Record<string, () => void> = {
      " ": () => playback.toggle(), k: () => playback.toggle(),
      j: () => playback.skip(-SKIP_S), l: () => playback.skip(SKIP_S),
      arrowleft: () => playback.skip(-SKIP_S), arrowright: () => playback.skip(SKIP_S),
      n: () => toChapter(1), p: () => toChapter(-1),
      "<": () => playback.changeSpeed(-1), ">": () => playback.changeSpeed(1),
    };
    const pressed = (event: KeyboardEvent): void => {
      const act = acts[event.key.toLowerCase()];
      if (act === undefined || !isForPage(event)) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [replay, playback, whole]);
}
