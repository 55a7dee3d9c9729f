/** The replay: the hall as it was, with time under the thumb. Fetched only when a Space is over. */

import { useEffect, useMemo, useState } from "preact/hooks";
import type { JSX } from "preact";
import { pause } from "../../shared/reconnect";
import { useStore } from "../../shared/store";
import type { ReplayProps } from "../afterwards";
import type { Hall } from "../model";
import { Head } from "../page";
import { Answer } from "../space";
import { ReplayDock } from "./dock";
import { Playback } from "./playback";
import { fateOf, fetchClips, fetchReplay, soundFor, type Clip, type Replay } from "./recording";
import { ReplayScene } from "./scene";
import { Side } from "./side";
import { fragmentOf } from "./times";
import { useReplayWords } from "./words";
import "./replay.css";

const ASK_AGAIN_MS = { making: 2_000, away: 5_000 };
/** Those who were there when it ended come for the replay together: so many a second, and nobody after ten minutes. */
const ASKS_PER_S = 200;
const MOST_SPREAD_MS = 600_000;
const LEAST_SPREAD_MS = 1_000;

/** Ms over which this page and those like it spread their questions. */
function spreadMs(hall: Hall): number {
  const crowd = hall.cameAfter ? 0 : (hall.space.value?.counts.listeners ?? 0);
  return Math.min(MOST_SPREAD_MS, Math.max(LEAST_SPREAD_MS, (crowd * 1_000) / ASKS_PER_S));
}

export function ReplayPage({ link, hall, root, children }: ReplayProps): JSX.Element {
  const replay = useReplay(link, hall);
  useEffect(() => {
    root.dataset.replay = replay === null ? "" : "ready";
  }, [root, replay]);
  return replay === null ? <>{children}</> : <Player replay={replay} link={link} hall={hall} root={root} />;
}

/** Asks until there is an answer that stays: the replay, or that there is none. */
function useReplay(link: string, hall: Hall): Replay | null {
  const [replay, setReplay] = useState<Replay | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    const ask = async (): Promise<void> => {
      if (!hall.cameAfter) {
        hall.replay.set("making");
        await pause(Math.random() * spreadMs(hall), abort.signal);
      }
      for (;;) {
        try {
          setReplay(await fetchReplay(link, abort.signal));
          hall.replay.set("none");
          return;
        } catch (error) {
          abort.signal.throwIfAborted();
          const fate = fateOf(error);
          hall.replay.set(fate);
          if (fate === "none" || fate === "deleted") return;
          const toldMs = error instanceof Answer ? (error.retryAfterS ?? 0) * 1_000 : 0;
          await pause(Math.max(toldMs, ASK_AGAIN_MS[fate]) + Math.random() * spreadMs(hall), abort.signal);
        }
      }
    };
    void ask().catch(() => undefined);
    return () => abort.abort();
  }, [link, hall]);
  return replay;
}

interface PlayerProps {
  replay: Replay;
  link: string;
  hall: Hall;
  root: HTMLElement;
}

function Player({ replay, link, hall, root }: PlayerProps): JSX.Element {
  const words = useReplayWords();
  const playback = useMemo(() => new Playback(hall.audio), [hall]);
  const clips = useClips(link);
  const clip = useFragment(replay, clips, hall.audio, playback);
  const chosen = clip === "gone" ? null : clip;
  const { playing, at_s, failed } = useStore(playback.state);
  const space = useStore(hall.space);
  const sound = soundFor(replay.audio, (mime) => hall.audio.canPlayType(mime));
  useEffect(() => () => playback.close(), [playback]);
  useEffect(() => {
    root.dataset.playing = String(playing);
    root.dataset.atS = at_s.toFixed(1);
    root.dataset.clip = chosen?.id ?? "";
  }, [root, playing, at_s, chosen]);
  const begun = replay.started_at ?? replay.ended_at;
  const status = failed ? words.failed : sound === null ? words.unplayable : clip === "gone" ? words.clipGone : "";
  return (
    <>
      <div class="hall-grid hall-replay">
        {space !== null && (
          <Head space={{ ...space, title: replay.title }} badge={words.badge}>
            {begun !== null && <p class="soft small">{words.heldOn(new Date(begun), replay.duration_s * 1_000)}</p>}
          </Head>
        )}
        <div class="notice-place">
          <p class="hidden" role="status">{status}</p>
          {status !== "" && <div class="notice" data-testid="notice"><p>{status}</p></div>}
          {chosen !== null && (
            <div class="notice" data-testid="clip">
              <p class="notice-line"><span class="badge">{words.clip}</span> {chosen.title}</p>
              <p class="soft">{words.clipBy(chosen.by, chosen.duration_s * 1_000)}</p>
              <p><a href="#t=0">{words.whole}</a></p>
            </div>
          )}
        </div>
        <ReplayScene replay={replay} playback={playback} whole={chosen === null} />
        <Side replay={replay} clips={clips} playback={playback} whole={chosen === null} />
      </div>
      {sound !== null && (
        <ReplayDock
          replay={replay} audio={hall.audio} playback={playback} whole={chosen === null}
          share={space?.links.share ?? location.href}
        />
      )}
    </>
  );
}

function useClips(link: string): Clip[] | null {
  const [clips, setClips] = useState<Clip[] | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    fetchClips(link, abort.signal).then(setClips, () => {
      if (!abort.signal.aborted) setClips([]);
    });
    return () => abort.abort();
  }, [link]);
  return clips;
}

/** Opens what the address asks for, now and when it changes: a second, or a clip. */
function useFragment(
  replay: Replay, clips: Clip[] | null, audio: HTMLAudioElement, playback: Playback,
): Clip | "gone" | null {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = (): void => setHash(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  const wanted = fragmentOf(hash);
  const clip = wanted.clip === null || clips === null ? null : (clips.find(({ id }) => id === wanted.clip) ?? "gone");
  const waits = wanted.clip !== null && clips === null;
  const at_s = wanted.at_s ?? 0;
  useEffect(() => {
    if (waits) return;
    const chosen = clip !== null && clip !== "gone" ? clip : null;
    const sound = soundFor(chosen?.audio ?? replay.audio, (mime) => audio.canPlayType(mime));
    if (sound === null) return;
    const told = { title: chosen?.title ?? replay.title, artist: replay.host.display_name };
    if (playback.source === sound.url) playback.seek(at_s);
    else playback.open(sound.url, chosen?.duration_s ?? replay.duration_s, at_s, told);
  }, [replay, audio, playback, clip, waits, at_s, hash]);
  return clip;
}
