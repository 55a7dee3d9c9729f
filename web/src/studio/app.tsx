/** The studio: whoever is signed in, wherever they are. */

import type { JSX } from "preact";
import { initials } from "../shared/format";
import { Mark } from "../shared/icons";
import { chooseLanguage, LANGUAGES, NAMES, useLanguage } from "../shared/language";
import { useStore } from "../shared/store";
import { account, signOut } from "./account";
import { AccountPage } from "./account-page";
import { Door } from "./door";
import { HallSignIn } from "./hall-sign-in";
import { Home } from "./home";
import { follow, route } from "./route";
import { StudioOf } from "./studio";
import { useWords } from "./words";

export function App(): JSX.Element {
  const where = useStore(route);
  const who = useStore(account);
  return (
    <>
      <Header />
      {where.page === "sign-in" ? <HallSignIn />
        : where.page === "studio" ? <StudioOf key={where.space} id={where.space} invitation={where.invitation} log={where.log} />
        : typeof who === "object" && where.page === "account" ? <AccountPage key={who.id} who={who} />
        : typeof who === "object" ? <Home key={who.handle} />
        : who === "nobody" ? <Welcome /> : null}
    </>
  );
}

function Header(): JSX.Element {
  const words = useWords();
  const language = useLanguage();
  const who = useStore(account);
  const other = LANGUAGES.find((known) => known !== language) ?? "en";
  return (
    <div class="bar">
      <a class="brand" href="/studio" aria-label="Parvis" onClick={follow}><Mark /><span class="brand-name">Parvis</span></a>
      <span class="bar-end">
        {typeof who === "object" && (
          <>
            <a
              class="button button-quiet small who-link" href="/account" data-testid="who" data-handle={who.handle} title={words.account}
              onClick={follow}
            >
              <span class="who-mark" data-initials={initials(who.display_name)} aria-hidden="true" />
              <span class="who" dir="auto">{who.display_name}</span>
            </a>
            <button type="button" class="button button-quiet small" data-testid="sign-out" onClick={() => void signOut()}>
              {words.signOut}
            </button>
          </>
        )}
        <button
          type="button" class="button button-quiet small" lang={other} title={words.otherLanguage} data-testid="language"
          onClick={() => chooseLanguage(other)}
        >
          {NAMES[other]}
        </button>
      </span>
    </div>
  );
}

function Welcome(): JSX.Element {
  const words = useWords();
  return (
    <div class="welcome">
      <div class="welcome-words">
        <h1>{words.pitch}</h1>
        <p class="welcome-tag">{words.tagline}</p>
        <p class="soft">{words.pitchHint}</p>
      </div>
      <Door />
    </div>
  );
}
