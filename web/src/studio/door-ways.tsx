/** Other ways in than a password: a passkey, or an account that one has elsewhere. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { account } from "./account";
import { useAct, useWays } from "./account-page";
import { Problem } from "./api";
import { Refusal } from "./parts";
import { passkeysWork, signInByPasskey } from "./passkey";
import { useWords } from "./words";

export function OtherWays(): JSX.Element | null {
  const words = useWords();
  const ways = useWays();
  const [busy, problem, run] = useAct();
  const elsewhere = useRefusedElsewhere();
  const passkeys = ways?.passkeys === true && passkeysWork();
  const openid = ways?.openid ?? null;
  if (!passkeys && openid === null) return null;
  const byPasskey = (): Promise<boolean> => run(async () => {
    const who = await signInByPasskey();
    if (who !== null) account.set(who);
  });
  return (
    <div class="form other-ways">
      <p class="soft small or">{words.or}</p>
      {passkeys && (
        <button type="button" class="button" data-testid="passkey-sign-in" disabled={busy} onClick={() => void byPasskey()}>
          {words.signInByPasskey}
        </button>
      )}
      {openid !== null && (
        <a
          class="button" data-testid="openid-sign-in"
          href={`/api/v1/sessions/openid?return_to=${encodeURIComponent(location.pathname)}`}
        >
          {words.signInAt(openid)}
        </a>
      )}
      <Refusal problem={problem ?? elsewhere} />
    </div>
  );
}

/** Whether a sign-in elsewhere has just failed: it is to be told beside the button that tries again. */
export function cameFromElsewhere(): boolean {
  return refusalIn(location.hash) !== null;
}

function refusalIn(fragment: string): string | null {
  return new URLSearchParams(fragment.replace(/^#/, "")).get("openid");
}

/** Why the sign-in elsewhere failed: control says it in the fragment, which is then taken away. */
function useRefusedElsewhere(): Problem | null {
  const [problem] = useState(() => {
    const code = refusalIn(location.hash);
    return code === null ? null : new Problem(403, code, "");
  });
  useEffect(() => {
    if (problem !== null) history.replaceState(null, "", location.pathname + location.search);
  }, [problem]);
  return problem;
}
