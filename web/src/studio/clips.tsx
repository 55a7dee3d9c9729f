/** Clips of a replay: their links, to be handed on. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { at } from "../shared/handle";
import { Icon } from "../shared/icons";
import type { Archive, Clip } from "./archive";
import { Problem } from "./api";
import { CopyLink, Question } from "./parts";
import { showTime } from "./range";
import type { Attempt } from "./replay";
import { useWords } from "./words";

export interface ListProps {
  archive: Archive;
  /** Another one means that something was decided. */
  turn: number;
  own: string;
  decides: boolean;
  attempt: Attempt;
}

/** What `list` gives, asked for anew at each turn; what went wrong counts as none. */
export function useList<T>(list: () => Promise<T[]>, turn: number): T[] {
  const [items, setItems] = useState<T[]>([]);
  useEffect(() => {
    let over = false;
    list().then(
      (found) => over || setItems(found),
      (error: unknown) => {
        if (!(error instanceof Problem)) throw error;
      },
    );
    return () => void (over = true);
  }, [list, turn]);
  return items;
}

export function Clips({ archive, turn, own, decides, attempt }: ListProps): JSX.Element {
  const words = useWords();
  const clips = useList(archive.clips, turn);
  const [removing, setRemoving] = useState<Clip | null>(null);
  return (
    <section class="card" aria-labelledby="clips" data-testid="clips" data-count={clips.length}>
      <h2 id="clips">{words.clips}</h2>
      {clips.length === 0 && <p class="soft small">{words.clipsNone}</p>}
      <ul class="clips">
        {clips.map((clip) => (
          <li key={clip.id} class="field" data-testid={`clip-${clip.id}`}>
            <span class="heading">
              <span><strong dir="auto">{clip.title}</strong> <span class="soft small">{showTime(clip.duration_s)} · {at(clip.by)}</span></span>
              {(decides || clip.by === own) && (
                <button
                  type="button" class="button button-quiet" aria-label={words.clipRemove} title={words.clipRemove}
                  data-testid={`clip-remove-${clip.id}`} onClick={() => setRemoving(clip)}
                >
                  <Icon name="close" />
                </button>
              )}
            </span>
            <audio controls preload="none" src={archive.address(clip.audio[0]?.url ?? "")} />
            <CopyLink link={clip.link} testId={`clip-link-${clip.id}`} />
          </li>
        ))}
      </ul>
      {removing !== null && (
        <Question
          title={words.clipRemoveAsk(removing.title)} act={words.clipRemove} danger onClose={() => setRemoving(null)}
          onAct={() => void attempt(() => archive.removeClip(removing.id))}
        >
          <p>{words.clipRemoveWhat}</p>
        </Question>
      )}
    </section>
  );
}
