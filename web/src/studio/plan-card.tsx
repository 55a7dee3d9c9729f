/** The plan of a Space that is there: said in short, changed in place, and the last change taken back by one tap. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useStore } from "../shared/store";
import { api, type Space } from "./api";
import { changeOf, draftOf, type Draft } from "./plan";
import { inShort, PlanFields } from "./plan-form";
import type { Room } from "./room";
import { useWords } from "./words";
import { ownZone } from "./zones";

const of = (space: Space): Draft => draftOf(space, ownZone(), new Date());

export function PlanCard({ room, space }: { room: Room; space: Space }): JSX.Element | null {
  const words = useWords();
  const [editing, setEditing] = useState(false);
  const [before, setBefore] = useState<Draft | null>(null);
  useStore(room.state);
  if (!room.leads) return null;
  const undo = async (): Promise<void> => {
    if (before !== null && (await room.change(changeOf(of(space), before)))) setBefore(null);
  };
  return (
    <section class="card" aria-labelledby="plan" data-testid="plan">
      <h2 id="plan">{words.plan}</h2>
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
          <p data-testid="plan-short">
            {inShort(of(space), words, space.state !== "scheduled")} {words.recordingChoice[space.recording]}.
          </p>
          <div class="row">
            <button type="button" class="button" data-testid="plan-edit" onClick={() => setEditing(true)}>{words.planEdit}</button>
            {before !== null && (
              <span class="row" role="status">
                {words.planSaved}
                <button type="button" class="button button-quiet" data-testid="plan-undo" onClick={() => void undo()}>{words.undo}</button>
              </span>
            )}
          </div>
        </>
      )}
    </section>
  );
}

interface EditProps {
  room: Room;
  space: Space;
  onSaved: (before: Draft) => void;
  onClose: () => void;
}

function Edit({ room, space, onSaved, onClose }: EditProps): JSX.Element {
  const words = useWords();
  const { seats } = useStore(room.state);
  const [before] = useState(() => of(space));
  const [draft, setDraft] = useState(before);
  const [file, setFile] = useState<File | null>(null);
  const [busy, setBusy] = useState(false);
  const change = (part: Partial<Draft>): void => setDraft((old) => ({ ...old, ...part }));

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    const wanted = changeOf(before, draft);
    const sent = file === null || (await room.attempt(() => api.setLoop(space.id, file)));
    if (sent && (Object.keys(wanted).length === 0 || (await room.change(wanted)))) onSaved(before);
    else setBusy(false);
  };
  return (
    <form class="form" data-testid="plan-form" onSubmit={(event) => void submit(event)}>
      <PlanFields
        draft={draft} onChange={change} file={file} onFile={setFile} loopThere={space.standby_loop}
        begun={space.state !== "scheduled"} seats={room.hosts ? seats : null}
      />
      <div class="question-row">
        <button type="button" class="button" onClick={onClose}>{words.cancel}</button>
        <button class="button button-main" data-testid="plan-save" disabled={busy}>{words.planSave}</button>
      </div>
    </form>
  );
}
