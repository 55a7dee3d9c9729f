/** The chat for those who run it: read, write, pin, delete and undo, and who may write how often. */

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Line } from "../shared/chat";
import { Icon, type IconName } from "../shared/icons";
import { useStore } from "../shared/store";
import { useTicker } from "../shared/ticker";
import { BanQuestion } from "./ban";
import type { Conversation, Deleted } from "./conversation";
import type { Room } from "./room";
import type { ChatRules, Space } from "./types";
import { useWords } from "./words";

const MOST = 500;
const SLOW = [0, 5, 10, 30, 60, 300];
const NEAR_PX = 60;

export function ChatCard({ room, space, talk }: { room: Room; space: Space; talk: Conversation }): JSX.Element | null {
  const words = useWords();
  const known = useStore(talk.known);
  const { pinned } = useStore(talk.chat.state);
  const [to, setTo] = useState<Line | null>(null);
  useStore(room.state);
  if (!known) return null;
  const writes = space.chat.mode !== "off";
  return (
    <section class="card chat" aria-labelledby="chat" data-testid="chat" data-mode={space.chat.mode}>
      <h2 id="chat">{words.chat}</h2>
      {pinned !== null && (
        <p class="chat-pinned" data-testid="pinned" dir="auto">
          <span><strong>{words.pinned}</strong> <bdi>{pinned.name}</bdi>: <bdi>{pinned.text}</bdi></span>
          {room.leads && (
            <button type="button" class="button button-quiet" title={words.unpin} aria-label={words.unpin} data-testid="unpin" onClick={() => void talk.unpin()}>
              <Icon name="close" />
            </button>
          )}
        </p>
      )}
      <Lines room={room} talk={talk} onReply={writes ? setTo : null} />
      <Undo talk={talk} />
      {writes && <Write talk={talk} to={to} onReplied={() => setTo(null)} />}
      {room.leads && <Rules room={room} rules={space.chat} />}
    </section>
  );
}

/** `onReply` is null where nobody may write. */
type OnReply = ((line: Line) => void) | null;

function Lines({ room, talk, onReply }: { room: Room; talk: Conversation; onReply: OnReply }): JSX.Element {
  const words = useWords();
  const { lines } = useStore(talk.chat.state);
  const [banning, setBanning] = useState<Line | null>(null);
  const list = useRef<HTMLOListElement>(null);
  const following = useRef(true);
  const last = lines.at(-1)?.id;
  const byId = useMemo(() => new Map(lines.map((line) => [line.id, line])), [lines]);
  useLayoutEffect(() => {
    if (following.current) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [last]);
  return (
    <>
      {lines.length === 0 && <p class="soft">{words.chatNone}</p>}
      <ol
        ref={list} class="chat-lines" tabIndex={0} aria-label={words.chat} data-testid="chat-lines" data-count={lines.length}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          following.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
        }}
      >
        {lines.map((line) => (
          <Message
            key={line.id} line={line} own={line.by === room.handle} leads={room.leads} talk={talk} onReply={onReply}
            to={line.replyTo === null ? null : (byId.get(line.replyTo) ?? null)} onBan={() => setBanning(line)}
          />
        ))}
      </ol>
      {banning !== null && (
        <BanQuestion
          room={room} person={{ handle: banning.by, display_name: banning.name }} onClose={() => setBanning(null)}
          onBanned={() => talk.chat.removeAllOf(banning.by)}
        />
      )}
    </>
  );
}

interface MessageProps {
  line: Line;
  own: boolean;
  leads: boolean;
  talk: Conversation;
  /** What it answers, where that is still known. */
  to: Line | null;
  onReply: OnReply;
  onBan: () => void;
}

