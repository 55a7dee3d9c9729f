/** Who asks to speak: find them, mark them, call them. */

import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { initials } from "../shared/format";
import { at } from "../shared/handle";
import { Icon } from "../shared/icons";
import { useStore } from "../shared/store";
import { BanQuestion } from "./ban";
import { Hands, LOOK_AGAIN_MS } from "./hands";
import { Question } from "./parts";
import type { Room } from "./room";
import type { Space } from "./types";
import type { Hand } from "./types-manners";
import { useWords } from "./words";

export function HandsCard({ room, space }: { room: Room; space: Space }): JSX.Element | null {
  const words = useWords();
  const hands = useMemo(() => new Hands(room), [room]);
  const { items, next, total, screened, known, search, onlyScreened, loading } = useStore(hands.state);
  const [lowering, setLowering] = useState(false);
  useEffect(() => {
    void hands.look();
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") void hands.look();
    }, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [hands]);
  if (!known) return null;
  const open = space.hands === "open";
  const filtered = search !== "" || onlyScreened;
  return (
    <section class="card hands" aria-labelledby="hands" data-testid="hands" data-total={total} data-open={open}>
      <div class="heading">
        <h2 id="hands">{words.hands}</h2>
        <span class="soft figures" data-testid="hands-total">{total > 0 && words.handsCount(total, screened)}</span>
      </div>
      <p class="hidden" role="status">{total > 0 || filtered ? words.handsAsked : ""}</p>
      {(total > 0 || filtered) && <Finder hands={hands} />}
      {items.length === 0 && <p class="soft">{filtered ? words.handsNotFound : open ? words.handsNone : words.handsAreClosed}</p>}
      <ol class="hand-list">
        {items.map((hand) => <HandRow key={hand.id} hand={hand} hands={hands} room={room} />)}
      </ol>
      {next !== null && (
        <button type="button" class="button" data-testid="hands-more" disabled={loading} onClick={() => void hands.more()}>
          {words.handsMore(total - items.length)}
        </button>
      )}
      <div class="row">
        <button
          type="button" class="button button-small" data-testid="hands-open"
          onClick={() => void room.change({ hands: open ? "closed" : "open" })}
        >
          <Icon name={open ? "lock" : "hand"} />{open ? words.handsClose : words.handsOpen}
        </button>
        {total > 0 && (
          <button type="button" class="button button-quiet" data-testid="hands-lower" onClick={() => setLowering(true)}>
            {words.handsLower}
          </button>
        )}
      </div>
      {lowering && (
        <Question
          title={words.handsLowerAsk} act={words.handsLower} danger onAct={() => void hands.lowerAll()} onClose={() => setLowering(false)}
        >
          <p>{words.handsLowerWhat(total)}</p>
        </Question>
      )}
    </section>
  );
}

function Finder({ hands }: { hands: Hands }): JSX.Element {
  const words = useWords();
  const { search, order, onlyScreened } = useStore(hands.state);
  return (
    <div class="finder">
      <input
        type="search" placeholder={words.handsSearch} aria-label={words.handsSearch} data-testid="hands-search" value={search}
        onInput={({ currentTarget: { value } }) => hands.ask({ search: value })}
      />
      <select
        aria-label={words.handsOrder} data-testid="hands-order" value={order}
        onChange={({ currentTarget: { value } }) => {
          if (value === "oldest" || value === "newest" || value === "name") hands.ask({ order: value });
        }}
      >
        {(["oldest", "newest", "name"] as const).map((name) => <option key={name} value={name}>{words.handsOrders[name]}</option>)}
      </select>
      <label class="tick">
        <input
          type="checkbox" checked={onlyScreened} data-testid="hands-screened"
          onChange={({ currentTarget: { checked } }) => hands.ask({ onlyScreened: checked })}
        />
        {words.handsOnlyScreened}
      </label>
    </div>
  );
}

function HandRow({ hand, hands, room }: { hand: Hand; hands: Hands; room: Room }): JSX.Element {
  const words = useWords();
  const [busy, setBusy] = useState(false);
  const [banning, setBanning] = useState(false);
  const { display_name: name, handle, note, screened, position } = hand;
  const answer = async (state: "called" | "declined"): Promise<void> => {
    setBusy(true);
    if (!(await hands.answer(hand, state))) setBusy(false);
  };
  return (
    <li class="hand" data-testid={`hand-${handle}`} data-screened={screened} data-position={position ?? ""}>
      <span class="avatar" aria-hidden="true">{initials(name)}</span>
      <span class="person-name">
        <strong dir="auto">{name}</strong>
        <span class="soft small figures">{at(handle)}{position !== null && ` · ${words.handPlace(position)}`}</span>
        {note !== "" && <span class="hand-note" dir="auto">{note}</span>}
      </span>
      <span class="hand-acts">
        <button
          type="button" class={screened ? "button button-quiet hand-screened" : "button button-quiet"} aria-pressed={screened}
          title={words.handScreen} aria-label={words.handScreenThem(name)} data-testid={`screen-${handle}`} onClick={() => void hands.screen(hand)}
        >
          <Icon name="check" />
        </button>
        <button
          type="button" class="button button-quiet" title={words.handDecline} aria-label={words.handDeclineThem(name)} disabled={busy}
          data-testid={`decline-${handle}`} onClick={() => void answer("declined")}
        >
          <Icon name="close" />
        </button>
        <button
          type="button" class="button button-quiet" title={words.ban} aria-label={words.banThem(name)} data-testid={`ban-hand-${handle}`}
          onClick={() => setBanning(true)}
        >
          <Icon name="ban" />
        </button>
        <button
          type="button" class="button button-main hand-call" data-testid={`call-${handle}`} aria-label={words.handCallThem(name)} disabled={busy}
          onClick={() => void answer("called")}
        >
          {words.handCall}
        </button>
      </span>
      {banning && (
        <BanQuestion room={room} person={hand} onBanned={() => hands.drop((one) => one.handle === handle)} onClose={() => setBanning(false)} />
      )}
    </li>
  );
}
