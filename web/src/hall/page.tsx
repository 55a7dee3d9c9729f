/** The hall as one sees it. Every part shows one store; this file only puts them in their places. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ComponentChildren, JSX } from "preact";
import { Icon, Mark } from "../shared/icons";
import { chooseLanguage, LANGUAGES, NAMES, useLanguage } from "../shared/language";
import { useStore } from "../shared/store";
import { scaleOf } from "../square/geometry";
import { CAPACITY, type Scene } from "../square/painter";
import { Square } from "../square/square";
import { Afterwards } from "./afterwards";
import { CaptionsBox } from "./captions-box";
import { Dock } from "./dock";
import type { Hall } from "./model";
import { Notice } from "./notice";
import { Risers } from "./react";
import { SheetPlace } from "./sheet";
import { actingName, needsPass, type Space } from "./space";
import { Stage } from "./stage";
import { stateOf, type HallState } from "./state";
import { useWords } from "./words";

export function HallPage({ hall, root }: { hall: Hall; root: HTMLElement }): JSX.Element {
  const words = useWords();
  const space = useStore(hall.space);
  const place = useStore(hall.place);
  const missing = useStore(hall.missing);
  const listening = useStore(hall.listening.state);
  const onStage = useStore(hall.onStage);
  const known = stateOf(space?.state ?? null, listening.phase);
  const away = hall.listening.active ? null : missing ? "unknown" : needsPass(space) && space?.state !== "ended" ? "members" : null;
  const state: HallState = away ?? known;

  useEffect(() => {
    if (space !== null) document.title = words.tabTitle(space.title);
  }, [space, words]);
  useEffect(() => {
    root.dataset.state = state;
    root.dataset.space = place.id;
    root.dataset.spaceState = space?.state ?? "";
    root.dataset.recording = String(space?.recording === true);
    root.dataset.listening = String(hall.listening.active);
    root.dataset.onStage = String(onStage);
    root.dataset.rendition = listening.rendition ?? "";
    root.dataset.delayMs = listening.delayMs === null ? "" : String(listening.delayMs);
    root.dataset.aheadMs = String(listening.aheadMs);
    root.dataset.gaps = String(listening.gaps);
    root.dataset.gapMs = String(listening.gapMs);
    root.dataset.stalls = String(listening.stalls);
    root.dataset.stretch = String(listening.stretch ?? "");
    root.dataset.appointmentAt = listening.appointment === null ? "" : new Date(listening.appointment.atMs).toISOString();
    root.dataset.ahead = String(listening.appointment?.ahead ?? "");
  }, [root, state, place, space, listening, onStage, hall]);

  const live = (
    <>
      <div class="hall-grid">
        {state !== "unknown" && space !== null && <Head space={space} />}
        <Notice hall={hall} state={state} />
        <Crowd hall={hall} state={state} />
        <div class="hall-side">
          {state !== "unknown" && space !== null && space.description !== "" && <About text={space.description} />}
          {state !== "unknown" && space !== null && space.state !== "ended" && state !== "members" && <Stage hall={hall} />}
        </div>
      </div>
      {state !== "unknown" && state !== "ended" && state !== "unsupported" && state !== "members" && space !== null && (
        <>
          <SheetPlace hall={hall} />
          <CaptionsBox hall={hall} />
          <Dock hall={hall} state={state} />
        </>
      )}
    </>
  );
  const link = state === "ended" ? (space?.links.replay ?? null) : null;
  const replay = link === null ? null : new URL(link, location.href).href;
  return (
    <>
      <Header recording={space?.recording === true && state !== "ended"} />
      {replay === null ? live : <Afterwards key={replay} link={replay} hall={hall} root={root}>{live}</Afterwards>}
    </>
  );
}

/** What it is and whose. `children` stand below the host. */
export function Head({ space, badge, children }: { space: Space; badge?: string; children?: ComponentChildren }): JSX.Element {
  const words = useWords();
  const acting = space.state === "live" ? actingName(space) : null;
  const known = space.end_reason === "cancelled" ? words.calledOff : words.badge[space.state];
  return (
    <header class="hall-head">
      <h1 dir="auto" lang={space.language}>{space.title}</h1>
      <p class="hall-host soft">
        <span class={space.state === "live" ? "badge badge-live" : "badge"}>{badge ?? known}</span>
        {space.host.display_name !== "" && <span>{words.hostedBy(space.host.display_name)}</span>}
      </p>
      {acting !== null && <p class="soft" role="status" data-testid="acting">{words.acting(acting)}</p>}
      {children}
    </header>
  );
}

/** What it is about. A long text scrolls in its place, and then the keyboard can come to it. */
export function About({ text }: { text: string }): JSX.Element {
  const place = useRef<HTMLParagraphElement>(null);
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setScrolls(element.scrollHeight > element.clientHeight + 1));
    observer.observe(element);
    return () => observer.disconnect();
  }, [text]);
  return <p ref={place} class="hall-about" dir="auto" {...(scrolls ? { tabIndex: 0 } : {})}>{text}</p>;
}

/** While the Space is recorded the bar stays in sight, and the mark with it. */
function Header({ recording }: { recording: boolean }): JSX.Element {
  const words = useWords();
  const language = useLanguage();
  const other = LANGUAGES.find((known) => known !== language) ?? "en";
  return (
    <div class={recording ? "bar bar-recording" : "bar"}>
      <span class="brand"><Mark />Parvis</span>
      {recording && (
        <span class="recording small" data-testid="recording" title={words.recordingHint}>
          <Icon name="record" />{words.recording}
          <span class="hidden">{`. ${words.recordingHint}`}</span>
        </span>
      )}
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
  const onStage = useStore(hall.onStage);
  const here = onStage || hall.listening.state.value.phase === "playing" || state === "buffering";
  // The count comes a moment after the listener: whoever listens is never told that nobody does.
  const listeners = state === "ended" ? 0 : Math.max(space?.counts.listeners ?? 0, here ? 1 : 0);
  const lit = space?.state === "live";
  const speakers = state === "ended" ? undefined : space?.speakers;
  const scene = useMemo<Scene>(
    () => ({ listeners, speakers: speakers ?? [], levels, lit, here: here && !onStage && hall.listening.active }),
    [listeners, speakers, levels, lit, here, onStage, hall],
  );
  const speaker = speakers?.find(({ handle }) => handle === active)?.display_name ?? null;
  return (
    <figure class="hall-square">
      <div class="square-place">
        <Square scene={scene} label={words.squareLabel(listeners, speaker)} />
        <Risers hall={hall} />
      </div>
      <figcaption>
        {here && lit && <p class="hall-speaking" aria-hidden="true">{speaker === null ? words.quiet : words.speaking(speaker)}</p>}
        {state !== "ended" && state !== "unknown" && state !== "members" && (
          <p class="hall-count figures" data-testid="count" data-listeners={listeners}>
            <strong>{space?.state === "scheduled" ? words.waitingFor(listeners) : words.listening(listeners)}</strong>
            {listeners > 0 && <span class="soft small">{words.scale(scaleOf(listeners, CAPACITY))}</span>}
            {space?.links.api !== undefined && (
              <button type="button" class="button button-quiet small" data-testid="who" onClick={() => hall.talk.toggle("people")}>
                {words.whoIsHere}
              </button>
            )}
          </p>
        )}
      </figcaption>
    </figure>
  );
}
