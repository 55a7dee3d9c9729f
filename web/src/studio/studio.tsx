/** The studio of one Space: one screen a phase. Prepare, green room, on air, after. */

import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { clock, number, span } from "../shared/format";
import { useLanguage } from "../shared/language";
import { useStore } from "../shared/store";
import { useTicker } from "../shared/ticker";
import { account } from "./account";
import type { Space } from "./api";
import { Audience, Invite } from "./audience";
import { Console } from "./console";
import { Door } from "./door";
import { AcceptInvitation, NoSeat } from "./invitation";
import { MicrophoneCard } from "./microphone-card";
import { Refusal } from "./parts";
import { Room } from "./room";
import { follow } from "./route";
import { Seats } from "./seats";
import { useWords } from "./words";

export type StudioPhase = "prepare" | "green-room" | "live" | "held" | "after";

/** Which screen: by the Space, and by whether one's own sound is on stage. */
export function phaseOf(state: Space["state"], seated: boolean): StudioPhase {
  if (state === "ended") return "after";
  if (state === "scheduled") return seated ? "green-room" : "prepare";
  return state;
}

interface Where {
  id: string;
  invitation: string | null;
}

export function StudioOf({ id, invitation }: Where): JSX.Element {
  const words = useWords();
  const who = useStore(account);
  if (who === "asking") return <p class="column soft" role="status">{words.loading}</p>;
  const handle = who === "nobody" ? "" : who.handle;
  return <RoomOf key={handle} id={id} invitation={invitation} handle={handle} />;
}

function RoomOf({ id, invitation, handle }: Where & { handle: string }): JSX.Element {
  const words = useWords();
  const room = useMemo(() => new Room(id, handle), [id, handle]);
  useEffect(() => () => room.close(), [room]);
  const { space, problem } = useStore(room.state);

  if (space === null && problem === null) return <p class="column soft" role="status">{words.loading}</p>;
  if (space === null) return <Missing room={room} />;
  if (space.role !== null) return <Stage room={room} space={space} />;
  if (invitation !== null && space.state !== "ended") {
    return <AcceptInvitation space={space} invitation={invitation} onSeat={() => void room.load()} />;
  }
  if (handle === "") return <div class="column column-narrow"><h1>{space.title}</h1><Door first="sign-in" /></div>;
  return <NoSeat space={space} />;
}

function Missing({ room }: { room: Room }): JSX.Element {
  const words = useWords();
  const { problem } = useStore(room.state);
  return (
    <div class="column column-narrow">
      <Refusal problem={problem} />
      <button type="button" class="button" onClick={() => void room.load()}>{words.retry}</button>
      <a class="button button-quiet" href="/" onClick={follow}>{words.home}</a>
    </div>
  );
}

function Stage({ room, space }: { room: Room; space: Space }): JSX.Element {
  const words = useWords();
  const { stale } = useStore(room.state);
  const refusal = useStore(room.refusal);
  const whip = useStore(room.whip.state);
  const seated = whip.phase === "connected" || whip.phase === "reconnecting";
  const phase = phaseOf(space.state, seated);
  useEffect(() => {
    document.body.dataset.phase = phase;
    document.title = `${phase === "live" ? "● " : ""}${space.title} · Parvis`;
    return () => delete document.body.dataset.phase;
  }, [phase, space.title]);
  if (phase === "after") return <After room={room} space={space} />;
  return (
    <>
      <div class="studio-page" data-testid="studio" data-phase={phase} data-connection={whip.phase} data-state={space.state}>
        <Banner space={space} phase={phase} seated={seated} />
        {stale && <p class="refusal" role="status">{words.stale}</p>}
        <Refusal problem={refusal} />
        {seated && whip.phase === "reconnecting" && <p class="refusal" role="alert">{words.reconnecting}</p>}
        <div class="studio-grid">
          <div class="studio-main">
            {!seated && <MicrophoneCard room={room} />}
            <Seats room={room} />
            <Invite room={room} />
          </div>
          <Audience room={room} space={space} />
        </div>
      </div>
      <Console room={room} space={space} />
    </>
  );
}

function Banner({ space, phase, seated }: { space: Space; phase: StudioPhase; seated: boolean }): JSX.Element {
  const words = useWords();
  useTicker(1_000, phase === "live" || space.starts_at !== null);
  const startedMs = Date.parse(space.started_at ?? space.created_at);
  return (
    <header class="studio-head">
      <h1>{space.title}</h1>
      {phase === "live" && (
        <p class="on-air" data-testid="on-air">
          <strong role="status">{words.onAir}</strong>
          <span class="figures">{clock(Date.now() - startedMs)}</span>
        </p>
      )}
      {phase === "live" && !seated && <Said line={words.notConnected} hint={words.notConnectedHint} urgent />}
      {phase === "held" && <Said line={words.heldTitle} hint={words.heldHint} urgent />}
      {phase === "prepare" && <Said line={words.prepare} hint={words.prepareHint} />}
      {phase === "green-room" && <Said line={words.greenRoom} hint={words.greenRoomHint} />}
      {space.state === "scheduled" && space.starts_at !== null && <Announced at={Date.parse(space.starts_at)} />}
    </header>
  );
}

function Said({ line, hint, urgent = false }: { line: string; hint: string; urgent?: boolean }): JSX.Element {
  return (
    <div class={urgent ? "said said-urgent" : "said"}>
      <p class="said-line" role="status">{line}</p>
      <p class={urgent ? "" : "soft"}>{hint}</p>
    </div>
  );
}

function Announced({ at }: { at: number }): JSX.Element {
  const words = useWords();
  const leftMs = at - Date.now();
  return <p class="announced figures" data-testid="announced">{leftMs > 0 ? words.begunIn(clock(leftMs)) : words.begunLate(-leftMs)}</p>;
}

function After({ room, space }: { room: Room; space: Space }): JSX.Element {
  const words = useWords();
  const language = useLanguage();
  const { seats } = useStore(room.state);
  const { started_at: from, ended_at: to } = space;
  return (
    <div class="column column-narrow" data-testid="studio" data-phase="after" data-state="ended">
      <p class="soft">{space.title}</p>
      <h1>{words.afterTitle}</h1>
      <p class="soft">{from === null ? words.afterNever : words.afterHint}</p>
      {from !== null && (
        <dl class="figures-list">
          <div><dt class="soft">{words.afterLasted}</dt><dd>{span(Date.parse(to ?? from) - Date.parse(from))}</dd></div>
          <div><dt class="soft">{words.afterPeak}</dt><dd data-testid="peak">{number(space.counts.peak_listeners, language)}</dd></div>
          <div><dt class="soft">{words.afterSpeakers}</dt><dd>{number(seats.length, language)}</dd></div>
        </dl>
      )}
      <a class="button button-main" href="/" onClick={follow}>{words.home}</a>
    </div>
  );
}
