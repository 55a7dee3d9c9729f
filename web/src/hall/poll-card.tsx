/** The poll that runs: a tap on a choice is a vote, and then one sees what all others chose. */

import type { JSX } from "preact";
import { Icon } from "../shared/icons";
import { useStore } from "../shared/store";
import { useTicker } from "../shared/ticker";
import type { Hall } from "./model";
import { sharesOf } from "./polls";
import { useWords } from "./words";

export function PollCard({ hall }: { hall: Hall }): JSX.Element | null {
  const words = useWords();
  const { poll, choice, sending, refused } = useStore(hall.polls.state);
  const open = poll?.state === "open";
  const endsMs = poll?.closes_at == null ? null : Date.parse(poll.closes_at);
  useTicker(1_000, open && endsMs !== null);
  if (poll === null) return null;
  const shares = sharesOf(poll);
  const leftMs = endsMs === null ? null : endsMs - hall.clock.now();
  const asking = open && choice === null;
  return (
    <section
      class="notice poll" aria-labelledby="poll-question" data-testid="poll" data-state={poll.state} data-votes={poll.votes}
      data-choice={choice ?? ""}
    >
      <p class="soft small poll-meta">
        <span>{open ? words.poll : words.pollClosed}</span>
        <span class="figures">{words.pollVotes(poll.votes)}{open && leftMs !== null && leftMs > 0 && ` · ${words.pollEnds(leftMs)}`}</span>
      </p>
      <h2 id="poll-question" dir="auto">{poll.question}</h2>
      <ul>
        {poll.choices.map((text, i) => {
          const share = shares[i] ?? 0;
          const said = words.pollShare(share, poll.counts[i] ?? 0);
          return (
            <li key={text} class={i === choice ? "choice-row choice-mine" : "choice-row"} data-testid={`choice-${i}`} data-votes={poll.counts[i] ?? 0}>
              {asking ? (
                <button type="button" class="button choice-vote" dir="auto" disabled={sending} onClick={() => void hall.polls.vote(i)}>
                  {text}
                </button>
              ) : (
                <>
                  <span class="choice-bar" aria-hidden="true" style={{ "--share": String(share) }} />
                  <span class="choice-text" dir="auto">{text}{i === choice && <span class="soft small"> · {words.pollYours}</span>}</span>
                  <span class="figures" aria-hidden="true">{Math.round(share * 100)} %</span>
                  <span class="hidden">{said}</span>
                </>
              )}
            </li>
          );
        })}
      </ul>
      <p class="hidden" role="status">{choice !== null && open ? words.pollThanks : ""}</p>
      {refused !== null && <p class="poll-refused" role="alert">{words.pollRefused(refused)}</p>}
      {!asking && (
        <button
          type="button" class="button button-quiet notice-close" aria-label={words.dismiss} title={words.dismiss} data-testid="poll-dismiss"
          onClick={() => hall.polls.dismiss()}
        >
          <Icon name="close" />
        </button>
      )}
    </section>
  );
}
