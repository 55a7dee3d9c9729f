/** Everything that is kept about one, and the end of the account. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../shared/icons";
import { account } from "./account";
import { mine } from "./account-api";
import { useAct } from "./account-page";
import type { Account } from "./api";
import { Field, Question, Refusal } from "./parts";
import { go } from "./route";
import { useWords } from "./words";

export function LeaveCard({ who }: { who: Account }): JSX.Element {
  const words = useWords();
  const [asking, setAsking] = useState(false);
  return (
    <section class="card" aria-labelledby="leave-title">
      <h2 id="leave-title">{words.yourData}</h2>
      <p class="soft">{words.exportHint}</p>
      <div class="row">
        <a class="button" href={mine.exportLink} download data-testid="export"><Icon name="download" />{words.exportAll}</a>
        {!who.operator && (
          <button type="button" class="button button-quiet button-warn" data-testid="delete-account" onClick={() => setAsking(true)}>
            {words.deleteAccount}
          </button>
        )}
      </div>
      {who.operator && <p class="soft">{words.operatorsStay}</p>}
      {asking && <Farewell who={who} onClose={() => setAsking(false)} />}
    </section>
  );
}

function Farewell({ who, onClose }: { who: Account; onClose: () => void }): JSX.Element {
  const words = useWords();
  const [password, setPassword] = useState("");
  const [, problem, run] = useAct();
  const leave = async (): Promise<boolean> => {
    if (!(await run(() => mine.remove(who.has_password ? password : null)))) return false;
    account.set("nobody");
    go("/studio");
    return true;
  };
  return (
    <Question
      title={words.deleteAsk} act={words.deleteAccount} danger disabled={who.has_password && password === ""}
      onAct={leave} onClose={onClose}
    >
      <p>{words.deleteWhat(who.handle)}</p>
      {who.has_password && (
        <Field label={words.password}>
          {(id) => (
            <input
              id={id} data-testid="delete-password" type="password" autocomplete="current-password" value={password}
              onInput={({ currentTarget: { value } }) => setPassword(value)}
            />
          )}
        </Field>
      )}
      <Refusal problem={problem} />
    </Question>
  );
}
