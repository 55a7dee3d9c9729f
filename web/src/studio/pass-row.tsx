/** One pass: for whom, how many listen by it, its link; and the end of it. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../shared/icons";
import { passes as api } from "./api-passes";
import { stateOfPass, type Pass } from "./passes";
import { Question, useCopy } from "./parts";
import type { Room } from "./room";
import { useWords } from "./words";

interface Props {
  room: Room;
  pass: Pass;
  onChange: () => Promise<void>;
}

export function PassRow({ room, pass, onChange }: Props): JSX.Element {
  const words = useWords();
  const [copied, copy] = useCopy();
  const [asking, setAsking] = useState(false);
  const state = stateOfPass(pass, Date.now());
  const name = pass.label === "" ? words.passUnnamed : pass.label;
  const revoke = (): Promise<boolean> => room.attempt(async () => {
    await api.revoke(room.id, pass.id);
    await onChange();
  });
  return (
    <li data-testid="pass" data-pass={pass.id} data-state={state} data-listeners={pass.listeners} data-link={pass.link}>
      <span class="pass-name">
        <strong dir="auto">{name}</strong>
        <span class="soft small figures">
          {state === "good" ? words.passUse(pass.listeners, pass.uses) : words.passIs[state]}
          {state === "good" && pass.expires_at !== null && `, ${words.passUntil(new Date(pass.expires_at))}`}
        </span>
      </span>
      {state === "good" && (
        <span class="pass-acts">
          <button type="button" class="button button-small" data-testid="pass-copy" aria-label={words.passCopyOf(name)} onClick={() => void copy(pass.link)}>
            <Icon name={copied ? "check" : "copy"} /><span aria-live="polite">{copied ? words.copied : words.passCopy}</span>
          </button>
          <button
            type="button" class="button button-quiet button-warn" data-testid="pass-revoke" aria-label={words.passRevokeOf(name)}
            onClick={() => setAsking(true)}
          >
            {words.passRevoke}
          </button>
        </span>
      )}
      {asking && (
        <Question title={words.passRevokeAsk(name)} act={words.passRevoke} danger onAct={revoke} onClose={() => setAsking(false)}>
          <p>{words.passRevokeWhat(pass.listeners)}</p>
        </Question>
      )}
    </li>
  );
}
