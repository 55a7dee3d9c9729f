/** The controls that a thumb must always reach: listen, react, ask, write; the delay and what it means, the volume. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { Icon } from "../shared/icons";
import { isForPage } from "../shared/keys";
import { recall, remember } from "../shared/language";
import { useStore } from "../shared/store";
import { CaptionsButton } from "./captions-box";
import { PART_MS } from "./mp4";
import type { Hall } from "./model";
import { ReactionRow } from "./react";
import { useDockHeight } from "./sheet";
import { CROWDED_FROM_STRETCH, type HallState } from "./state";
import { useWords } from "./words";

const VOLUME_KEY = "parvis.volume";
/** So far behind the stage, winning it back takes a minute and more. */
const FAR_MS = 4_000;

export function Dock({ hall, state }: { hall: Hall; state: HallState }): JSX.Element {
  const words = useWords();
  const [open, setOpen] = useState(false);
  const { delayMs } = useStore(hall.listening.state);
  const space = useStore(hall.space);
  const onStage = useStore(hall.onStage);
  const page = useStore(hall.talk.page);
  const talker = useStore(hall.talk.talker);
  const dock = useRef<HTMLElement>(null);
  useKeys(hall);
  useDockHeight(dock);
  const talks = space?.links.api !== undefined;
  const onAir = space?.state === "live" || space?.state === "held";
  const here = onStage || state === "playing" || state === "buffering" || state === "reconnecting";
  return (
    <section
      ref={dock} class="dock dock-live" data-testid="dock" data-on-stage={onStage} aria-label={words.controls} tabIndex={-1}
    >
      {open && delayMs !== null && <DelayMeaning hall={hall} />}
      {onStage && page !== null && <page.StageFelt hall={hall} />}
      {talks && here && <ReactionRow hall={hall} />}
      <div class="dock-row">
        {onStage && page !== null && talker !== null ? <page.StageControls talker={talker} /> : (
          <>
            {talks && onAir && <HandButton hall={hall} />}
            <Play hall={hall} state={state} />
          </>
        )}
        {talks && <ChatButton hall={hall} />}
        <Delay hall={hall} open={open} onToggle={() => setOpen(!open)} />
        <Volume audio={hall.audio} />
      </div>
    </section>
  );
}

function HandButton({ hall }: { hall: Hall }): JSX.Element {
  const words = useWords();
  const hand = useStore(hall.hand);
  const sheet = useStore(hall.talk.sheet);
  const label = hand === "called" ? words.handCalled : hand === "up" ? words.handUp : words.hand;
  return (
    <button
      type="button" class={`dock-side dock-hand-${hand}`} data-testid="hand" data-hand={hand} aria-expanded={sheet === "hand"}
      onClick={() => hall.talk.toggle("hand")}
    >
      <Icon name="hand" /><span>{label}</span>
    </button>
  );
}

/** How many are new is in the name of the button, and read when one comes to it. */
function ChatButton({ hall }: { hall: Hall }): JSX.Element {
  const words = useWords();
  const { unread } = useStore(hall.chat.state);
  const sheet = useStore(hall.talk.sheet);
  return (
    <button
      type="button" class="dock-side dock-chat" data-testid="chat" data-unread={unread} aria-expanded={sheet === "chat"}
      aria-label={words.chatNew(unread)} onClick={() => hall.talk.toggle("chat")}
    >
      <Icon name="chat" /><span aria-hidden="true">{words.chat}</span>
      {unread > 0 && <span class="dock-badge figures" aria-hidden="true">{unread > 99 ? "99+" : unread}</span>}
    </button>
  );
}

function Play({ hall, state }: { hall: Hall; state: HallState }): JSX.Element {
  const words = useWords();
  const { active, state: { value: { phase } } } = hall.listening;
  const waits = phase === "unbegun" || phase === "waiting";
  const hasSound = (hall.space.value?.renditions.length ?? 0) > 0;
  const label = active
    ? waits ? words.stopWaiting : state === "connecting" ? words.joining : words.pause
    : state === "banned" ? words.askAgain : state === "scheduled" && !hasSound ? words.waitHere : words.listen;
  return (
    <button type="button" class="play" data-testid="play" data-active={active} onClick={() => hall.toggle()}>
      <Icon name={active ? (waits ? "stop" : "pause") : "play"} />
      {label}
    </button>
  );
}

function Delay({ hall, open, onToggle }: { hall: Hall; open: boolean; onToggle: () => void }): JSX.Element {
  const words = useWords();
  const { delayMs } = useStore(hall.listening.state);
  return (
    <div class="dock-delay">
      {delayMs !== null && (
        <button
          type="button" class="button button-quiet figures" data-testid="delay" data-delay-ms={delayMs}
          aria-expanded={open} aria-controls="delay-meaning" onClick={onToggle}
        >
          <strong>{words.delay(delayMs)}</strong> <span>{words.behind}</span>
        </button>
      )}
      <CaptionsButton hall={hall} />
    </div>
  );
}

function DelayMeaning({ hall }: { hall: Hall }): JSX.Element {
  const words = useWords();
  const { delayMs, aheadMs, gaps, gapMs, rendition, stretch } = useStore(hall.listening.state);
  const bitrateBps = hall.space.value?.renditions.find(({ name }) => name === rendition)?.bitrate_bps;
  return (
    <div class="delay-meaning" id="delay-meaning">
      <h2>{words.delayTitle}</h2>
      <p>{words.delayWhy(delayMs ?? 0, aheadMs)}</p>
      {(stretch ?? 0) >= CROWDED_FROM_STRETCH && <p>{words.delayCrowded((stretch ?? 0) * PART_MS)}</p>}
      {(delayMs ?? 0) > FAR_MS && hall.audio.playbackRate > 1 && <p>{words.delayWinning}</p>}
      <dl class="small">
        <div>
          <dt class="soft">{words.delaySound}</dt>
          <dd>
            {rendition !== null && words.rendition[rendition]}
            {bitrateBps !== undefined && ` · ${Math.round(bitrateBps / 1000)} kbit/s`}
          </dd>
        </div>
        <div>
          <dt class="soft">{words.delayLost}</dt>
          <dd class="figures">{gaps === 0 ? words.delayNone : words.delayLostValue(gapMs, gaps)}</dd>
        </div>
      </dl>
    </div>
  );
}

export function Volume({ audio }: { audio: HTMLAudioElement }): JSX.Element {
  const words = useWords();
  const [volume, setVolume] = useState(() => Number(recall(VOLUME_KEY) ?? 1));
  const [muted, setMuted] = useState(false);
  useEffect(() => {
    audio.volume = Math.min(1, Math.max(0, volume));
    audio.muted = muted;
  }, [audio, volume, muted]);
  return (
    <div class="dock-volume">
      <button
        type="button" class="button button-quiet" data-testid="mute"
        aria-label={muted ? words.unmute : words.mute} onClick={() => setMuted(!muted)}
      >
        <Icon name={muted || volume === 0 ? "volumeOff" : "volume"} />
      </button>
      <input
        type="range" min="0" max="1" step="0.02" value={muted ? 0 : volume} aria-label={words.volume}
        data-testid="volume"
        onInput={(event) => {
          const value = Number(event.currentTarget.value);
          setMuted(false);
          setVolume(value);
          remember(VOLUME_KEY, String(value));
        }}
      />
    </div>
  );
}

/** Space or K plays and pauses, as in every player, unless a control has the keyboard. */
function useKeys(hall: Hall): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.repeat || !isForPage(event)) return;
      if (event.key === " " || event.key.toLowerCase() === "k") {
        event.preventDefault();
        hall.toggle();
      }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [hall]);
}
