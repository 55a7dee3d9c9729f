/** The audience as the stage sees it: the square, the count, the link to hand out. */

import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { Avatar, ownPath } from "../shared/avatar";
import { at } from "../shared/handle";
import { pause } from "../shared/reconnect";
import { useStore } from "../shared/store";
import type { Scene } from "../square/painter";
import { Square } from "../square/square";
import { api, type Space } from "./api";
import type { Crowd } from "./types";
import type { Room } from "./room";
import { Sharing } from "./sharing";
import { useWords } from "./words";

const LOOK_MS = 12_000;

export function Audience({ room, space }: { room: Room; space: Space }): JSX.Element {
  const words = useWords();
  const { seats } = useStore(room.state);
  const { listeners, peak_listeners: peak, total_listeners: total } = space.counts;
  const scene = useMemo<Scene>(
    () => ({
      listeners, here: false, lit: space.state === "live",
      speakers: seats.map(({ handle, connected, muted }) => ({ handle, connected, muted })),
      levels: Object.fromEntries(seats.map(({ handle, level }) => [handle, level ?? 0])),
    }),
    [listeners, seats, space.state],
  );
  return (
    <section class="card audience" aria-labelledby="audience">
      <h2 id="audience">{words.audience}</h2>
      <Square scene={scene} label={words.squareLabel(listeners)} />
      <p class="audience-count figures">
        <strong data-testid="count" data-listeners={listeners}>{words.listening(listeners)}</strong>
        <span class="soft small" data-testid="peak" data-peak={peak}>{words.peak(peak)}</span>
        <span class="soft small" data-testid="total" data-total={total}>{words.total(total)}</span>
      </p>
      <Here room={room} on={space.state === "live" || space.state === "held"} />
      <Sharing space={space} />
    </section>
  );
}

/** Some of those who chose to be seen. */
function Here({ room, on }: { room: Room; on: boolean }): JSX.Element | null {
  const words = useWords();
  const [crowd, setCrowd] = useState<Crowd | null>(null);
  useEffect(() => {
    if (!on) return undefined;
    const abort = new AbortController();
    const look = async (): Promise<void> => {
      for (;;) {
        setCrowd(await api.audience(room.id).catch(() => null));
        await pause(LOOK_MS, abort.signal);
      }
    };
    look().catch(() => undefined);
    return () => abort.abort();
  }, [room, on]);
  if (crowd === null || crowd.sample.length === 0) return null;
  return (
    <div class="field" data-testid="here" data-seen={crowd.seen}>
      <h3>{words.here(crowd.seen)}</h3>
      <ul class="audience-here">
        {crowd.sample.map(({ handle, display_name: name, avatar }) => (
          <li key={handle} title={`${name} ${at(handle)}`} data-testid={`present-${handle}`}>
            <Avatar name={name} picture={ownPath(avatar)} /><span class="hidden">{name}</span>
          </li>
        ))}
      </ul>
      <p class="soft small">{words.hereHint}</p>
    </div>
  );
}
