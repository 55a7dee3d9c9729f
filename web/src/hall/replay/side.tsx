/** Beside the sound: who spoke when, what was written, what can be taken along. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { clock, initials } from "../../shared/format";
import { Icon } from "../../shared/icons";
import { useStore } from "../../shared/store";
import { PART_MS } from "../mp4";
import { About } from "../page";
import { fetchChat, type Clip, type Line, type Replay } from "./recording";
import type { InTime } from "./scene";
import { chapterAt, floorShares, lastBegun, speakerAt } from "./times";
import { useReplayWords } from "./words";

/** So many lines of chat are on the page at once. */
const LINES = 60;

export function Side({ replay, clips, playback, whole }: InTime & { clips: Clip[] | null }): JSX.Element {
  const words = useReplayWords();
  return (
    <div class="hall-side">
      {replay.description !== "" && <About text={replay.description} />}
      {(replay.lost_parts > 0 || replay.silenced_s > 0) && (
        <p class="soft small" data-testid="lost">
          {replay.lost_parts > 0 && words.lost(replay.lost_parts * PART_MS)}{" "}
          {replay.silenced_s > 0 && words.silenced(replay.silenced_s * 1_000)}
        </p>
      )}
      {whole && replay.turns.length > 0 && <Voices replay={replay} playback={playback} whole={whole} />}
      {whole && replay.chapters.length > 1 && <Chapters replay={replay} playback={playback} whole={whole} />}
      {whole && replay.chat !== null && <Chat playback={playback} address={replay.chat} />}
      {clips !== null && clips.length > 0 && <Clips clips={clips} />}
      <Take replay={replay} />
      <p class="soft small replay-keys">{words.keys}</p>
    </div>
  );
}

/** Each voice with the times at which it had the floor: a tap on them goes there. */
function Voices({ replay, playback }: InTime): JSX.Element {
  const words = useReplayWords();
  const { at_s } = useStore(playback.state);
  const speaking = speakerAt(replay.turns, at_s);
  const shares = useMemo(() => floorShares(replay.turns), [replay]);
  return (
    <section class="voices" aria-labelledby="voices" data-testid="voices">
      <h2 id="voices">{words.chapters}</h2>
      <ul>
        {shares.map(([handle, spoken_s]) => {
          const name = replay.speakers.find((speaker) => speaker.handle === handle)?.display_name ?? handle;
          const turns = replay.turns.filter((turn) => turn.handle === handle);
          return (
            <li key={handle} class="voice" data-speaking={handle === speaking}>
              <span class="avatar" aria-hidden="true" style={{ "--level": handle === speaking ? 0.6 : 0 }}>{initials(name)}</span>
              <span class="person-name">
                <strong dir="auto">{name}</strong>
                <span class="soft small">{words.floor(spoken_s * 1_000)}</span>
              </span>
              <svg
                class="lane" dir="ltr" viewBox={`0 0 ${replay.duration_s} 10`} preserveAspectRatio="none" role="img"
                aria-label={words.lane(name)}
                onClick={(event) => {
                  const { left, width } = event.currentTarget.getBoundingClientRect();
                  playback.seek(((event.clientX - left) / width) * replay.duration_s);
                }}
              >
                <rect class="lane-ground" x="0" y="0" width={replay.duration_s} height="10" />
                {turns.map(({ start_s, end_s }) => (
                  <rect key={start_s} class="lane-turn" x={start_s} y="0" width={end_s - start_s} height="10" />
                ))}
                <rect class="lane-now" x={at_s} y="0" width={replay.duration_s / 240} height="10" />
              </svg>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Chapters({ replay, playback }: InTime): JSX.Element {
  const { at_s } = useStore(playback.state);
  const now = chapterAt(replay.chapters, at_s);
  return (
    <ol class="chapters" data-testid="chapters">
      {replay.chapters.map(({ startTime, title }, i) => (
        <li key={startTime}>
          <button
            type="button" class="chapter" aria-current={i === now ? "true" : undefined}
            onClick={() => playback.seek(startTime)}
          >
            <span class="figures soft">{clock(startTime * 1_000)}</span>
            <span dir="auto">{title}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}

/** What had been written by this second, the latest in sight. */
function Chat({ playback, address }: Pick<InTime, "playback"> & { address: string }): JSX.Element {
  const words = useReplayWords();
  const { at_s } = useStore(playback.state);
  const [lines, setLines] = useState<Line[]>([]);
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const abort = new AbortController();
    fetchChat(address, abort.signal).then(setLines, () => undefined);
    return () => abort.abort();
  }, [address]);
  const count = lastBegun(lines, at_s, (line) => line.at_s) + 1;
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [count]);
  return (
    <section class="replay-chat" aria-labelledby="replay-chat" data-testid="chat">
      <h2 id="replay-chat">{words.chat}</h2>
      {count === 0 && <p class="soft">{words.chatEmpty}</p>}
      <ol ref={list} tabIndex={0}>
        {lines.slice(Math.max(0, count - LINES), count).map((line) => (
          <li key={`${line.at_s} ${line.name} ${line.text}`} dir="auto">
            {line.name !== "" && <><bdi><strong>{line.name}</strong></bdi> </>}{line.text}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Clips({ clips }: { clips: Clip[] }): JSX.Element {
  const words = useReplayWords();
  return (
    <section class="replay-list" aria-labelledby="clips" data-testid="clips">
      <h2 id="clips">{words.clips}</h2>
      <ul>
        {clips.map(({ id, title, by, duration_s }) => (
          <li key={id}>
            <a href={`#clip=${id}`} dir="auto">{title}</a>
            <span class="soft small">{words.clipBy(by, duration_s * 1_000)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Take({ replay }: { replay: Replay }): JSX.Element {
  const words = useReplayWords();
  return (
    <section class="replay-list" aria-labelledby="take">
      <h2 id="take">{words.download}</h2>
      <p class="replay-files">
        {replay.audio.map(({ name, url, bytes }) => (
          <a key={name} class="button" href={`${url}?download=1`} download data-testid={`download-${name}`}>
            <Icon name="download" />{words.file[name](bytes)}
          </a>
        ))}
      </p>
    </section>
  );
}
