/** What is written, in time with the sound: anybody reads, who is signed in writes. */

import type { JSX } from "preact";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Line } from "../../shared/chat";
import { Icon } from "../../shared/icons";
import { useStore } from "../../shared/store";
import type { Hall } from "../model";
import { Composer } from "./composer";
import { Door } from "./door";
import { fetchRemembered } from "./remembered";
import type { Talker } from "./talker";
import { useTalkWords } from "./words";

/** So close to its end, the list follows what comes. */
const NEAR_PX = 60;
/** The server lets one for a minute; nobody looks at a line for so long. */
const UNDO_MS = 15_000;

export function ChatSheet({ hall, talker }: { hall: Hall; talker: Talker }): JSX.Element {
  const words = useTalkWords();
  const session = useStore(talker.sessions.current);
  const [entering, setEntering] = useState(false);
  const [replyTo, setReplyTo] = useState<Line | null>(null);
  useEarlier(hall);
  useEffect(() => {
    hall.chat.look(true);
    return () => hall.chat.look(false);
  }, [hall]);
  const answer = useCallback((line: Line | null) => {
    setReplyTo(line);
    if (talker.handle === null) setEntering(true);
  }, [talker]);
  if (session === null && entering) {
    return (
      <div class="sheet-body">
        <Door talker={talker} wish="chat" />
        <button type="button" class="button" onClick={() => setEntering(false)}>{words.cancel}</button>
      </div>
    );
  }
  return (
    <>
      <Pinned hall={hall} />
      <Lines hall={hall} talker={talker} onReply={answer} />
      <Gone talker={talker} />
      <Composer
        hall={hall} talker={talker} replyTo={replyTo} entered={entering} onReplied={() => setReplyTo(null)}
        onEnter={() => setEntering(true)}
      />
    </>
  );
}

/** Once an opening: what the edge remembers from before this page listened. */
function useEarlier(hall: Hall): void {
  useEffect(() => {
    const abort = new AbortController();
    fetchRemembered(hall.place.value, abort.signal).then(({ items, pinned, poll }) => {
      // What has not been heard yet comes with its sound.
      const heardMs = hall.listening.hearingMs ?? Infinity;
      hall.chat.addEarlier(items.filter(({ at }) => !(Date.parse(at) > heardMs)));
      if (pinned !== null) hall.chat.take(pinned);
      if (poll !== null && hall.polls.state.value.poll === null) hall.polls.take(poll);
    }).catch(() => undefined);
    return () => abort.abort();
  }, [hall]);
}

function Pinned({ hall }: { hall: Hall }): JSX.Element | null {
  const words = useTalkWords();
  const { pinned } = useStore(hall.chat.state);
  if (pinned === null) return null;
  return (
    <div class="pinned" data-testid="pinned">
      <span class="pinned-label small">{words.pinned}</span>
      <p dir="auto"><bdi><strong>{pinned.name}</strong></bdi> {pinned.text}</p>
    </div>
  );
}

/** What one has deleted comes back with a tap, for a moment. */
function Gone({ talker }: { talker: Talker }): JSX.Element | null {
  const words = useTalkWords();
  const id = useStore(talker.gone);
  useEffect(() => {
    if (id === null) return undefined;
    const timer = setTimeout(() => talker.gone.set(null), UNDO_MS);
    return () => clearTimeout(timer);
  }, [talker, id]);
  if (id === null) return null;
  return (
    <p class="chat-gone small" role="status">
      {words.deleted}
      <button type="button" class="button button-quiet" data-testid="undo-delete" onClick={() => void talker.rewrite(id)}>
        {words.undo}
      </button>
    </p>
  );
}

function Lines({ hall, talker, onReply }: { hall: Hall; talker: Talker; onReply: (line: Line) => void }): JSX.Element {
  const words = useTalkWords();
  const { lines, missed } = useStore(hall.chat.state);
  const list = useRef<HTMLOListElement>(null);
  const following = useRef(true);
  const [behind, setBehind] = useState(false);
  const last = lines.at(-1)?.id;
  const byId = useMemo(() => new Map(lines.map((line) => [line.id, line])), [lines]);
  const toEnd = useCallback(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
    following.current = true;
    setBehind(false);
  }, []);
  useLayoutEffect(() => {
    if (following.current) toEnd();
    else setBehind(true);
  }, [last, toEnd]);
  return (
    <div class="chat-lines">
      {lines.length === 0 && <p class="soft chat-empty">{words.chatEmpty}</p>}
      <ol
        ref={list} tabIndex={0} aria-label={words.chat} data-testid="chat-lines" data-count={lines.length}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          following.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
          if (following.current) setBehind(false);
        }}
      >
        {missed > 0 && <li class="soft small" data-testid="chat-missed">{words.chatMissed(missed)}</li>}
        {lines.map((line) => (
          <Message
            key={line.id} line={line} own={line.by === talker.handle} talker={talker} onReply={onReply}
            to={line.replyTo === null ? null : (byId.get(line.replyTo) ?? null)}
          />
        ))}
      </ol>
      {behind && (
        <button type="button" class="button chat-new" data-testid="chat-new" onClick={toEnd}>
          <Icon name="down" />{words.newMessages}
        </button>
      )}
    </div>
  );
}

/** The side from which a line is set is that of its text: the name before it stands for itself (`bdi`). */
interface MessageProps {
  line: Line;
  own: boolean;
  /** What it answers, where that is still known. */
  to: Line | null;
  talker: Talker;
  onReply: (line: Line) => void;
}

function Message({ line, own, to, talker, onReply }: MessageProps): JSX.Element {
  const words = useTalkWords();
  const { id, by, name, role, text } = line;
  return (
    <li class={role === null ? "message" : "message message-stage"} data-testid={`message-${id}`} data-by={by} data-role={role ?? ""}>
      {to !== null && (
        <p class="message-to soft small" dir="auto">
          <bdi class="hidden">{words.inReplyTo(to.name)}: </bdi>
          <bdi aria-hidden="true">↪ <strong>{to.name}</strong> </bdi>{to.text}
        </p>
      )}
      <p dir="auto">
        <bdi><strong>{name}</strong></bdi>{" "}
        {role !== null && <bdi class="message-role">{words.role[role]}</bdi>}{" "}
        {text}
      </p>
      <span class="message-acts">
        {own ? (
          <button
            type="button" class="button button-quiet" title={words.takeBack} aria-label={words.takeBack}
            data-testid={`unwrite-${id}`} onClick={() => void talker.unwrite(id)}
          >
            <Icon name="close" />
          </button>
        ) : (
          <button
            type="button" class="button button-quiet" title={words.reply} aria-label={words.replyTo(name)}
            data-testid={`reply-${id}`} onClick={() => onReply(line)}
          >
            <Icon name="reply" />
          </button>
        )}
      </span>
    </li>
  );
}
