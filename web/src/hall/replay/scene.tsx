/** The square as it was at this second: who speaks, how loudly, and in which words. */

import { useEffect, useMemo, useState } from "preact/hooks";
import type { JSX } from "preact";
import { useStore } from "../../shared/store";
import type { Scene } from "../../square/painter";
import { Square } from "../../square/square";
import type { Cue } from "./captions";
import type { Playback } from "./playback";
import { fetchCaptions, type Replay } from "./recording";
import { lastBegun, levelAt, speakerAt } from "./times";
import { useReplayWords } from "./words";

/** `whole` is false while a clip plays: its seconds are not the replay's. */
export interface InTime {
  replay: Replay;
  playback: Playback;
  whole: boolean;
}

export function ReplayScene({ replay, playback, whole }: InTime): JSX.Element {
  const words = useReplayWords();
  const { playing, at_s } = useStore(playback.state);
  const cues = useCaptions(replay);
  const handle = whole ? speakerAt(replay.turns, at_s) : null;
  const level = playing && handle !== null ? Math.round(levelAt(replay.waveform, at_s, replay.duration_s)) : 0;
  const scene = useMemo<Scene>(() => ({
    listeners: replay.peak_listeners,
    speakers: replay.speakers.map((speaker) => ({ handle: speaker.handle, connected: true, muted: false })),
    levels: handle === null || level === 0 ? {} : { [handle]: level },
    lit: playing,
    here: false,
  }), [replay, handle, level, playing]);
  const name = replay.speakers.find((speaker) => speaker.handle === handle)?.display_name ?? handle;
  const cue = whole ? cueAt(cues, at_s) : null;
  return (
    <figure class="hall-square">
      <Square scene={scene} label={words.squareLabel(replay.peak_listeners, name)} />
      <figcaption>
        {whole && (
          <p class="hall-speaking" aria-hidden="true" data-testid="speaking">{name === null ? words.quiet : words.speaking(name)}</p>
        )}
        {cues.length > 0 && whole && (
          <p class="replay-caption" data-testid="caption" dir="auto" lang={replay.language}>{cue?.text ?? " "}</p>
        )}
        {replay.peak_listeners > 0 && <p class="hall-count soft small figures">{words.peak(replay.peak_listeners)}</p>}
      </figcaption>
    </figure>
  );
}

function useCaptions({ captions }: Replay): Cue[] {
  const [cues, setCues] = useState<Cue[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    if (captions !== null) fetchCaptions(captions, abort.signal).then(setCues, () => undefined);
    return () => abort.abort();
  }, [captions]);
  return cues;
}

function cueAt(cues: Cue[], at_s: number): Cue | null {
  const cue = cues[lastBegun(cues, at_s, ({ start_s }) => start_s)];
  return cue !== undefined && at_s < cue.end_s ? cue : null;
}
