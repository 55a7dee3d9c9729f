/** Making a passkey, and signing in by one: between the browser (WebAuthn Level 3) and control. */

import { json, Problem, type Account } from "./api";
import type { Passkey } from "./account-api";

interface Options {
  publicKey: unknown;
}

/** Whether this browser speaks JSON about passkeys; all that came out since 2025 do. */
export function passkeysWork(): boolean {
  return typeof PublicKeyCredential === "function" && "parseCreationOptionsFromJSON" in PublicKeyCredential;
}

/** Asks the person, by the device's own means. Null when they would rather not. */
export async function makePasskey(name: string, password: string | null): Promise<Passkey | null> {
  const { publicKey } = await json<Options>("POST", "/accounts/me/passkeys/options", { password });
  const options = PublicKeyCredential.parseCreationOptionsFromJSON(publicKey as PublicKeyCredentialCreationOptionsJSON);
  const made = await asked(() => navigator.credentials.create({ publicKey: options }));
  return made === null ? null : json<Passkey>("POST", "/accounts/me/passkeys", { name, credential: made });
}

/** Null when the person would rather not. */
export async function signInByPasskey(): Promise<Account | null> {
  const { publicKey } = await json<Options>("POST", "/sessions/passkey/options");
  const options = PublicKeyCredential.parseRequestOptionsFromJSON(publicKey as PublicKeyCredentialRequestOptionsJSON);
  const signed = await asked(() => navigator.credentials.get({ publicKey: options }));
  if (signed === null) return null;
  return (await json<{ account: Account }>("POST", "/sessions/passkey", { credential: signed })).account;
}

async function asked(question: () => Promise<Credential | null>): Promise<unknown> {
  try {
    const answer = await question();
    return answer === null ? null : (answer as PublicKeyCredential).toJSON();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    // Said no, or waited too long: nobody needs to be told what they did.
    if (error.name === "NotAllowedError" || error.name === "AbortError") return null;
    if (error.name === "InvalidStateError") throw new Problem(409, "passkey-known", "");
    throw new Problem(0, "passkeys-off", error.message);
  }
}
