/** The big buttons, always in reach: one's own microphone, on air, the end. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { FeltLine } from "../shared/felt-line";
import { Icon } from "../shared/icons";
import { useStore } from "../shared/store";
import { useTicker } from "../shared/ticker";
import type { Space } from "./api";
import { CallOff } from "./call-off";
import type { Conversation } from "./conversation";
import { LeaveAsHost } from "./leave";
import { Question } from "./parts";
import type { Room } from "./room";
import { useWords } from "./words";

type Asking = "start" | "end" | "leave" | null;

export function Console({ room, space, talk }: { room: Room; space: Space; talk: Conversation }): JSX.Element {
  const words = useWords();
  const [asking, setAsking] = useState<Asking>(null);
  const { phase } = useStore(room.whip.state);
  useStore(room.state);
  const role = space.role;
  const seated = phase === "connected" || phase === "reconnecting" || phase === "connecting";
  return (
    <section class="console" aria-label={words.controls} tabIndex={-1}>
      {space.state === "live" && <FeltLine felt={talk.felt} label={words.felt} />}
      <div class="console-row">
        {seated && <MuteSelf room={room} />}
        {space.state === "scheduled" && room.leads && (
          <button
            type="button" class={seated ? "button button-main button-big" : "button button-big"} data-testid="go-live"
            onClick={() => setAsking("start")}
          >
            {words.goLive}
          </button>
        )}
        <span class="console-rest">
          {seated && (
            <button type="button" class="button button-quiet" data-testid="disconnect" onClick={() => room.whip.stop()}>
              {words.disconnect}
            </button>
          )}
          {role !== null && (
            <button type="button" class="button button-quiet" data-testid="leave" onClick={() => setAsking("leave")}>
              <Icon name="leave" />{words.leaveShort}
            </button>
          )}
          {room.hosts && (
            <button type="button" class="button button-quiet button-warn" data-testid="end" onClick={() => setAsking("end")}>
              {space.state === "scheduled" ? words.callOffShort : words.end}
            </button>
          )}
        </span>
      </div>
      {asking !== null && <Asked asking={asking} room={room} space={space} onClose={() => setAsking(null)} />}
    </section>
  );
}

function Asked({ asking, room, space, onClose }: { asking: NonNullable<Asking>; room: Room; space: Space; onClose: () => void }): JSX.Element {
  const words = useWords();
  const connected = room.state.value.seats.filter((seat) => seat.connected);
  if (asking === "start") {
    const heard = connected.filter((seat) => !seat.muted).map((seat) => seat.display_name);
    return (
      <Question title={words.goLiveAsk} act={words.goLive} onAct={() => void room.start()} onClose={onClose}>
        <p>{heard.length === 0 ? words.goLiveSilent : words.goLiveHeard(heard)}</p>
      </Question>
    );
  }
  if (asking === "leave" && space.role === "host") return <LeaveAsHost room={room} space={space} onClose={onClose} />;
  if (asking === "leave") {
    return (
      <Question title={words.leaveAsk} act={words.leave} danger onAct={() => void room.removeSeat(room.handle)} onClose={onClose}>
        <p>{words.leaveWhat}</p>
      </Question>
    );
  }
  if (space.state === "scheduled") return <CallOff room={room} space={space} onClose={onClose} />;
  return (
    <Question title={words.endAsk} act={words.end} danger onAct={() => void room.end()} onClose={onClose}>
      <p>{words.endWhat(space.counts.listeners, connected.length)}</p>
    </Question>
  );
}

function MuteSelf({ room }: { room: Room }): JSX.Element {
  const words = useWords();
  const silenced = useStore(room.silenced);
  const me = room.me;
  const byHost = me?.muted_by === "host";
  const muted = silenced || me?.muted === true;
  const talking = useTalking(room, muted);
  useMuteKey(() => {
    if (!byHost) void room.mute(!muted);
  });
  return (
    <span class="mute">
      <button
        type="button" class={muted ? "button button-big mute-closed" : "button button-big mute-open"} data-testid="mute-self"
        data-muted={muted} disabled={byHost} onClick={() => void room.mute(!muted)}
      >
        <Icon name={muted ? "micOff" : "mic"} />
        {byHost ? words.mutedByHost : muted ? words.unmute : words.mute}
      </button>
      <span class="soft small mute-hint">{talking ? words.mutedTalking : `${muted ? words.youAreMuted : words.youAreOpen} · ${words.muteKey}`}</span>
      <span class="hidden" role="status">{muted ? words.youAreMuted : words.youAreOpen}</span>
    </span>
  );
}

const TALKING_LEVEL = 45;

/** One talks into a closed microphone: said for as long as it goes on. */
function useTalking(room: Room, muted: boolean): boolean {
  useTicker(400, muted);
  return muted && room.microphone.level() > TALKING_LEVEL;
}

/** M closes and opens one's microphone, unless one is typing. */
function useMuteKey(act: () => void): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== "m" || event.repeat || event.altKey || event.ctrlKey || event.metaKey) return;
      const target = event.target as Element | null;
      if (target?.closest("input:not([type=checkbox]):not([readonly]), textarea, select, dialog") != null) return;
      act();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  });
}
