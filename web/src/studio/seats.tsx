/** Everybody on stage: how they sound, how their connection is, and what one may do about it. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Avatar, ownPath } from "../shared/avatar";
import { Icon, type IconName } from "../shared/icons";
import { useStore } from "../shared/store";
import type { Seat } from "./api";
import { BanQuestion } from "./ban";
import { CheckLine } from "./check";
import { Question } from "./parts";
import type { Room } from "./room";
import { actsOn, qualityOf, type Quality } from "./rules";
import { StageCare } from "./stage-care";
import { useWords } from "./words";

export function Seats({ room }: { room: Room }): JSX.Element {
  const words = useWords();
  const { seats, space } = useStore(room.state);
  return (
    <section class="card" aria-labelledby="seats">
      <h2 id="seats">{words.stage}</h2>
      <ul class="seats" data-testid="seats">
        {seats.map((seat) => <SeatRow key={seat.handle} seat={seat} room={room} />)}
      </ul>
      {space !== null && <StageCare room={room} space={space} />}
    </section>
  );
}

function SeatRow({ seat, room }: { seat: Seat; room: Room }): JSX.Element {
  const words = useWords();
  const own = seat.handle === room.handle;
  const quality = qualityOf(seat);
  return (
    <li
      class={seat.connected ? "person" : "person person-away"} data-testid={`seat-${seat.handle}`} data-role={seat.role} data-acting={seat.acting}
      data-connected={seat.connected} data-muted={seat.muted} data-muted-by={seat.muted_by ?? ""} data-level={seat.level ?? 0}
      data-quality={quality}
    >
      <Avatar name={seat.display_name} picture={ownPath(seat.avatar)} level={(seat.level ?? 0) / 100} />
      <span class="person-name">
        <strong dir="auto">{seat.display_name}</strong>
        <span class="soft small">
          {own ? `${words.you}, ` : ""}{seat.acting ? words.actingRole : words.role[seat.role]}
          {seat.muted_by !== null && ` · ${words.seatMuted[seat.muted_by]}`}
        </span>
        <span class={`quality quality-${quality} small`}>
          <Bars quality={quality} />{words.quality[quality]}
        </span>
        <CheckLine seat={seat} all={own} />
      </span>
      {!own && <SeatActs seat={seat} room={room} />}
    </li>
  );
}

const BARS: Record<Quality, number> = { good: 3, fair: 2, poor: 1, unknown: 0, away: 0 };

function Bars({ quality }: { quality: Quality }): JSX.Element {
  return (
    <svg class="bars" viewBox="0 0 14 12" aria-hidden="true">
      {[0, 1, 2].map((i) => (
        <rect key={i} x={i * 5} y={8 - i * 4} width="3.4" height={4 + i * 4} rx="1" class={i < BARS[quality] ? "bar-on" : "bar-off"} />
      ))}
    </svg>
  );
}

function SeatActs({ seat, room }: { seat: Seat; room: Room }): JSX.Element {
  const words = useWords();
  const [removing, setRemoving] = useState(false);
  const [banning, setBanning] = useState(false);
  const [handing, setHanding] = useState(false);
  const acts = actsOn(seat, room.standing);
  const name = seat.display_name;
  const raise = seat.role === "speaker";
  const button = (icon: IconName, label: string, act: () => void, testId: string): JSX.Element => (
    <button type="button" class="button button-quiet" title={label} aria-label={label} data-testid={`${testId}-${seat.handle}`} onClick={act}>
      <Icon name={icon} />
    </button>
  );
  return (
    <span class="seat-acts">
      {/* One button with two names, or the keyboard would fall from it. */}
      {acts.includes("mute") ? button("mic", words.muteThem(name), () => void room.changeSeat(seat.handle, { muted: true }), "mute")
        : acts.includes("unmute") && button("micOff", words.unmuteThem(name), () => void room.changeSeat(seat.handle, { muted: false }), "unmute")}
      {acts.includes("role") && button(
        "people", raise ? words.makeCoHost(name) : words.makeSpeaker(name),
        () => void room.changeSeat(seat.handle, { role: raise ? "co-host" : "speaker" }), "role",
      )}
      {room.standing === "host" && seat.role === "co-host" && button("crown", words.makeHost(name), () => setHanding(true), "host")}
      {handing && (
        <Question
          title={words.makeHostAsk(name)} act={words.makeHost(name)} onAct={() => room.changeSeat(seat.handle, { role: "host" })}
          onClose={() => setHanding(false)}
        >
          <p>{words.makeHostWhat(name)}</p>
        </Question>
      )}
      {acts.includes("remove") && button("close", words.removeThem(name), () => setRemoving(true), "remove")}
      {acts.includes("remove") && button("ban", words.banThem(name), () => setBanning(true), "ban")}
      {banning && <BanQuestion room={room} person={seat} onClose={() => setBanning(false)} />}
      {removing && (
        <Question
          title={words.removeAsk(name)} act={words.remove} danger
          onAct={() => void room.removeSeat(seat.handle)} onClose={() => setRemoving(false)}
        >
          <p>{words.removeWhat(name)}</p>
        </Question>
      )}
    </span>
  );
}
