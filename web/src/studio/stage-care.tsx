/** What a host does to the stage as a whole: silence it, close it, and see who was banned. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../shared/icons";
import { useStore } from "../shared/store";
import { manners } from "./api-manners";
import { Bans } from "./ban";
import { Question } from "./parts";
import type { Room } from "./room";
import type { Space } from "./types";
import { useWords } from "./words";

export function StageCare({ room, space }: { room: Room; space: Space }): JSX.Element | null {
  const words = useWords();
  const { seats } = useStore(room.state);
  const [muting, setMuting] = useState(false);
  const [bans, setBans] = useState(false);
  if (!room.leads) return null;
  const open = seats.filter(({ role, muted, acting }) => role === "speaker" && !muted && !acting);
  return (
    <div class="care">
      <div class="row">
        <button type="button" class="button button-small" data-testid="mute-all" disabled={open.length === 0} onClick={() => setMuting(true)}>
          <Icon name="micOff" />{words.muteAll}
        </button>
        <button
          type="button" class="button button-small" data-testid="lock"
          onClick={() => void room.change({ stage_locked: !space.stage_locked })}
        >
          <Icon name="lock" />{space.stage_locked ? words.unlock : words.lock}
        </button>
      </div>
      {space.stage_locked && <p class="soft small" role="status" data-testid="locked">{words.locked}</p>}
      <details class="plain" onToggle={({ currentTarget }) => setBans(currentTarget.open)}>
        <summary data-testid="bans-open">{words.bans}</summary>
        {bans && <Bans room={room} />}
      </details>
      {muting && (
        <Question
          title={words.muteAllAsk} act={words.muteAll} danger onAct={() => room.attempt(() => manners.muteAll(room.id))}
          onClose={() => setMuting(false)}
        >
          <p>{words.muteAllWhat(open.map(({ display_name }) => display_name))}</p>
        </Question>
      )}
    </div>
  );
}