function Message({ line, own, leads, talk, to, onReply, onBan }: MessageProps): JSX.Element {
  const words = useWords();
  const { id, by, name, role, text } = line;
  const act = (icon: IconName, label: string, testId: string, onClick: () => void): JSX.Element => (
    <button type="button" class="button button-quiet" title={label} aria-label={`${label}: ${name}`} data-testid={`${testId}-${id}`} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
  return (
    <li class="chat-line" data-testid={`message-${id}`} data-by={by}>
      {to !== null && (
        <p class="chat-to soft small" dir="auto" data-testid={`answers-${id}`}>
          <bdi class="hidden">{words.inReplyTo(to.name)}: </bdi>
          <bdi aria-hidden="true">↪ <strong>{to.name}</strong> </bdi>{to.text}
        </p>
      )}
      <p dir="auto"><bdi><strong>{name}</strong></bdi>{role !== null && <bdi class="soft small"> {words.role[role]}</bdi>} {text}</p>
      <span class="chat-acts">
        {!own && onReply !== null && act("reply", words.reply, "reply", () => onReply(line))}
        {leads && act("pin", words.pin, "pin", () => void talk.pin(line))}
        {(leads || own) && act("close", words.messageDelete, "delete", () => void talk.delete(line))}
        {leads && !own && role !== "host" && act("ban", words.ban, "ban-message", onBan)}
      </span>
    </li>
  );
}

/** The last that was deleted, for a minute. */
function Undo({ talk }: { talk: Conversation }): JSX.Element | null {
  const words = useWords();
  const deleted: Deleted | undefined = useStore(talk.deleted).at(-1);
  useTicker(1_000, deleted !== undefined);
  if (deleted === undefined) return null;
  return (
    <p class="chat-undo" role="status" data-testid="undo">
      <span dir="auto">{words.messageDeleted(deleted.line.name)}</span>
      <button type="button" class="button button-small" data-testid="undo-delete" onClick={() => void talk.restore(deleted)}>{words.undo}</button>
    </p>
  );
}

function Write({ talk, to, onReplied }: { talk: Conversation; to: Line | null; onReplied: () => void }): JSX.Element {
  const words = useWords();
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const send = async (): Promise<void> => {
    const line = text.trim();
    if (line === "" || busy) return;
    setBusy(true);
    if (await talk.write(line, to?.id ?? null)) {
      setText("");
      onReplied();
    }
    setBusy(false);
    field.current?.focus();
  };
  useEffect(() => {
    if (to !== null) field.current?.focus();
  }, [to]);
  return (
    <form
      class="chat-write"
      onKeyDown={({ key }) => {
        if (key === "Escape" && to !== null) onReplied();
      }}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {to !== null && (
        <p class="chat-replying small" data-testid="replying" data-to={to.id}>
          <span dir="auto">{words.inReplyTo(to.name)}: <bdi class="soft">{to.text}</bdi></span>
          <button type="button" class="button button-quiet" title={words.noReply} aria-label={words.noReply} data-testid="reply-drop" onClick={onReplied}>
            <Icon name="close" />
          </button>
        </p>
      )}
      <input
        ref={field} dir="auto" maxLength={MOST} placeholder={words.chatWrite} aria-label={words.chatWrite} data-testid="chat-text" value={text}
        onInput={({ currentTarget: { value } }) => setText(value)}
      />
      <button class="button" data-testid="chat-send" disabled={busy || text.trim() === ""}>{words.chatSend}</button>
    </form>
  );
}

function Rules({ room, rules }: { room: Room; rules: ChatRules }): JSX.Element {
  const words = useWords();
  const change = (chat: Partial<ChatRules>): void => void room.change({ chat });
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (rules.mode === "off") setOpen(true);
  }, [rules.mode]);
  return (
    <details class="more" open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary data-testid="chat-rules">{words.chatRules}<span class="soft small">{words.chatRulesShort(rules.mode, rules.slow_s)}</span></summary>
      <div class="form">
        <label class="field">
          <span>{words.chatWho}</span>
          <select
            data-testid="chat-mode" value={rules.mode}
            onChange={({ currentTarget: { value } }) => {
              if (value === "open" || value === "stage" || value === "off") change({ mode: value });
            }}
          >
            {(["open", "stage", "off"] as const).map((mode) => <option key={mode} value={mode}>{words.chatModes[mode]}</option>)}
          </select>
        </label>
        <label class="field">
          <span>{words.chatSlow}</span>
          <select data-testid="chat-slow" value={rules.slow_s} onChange={({ currentTarget: { value } }) => change({ slow_s: Number(value) })}>
            {[...new Set([...SLOW, rules.slow_s])].sort((a, b) => a - b).map((s) => <option key={s} value={s}>{words.chatSlowBy(s)}</option>)}
          </select>
        </label>
        <label class="tick">
          <input type="checkbox" checked={rules.links} data-testid="chat-links" onChange={({ currentTarget: { checked } }) => change({ links: checked })} />
          {words.chatLinks}
        </label>
      </div>
    </details>
  );
}
