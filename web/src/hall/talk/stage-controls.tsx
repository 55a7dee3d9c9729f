/** The dock of somebody on stage: one's microphone where the play control was, and the way back. */

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { FeltLine } from "../../shared/felt-line";
import { Icon } from "../../shared/icons";
import { isForPage } from "../../shared/keys";
import { useStore } from "../../shared/store";
import type { Hall } from "../model";
import type { Talker } from "./talker";
import { useTalkWords } from "./words";

export function StageControls({ talker }: { talker: Talker }): JSX.Element {
  const words = useTalkWords();
  const { phase, muted, byHost, tookMs } = useStore(talker.speaking.state);
  useMuteKey(() => {
    if (!byHost) void talker.speaking.mute(!muted);
  });
  return (
    <>
      <button
        type="button" class="dock-side" data-testid="leave-stage" aria-label={words.leave} title={words.leave}
        onClick={() => void talker.speaking.leave()}
      >
        <Icon name="leave" /><span>{words.leaveShort}</span>
      </button>
      <button
        type="button" class={muted ? "play play-muted" : "play play-open"} data-testid="mute-self" data-muted={muted}
        data-connection={phase} data-took-ms={tookMs ?? ""} disabled={byHost}
        onClick={() => void talker.speaking.mute(!muted)}
      >
        <Voice talker={talker} />
        <Icon name={muted ? "micOff" : "mic"} />
        {phase === "cut" ? words.connecting : byHost ? words.mutedByHost : muted ? words.unmute : words.mute}
      </button>
      {phase === "cut" && <p class="hidden" role="alert" data-testid="cut">{words.cut}</p>}
    </>
  );
}

/** What the audience feels, for who speaks to it. */
export function StageFelt({ hall }: { hall: Hall }): JSX.Element {
  const words = useTalkWords();
  return <FeltLine felt={hall.reactions.felt} label={words.felt} />;
}

/** One's own level, behind the words of the button: moved outside the renderer. */
function Voice({ talker }: { talker: Talker }): JSX.Element {
  const bar = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    let frame = 0;
    let shown = 0;
    const step = (): void => {
      const level = talker.speaking.level();
      shown = level > shown ? level : shown + (level - shown) * 0.12;
      bar.current?.style.setProperty("--level", String(shown / 100));
      frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame);
  }, [talker]);
  return <span ref={bar} class="play-voice" aria-hidden="true" />;
}

/** M closes and opens one's microphone, unless one is typing. */
function useMuteKey(act: () => void): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.repeat || event.key.toLowerCase() !== "m" || !isForPage(event)) return;
      latest.current();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}
