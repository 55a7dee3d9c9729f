/** Home: one's Spaces, what is on first, and a new one. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../shared/icons";
import { api, Problem, type Space } from "./api";
import { CreateSpace } from "./create";
import { Invitations } from "./invitations";
import { Refusal } from "./parts";
import { follow } from "./route";
import { useWords, type Words } from "./words";

type Group = "live" | "scheduled" | "ended";

export function Home(): JSX.Element {
  const words = useWords();
  const [spaces, setSpaces] = useState<Space[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [creating, setCreating] = useState(false);
  useEffect(() => {
    api.mySpaces().then(setSpaces, (error: unknown) => {
      if (error instanceof Problem) setProblem(error);
      else throw error;
    });
  }, []);
  const shown = creating || spaces?.length === 0;
  return (
    <div class="column">
      <div class="heading">
        <h1>{words.yourSpaces}</h1>
        {!shown && (
          <button type="button" class="button button-main" data-testid="new-space" onClick={() => setCreating(true)}>
            <Icon name="plus" />{words.newSpace}
          </button>
        )}
      </div>
      <Invitations />
      <Refusal problem={problem} />
      {spaces?.length === 0 && <p class="soft">{words.noSpaces}</p>}
      {shown && <CreateSpace />}
      {spaces === null && problem === null && <p class="soft" role="status">{words.loading}</p>}
      {(["live", "scheduled", "ended"] as const).map((group) => (
        <SpaceGroup key={group} group={group} spaces={(spaces ?? []).filter((space) => groupOf(space) === group)} />
      ))}
    </div>
  );
}

function groupOf({ state }: Space): Group {
  return state === "held" ? "live" : state;
}

function SpaceGroup({ group, spaces }: { group: Group; spaces: Space[] }): JSX.Element | null {
  const words = useWords();
  if (spaces.length === 0) return null;
  return (
    <section class="group">
      <h2>{words.groups[group]}</h2>
      <ul>
        {spaces.map((space) => (
          <li key={space.id}>
            <a class="space-row" href={`/studio/${space.id}`} data-testid={`space-${space.id}`} onClick={follow}>
              <span class="space-name">
                <strong dir="auto">{space.title}</strong>
                <span class="soft small">
                  {timeLine(space, words)}{space.visibility !== "public" && ` · ${words.visibilityShort[space.visibility]}`}
                </span>
              </span>
              {group === "live" && <span class="badge badge-live">{words.badge[space.state]}</span>}
              <Icon name="arrow" />
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function timeLine(space: Space, words: Words): string {
  if (groupOf(space) === "live") return words.liveSince(new Date(space.started_at ?? space.created_at));
  if (space.end_reason === "cancelled") return words.calledOff;
  if (space.state === "ended") return words.wasOn(new Date(space.started_at ?? space.created_at));
  return space.starts_at === null ? words.noTime : words.begins(new Date(space.starts_at));
}
