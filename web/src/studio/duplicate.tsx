/** Another Space like this one: the same evening next week, or what was called off, after all. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../shared/icons";
import { api, Problem, type Space } from "./api";
import { Question, Refusal } from "./parts";
import { nextTime, startOf } from "./plan";
import { go } from "./route";
import { useWords } from "./words";
import { When, type Time } from "./when-field";
import { ownZone } from "./zones";

export function Duplicate({ space, label, main = false }: { space: Space; label: string; main?: boolean }): JSX.Element {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <button
        type="button" class={main ? "button button-main" : "button"} data-testid="duplicate" onClick={() => setAsking(true)}
      >
        <Icon name="copy" />{label}
      </button>
      {asking && <Ask space={space} onClose={() => setAsking(false)} />}
    </>
  );
}

function Ask({ space, onClose }: { space: Space; onClose: () => void }): JSX.Element {
  const words = useWords();
  const [problem, setProblem] = useState<Problem | null>(null);
  const [time, setTime] = useState<Time>(() => ({
    later: space.starts_at !== null, startsAt: nextTime(space.starts_at, ownZone(), new Date()), zone: ownZone(),
  }));
  const copy = async (): Promise<boolean> => {
    const start = startOf(time);
    try {
      if (time.later && start === null) throw new Problem(422, "input-invalid", words.noSuchTime);
      const made = await api.duplicate(space.id, start?.toISOString() ?? null);
      go(`/studio/${made.id}`);
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      return false;
    }
  };
  return (
    <Question title={words.duplicateAsk} act={words.duplicateAct} wide onAct={copy} onClose={onClose}>
      <p>{words.duplicateWhat}</p>
      <When draft={time} onChange={(change) => setTime((old) => ({ ...old, ...change }))} />
      <Refusal problem={problem} />
    </Question>
  );
}
