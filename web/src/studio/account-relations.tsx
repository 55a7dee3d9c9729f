/** Whom one follows, and whom one has blocked: each list undone a line at a time. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Avatar, ownPath } from "../shared/avatar";
import { at } from "../shared/handle";
import { mine, type Relation } from "./account-api";
import { useAct, useAsked } from "./account-page";
import { Field, Refusal } from "./parts";
import { useWords } from "./words";

/** So many at once; more on demand. */
const AT_ONCE = 10;

export function RelationsCards(): JSX.Element {
  const words = useWords();
  const [following, unread, setFollowing] = useAsked(mine.following);
  const [blocked, unreadToo, setBlocked] = useAsked(mine.blocks);
  const [busy, problem, run] = useAct();
  const without = (all: Relation[] | null, gone: Relation): Relation[] => (all ?? []).filter(({ handle }) => handle !== gone.handle);
  const unfollow = async (one: Relation): Promise<void> => {
    if (await run(() => mine.unfollow(one.handle))) setFollowing(without(following, one));
  };
  const unblock = async (one: Relation): Promise<void> => {
    if (await run(() => mine.unblock(one.handle))) setBlocked(without(blocked, one));
  };
  const block = async (handle: string): Promise<boolean> => {
    const done = await run(() => mine.block(handle));
    if (done) {
      setBlocked(await mine.blocks());
      setFollowing(await mine.following());
    }
    return done;
  };
  return (
    <>
      <section class="card" aria-labelledby="following-title">
        <h2 id="following-title">{words.following}</h2>
        <List all={following} testId="following" none={words.followingNone} act={words.unfollow} actOn={words.unfollowThem} busy={busy} onAct={unfollow} />
        <Refusal problem={unread} />
      </section>
      <section class="card" aria-labelledby="blocks-title">
        <h2 id="blocks-title">{words.blocks}</h2>
        <p class="soft small">{words.blocksHint}</p>
        <List all={blocked} testId="blocks" none={words.blocksNone} act={words.unblock} actOn={words.unblockThem} busy={busy} onAct={unblock} />
        <Block busy={busy} onBlock={block} />
        <Refusal problem={problem ?? unreadToo} />
      </section>
    </>
  );
}

interface ListProps {
  all: Relation[] | null;
  testId: string;
  none: string;
  act: string;
  actOn: (whom: string) => string;
  busy: boolean;
  onAct: (one: Relation) => Promise<void>;
}

function List({ all, testId, none, act, actOn, busy, onAct }: ListProps): JSX.Element | null {
  const words = useWords();
  const [most, setMost] = useState(AT_ONCE);
  if (all === null) return null;
  if (all.length === 0) return <p class="soft" data-testid={`${testId}-none`}>{none}</p>;
  return (
    <>
      <ul class="account-list" data-testid={testId} data-count={all.length}>
        {all.slice(0, most).map((one) => (
          <li key={one.handle} data-testid={`${testId}-${one.handle}`}>
            <a class="account-person" href={`/@${one.handle}`}>
              <Avatar name={one.display_name} picture={ownPath(one.avatar)} />
              <span class="account-name">
                <strong dir="auto">{one.display_name}</strong>
                <span class="soft small">{at(one.handle)}</span>
              </span>
            </a>
            <button
              type="button" class="button button-quiet" disabled={busy} aria-label={actOn(at(one.handle))} data-testid={`${testId}-undo-${one.handle}`}
              onClick={() => void onAct(one)}
            >
              {act}
            </button>
          </li>
        ))}
      </ul>
      {all.length > most && (
        <button type="button" class="button button-quiet" onClick={() => setMost(all.length)}>{words.relationsMore(all.length - most)}</button>
      )}
    </>
  );
}

function Block({ busy, onBlock }: { busy: boolean; onBlock: (handle: string) => Promise<boolean> }): JSX.Element {
  const words = useWords();
  const [handle, setHandle] = useState("");
  const name = handle.trim().replace(/^@/, "").toLowerCase();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void onBlock(name).then((done) => done && setHandle(""));
      }}
    >
      <Field label={words.blockHandle}>
        {(id) => (
          <div class="copy">
            <input
              id={id} data-testid="block-handle" value={handle} placeholder="@" maxLength={31} autocapitalize="none" autocomplete="off" spellcheck={false}
              onInput={({ currentTarget: { value } }) => setHandle(value)}
            />
            <button class="button" data-testid="block-send" disabled={busy || name === ""}>{words.block}</button>
          </div>
        )}
      </Field>
    </form>
  );
}
