/** Another password; or a first one, for who came by a passkey or from elsewhere. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { account } from "./account";
import { mine } from "./account-api";
import { useAct } from "./account-page";
import type { Account } from "./api";
import { Field, Refusal } from "./parts";
import { useWords } from "./words";

export function PasswordCard({ who }: { who: Account }): JSX.Element {
  const words = useWords();
  const [current, setCurrent] = useState("");
  const [fresh, setFresh] = useState("");
  const [saved, setSaved] = useState(false);
  const [busy, problem, run] = useAct();
  const save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const done = await run(async () => {
      await mine.setPassword(who.has_password ? current : null, fresh);
      account.set({ ...who, has_password: true });
    });
    setSaved(done);
    if (done) {
      setCurrent("");
      setFresh("");
    }
  };
  return (
    <section class="card" aria-labelledby="password-title">
      <h2 id="password-title">{words.password}</h2>
      <p class="soft">{who.has_password ? words.passwordEnds : words.passwordNone}</p>
      <form class="form" onSubmit={(event) => void save(event)}>
        <input type="text" hidden readOnly autocomplete="username" value={who.handle} />
        {who.has_password && (
          <Field label={words.passwordNow}>
            {(id) => (
              <input
                id={id} data-testid="password-now" type="password" required autocomplete="current-password" value={current}
                onInput={({ currentTarget: { value } }) => setCurrent(value)}
              />
            )}
          </Field>
        )}
        <Field label={words.passwordNew} hint={words.passwordHint}>
          {(id, hint) => (
            <input
              id={id} aria-describedby={hint} data-testid="password-new" type="password" required minLength={8} maxLength={200}
              autocomplete="new-password" value={fresh} onInput={({ currentTarget: { value } }) => setFresh(value)}
            />
          )}
        </Field>
        <Refusal problem={problem} />
        <div class="row">
          <button class="button" data-testid="password-save" disabled={busy}>{words.passwordChange}</button>
          <span class="soft" role="status" data-testid="password-saved">{saved ? words.saved : ""}</span>
        </div>
      </form>
    </section>
  );
}
