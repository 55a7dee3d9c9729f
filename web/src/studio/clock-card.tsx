/** The go-live clock: how long still, and what will happen then by itself. */

import type { JSX } from "preact";
import { clock } from "../shared/format";
import { useStore } from "../shared/store";
import { useTicker } from "../shared/ticker";
import type { Space } from "./api";
import type { Room } from "./room";
import { useWords } from "./words";

const DAY_MS = 24 * 3_600_000;

export function ClockCard({ room, space, seated }: { room: Room; space: Space; seated: boolean }): JSX.Element | null {
  const words = useWords();
  const { notice } = useStore(room.state);
  useTicker(250, space.starts_at !== null);
  if (space.starts_at === null || space.state !== "scheduled") return null;
  const at = new Date(space.starts_at);
  const leftMs = at.getTime() - room.clock.now();
  const awaited = notice?.code === "host-awaited" && notice.starts_at === space.starts_at;
  return (
    <section class="countdown" data-testid="announced" data-left-s={Math.ceil(leftMs / 1000)} data-postponed={space.postponed}>
      <p class="countdown-clock figures" role="timer">{line(leftMs, space.auto_start, words)}</p>
      <p>{space.auto_start ? words.byItself(at) : words.byHand(at)}{space.auto_start && ` ${words.andIfAbsent[space.if_absent]}`}</p>
      {space.postponed > 0 && <p role="status" data-testid="postponed">{words.wasPostponed(space.postponed, at)}</p>}
      {awaited && <p class="said-line" role="alert" data-testid="host-awaited">{words.hostAwaited}</p>}
      {!seated && leftMs < 15 * 60_000 && <p class="said-line">{words.connectFirst}</p>}
    </section>
  );
}

/** Whole seconds are rounded up: at 0:01 there is still a second. */
function line(leftMs: number, byItself: boolean, words: ReturnType<typeof useWords>): string {
  if (leftMs > 0) return words.goLiveIn(leftMs >= DAY_MS ? words.days(Math.floor(leftMs / DAY_MS)) : clock(Math.ceil(leftMs / 1000) * 1000));
  return byItself && leftMs > -5_000 ? words.goLiveNow : words.lateBy(-leftMs);
}
