/** Where one writes. What is refused stays in the field, with the reason below. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Line } from "../../shared/chat";
import { Icon } from "../../shared/icons";
import { useStore } from "../../shared/store";
import { useTicker } from "../../shared/ticker";
import type { Hall } from "../model";
import type { Talker } from "./talker";
import { sayProblem, useTalkWords } from "./words";

const MOST = 500;

interface ComposerProps {
  hall: Hall;
  talker: Talker;
  replyTo: Line | null;
  /** One signed in to write: the keyboard is in the field at once. */
  entered: boolean;
  onReplied: () => void;
  /** Somebody who is not signed in wants to write. */
  onEnter: () => void;
}

export function Composer({ hall, talker, replyTo, entered, onReplied, onEnter }: ComposerProps): JSX.Element {
  const words = useTalkWords();
  const space = useStore(hall.space);
  const seated = useStore(hall.seated);
  const session = useStore(talker.sessions.current);
  const mode = space?.chat?.mode ?? "open";
  const mine = session !== null && seated.has(session.handle);
  if (mode === "off") return <p class="composer soft" data-testid="chat-closed">{words.chatOff}</p>;
  if (mode === "stage" && !mine) return <p class="composer soft" data-testid="chat-closed">{words.chatStage}</p>;
  if (session === null) {
    return (
      <div class="composer">
        <button type="button" class="button button-main" data-testid="chat-sign-in" onClick={onEnter}>{words.signInTo.chat}</button>
      </div>
    );
  }
  return <Field talker={talker} replyTo={replyTo} entered={entered} slowS={mine ? 0 : (space?.chat?.slow_s ?? 0)} onReplied={onReplied} />;
}

function Field({ talker, replyTo, entered, slowS, onReplied }: {
  talker: Talker; replyTo: Line | null; entered: boolean; slowS: number; onReplied: () => void;
}): JSX.Element {
  const words = useTalkWords();
  const refusal = useStore(talker.refusal);
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [sent, setSent] = useState(0);
  const [freeMs, setFreeMs] = useState(0);
  const field = useRef<HTMLTextAreaElement>(null);
  const leftS = Math.ceil((freeMs - performance.now()) / 1_000);
  useTicker(1_000, leftS > 0);
  useEffect(() => {
    if (replyTo !== null || entered) field.current?.focus();
  }, [replyTo, entered]);

  const send = async (): Promise<void> => {
    const line = text.replace(/\s+/gu, " ").trim();
    if (line === "" || busy || leftS > 0) return;
    setBusy(true);
    const taken = await talker.write(line, replyTo?.id ?? null);
    setBusy(false);
    const waitS = taken ? slowS : (talker.refusal.value?.retryAfterS ?? 0);
    if (waitS > 0) setFreeMs(performance.now() + waitS * 1_000);
    if (!taken) return;
    setText("");
    setSent(sent + 1);
    onReplied();
    field.current?.focus();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {replyTo !== null && (
        <p class="composer-reply small">
          <span dir="auto">{words.replyTo(replyTo.name)}</span>
          <button type="button" class="button button-quiet" aria-label={words.noReply} title={words.noReply} onClick={onReplied}>
            <Icon name="close" />
          </button>
        </p>
      )}
      <div class="composer-row">
        <textarea
          ref={field} rows={1} maxLength={MOST} dir="auto" enterkeyhint="send" placeholder={words.write} aria-label={words.write}
          data-testid="chat-text" value={text} onInput={({ currentTarget: { value } }) => setText(value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            void send();
          }}
        />
        <button
          class="button button-main composer-send" data-testid="chat-send" aria-label={words.send} title={words.send}
          disabled={busy || leftS > 0 || text.trim() === ""}
        >
          <Icon name="send" />
        </button>
      </div>
      {refusal !== null && leftS <= 0 && (
        <p class="talk-refusal" role="alert" data-testid="refusal" data-code={refusal.code}>{sayProblem(words, refusal)}</p>
      )}
      {leftS > 0 ? <p class="soft small figures">{words.slowLeft(leftS)}</p>
        : slowS > 0 && <p class="soft small">{words.slow(slowS)}</p>}
      <p class="hidden" role="status" key={sent}>{sent > 0 ? words.sent : ""}</p>
    </form>
  );
}
