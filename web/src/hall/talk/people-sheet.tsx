/** Who is here: numbers for everybody who is signed in, faces of those who chose to be seen, and the choice. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Avatar } from "../../shared/avatar";
import { at } from "../../shared/handle";
import { pause } from "../../shared/reconnect";
import { useStore } from "../../shared/store";
import type { Hall } from "../model";
import { Door } from "./door";
import type { Audience } from "./presence";
import type { Talker } from "./talker";
import { useTalkWords } from "./words";

/** Give or take half of it. */
const AGAIN_MS = 15_000;

export function PeopleSheet({ hall, talker }: { hall: Hall; talker: Talker }): JSX.Element {
  const session = useStore(talker.sessions.current);
  if (session === null) return <div class="sheet-body"><Door talker={talker} wish="people" /></div>;
  return <Here hall={hall} talker={talker} />;
}

function Here({ hall, talker }: { hall: Hall; talker: Talker }): JSX.Element {
  const words = useTalkWords();
  const seen = useStore(talker.presence.seen);
  const badge = useStore(hall.badge);
  const audience = useAudience(talker, badge);
  const others = audience === null ? 0 : audience.seen - audience.sample.length;
  return (
    <div class="sheet-body" data-testid="people" data-seen={audience?.seen ?? ""}>
      {audience !== null && (
        <dl class="people-counts figures">
          {([["now", audience.counts.listeners], ["peak", audience.counts.peak_listeners], ["total", audience.counts.total_listeners]] as const)
            .map(([name, value]) => (
              <div key={name}>
                <dt class="soft small">{words.peopleCounts[name]}</dt>
                <dd data-testid={`people-${name}`}>{words.count(value)}</dd>
              </div>
            ))}
        </dl>
      )}
      <label class="people-choice">
        <input
          type="checkbox" data-testid="be-seen" checked={seen}
          onChange={({ currentTarget: { checked } }) => talker.presence.setSeen(checked)}
        />
        <span>{words.beSeen}<span class="soft small">{words.beSeenHint}</span></span>
      </label>
      {audience !== null && audience.sample.length === 0 && <p class="soft">{words.nobodySeen}</p>}
      {audience !== null && audience.sample.length > 0 && (
        <ul class="people-list" aria-label={words.people}>
          {audience.sample.map(({ handle, display_name: name, avatar }) => (
            <li key={handle} class="person" data-testid={`present-${handle}`}>
              <Avatar name={name} picture={avatar} />
              <span class="person-name"><strong>{name}</strong><span class="soft small">{at(handle)}</span></span>
            </li>
          ))}
        </ul>
      )}
      {others > 0 && <p class="soft small">{words.peopleMore(others)}</p>}
    </div>
  );
}

/** As long as it is looked at; anew as soon as the edge knows who one is. */
function useAudience(talker: Talker, badge: string | null): Audience | null {
  const [audience, setAudience] = useState<Audience | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    const look = async (): Promise<void> => {
      for (let first = true; ; first = false) {
        const found = await talker.presence.audience(abort.signal).catch(() => null);
        if (found !== null) setAudience(found);
        await pause(first ? AGAIN_MS / 4 : AGAIN_MS * (0.5 + Math.random()), abort.signal);
      }
    };
    look().catch(() => undefined);
    return () => abort.abort();
  }, [talker, badge]);
  return audience;
}
