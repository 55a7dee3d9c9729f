/**
 * An OpenID provider on 127.0.0.1, with its own pages to sign in: `node provider.mjs PORT REDIRECT_URI`.
 *
 * Whoever signs in as `leo` is called "Léo Marchand" and prefers `leo_marchand`; the password is not looked at. Prints
 * one line when it listens.
 */

import Provider from "oidc-provider";

const [port, redirectUri] = process.argv.slice(2);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "parvis",
      client_secret: "a-secret-that-only-tests-know",
      redirect_uris: [redirectUri],
      response_types: ["code"],
      grant_types: ["authorization_code"],
    },
  ],
  pkce: { required: () => true },
  claims: { openid: ["sub"], profile: ["name", "preferred_username"] },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, name: sub === "leo" ? "Léo Marchand" : sub, preferred_username: sub === "leo" ? "Leo.Marchand" : sub }),
  }),
  cookies: { keys: ["of tests only"] },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("listening"));
