/** Who else is to come on stage: somebody by handle, or whoever has a link; and what is still out. */

import type { JSX } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { Avatar, ownPath } from "../shared/avatar";
import { at } from "../shared/handle";
import { Icon } from "../shared/icons";
import { useStore } from "../shared/store";
import { api } from "./api";
import { invitations, type SentInvitation } from "./api-invitations";
import { CopyLink, Field } from "./parts";
import type { Room } from "./room";
import { useWords } from "./words";

export function Invite({ room }: { room: Room }): JSX.Element | null {
  const words = useWords();
  const [link, setLink] = useState<string | null>(null);
  const { seats } = useStore(room.state);
  // Whoever comes has spent theirs.
  const [sent, look] = useSent(room, seats.length);
  if (!room.leads) return null;
  const make = async (): Promise<void> => {
    if (await room.attempt(async () => setLink((await api.invite(room.id, "speaker")).link))) await look();
  };
  return (
    <section class="card" aria-labelledby="invite">
      <h2 id="invite">{words.invite}</h2>
      <ByHandle room={room} onInvited={look} />
      {sent.length > 0 && (
        <ul class="account-list" aria-label={words.invitesOut} data-testid="invites-out">
          {sent.map((one) => <Out key={one.id} room={room} one={one} onGone={look} />)}
        </ul>
      )}
      {link !== null && <CopyLink link={link} testId="invite-link" />}
      <button type="button" class="button" data-testid="invite" onClick={() => void make()}>
        <Icon name="link" />{link === null ? words.inviteMake : words.inviteAnother}
      </button>
      <p class="soft small">{words.inviteHint}</p>
    </section>
  );
}

function ByHandle({ room, onInvited }: { room: Room; onInvited: () => Promise<void> }): JSX.Element {
  const words = useWords();
  const [handle, setHandle] = useState("");
  const [busy, setBusy] = useState(false);
  const name = handle.trim().replace(/^@/, "").toLowerCase();
  const send = async (): Promise<void> => {
    setBusy(true);
    const done = await room.attempt(() => invitations.toHandle(room.id, name));
    if (done) setHandle("");
    setBusy(false);
    await onInvited();
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <Field label={words.inviteHandle} hint={words.inviteHandleHint}>
        {(id, hint) => (
          <div class="copy">
            <input
              id={id} aria-describedby={hint} data-testid="invite-handle" value={handle} placeholder="@" maxLength={31}
              autocapitalize="none" autocomplete="off" spellcheck={false}
              onInput={({ currentTarget: { value } }) => setHandle(value)}
            />
            <button class="button" data-testid="invite-send" disabled={busy || name === ""}>{words.inviteSend}</button>
          </div>
        )}
      </Field>
    </form>
  );
}

function Out({ room, one, onGone }: { room: Room; one: SentInvitation; onGone: () => Promise<void> }): JSX.Element {
  const words = useWords();
  const { to } = one;
  const name = to === null ? words.inviteLink : at(to.handle);
  return (
    <li data-testid={`invited-${to?.handle ?? "link"}`}>
      <span class="account-person">
        {to === null ? <Icon name="link" /> : <Avatar name={to.display_name} picture={ownPath(to.avatar)} />}
        <span class="account-name">
          <strong dir="auto">{to === null ? words.inviteLink : to.display_name}</strong>
          <span class="soft small">{to === null ? words.inviteUses(one.uses_left) : `${at(to.handle)} · ${words.inviteWaits}`}</span>
        </span>
      </span>
      <button
        type="button" class="button button-quiet" aria-label={words.inviteRevokeOf(name)} data-testid={`revoke-${to?.handle ?? one.id}`}
        onClick={() => void room.attempt(() => invitations.revoke(room.id, one.id)).then(onGone)}
      >
        {words.inviteRevoke}
      </button>
    </li>
  );
}

/** What is out, asked again when somebody comes or goes. */
function useSent(room: Room, seats: number): [SentInvitation[], () => Promise<void>] {
  const [sent, setSent] = useState<SentInvitation[]>([]);
  const leads = room.leads;
  const look = useCallback(async () => {
    if (leads) setSent(await invitations.sent(room.id).catch(() => []));
  }, [room, leads]);
  useEffect(() => {
    void look();
  }, [look, seats]);
  return [sent, look];
}
