/** What others can follow of one: the page, the podcast feed, the calendar. */

import type { JSX } from "preact";
import type { Account } from "./api";
import { CopyLink } from "./parts";
import { useWords } from "./words";

export function PublicLinks({ who: { links } }: { who: Account }): JSX.Element {
  const words = useWords();
  return (
    <section class="card" aria-labelledby="public-links">
      <h2 id="public-links">{words.publicLinks}</h2>
      <div class="field">
        <span>{words.profileLink}</span>
        <CopyLink link={links.profile} testId="profile-link" label={words.profileLink} />
      </div>
      <div class="field">
        <span>{words.feedLink}</span>
        <CopyLink link={links.feed} testId="feed-link" label={words.feedLink} />
        <p class="soft small">{words.feedHint}</p>
      </div>
      <div class="field">
        <span>{words.calendarOfMine}</span>
        <CopyLink link={links.calendar} testId="calendar-link" label={words.calendarOfMine} />
        <p class="soft small">{words.calendarOfMineHint}</p>
      </div>
    </section>
  );
}
