/** The sound check: which microphone, how loud, how it sounds, and then onto the stage. */

import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Icon } from "../shared/icons";
import { CLEANERS, type Microphone } from "../shared/microphone";
import { useStore } from "../shared/store";
import { useTicker } from "../shared/ticker";
import { Field, Refusal } from "./parts";
import { Recording } from "./recording";
import type { Room } from "./room";
import { useWords } from "./words";

export function MicrophoneCard({ room }: { room: Room }): JSX.Element {
  const words = useWords();
  const { microphone } = room;
  const mic = useStore(microphone.state);
  return (
    <section class="card mic" aria-labelledby="microphone">
      <h2 id="microphone">{words.microphone}</h2>
      {mic.error !== null && (
        <p class="refusal" role="alert" data-testid="mic-error" data-code={mic.error}>{words.micErrors[mic.error]}</p>
      )}
      {!mic.on && (
        <button
          type="button" class={mic.error === null ? "button button-wide" : "button button-main button-wide"} data-testid="mic-on" disabled={mic.asking}
          onClick={() => void microphone.turnOn()}
        >
          <Icon name="mic" />{mic.asking ? words.micAsking : mic.error === null ? words.micOn : words.retry}
        </button>
      )}
      {mic.on && (
        <>
          <Meter microphone={microphone} />
          <Field label={words.micChoose}>
            {(id) => (
              <select
                id={id} data-testid="mic-select" value={mic.deviceId}
                onChange={({ currentTarget: { value } }) => void microphone.choose(value)}
              >
                {mic.devices.map(({ id: device, label }) => (
                  <option key={device} value={device}>{words.micNumber(label)}</option>
                ))}
              </select>
            )}
          </Field>
          <fieldset class="cleaners">
            {CLEANERS.map((cleaner) => (
              <label key={cleaner}>
                <input
                  type="checkbox" checked={mic.cleaners[cleaner]} data-testid={`mic-${cleaner}`}
                  onChange={({ currentTarget: { checked } }) => void microphone.clean(cleaner, checked)}
                />
                {words.cleaners[cleaner]}
              </label>
            ))}
            <p class="soft small">{words.cleanerHint}</p>
          </fieldset>
          <Test microphone={microphone} />
        </>
      )}
      <Connect room={room} />
    </section>
  );
}

/** Moves by itself, outside the renderer: sixty times a second is no business of a tree of components. */
export function Meter({ microphone }: { microphone: Microphone }): JSX.Element {
  const words = useWords();
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let frame = 0;
    let shown = 0;
    const step = (): void => {
      const level = microphone.level();
      shown = level > shown ? level : shown + (level - shown) * 0.12;
      bar.current?.style.setProperty("--level", String(shown / 100));
      bar.current?.setAttribute("data-level", String(Math.round(shown)));
      frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame);
  }, [microphone]);
  return (
    <div class="field">
      <span>{words.micLevel}</span>
      <div class="meter" ref={bar} data-testid="mic-meter" aria-hidden="true"><span class="meter-bar" /></div>
    </div>
  );
}

function Test({ microphone }: { microphone: Microphone }): JSX.Element {
  const words = useWords();
  const recording = useMemo(() => new Recording(), []);
  const state = useStore(recording.state);
  useTicker(250, state.phase === "recording");
  useEffect(() => () => recording.forget(), [recording]);
  const leftS = state.phase === "recording" ? Math.ceil((state.untilMs - performance.now()) / 1000) : 0;
  return (
    <div class="test" data-testid="test" data-phase={state.phase}>
      <button
        type="button" class="button" data-testid="test-record"
        onClick={() => void microphone.cleaned().then((stream) => stream !== null && recording.toggle(stream))}
      >
        <Icon name={state.phase === "recording" ? "stop" : "record"} />
        {state.phase === "recording" ? words.testRecording(Math.max(0, leftS)) : state.phase === "done" ? words.testAgain : words.testRecord}
      </button>
      {state.phase === "done" && (
        <figure>
          <figcaption class="soft small">{words.testListen}</figcaption>
          <audio controls autoplay src={state.address} data-testid="test-playback" />
        </figure>
      )}
    </div>
  );
}

function Connect({ room }: { room: Room }): JSX.Element {
  const words = useWords();
  const { phase, problem } = useStore(room.whip.state);
  const { asking, error } = useStore(room.microphone.state);
  const busy = phase === "connecting" || phase === "reconnecting" || asking;
  return (
    <div class="connect" data-testid="connection" data-phase={phase}>
      <Refusal problem={problem} />
      {phase === "replaced" && <p class="refusal" role="alert">{words.replaced}</p>}
      <button
        type="button" class={error === null ? "button button-main button-wide" : "button button-wide"} data-testid="connect" disabled={busy}
        onClick={() => void room.connect()}
      >
        {busy ? (phase === "reconnecting" ? words.reconnecting : words.connecting)
          : phase === "replaced" ? words.takeBack : words.connect}
      </button>
    </div>
  );
}
