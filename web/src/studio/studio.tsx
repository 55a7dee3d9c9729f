/** The studio of one Space: one screen a phase. Prepare, green room, on air, after. */

import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { clock, number, span } from "../shared/format";
import { Icon } from "../shared/icons";
import { useLanguage } from "../shared/language";
import { useStore } from "../shared/store";
import { useTicker } from "../shared/ticker";
import { account } from "./account";
import type { Space } from "./api";
import { Audience } from "./audience";
import { CaptionerPage, CaptionsCard } from "./captions-card";
import { ChatCard } from "./chat-card";
import { ClockCard } from "./clock-card";
import { Console } from "./console";
import { Conversation } from "./conversation";
import { Door } from "./door";
import { Duplicate } from "./duplicate";
import { HandoffDialog } from "./handoff-dialog";
import { HandoffBanners, HandoffCodeMaker } from "./handoffs";
import { HandsCard } from "./hands-card";
import { AcceptInvitation, NoSeat } from "./invitation";
import { Invite } from "./invite";
import { Log } from "./log";
import { MicrophoneCard } from "./microphone-card";
import { Refusal, Said } from "./parts";
import { PassesCard } from "./passes-card";
import { PlanCard } from "./plan-card";
import { PollCard } from "./poll-card";
import { ReplayPage } from "./replay";
import { Room } from "./room";
import { follow } from "./route";
import { isOnAir } from "./rules";
import { Seats } from "./seats";
import { SpaceCard } from "./space-card";
import { RecordingMark, Rescue, SuccessionBanner } from "./succession";
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
  /** The log is shown in the place of the stage; the sound goes on. */
  log: boolean;
}

export function StudioOf({ id, invitation, log }: Where): JSX.Element {
  const words = useWords();
  const who = useStore(account);
  if (who === "asking") return <p class="column soft" role="status">{words.loading}</p>;
  const handle = who === "nobody" ? "" : who.handle;
  return <RoomOf key={handle} id={id} invitation={invitation} log={log} handle={handle} />;
}

function RoomOf({ id, invitation, log, handle }: Where & { handle: string }): JSX.Element {
  const words = useWords();
  const room = useMemo(() => new Room(id, handle), [id, handle]);
  useEffect(() => () => room.close(), [room]);
  const { space, problem } = useStore(room.state);

  if (space === null && problem === null) return <p class="column soft" role="status">{words.loading}</p>;
  if (space === null) return <Missing room={room} />;
  if (space.role !== null) return <Stage room={room} space={space} log={log && room.leads} />;
  if (invitation !== null && space.state !== "ended") {
    return <AcceptInvitation space={space} invitation={invitation} onSeat={() => void room.load()} />;
  }
  if (handle === "") return <div class="column column-narrow"><h1 dir="auto">{space.title}</h1><Door first="sign-in" /></div>;
  const captions = space.captions === "human" && space.captioners.includes(handle) && space.state !== "ended";
  return captions ? <CaptionerPage room={room} space={space} /> : <NoSeat space={space} />;
}

function Missing({ room }: { room: Room }): JSX.Element {
  const words = useWords();
  const { problem } = useStore(room.state);
  return (
    <div class="column column-narrow">
      <Refusal problem={problem} />
      <button type="button" class="button" onClick={() => void room.load()}>{words.retry}</button>
      <a class="button button-quiet" href="/studio" onClick={follow}>{words.home}</a>
    </div>
  );
}

function Stage({ room, space, log }: { room: Room; space: Space; log: boolean }): JSX.Element {
  const words = useWords();
  const { stale } = useStore(room.state);
  const refusal = useStore(room.refusal);
  const whip = useStore(room.whip.state);
  const [handing, setHanding] = useState(false);
  const talk = useMemo(() => new Conversation(room), [room]);
  useEffect(() => () => talk.close(), [talk]);
  const seated = whip.phase === "connected" || whip.phase === "reconnecting";
  const phase = phaseOf(space.state, seated);
  useEffect(() => {
    document.body.dataset.phase = phase;
    document.title = `${phase === "live" ? "● " : ""}${space.title} · Parvis`;
    return () => delete document.body.dataset.phase;
  }, [phase, space.title]);
  if (phase === "after") return <After room={room} space={space} log={log} />;
  return (
    <>
      <div
        class="studio-page" data-testid="studio" data-phase={phase} data-connection={whip.phase} data-state={space.state}
        data-sessions={whip.sessions} data-acting={space.acting}
      >
        <Banner room={room} space={space} phase={phase} seated={seated} />
        {stale && <p class="refusal" role="status">{words.stale}</p>}
        <Refusal problem={refusal} />
        {seated && whip.phase === "reconnecting" && <p class="refusal cut" role="alert" data-testid="cut">{words.reconnecting}</p>}
        <Rescue room={room} space={space} onElse={() => setHanding(true)} />
        <SuccessionBanner room={room} space={space} />
        <HandoffBanners room={room} space={space} />
        {log ? <Log space={space.id} /> : (
          <div class="studio-grid">
            <div class="studio-main">
              {!seated && <MicrophoneCard room={room} />}
              <Seats room={room} />
              {room.leads && <HandsCard room={room} space={space} />}
              <Invite room={room} />
              <PlanCard room={room} space={space} />
              <SpaceCard room={room} space={space} />
            </div>
            <div class="studio-side">
              <Audience room={room} space={space} />
              <PassesCard room={room} space={space} />
              <ChatCard room={room} space={space} talk={talk} />
              <PollCard room={room} space={space} talk={talk} />
              <CaptionsCard room={room} space={space} />
              <Desk room={room} space={space} onHandOff={() => setHanding(true)} />
            </div>
          </div>
        )}
      </div>
      <Console room={room} space={space} talk={talk} />
      {handing && <HandoffDialog room={room} space={space} onClose={() => setHanding(false)} />}
    </>
  );
}

