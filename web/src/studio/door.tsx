/** The way in: a new account, or one that is there already. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { HANDLE, handleFrom } from "../shared/handle";
import { signIn, signUp } from "./account";
import { Problem } from "./api";
import { cameFromElsewhere, OtherWays } from "./door-ways";
import { Field, Refusal } from "./parts";
import { useWords } from "./words";

type Way = "sign-up" | "sign-in";

export function Door({ first = "sign-up" }: { first?: Way }): JSX.Element {
  const words = useWords();
  const [way, setWay] = useState<Way>(() => (cameFromElsewhere() ? "sign-in" : first));
  const fresh = way === "sign-up";
  return (
    <section class="card door">
      <h2>{fresh ? words.signUp : words.signIn}</h2>
      <Form key={way} fresh={fresh} />
      {!fresh && <OtherWays />}
      <button
        type="button" class="button button-quiet" data-testid={fresh ? "to-sign-in" : "to-sign-up"}
        onClick={() => setWay(fresh ? "sign-in" : "sign-up")}
      >
        {fresh ? words.haveAccount : words.noAccount}
      </button>
    </section>
  );
}

function Form({ fresh }: { fresh: boolean }): JSX.Element {
  const words = useWords();
  const [name, setName] = useState("");
  const [handle, setHandle] = useState("");
  const [ownHandle, setOwnHandle] = useState(!fresh);
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const prefix = fresh ? "sign-up" : "sign-in";

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await (fresh ? signUp(handle, password, name.trim()) : signIn(handle, password));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <form class="form" data-testid={prefix} onSubmit={(event) => void submit(event)}>
      {fresh && (
        <Field label={words.name} hint={words.nameHint}>
          {(id, hint) => (
            <input
              id={id} aria-describedby={hint} data-testid="sign-up-name" dir="auto" autocomplete="name" required maxLength={60} value={name}
              onInput={({ currentTarget: { value } }) => {
                setName(value);
                if (!ownHandle) setHandle(handleFrom(value));
              }}
            />
          )}
        </Field>
      )}
      <Field label={words.handle} hint={fresh ? words.handleHint : undefined}>
        {(id, hint) => (
          <input
            id={id} aria-describedby={hint} data-testid={`${prefix}-handle`} autocomplete="username" autocapitalize="none"
            spellcheck={false} required pattern={HANDLE} title={words.handleHint} value={handle}
            onInput={({ currentTarget: { value } }) => {
              setOwnHandle(true);
              setHandle(value);
            }}
          />
        )}
      </Field>
      <Field label={words.password} hint={fresh ? words.passwordHint : undefined}>
        {(id, hint) => (
          <input
            id={id} aria-describedby={hint} data-testid={`${prefix}-password`} type="password" required minLength={8} maxLength={200}
            autocomplete={fresh ? "new-password" : "current-password"} value={password}
            onInput={({ currentTarget: { value } }) => setPassword(value)}
          />
        )}
      </Field>
      <Refusal problem={problem} />
      <button class="button button-main" data-testid={`${prefix}-submit`} disabled={busy}>
        {fresh ? words.signUp : words.signIn}
      </button>
    </form>
  );
}
