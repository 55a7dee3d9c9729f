/** Passes into a Space for members: made, handed on, counted, taken back. */

import type { JSX } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { Icon } from "../shared/icons";
import { useStore } from "../shared/store";
import { useTicker } from "../shared/ticker";
import { passes as api } from "./api-passes";
import { Problem, type Space } from "./api";
import { PassMaker } from "./pass-maker";
import { PassRow } from "./pass-row";
import { sorted, type Pass } from "./passes";
import { Refusal } from "./parts";
import type { Room } from "./room";
import { useWords } from "./words";

const LOOK_MS = 3_000;
const AT_ONCE = 20;
const SEARCH_FROM = 8;

export function PassesCard({ room, space }: { room: Room; space: Space }): JSX.Element | null {
  const words = useWords();
  useStore(room.state);
  const [making, setMaking] = useState(false);
  const [search, setSearch] = useState("");
  const [most, setMost] = useState(AT_ONCE);
  const members = space.visibility === "members";
  const { passes, problem, load } = usePasses(room, members);
  useTicker(30_000, true);
  if (!room.leads || (!members && (passes === null || passes.length === 0))) return null;
  const { good, over } = sorted(passes ?? [], search, Date.now());
  const listening = good.reduce((sum, pass) => sum + pass.listeners, 0);
  const row = (pass: Pass): JSX.Element => <PassRow key={pass.id} room={room} pass={pass} onChange={load} />;
  return (
    <section class="card" aria-labelledby="passes" data-testid="passes" data-good={good.length} data-listening={listening}>
      <h2 id="passes">{words.passes}</h2>
      <p class="soft small">{members ? words.passesHint : words.passesOpen}</p>
      <Refusal problem={problem} />
      {passes?.length === 0 && !making && <p>{words.passesNone}</p>}
      {good.length > 0 && search === "" && <p class="figures">{words.passesCount(good.length, listening)}</p>}
      {making ? <PassMaker space={space.id} onMade={load} onClose={() => setMaking(false)} /> : members && (
        <button type="button" class="button" data-testid="pass-new" onClick={() => setMaking(true)}>
          <Icon name="plus" />{words.passNew}
        </button>
      )}
      {(passes?.length ?? 0) >= SEARCH_FROM && (
        <input
          type="search" value={search} aria-label={words.passSearch} placeholder={words.passSearch} data-testid="pass-search"
          onInput={({ currentTarget: { value } }) => setSearch(value)}
        />
      )}
      {good.length > 0 && <ul class="passes">{good.slice(0, most).map(row)}</ul>}
      {good.length > most && (
        <button type="button" class="button button-quiet" onClick={() => setMost(most + AT_ONCE)}>{words.passMore(good.length - most)}</button>
      )}
      {over.length > 0 && (
        <details class="plain" data-testid="passes-over">
          <summary>{words.passesVoid(over.length)}</summary>
          <ul class="passes">{over.slice(0, most).map(row)}</ul>
        </details>
      )}
    </section>
  );
}

interface Known {
  passes: Pass[] | null;
  problem: Problem | null;
  load: () => Promise<void>;
}

/** Asked for again while the page is seen and passes count: who listens by them changes by itself. */
function usePasses(room: Room, members: boolean): Known {
  const [passes, setPasses] = useState<Pass[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const load = useCallback(async () => {
    try {
      setPasses(await api.list(room.id));
      setProblem(null);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
  }, [room]);
  const leads = room.leads;
  useEffect(() => {
    if (!leads) return undefined;
    void load();
    if (!members) return undefined;
    const timer = setInterval(() => document.visibilityState === "visible" && void load(), LOOK_MS);
    return () => clearInterval(timer);
  }, [leads, members, load]);
  return { passes, problem, load };
}
