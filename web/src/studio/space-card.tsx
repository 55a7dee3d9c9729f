/** What people see of a Space: shown as they do, changed in place, and the last change taken back by one tap. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useStore } from "../shared/store";
import { api, type Space } from "./api";
import { coverPath, type CoverChange } from "./cover-field";
import { changeOf, draftOf, type Draft } from "./plan";
import type { Room } from "./room";
import { isOnAir } from "./rules";
import { SpaceFields } from "./space-fields";
import { nameOfLanguage } from "./spoken";
import { useWords } from "./words";
import { ownZone } from "./zones";

const of = (space: Space): Draft => draftOf(space, ownZone(), new Date());

export function SpaceCard({ room, space }: { room: Room; space: Space }): JSX.Element | null {
  const words = useWords();
  const [editing, setEditing] = useState(false);
  const [before, setBefore] = useState<Draft | null>(null);
  useStore(room.state);
  if (!room.leads) return null;
  const undo = async (): Promise<void> => {
    if (before !== null && (await room.change(changeOf(of(space), before)))) setBefore(null);
  };
  return (
    <section class="card" aria-labelledby="space-card" data-testid="space-card" data-visibility={space.visibility}>
      <h2 id="space-card">{words.spaceCard}</h2>
      {editing ? (
        <Edit
          room={room} space={space} onClose={() => setEditing(false)}
          onSaved={(old) => {
            setBefore(old);
            setEditing(false);
          }}
        />
      ) : (
        <>
          <Shown space={space} />
          <div class="row">
            <button type="button" class="button" data-testid="space-edit" onClick={() => setEditing(true)}>{words.spaceEdit}</button>
            {before !== null && (
              <span class="row" role="status">
                {words.planSaved}
                <button type="button" class="button button-quiet" data-testid="space-undo" onClick={() => void undo()}>{words.undo}</button>
              </span>
            )}
          </div>
        </>
      )}
    </section>
  );
}

function Shown({ space }: { space: Space }): JSX.Element {
  const words = useWords();
  const { cover, description, topics } = space;
  return (
    <>
      {cover !== null && <img class="cover" src={coverPath(cover)} alt={words.coverAlt} width={480} height={270} data-testid="cover-there" />}
      {description === "" ? <p class="soft">{words.noDescription}</p> : <p class="description" dir="auto" lang={space.language}>{description}</p>}
      <ul class="chips">
        <li class="chip chip-fact">{words.visibilityShort[space.visibility]}</li>
        <li class="chip chip-fact" lang={space.language}>{nameOfLanguage(space.language)}</li>
        {topics.map((topic) => <li key={topic} class="chip chip-fact" dir="auto">{topic}</li>)}
      </ul>
    </>
  );
}

interface EditProps {
  room: Room;
  space: Space;
  /** With what to go back to; a picture that is gone can't come back. */
  onSaved: (before: Draft | null) => void;
  onClose: () => void;
}

function Edit({ room, space, onSaved, onClose }: EditProps): JSX.Element {
  const words = useWords();
  const [before] = useState(() => of(space));
  const [draft, setDraft] = useState(before);
  const [cover, setCover] = useState<CoverChange>(null);
  const [busy, setBusy] = useState(false);
  const change = (part: Partial<Draft>): void => setDraft((old) => ({ ...old, ...part }));

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    const wanted = changeOf(before, draft);
    const pictured = cover === null || (await room.attempt(async () => {
      await (cover === "none" ? api.dropCover(space.id) : api.setCover(space.id, cover));
      await room.load();
    }));
    if (pictured) setCover(null);
    const changed = Object.keys(wanted).length > 0;
    if (pictured && (!changed || (await room.change(wanted)))) onSaved(changed ? before : null);
    else setBusy(false);
  };
  return (
    <form class="form" data-testid="space-form" onSubmit={(event) => void submit(event)}>
      <SpaceFields draft={draft} onChange={change} coverThere={space.cover} cover={cover} onCover={setCover} onAir={isOnAir(space)} />
      <div class="question-row">
        <button type="button" class="button" onClick={onClose}>{words.cancel}</button>
        <button class="button button-main" data-testid="space-save" disabled={busy}>{words.planSave}</button>
      </div>
    </form>
  );
}
