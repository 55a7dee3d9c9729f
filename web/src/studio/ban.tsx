/** Somebody who has to go, and why; and those who had to, and may come back. */

import type { JSX } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { dayAndTime } from "../shared/format";
import { at } from "../shared/handle";
import { useLanguage } from "../shared/language";
import { manners } from "./api-manners";
import { Field, Question } from "./parts";
import type { Room } from "./room";
import type { Person } from "./types";
import type { Ban } from "./types-manners";
import { useWords } from "./words";

const MOST_REASON = 200;

interface BanProps {
  room: Room;
  person: Person;
  onBanned?: () => void;
  onClose: () => void;
}

/** Asks once, says what will happen to whom, and wants a reason: the banned one reads it. */
export function BanQuestion({ room, person, onBanned, onClose }: BanProps): JSX.Element {
  const words = useWords();
  const [reason, setReason] = useState("");
  const name = person.display_name;
  const act = async (): Promise<boolean> => {
    const done = await room.attempt(() => manners.ban(room.id, person.handle, reason.trim()));
    if (done) {
      onBanned?.();
      void room.load();
    }
    return done;
  };
  return (
    <Question title={words.banAsk(name)} act={words.ban} danger disabled={reason.trim() === ""} onAct={act} onClose={onClose}>
      <p>{words.banWhat(name)}</p>
      <Field label={words.banReason} hint={words.banReasonHint(name)}>
        {(id, hint) => (
          <input
            id={id} aria-describedby={hint} data-testid="ban-reason" maxLength={MOST_REASON} dir="auto" value={reason}
            onInput={({ currentTarget: { value } }) => setReason(value)}
          />
        )}
      </Field>
    </Question>
  );
}

/** Asked for when it is opened. */
export function Bans({ room }: { room: Room }): JSX.Element {
  const words = useWords();
  const language = useLanguage();
  const [bans, setBans] = useState<Ban[] | null>(null);
  const load = useCallback(() => room.attempt(async () => setBans(await manners.bans(room.id))), [room]);
  useEffect(() => void load(), [load]);
  const lift = async (handle: string): Promise<void> => {
    if (await room.attempt(() => manners.liftBan(room.id, handle))) await load();
  };
  return (
    <div class="bans" data-testid="bans" data-count={bans?.length ?? ""}>
      {bans?.length === 0 && <p class="soft">{words.bansNone}</p>}
      <ul>
        {bans?.map(({ handle, display_name: name, reason, by, at: when }) => (
          <li key={handle} data-testid={`banned-${handle}`}>
            <span class="person-name">
              <strong dir="auto">{name}</strong>
              <span class="soft small">{at(handle)} · {words.bannedBy(by)}, {dayAndTime(new Date(when), language)}</span>
              <q dir="auto">{reason}</q>
            </span>
            <button type="button" class="button button-small" data-testid={`lift-${handle}`} aria-label={words.liftThem(name)} onClick={() => void lift(handle)}>
              {words.lift}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
