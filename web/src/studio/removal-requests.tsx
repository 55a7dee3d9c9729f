/** Who spoke may ask that their words be taken out; the host hears the stretch and decides. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { RemovalRequest } from "./archive";
import { useList, type ListProps } from "./clips";
import { Question } from "./parts";
import { showTime } from "./range";
import { useWords } from "./words";

export function RemovalRequests({ archive, turn, own, decides, attempt }: ListProps): JSX.Element | null {
  const words = useWords();
  const requests = useList(archive.requests, turn);
  const [cutting, setCutting] = useState<RemovalRequest | null>(null);
  if (!decides && requests.length === 0) return null;
  return (
    <section class="card" aria-labelledby="requests" data-testid="requests" data-count={requests.length}>
      <h2 id="requests">{words.requests}</h2>
      {requests.length === 0 && <p class="soft small">{words.requestsNone}</p>}
      <ul class="clips">
        {requests.map((one) => {
          const [from, to] = [showTime(one.from_s), showTime(one.to_s)];
          return (
            <li key={one.id} class="field" data-testid={`request-${one.id}`} data-state={one.state}>
              <p>
                {one.handle === own ? words.requestOwn(from, to) : words.requestBy(one.handle, from, to)}
                {" "}<span class="badge">{words.requestState[one.state]}</span>
              </p>
              {one.reason !== "" && <q class="soft" dir="auto">{one.reason}</q>}
              {one.state === "open" && (
                <span class="row">
                  {decides && (
                    <button type="button" class="button" data-testid={`request-cut-${one.id}`} onClick={() => setCutting(one)}>{words.cut}</button>
                  )}
                  <button
                    type="button" class="button button-quiet" data-testid={`request-decline-${one.id}`}
                    onClick={() => void attempt(() => archive.decline(one.id))}
                  >
                    {one.handle === own ? words.requestWithdraw : words.requestDecline}
                  </button>
                </span>
              )}
            </li>
          );
        })}
      </ul>
      {cutting !== null && (
        <Question
          title={words.cutAsk} act={words.cut} danger onClose={() => setCutting(null)}
          onAct={() => void attempt(() => archive.cut({ from_s: cutting.from_s, to_s: cutting.to_s }, cutting.id))}
        >
          <p>{words.cutWhat(cutting.to_s - cutting.from_s)}</p>
        </Question>
      )}
    </section>
  );
}
