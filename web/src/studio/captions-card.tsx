/** Who captions a Space: nobody, a machine or people; and the desk of those who do. */

import type { JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { captioning } from "./api-captions";
import { CaptionDesk } from "./caption-desk";
import { CopyLink } from "./parts";
import type { Room } from "./room";
import type { CaptionsMode, Space } from "./types";
import { useWords } from "./words";

const LOOK_MS = 5_000;
const MODES: CaptionsMode[] = ["off", "automatic", "human"];

export function CaptionsCard({ room, space }: { room: Room; space: Space }): JSX.Element | null {
  const words = useWords();
  const name = useId();
  const languages = useLanguages(space.captions);
  if (!room.leads) return null;
  const known = languages?.includes((space.language.split("-")[0] ?? "").toLowerCase()) ?? true;
  return (
    <section class="card" aria-labelledby="captions-title">
      <h2 id="captions-title">{words.captions}</h2>
      <fieldset class="field">
        <legend class="hidden">{words.captions}</legend>
        <div class="choice choice-column">
          {MODES.map((mode) => (
            <label key={mode}>
              <input
                type="radio" name={name} checked={space.captions === mode} data-testid={`captions-${mode}`}
                onChange={() => void room.change({ captions: mode })}
              />
              {words.captionsModes[mode]}
            </label>
          ))}
        </div>
      </fieldset>
      {space.captions === "automatic" && !known && (
        <p class="refusal" role="status" data-testid="captions-none">{words.captionsNoMachine(languages ?? [])}</p>
      )}
      {space.captions === "human" && room.hosts && <Captioners key={space.captioners.join(" ")} room={room} space={space} />}
      {space.captions === "human" && <CaptionDesk space={space} />}
    </section>
  );
}

/** The page of who has no seat here, but captions. */
export function CaptionerPage({ room, space }: { room: Room; space: Space }): JSX.Element {
  const words = useWords();
  useEffect(() => {
    // The studio's events are for those with a seat.
    const timer = setInterval(() => void room.load(), LOOK_MS);
    return () => clearInterval(timer);
  }, [room]);
  return (
    <div class="column" data-testid="captioner">
      <h1 dir="auto">{space.title}</h1>
      <p>{words.captionsListen} <a href={space.links.share} target="_blank" rel="noopener">{words.captionsOpenHall}</a></p>
      <CaptionDesk space={space} />
    </div>
  );
}

function Captioners({ room, space }: { room: Room; space: Space }): JSX.Element {
  const words = useWords();
  const [text, setText] = useState(space.captioners.join(" "));
  const keep = (): void => {
    const captioners = [...new Set(text.split(/[\s,@]+/).filter(Boolean))];
    if (captioners.join(" ") !== space.captioners.join(" ")) void room.change({ captioners });
  };
  return (
    <>
      <label class="field">
        <span>{words.captionsBy}</span>
        <input
          type="text" value={text} autocapitalize="none" autocomplete="off" spellcheck={false} data-testid="captioners"
          onInput={({ currentTarget }) => setText(currentTarget.value)} onChange={keep}
        />
        <span class="soft small">{words.captionsByHint}</span>
      </label>
      {space.captioners.length > 0 && (
        <div class="field">
          <span>{words.captionsPage}</span>
          <CopyLink link={space.links.studio} testId="captions-link" label={words.captionsPage} />
        </div>
      )}
    </>
  );
}

/** What a machine knows here and now; null until that is known. */
function useLanguages(mode: CaptionsMode): string[] | null {
  const [languages, setLanguages] = useState<string[] | null>(null);
  useEffect(() => {
    let gone = false;
    if (mode !== "automatic") return undefined;
    captioning.languages().then((found) => {
      if (!gone) setLanguages(found);
    }, () => undefined);
    return () => {
      gone = true;
    };
  }, [mode]);
  return languages;
}
