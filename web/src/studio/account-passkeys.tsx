/** Passkeys: which there are, a new one, and away with one. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { mine, type Passkey } from "./account-api";
import { useAct, useAsked, useWho } from "./account-page";
import { Problem } from "./api";
import { Field, Question, Refusal } from "./parts";
import { makePasskey, passkeysWork } from "./passkey";
import { useWords } from "./words";

export function PasskeysCard(): JSX.Element {
  const words = useWords();
  const [keys, unread, setKeys] = useAsked(mine.passkeys);
  const [making, setMaking] = useState(false);
  const [dropping, setDropping] = useState<Passkey | null>(null);
  const [, problem, run] = useAct();
  const drop = async (key: Passkey): Promise<void> => {
    if (await run(() => mine.dropPasskey(key.id))) setKeys((keys ?? []).filter(({ id }) => id !== key.id));
  };
  return (
    <section class="card" aria-labelledby="passkeys-title">
      <h2 id="passkeys-title">{words.passkeys}</h2>
      <p class="soft">{words.passkeysHint}</p>
      <ul class="account-list" data-testid="passkeys">
        {(keys ?? []).map((key) => (
          <li key={key.id}>
            <span>
              <strong>{key.name}</strong>
              <span class="soft small">
                {key.last_used_at === null ? words.madeOn(new Date(key.created_at)) : words.usedOn(new Date(key.last_used_at))}
              </span>
            </span>
            <button
              type="button" class="button button-quiet" data-testid="passkey-drop" aria-label={words.dropPasskeyNamed(key.name)}
              onClick={() => setDropping(key)}
            >
              {words.drop}
            </button>
          </li>
        ))}
      </ul>
      <Refusal problem={problem ?? unread} />
      {passkeysWork()
        ? <div class="row"><button type="button" class="button" data-testid="passkey-new" onClick={() => setMaking(true)}>{words.newPasskey}</button></div>
        : <p class="soft">{words.passkeysUnknown}</p>}
      {making && (
        <NewPasskey
          onMade={(key) => setKeys([...(keys ?? []), key])}
          onClose={() => setMaking(false)}
        />
      )}
      {dropping !== null && (
        <Question
          title={words.dropPasskeyAsk(dropping.name)} act={words.drop} danger
          onAct={() => drop(dropping)} onClose={() => setDropping(null)}
        >
          <p>{words.dropPasskeyWhat}</p>
        </Question>
      )}
    </section>
  );
}

function NewPasskey({ onMade, onClose }: { onMade: (key: Passkey) => void; onClose: () => void }): JSX.Element {
  const words = useWords();
  const who = useWho();
  const [name, setName] = useState(words.thisDevice);
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  // Asked only when the sign-in is not fresh any more: the server says when.
  const [confirming, setConfirming] = useState(false);
  const make = async (): Promise<boolean> => {
    setProblem(null);
    try {
      const key = await makePasskey(name.trim(), confirming ? password : null);
      if (key !== null) onMade(key);
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code === "sign-in-again" && who?.has_password === true) setConfirming(true);
      else setProblem(error);
      return false;
    }
  };
  return (
    <Question title={words.newPasskey} act={words.makeIt} disabled={name.trim() === ""} onAct={make} onClose={onClose}>
      <Field label={words.passkeyName} hint={words.passkeyNameHint}>
        {(id, hint) => (
          <input
            id={id} aria-describedby={hint} data-testid="passkey-name" dir="auto" maxLength={60} required value={name}
            onInput={({ currentTarget: { value } }) => setName(value)}
          />
        )}
      </Field>
      {confirming && (
        <Field label={words.password} hint={words.confirmHint}>
          {(id, hint) => (
            <input
              id={id} aria-describedby={hint} type="password" autocomplete="current-password" value={password}
              onInput={({ currentTarget: { value } }) => setPassword(value)}
            />
          )}
        </Field>
      )}
      <Refusal problem={problem} />
    </Question>
  );
}
