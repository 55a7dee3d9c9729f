/** The hall as one sees it. Every part shows one store; this file only puts them in their places. */

import { useEffect, useMemo } from "preact/hooks";
import type { JSX } from "preact";
import { Mark } from "../shared/icons";
import { chooseLanguage, LANGUAGES, NAMES, useLanguage } from "../shared/language";
import { useStore } from "../shared/store";
import { scaleOf } from "../square/geometry";
import { CAPACITY, type Scene } from "../square/painter";
import { Square } from "../square/square";
import { Dock } from "./dock";
import type { Hall } from "./model";
import { Notice } from "./notice";
import { Stage } from "./stage";
import { stateOf, type HallState } from "./state";
import { useWords } from "./words";

export function HallPage({ hall, root }: { hall: Hall; root: HTMLElement }): JSX.Element {
  const words = useWords();
  const space = useStore(hall.space);
  const missing = useStore(hall.missing);
  const listening = useStore(hall.listening.state);
  const state: HallState = missing && !hall.listening.active ? "unknown" : stateOf(space?.state ?? null, listening.phase);

  useEffect(() => {
    if (space !== null) document.title = words.tabTitle(space.title);
  }, [space, words]);
  useEffect(() => {
    root.dataset.state = state;
    root.dataset.spaceState = space?.state ?? "";
    root.dataset.listening = String(hall.listening.active);
    root.dataset.rendition = listening.rendition ?? "";
    root.dataset.delayMs = listening.delayMs === null ? "" : String(listening.delayMs);
    root.dataset.aheadMs = String(listening.aheadMs);
    root.dataset.gaps = String(listening.gaps);
    root.dataset.gapMs = String(listening.gapMs);
    root.dataset.stalls = String(listening.stalls);
    root.dataset.stretch = String(listening.stretch ?? "");
    root.dataset.appointmentAt = listening.appointment === null ? "" : new Date(listening.appointment.atMs).toISOString();
    root.dataset.ahead = String(listening.appointment?.ahead ?? "");
  }, [root, state, space, listening, hall]);

  return (
    <>
      <Header />
      <div class="hall-grid">
        {state !== "unknown" && space !== null && (
          <header class="hall-head">
            <h1>{space.title}</h1>
            <p class="hall-host soft">
              <span class={space.state === "live" ? "badge badge-live" : "badge"}>{words.badge[space.state]}</span>
              {words.hostedBy(space.host.display_name)}
            </p>
          </header>
        )}
        <Notice hall={hall} state={state} />
        <Crowd hall={hall} state={state} />
        <div class="hall-side">
          {state !== "unknown" && space !== null && space.description !== "" && (
            <p class="hall-about">{space.description}</p>
          )}
          {state !== "unknown" && space !== null && space.state !== "ended" && <Stage hall={hall} />}
        </div>
      </div>
      {state !== "unknown" && state !== "ended" && state !== "unsupported" && space !== null && (
        <Dock hall={hall} state={state} />
      )}
    </>
  );
}

function Header(): JSX.Element {
  const words = useWords();
  const language = useLanguage();
  const other = LANGUAGES.find((known) => known !== language) ?? "en";
  return (
    <div class="bar">
      <span class="brand"><Mark />Parvis</span>
      <button
        type="button" class="button button-quiet small" lang={other} title={words.otherLanguage}
        data-testid="language" onClick={() => chooseLanguage(other)}
      >
        {NAMES[other]}
      </button>
    </div>
  );
}

function Crowd({ hall, state }: { hall: Hall; state: HallState }): JSX.Element {
  const words = useWords();
  const space = useStore(hall.space);
  const { levels, active } = useStore(hall.voices);
  const listeners = state === "ended" ? 0 : (space?.counts.listeners ?? 0);
  const here = state === "playing" || state === "buffering" || state === "held";
  const lit = space?.state === "live";
  const speakers = state === "ended" ? undefined : space?.speakers;
  const scene = useMemo<Scene>(
    () => ({ listeners, speakers: speakers ?? [], levels, lit, here: here && hall.listening.active }),
    [listeners, speakers, levels, lit, here, hall],
  );
  const speaker = speakers?.find(({ handle }) => handle === active)?.display_name ?? null;
  return (
    <figure class="hall-square">
      <Square scene={scene} label={words.squareLabel(listeners, speaker)} />
      <figcaption>
        {here && lit && <p class="hall-speaking" aria-hidden="true">{speaker === null ? words.quiet : words.speaking(speaker)}</p>}
        {state !== "ended" && state !== "unknown" && (
          <p class="hall-count figures" data-testid="count" data-listeners={listeners}>
            <strong>{words.listening(listeners)}</strong>
            {listeners > 0 && <span class="soft small">{words.scale(scaleOf(listeners, CAPACITY))}</span>}
          </p>
        )}
      </figcaption>
    </figure>
  );
}
