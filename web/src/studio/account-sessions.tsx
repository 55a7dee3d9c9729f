/** Where one is signed in, and how to end it there. */

import type { JSX } from "preact";
import { mine, type MySession } from "./account-api";
import { useAct, useAsked } from "./account-page";
import { Refusal } from "./parts";
import { useWords } from "./words";

export function SessionsCard(): JSX.Element {
  const words = useWords();
  const [sessions, unread, setSessions] = useAsked(mine.sessions);
  const [busy, problem, run] = useAct();
  const shown = sessions ?? [];
  const end = async (gone: MySession): Promise<void> => {
    if (await run(() => mine.endSession(gone.id))) setSessions(shown.filter(({ id }) => id !== gone.id));
  };
  const endOthers = async (): Promise<void> => {
    if (await run(mine.endOthers)) setSessions(shown.filter(({ current }) => current));
  };
  return (
    <section class="card" aria-labelledby="sessions-title">
      <h2 id="sessions-title">{words.sessions}</h2>
      <ul class="account-list" data-testid="sessions">
        {shown.map((session) => (
          <li key={session.id}>
            <span>
              <strong>{session.device === "" ? words.unknownDevice : session.device}</strong>
              <span class="soft small">
                {session.current ? words.thisOne : words.seenOn(new Date(session.last_seen_at))}
              </span>
            </span>
            {!session.current && (
              <button
                type="button" class="button button-quiet" disabled={busy} aria-label={words.endSessionOn(session.device)}
                onClick={() => void end(session)}
              >
                {words.endSession}
              </button>
            )}
          </li>
        ))}
      </ul>
      <Refusal problem={problem ?? unread} />
      {shown.length > 1 && (
        <button type="button" class="button" data-testid="end-others" disabled={busy} onClick={() => void endOthers()}>
          {words.endOthers}
        </button>
      )}
    </section>
  );
}