function Banner({ room, space, phase, seated }: { room: Room; space: Space; phase: StudioPhase; seated: boolean }): JSX.Element {
  const words = useWords();
  useTicker(1_000, phase === "live");
  const startedMs = Date.parse(space.started_at ?? space.created_at);
  return (
    <header class="studio-head">
      <h1 dir="auto">{space.title}</h1>
      {phase !== "live" && <RecordingMark space={space} />}
      {phase === "live" && (
        <p class="on-air" data-testid="on-air">
          <strong role="status">{words.onAir}</strong>
          <RecordingMark space={space} />
          <span class="figures">{clock(room.clock.now() - startedMs)}</span>
        </p>
      )}
      {phase === "live" && !seated && <Said line={words.notConnected} hint={words.notConnectedHint} urgent />}
      {phase === "held" && <Said line={words.heldTitle} hint={words.heldHint} urgent />}
      {phase === "prepare" && <Said line={words.prepare} hint={words.prepareHint} />}
      {phase === "green-room" && <Said line={words.greenRoom} hint={words.greenRoomHint} />}
      <ClockCard room={room} space={space} seated={seated} />
    </header>
  );
}

/** What a host needs seldom, and then at once. */
function Desk({ room, space, onHandOff }: { room: Room; space: Space; onHandOff: () => void }): JSX.Element | null {
  const words = useWords();
  useStore(room.state);
  if (!room.leads) return null;
  return (
    <section class="card" aria-labelledby="desk">
      <h2 id="desk">{words.desk}</h2>
      {isOnAir(space) && (
        <div class="field">
          <button type="button" class="button" data-testid="hand-off" onClick={onHandOff}><Icon name="arrow" />{words.handOff}</button>
          <p class="soft small">{words.handOffHint}</p>
        </div>
      )}
      {room.hosts && <HandoffCodeMaker room={room} />}
      <Duplicate space={space} label={words.duplicate} />
      <a class="button button-quiet" href={`/studio/${space.id}#log`} data-testid="log-link" onClick={follow}>{words.log}</a>
    </section>
  );
}

function After({ room, space, log }: { room: Room; space: Space; log: boolean }): JSX.Element {
  const words = useWords();
  const language = useLanguage();
  const { seats } = useStore(room.state);
  const { started_at: from, ended_at: to } = space;
  const calledOff = space.end_reason === "cancelled";
  if (log) return <div class="column" data-testid="studio" data-phase="after" data-state="ended"><Log space={space.id} /></div>;
  return (
    <div class="column after" data-testid="studio" data-phase="after" data-state="ended">
      <p class="soft" dir="auto">{space.title}</p>
      <h1 data-testid="after-title" data-called-off={calledOff}>{calledOff ? words.calledOff : words.afterTitle}</h1>
      <p class="soft">{calledOff ? words.calledOffHint : from === null ? words.afterNever : words.afterHint}</p>
      {from !== null && (
        <dl class="figures-list">
          <div><dt class="soft">{words.afterLasted}</dt><dd>{span(Date.parse(to ?? from) - Date.parse(from))}</dd></div>
          <div><dt class="soft">{words.afterPeak}</dt><dd data-testid="peak">{number(space.counts.peak_listeners, language)}</dd></div>
          <div><dt class="soft">{words.afterSpeakers}</dt><dd>{number(seats.length, language)}</dd></div>
        </dl>
      )}
      {from !== null && <ReplayPage space={space} own={room.handle} />}
      <div class="row">
        {room.leads && <Duplicate space={space} label={words.duplicateAgain} main />}
        <a class="button" href="/studio" onClick={follow}>{words.home}</a>
        {room.leads && <a class="button button-quiet" href={`/studio/${space.id}#log`} data-testid="log-link" onClick={follow}>{words.log}</a>}
      </div>
    </div>
  );
}
