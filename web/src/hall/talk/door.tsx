/** The way in, in place: whoever wanted to write or to ask goes on with that. */

import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { HANDLE, handleFrom } from "../../shared/handle";
import { Problem } from "../../shared/problem";
import type { Sheet } from "../talk";
import type { Talker } from "./talker";
import { sayProblem, useTalkWords } from "./words";

export function Door({ talker, wish }: { talker: Talker; wish: Sheet }): JSX.Element {
  const words = useTalkWords();
  const [fresh, setFresh] = useState(true);
  if (!talker.sessions.possible) return <p>{words.notHere}</p>;
  return (
    <div class="talk-door">
      <h3>{words.signInTo[wish]}</h3>
      <p class="soft small">{words.signInWhy}</p>
      <Form key={String(fresh)} fresh={fresh} talker={talker} />
      {!fresh && <There talker={talker} />}
      <button
        type="button" class="button button-quiet" data-testid={fresh ? "to-sign-in" : "to-sign-up"} onClick={() => setFresh(!fresh)}
      >
        {fresh ? words.haveAccount : words.noAccount}
      </button>
    </div>
  );
}

/** A passkey, or an account elsewhere. */
function There({ talker }: { talker: Talker }): JSX.Element {
  const words = useTalkWords();
  const [problem, setProblem] = useState<Problem | null>(null);
  const open = async (): Promise<void> => {
    setProblem(null);
    try {
      await talker.sessions.signInThere();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
  };
  return (
    <>
      <button type="button" class="button" data-testid="sign-in-there" onClick={() => void open()}>{words.signInThere}</button>
      {problem !== null && <p class="talk-refusal" role="alert" data-code={problem.code}>{sayProblem(words, problem)}</p>}
    </>
  );
}

function Form({ fresh, talker }: { fresh: boolean; talker: Talker }): JSX.Element {
  const words = useTalkWords();
  const [name, setName] = useState("");
  const [handle, setHandle] = useState("");
  const [ownHandle, setOwnHandle] = useState(!fresh);
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const id = useId();
  const prefix = fresh ? "sign-up" : "sign-in";

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const { sessions } = talker;
      await (fresh ? sessions.signUp(handle, password, name.trim()) : sessions.signIn(handle, password));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <form class="talk-form" method="post" data-testid={prefix} onSubmit={(event) => void submit(event)}>
      {fresh && (
        <label>
          <span>{words.name}</span>
          <input
            data-testid="sign-up-name" dir="auto" autocomplete="name" required maxLength={60} value={name}
            onInput={({ currentTarget: { value } }) => {
              setName(value);
              if (!ownHandle) setHandle(handleFrom(value));
            }}
          />
        </label>
      )}
      <label>
        <span>{words.handle}</span>
        <input
          data-testid={`${prefix}-handle`} autocomplete="username" autocapitalize="none" spellcheck={false} required
          pattern={HANDLE} title={words.handleHint} aria-describedby={fresh ? `${id}-handle` : undefined} value={handle}
          onInput={({ currentTarget: { value } }) => {
            setOwnHandle(true);
            setHandle(value);
          }}
        />
        {fresh && <span class="soft small" id={`${id}-handle`}>{words.handleHint}</span>}
      </label>
      <label>
        <span>{words.password}</span>
        <input
          data-testid={`${prefix}-password`} type="password" required minLength={8} maxLength={200}
          autocomplete={fresh ? "new-password" : "current-password"} aria-describedby={fresh ? `${id}-password` : undefined}
          value={password} onInput={({ currentTarget: { value } }) => setPassword(value)}
        />
        {fresh && <span class="soft small" id={`${id}-password`}>{words.passwordHint}</span>}
      </label>
      {problem !== null && (
        <p class="talk-refusal" role="alert" data-testid="refusal" data-code={problem.code}>{sayProblem(words, problem)}</p>
      )}
      <button class="button button-main" data-testid={`${prefix}-submit`} disabled={busy}>{fresh ? words.signUp : words.signIn}</button>
    </form>
  );
}
