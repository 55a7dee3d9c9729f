/** Somebody comes with an invitation, or without one: who they are, then their seat. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useStore } from "../shared/store";
import { account } from "./account";
import { api, Problem, type Space } from "./api";
import { Door } from "./door";
import { Refusal } from "./parts";
import { useWords } from "./words";

interface Props {
  space: Space;
  invitation: string;
  /** The seat is taken. */
  onSeat: () => void;
}

export function AcceptInvitation({ space, invitation, onSeat }: Props): JSX.Element {
  const words = useWords();
  const who = useStore(account);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const accept = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await api.accept(space.id, invitation);
      onSeat();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <div class="column column-narrow" data-testid="invitation">
      <h1>{words.invitedTo(space.title)}</h1>
      <p class="soft">{words.invitedBy(space.host.display_name)}</p>
      {typeof who === "object" ? (
        <>
          <Refusal problem={problem} />
          <button type="button" class="button button-main button-wide" data-testid="accept" disabled={busy} onClick={() => void accept()}>
            {words.takeSeat}
          </button>
        </>
      ) : (
        <>
          <p>{words.invitedSignIn}</p>
          <Door />
        </>
      )}
    </div>
  );
}

export function NoSeat({ space }: { space: Space }): JSX.Element {
  const words = useWords();
  return (
    <div class="column column-narrow" data-testid="no-seat">
      <h1 dir="auto">{space.title}</h1>
      <section class="card">
        <h2>{words.noSeat}</h2>
        <p class="soft">{words.noSeatHint}</p>
        <a class="button button-main" href={space.links.share}>{words.listenInstead}</a>
      </section>
    </div>
  );
}
