/** Handing the audience off: where to, why, and what that will do to whom. Asked once. */

import type { JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { useStore } from "../shared/store";
import { api, Problem, type HandoffWish, type Space } from "./api";
import { targetOf, type Target } from "./handoff-target";
import { Field, Question, Refusal } from "./parts";
import type { Room } from "./room";
import { isOnAir, leads, standingOf } from "./rules";
import { useWords, type Words } from "./words";

interface Goal {
  /** What goes into the wish: `to` or `url`; null while it is nowhere. */
  where: { to: string } | { url: string } | null;
  title: string;
  /** Somebody there has to say yes. */
  asks: boolean;
  problem: string | null;
}

const LINK = "";

export function HandoffDialog({ room, space, onClose }: { room: Room; space: Space; onClose: () => void }): JSX.Element {
  const words = useWords();
  const name = useId();
  const refusal = useStore(room.refusal);
  const others = useOthers(space);
  const [picked, setPicked] = useState<string | null>(null);
  const [link, setLink] = useState("");
  const [code, setCode] = useState("");
  const [reason, setReason] = useState(words.handOffReasonDefault);
  const [end, setEnd] = useState(true);
  const chosen = picked ?? others?.[0]?.id ?? LINK;
  const title = useTitle(targetOf(link, space.links.share));
  const goal = goalOf(chosen, others ?? [], link, title, code, space, words);
  const { listeners } = space.counts;

  const send = async (): Promise<boolean> => {
    if (goal.where === null) return false;
    const wish: HandoffWish = { ...goal.where, reason: reason.trim(), end };
    if (code.trim() !== "" && "to" in goal.where) wish.code = code.trim();
    return room.handOff(wish);
  };
  return (
    <Question
      title={words.handOff} act={goal.asks ? words.handOffAsk : words.handOffGo} wide danger={!goal.asks}
      disabled={goal.where === null || reason.trim() === ""} onAct={send} onClose={onClose}
    >
      <p class="soft">{words.handOffHint}</p>
      {others !== null && others.length > 0 && (
        <fieldset class="field">
          <legend>{words.handOffTo}</legend>
          <div class="choice choice-column">
            {others.map((other) => (
              <label key={other.id}>
                <input
                  type="radio" name={name} checked={chosen === other.id} data-testid={`handoff-to-${other.id}`}
                  onChange={() => setPicked(other.id)}
                />
                <bdi>{other.title}</bdi>
              </label>
            ))}
            <label>
              <input type="radio" name={name} checked={chosen === LINK} data-testid="handoff-to-link" onChange={() => setPicked(LINK)} />
              {words.handOffLink}
            </label>
          </div>
        </fieldset>
      )}
      {chosen === LINK && (
        <>
          <Field label={words.handOffLinkField} hint={goal.problem ?? words.handOffLinkHint}>
            {(id, hint) => (
              <input
                id={id} aria-describedby={hint} type="url" data-testid="handoff-link" value={link} aria-invalid={goal.problem !== null}
                onInput={({ currentTarget: { value } }) => setLink(value)}
              />
            )}
          </Field>
          {(goal.where === null || "to" in goal.where) && (
            <Field label={`${words.handOffCode} (${words.optional})`} hint={words.handOffCodeHint}>
              {(id, hint) => (
                <input
                  id={id} aria-describedby={hint} data-testid="handoff-code" value={code} autocomplete="off" spellcheck={false}
                  onInput={({ currentTarget: { value } }) => setCode(value)}
                />
              )}
            </Field>
          )}
        </>
      )}
      <Field label={words.handOffReason} hint={words.handOffReasonHint}>
        {(id, hint) => (
          <input
            id={id} aria-describedby={hint} data-testid="handoff-reason" dir="auto" maxLength={200} value={reason}
            onInput={({ currentTarget: { value } }) => setReason(value)}
          />
        )}
      </Field>
      <label class="tick">
        <input type="checkbox" checked={end} data-testid="handoff-end" onChange={({ currentTarget }) => setEnd(currentTarget.checked)} />
        {words.handOffEnd}
      </label>
      {goal.where !== null && (
        <p class="said-urgent" role="status" data-testid="handoff-what">
          {what(goal, listeners, words)} {!end && words.handOffKeeps}
        </p>
      )}
      <Refusal problem={refusal} />
    </Question>
  );
}

/** One's other Spaces that can take an audience now; null while they are being asked for. */
function useOthers({ id }: Space): Space[] | null {
  const [others, setOthers] = useState<Space[] | null>(null);
  useEffect(() => {
    api.mySpaces().then(
      (all) => setOthers(all.filter((one) => one.id !== id && isOnAir(one) && leads(standingOf(one)))),
      (error: unknown) => {
        if (!(error instanceof Problem)) throw error;
        setOthers([]);
      },
    );
  }, [id]);
  return others;
}

/** What the Space of a link is called, as soon as the server has said so. */
function useTitle(target: Target): string | null {
  const [known, setKnown] = useState<{ id: string; title: string } | null>(null);
  const id = typeof target === "object" && "to" in target ? target.to : null;
  useEffect(() => {
    if (id === null) return;
    api.space(id).then(setKnown, (error: unknown) => {
      if (!(error instanceof Problem)) throw error;
    });
  }, [id]);
  return known !== null && known.id === id ? known.title : null;
}

function goalOf(chosen: string, others: Space[], link: string, title: string | null, code: string, space: Space, words: Words): Goal {
  const mine = others.find(({ id }) => id === chosen);
  if (mine !== undefined) return { where: { to: mine.id }, title: mine.title, asks: false, problem: null };
  const nowhere = { where: null, title: "", asks: false };
  const target = targetOf(link, space.links.share);
  if (target === "bad") return { ...nowhere, problem: link.trim() === "" ? null : words.handOffLinkBad };
  if (target === "here") return { ...nowhere, problem: words.handOffLinkHere };
  if ("url" in target) return { where: { url: target.url }, title: target.site, asks: false, problem: null };
  const known = others.find(({ id }) => id === target.to);
  return { where: target, title: known?.title ?? title ?? target.to, asks: known === undefined && code.trim() === "", problem: null };
}

function what({ where, title, asks }: Goal, listeners: number, words: Words): string {
  if (where !== null && "url" in where) return words.handOffAway(listeners, title);
  return asks ? words.handOffAsks(listeners, title) : words.handOffNow(listeners, title);
}
