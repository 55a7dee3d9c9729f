/** Where one is awaited on stage: said on top of one's home, taken or declined there. */

import type { JSX } from "preact";
import { Avatar, ownPath } from "../shared/avatar";
import { at } from "../shared/handle";
import { useAct, useAsked } from "./account-page";
import { api } from "./api";
import { invitations, type WaitingInvitation } from "./api-invitations";
import { Refusal } from "./parts";
import { go } from "./route";
import { useWords } from "./words";

export function Invitations(): JSX.Element | null {
  const words = useWords();
  const [waiting, unread, setWaiting] = useAsked(invitations.waiting);
  const [busy, problem, run] = useAct();
  const without = (gone: WaitingInvitation): void => setWaiting((waiting ?? []).filter(({ id }) => id !== gone.id));
  const take = async (one: WaitingInvitation): Promise<void> => {
    if (await run(() => api.accept(one.space.id, one.id))) go(`/studio/${one.space.id}`);
  };
  const decline = async (one: WaitingInvitation): Promise<void> => {
    if (await run(() => invitations.decline(one.id))) without(one);
  };
  if (waiting === null || waiting.length === 0) return unread === null ? null : <Refusal problem={unread} />;
  return (
    <section class="card invitations" aria-labelledby="invitations" data-testid="invitations">
      <h2 id="invitations">{words.invitations}</h2>
      <Refusal problem={problem} />
      <ul class="account-list">
        {waiting.map((one) => {
          const { by, space, role } = one;
          const live = space.state === "live" || space.state === "held";
          return (
            <li key={one.id} data-testid={`invitation-${one.id}`} data-by={by.handle}>
              <span class="account-person">
                <Avatar name={by.display_name} picture={ownPath(by.avatar)} />
                <span class="account-name">
                  <span>{words.invites(at(by.handle), role)}</span>
                  <strong dir="auto" lang={space.language}>{space.title}</strong>
                  <span class="soft small">
                    {live ? words.badge[space.state] : space.starts_at === null ? words.noTime : words.begins(new Date(space.starts_at))}
                  </span>
                </span>
              </span>
              <span class="row">
                <button type="button" class="button button-main" data-testid="invitation-take" disabled={busy} onClick={() => void take(one)}>
                  {words.takeSeat}
                </button>
                <button type="button" class="button button-quiet" data-testid="invitation-decline" disabled={busy} onClick={() => void decline(one)}>
                  {words.declineSeat}
                </button>
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
