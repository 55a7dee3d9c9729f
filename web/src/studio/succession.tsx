/** Who is host: what is about to happen, and what has. Unmistakable for the one whom it falls to. */

import type { JSX } from "preact";
import { useStore } from "../shared/store";
import { useTicker } from "../shared/ticker";
import type { Space } from "./api";
import type { Room } from "./room";
import { hostIsGone, isOnAir, leads } from "./rules";
import type { Succession } from "./types";
import { useWords } from "./words";

export function SuccessionBanner({ room, space }: { room: Room; space: Space }): JSX.Element | null {
  const words = useWords();
  const { succession, seats } = useStore(room.state);
  const running = succession?.in_s != null;
  useTicker(250, running);
  if (!isOnAir(space) || succession === null || hostIsGone(seats)) return null;
  const { host, acting, next } = succession;
  return (
    <div class="banners" data-testid="succession" data-acting={acting?.handle ?? ""} data-next={next?.handle ?? ""}>
      {space.acting && (
        <div class="acting" data-testid="acting-host">
          <p class="acting-line" role="alert">{words.actingNow}</p>
          <p>{words.actingWhat(host.display_name)}</p>
        </div>
      )}
      {!space.acting && acting !== null && <p class="said-urgent" role="status">{words.actingOther(acting.display_name)}</p>}
      {running && <Coming succession={succession} own={room.handle} />}
    </div>
  );
}

/** The seconds are only shown: a reader of screens hears the sentence once. */
function Coming({ succession, own }: { succession: Succession & { heardMs: number }; own: string }): JSX.Element {
  const words = useWords();
  const { host, acting, next } = succession;
  const gone = acting ?? host;
  const away = gone.display_name;
  const leftS = Math.max(0, Math.ceil((succession.in_s ?? 0) - (performance.now() - succession.heardMs) / 1000));
  if (gone.handle === own) {
    if (next === null) return <p class="said-urgent" role="status">{words.soonNobodyForMe}</p>;
    return <p class="said-urgent figures">{words.soonForMe(next.display_name, leftS)}</p>;
  }
  if (next === null) return <p class="said-urgent" role="status">{words.soonNobody(away)}</p>;
  if (next.handle !== own) return <p class="said-urgent figures">{words.soonOther(away, next.display_name, leftS)}</p>;
  return (
    <div class="said said-urgent" data-testid="soon-acting" data-left-s={leftS}>
      <p class="said-line figures">{words.soonYou(leftS)}</p>
      <p role="status">{words.soonYouWhat(away)}</p>
    </div>
  );
}

/** The host was suspended: one act makes the Space one's own. */
export function Rescue({ room, space, onElse }: { room: Room; space: Space; onElse: () => void }): JSX.Element | null {
  const words = useWords();
  const { seats } = useStore(room.state);
  if (!hostIsGone(seats) || !leads(room.standing) || space.state === "ended") return null;
  return (
    <section class="acting" data-testid="rescue" aria-labelledby="rescue-title">
      <h2 id="rescue-title"><span role="alert">{words.rescueTitle}</span></h2>
      <p>{words.rescueWhat}</p>
      <div class="row">
        <button type="button" class="button button-ink button-big" data-testid="rescue-now" onClick={() => void room.rescue()}>
          {words.rescue}
        </button>
        {isOnAir(space) && <button type="button" class="button button-quiet" onClick={onElse}>{words.rescueElse}</button>}
      </div>
    </section>
  );
}

/** For everybody on stage, always: what is kept of what they say. */
export function RecordingMark({ space }: { space: Space }): JSX.Element | null {
  const words = useWords();
  if (space.recording === "off") return null;
  return (
    <span class={isOnAir(space) ? "recorded recorded-now" : "recorded"} data-testid="recorded" data-recording={space.recording} role="status">
      {isOnAir(space) ? words.recorded[space.recording] : words.willBeRecorded}
    </span>
  );
}

