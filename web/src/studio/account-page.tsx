/** One's own account: who one is here, how one comes in, where one is signed in, and the way out. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useStore } from "../shared/store";
import { account } from "./account";
import { mine, type Ways } from "./account-api";
import { LeaveCard } from "./account-leave";
import { PasskeysCard } from "./account-passkeys";
import { PasswordCard } from "./account-password";
import { PublicLinks } from "./account-links";
import { ProfileCard } from "./account-profile";
import { RelationsCards } from "./account-relations";
import { SessionsCard } from "./account-sessions";
import { type Account, Problem } from "./api";
import { Refusal } from "./parts";
import { useWords } from "./words";

export function AccountPage({ who }: { who: Account }): JSX.Element {
  const words = useWords();
  const [ways, problem] = useAsked(mine.ways);
  return (
    <div class="column account" data-testid="account-page">
      <div class="heading">
        <h1>{words.account}</h1>
        <a class="button button-quiet" href={`/@${who.handle}`}>{words.publicProfile}</a>
      </div>
      <Refusal problem={problem} />
      <ProfileCard who={who} />
      <PublicLinks who={who} />
      <RelationsCards />
      {ways?.passkeys === true && <PasskeysCard />}
      <PasswordCard who={who} />
      <SessionsCard />
      <LeaveCard who={who} />
    </div>
  );
}

/** What the server says once, or why not. `question` is always the same function. */
export function useAsked<T>(question: () => Promise<T>): [T | null, Problem | null, (value: T) => void] {
  const [value, setValue] = useState<T | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    question().then(setValue, (error: unknown) => {
      if (error instanceof Problem) setProblem(error);
      else throw error;
    });
  }, [question]);
  return [value, problem, setValue];
}

/** An act that may be refused: whether it runs, why it was refused, and how to begin it. */
export function useAct(): [boolean, Problem | null, (act: () => Promise<unknown>) => Promise<boolean>] {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const run = async (act: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setProblem(null);
    try {
      await act();
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return [busy, problem, run];
}

/** The ways in, for the door. */
export function useWays(): Ways | null {
  return useAsked(mine.ways)[0];
}

export function useWho(): Account | null {
  const who = useStore(account);
  return typeof who === "object" ? who : null;
}
