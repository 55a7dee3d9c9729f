/** What listeners get: the link; and for those who write about it, the player, the calendar entry, the stream. */

import type { JSX } from "preact";
import type { Space } from "./api";
import { embedCode } from "./embed";
import { CopyLink } from "./parts";
import { useWords } from "./words";

export function Sharing({ space }: { space: Space }): JSX.Element {
  const words = useWords();
  const { links, starts_at, state, title, visibility } = space;
  const members = visibility === "members";
  const hint = { public: words.shareHint, unlisted: words.shareUnlisted, members: words.shareMembers }[visibility];
  const send = (): void => void navigator.share({ title, url: links.share }).catch(() => undefined);
  return (
    <div class="field">
      <h3>{words.share}</h3>
      <CopyLink link={links.share} testId="share-link" />
      <p class="soft small" data-testid="share-hint">{hint}</p>
      {typeof navigator.share === "function" && !members && (
        <button type="button" class="button" data-testid="share-send" onClick={send}>{words.shareSend}</button>
      )}
      <details class="plain" data-testid="more-links">
        <summary>{words.moreLinks}</summary>
        <div class="form">
          {members ? <p class="soft small">{words.embedMembers}</p> : (
            <Link title={words.embedCode} hint={words.embedHint} link={embedCode(space)} testId="embed-code" />
          )}
          {starts_at !== null && state === "scheduled" && !members && (
            <Link title={words.calendarLink} hint={words.calendarHint} link={links.calendar} testId="calendar-link" />
          )}
          {!members && <Link title={words.playlistLink} hint={words.playlistHint} link={links.m3u} testId="playlist-link" />}
        </div>
      </details>
    </div>
  );
}

function Link({ title, hint, link, testId }: { title: string; hint: string; link: string; testId: string }): JSX.Element {
  return (
    <div class="field">
      <span>{title}</span>
      <CopyLink link={link} testId={testId} label={title} />
      <p class="soft small">{hint}</p>
    </div>
  );
}
