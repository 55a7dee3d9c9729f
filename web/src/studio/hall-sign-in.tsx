/**
 * The window that a hall opens to sign in: passkeys and accounts elsewhere are bound to this origin, and the hall is
 * on another. Whoever is signed in here says so with a tap, and the hall gets a session of its own, never ours.
 *
 * It goes to the hall of this Parvis only, whoever opened the window.
 */

import type { JSX } from "preact";
import { Icon } from "../shared/icons";
import { useStore } from "../shared/store";
import { account, signOut } from "./account";
import { mine } from "./account-api";
import { useAct, useWays } from "./account-page";
import { Door } from "./door";
import { Refusal } from "./parts";
import { useWords } from "./words";

export function HallSignIn(): JSX.Element | null {
  const words = useWords();
  const who = useStore(account);
  const hall = useWays()?.hall ?? null;
  const [busy, problem, run] = useAct();
  const opener = window.opener as Window | null;
  if (opener === null) return <div class="welcome"><p class="soft" data-testid="no-hall">{words.hallGone}</p></div>;
  if (who === "asking" || hall === null) return null;
  const goOn = (): Promise<boolean> => run(async () => {
    const { token, account: { handle, display_name: name } } = await mine.another();
    opener.postMessage({ type: "parvis-session", token, handle, name }, hall);
    window.close();
  });
  return (
    <div class="welcome welcome-narrow">
      <div class="welcome-words">
        <h1>{words.hallTitle}</h1>
        <p class="soft">{words.hallWhat(new URL(hall).host)}</p>
      </div>
      {who === "nobody" ? <Door first="sign-in" /> : (
        <section class="card door">
          <button type="button" class="button button-main" data-testid="hall-go-on" disabled={busy} onClick={() => void goOn()}>
            <Icon name="check" />{words.hallGoOn(who.display_name)}
          </button>
          <button type="button" class="button button-quiet" data-testid="hall-other" onClick={() => void signOut()}>
            {words.hallOther}
          </button>
          <Refusal problem={problem} />
        </section>
      )}
    </div>
  );
}
