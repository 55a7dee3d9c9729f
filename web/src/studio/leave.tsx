/** Leaving the stage. A host does not leave a Space alone: somebody has to be named who goes on with it. */

import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { useStore } from "../shared/store";
import { Problem, type Space } from "./api";
import { Question, Refusal } from "./parts";
import type { Room } from "./room";
import { candidates, isOnAir } from "./rules";
import type { Candidate } from "./types";
import { useWords } from "./words";

export function LeaveAsHost({ room, space, onClose }: { room: Room; space: Space; onClose: () => void }): JSX.Element {
  const words = useWords();
  const name = useId();
  const { seats } = useStore(room.state);
  /** What the server said: it knows best who is there. */
  const [told, setTold] = useState<Candidate[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const possible = told ?? candidates(seats, isOnAir(space));
  const heir = possible.find(({ handle }) => handle === chosen) ?? possible[0];
  const leave = async (): Promise<boolean> => {
    if (heir === undefined) return true;
    try {
      await room.leaveTo(heir.handle);
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code === "successor-needed") setTold(error.more.candidates as Candidate[]);
      setProblem(error);
      return false;
    }
  };
  return (
    <Question
      title={words.hostLeaveAsk} act={words.hostLeave(heir?.display_name ?? "")} danger disabled={heir === undefined}
      onAct={leave} onClose={onClose}
    >
      <p>{heir === undefined ? words.hostLeaveNobody : words.hostLeaveWhat}</p>
      <div class="choice choice-column" role="radiogroup" aria-label={words.hostLeaveAsk}>
        {possible.map((one) => (
          <label key={one.handle}>
            <input
              type="radio" name={name} checked={one === heir} data-testid={`successor-${one.handle}`}
              onChange={() => setChosen(one.handle)}
            />
            <bdi>{one.display_name}</bdi> <span class="soft small">{words.role[one.role]}</span>
          </label>
        ))}
      </div>
      <Refusal problem={problem} />
    </Question>
  );
}
