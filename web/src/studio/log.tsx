/** Who did what: the Space's log, newest first. Nothing here can be changed by anybody. */

import type { JSX } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { dayAndTime } from "../shared/format";
import { at } from "../shared/handle";
import { useLanguage } from "../shared/language";
import { api, Problem } from "./api";
import { Refusal } from "./parts";
import { follow } from "./route";
import type { LogEntry } from "./types";
import { useWords, type Words } from "./words";

export function Log({ space }: { space: string }): JSX.Element {
  const words = useWords();
  const language = useLanguage();
  const [entries, setEntries] = useState<LogEntry[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const load = useCallback(async (cursor: string | null) => {
    try {
      const page = await api.log(space, cursor);
      setEntries((old) => (cursor === null ? page.items : [...(old ?? []), ...page.items]));
      setNext(page.next);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
  }, [space]);
  useEffect(() => void load(null), [load]);
  return (
    <section class="card" aria-labelledby="log" data-testid="log">
      <h1 id="log">{words.log}</h1>
      <a class="button button-quiet log-back" href={`/studio/${space}`} data-testid="log-back" onClick={follow}>{words.logBack}</a>
      <Refusal problem={problem} />
      {entries?.length === 0 && <p class="soft">{words.logEmpty}</p>}
      <ol class="log">
        {entries?.map((entry) => (
          <li key={entry.id} data-testid={`log-${entry.act}`}>
            <time class="soft small figures" dateTime={entry.at} title={dayAndTime(new Date(entry.at), language)}>
              {words.logAt(new Date(entry.at))}
            </time>
            <span>
              <strong>{entry.by === null ? words.logParvis : at(entry.by)}</strong> {sentenceOf(entry, words)}
              {entry.reason !== null && <q class="soft log-reason" dir="auto">{entry.reason}</q>}
            </span>
          </li>
        ))}
      </ol>
      {next !== null && (
        <button type="button" class="button" data-testid="log-more" onClick={() => void load(next)}>{words.logMore}</button>
      )}
    </section>
  );
}

/** An act in words; one that these pages don't know yet is named as the server names it. */
export function sentenceOf({ act, whom, reason, details }: LogEntry, words: Words): string {
  const say = words.logAct[act];
  const name = whom === null ? "" : at(whom);
  if (say === undefined) return `${act} ${name}`.trim();
  return say(name, reason ?? "", what(act, details, words));
}

function what(act: string, details: Record<string, unknown>, words: Words): string {
  if (act === "role-given") {
    const { role } = details;
    return role === "co-host" || role === "speaker" ? words.role[role] : "";
  }
  return Object.keys(details).map((name) => words.logSetting[name] ?? name).join(", ");
}
