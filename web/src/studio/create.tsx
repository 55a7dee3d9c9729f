/** A new Space: what it is called, when, whether it is recorded; and a plan that is good enough as it stands. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useLanguage } from "../shared/language";
import { api, Problem } from "./api";
import type { CoverChange } from "./cover-field";
import { Refusal } from "./parts";
import { newDraft, spaceOf, startOf, type Draft } from "./plan";
import { PlanFields } from "./plan-form";
import { go } from "./route";
import { SpaceFields } from "./space-fields";
import { useWords } from "./words";
import { ownZone } from "./zones";

export function CreateSpace(): JSX.Element {
  const words = useWords();
  const language = useLanguage();
  const [draft, setDraft] = useState(() => newDraft(new Date(), language, ownZone()));
  const [cover, setCover] = useState<CoverChange>(null);
  const [file, setFile] = useState<File | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  /** The Space is made, only its picture or its sound was refused: the next try sends those again. */
  const [made, setMade] = useState<string | null>(null);
  const change = (part: Partial<Draft>): void => setDraft((old) => ({ ...old, ...part }));

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      if (draft.later && startOf(draft) === null) throw new Problem(422, "input-invalid", words.noSuchTime);
      const id = made ?? (await api.create(spaceOf(draft))).id;
      setMade(id);
      if (cover instanceof File) await api.setCover(id, cover);
      if (draft.standby === "loop" && file !== null) await api.setLoop(id, file);
      go(`/studio/${id}`);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <form class="card form" data-testid="create-form" onSubmit={(event) => void submit(event)}>
      <h2>{words.newSpace}</h2>
      <SpaceFields draft={draft} onChange={change} cover={cover} onCover={setCover} />
      <PlanFields draft={draft} onChange={change} file={file} onFile={setFile} seats={[]} />
      <Refusal problem={problem} />
      <button class="button button-main" data-testid="create-submit" disabled={busy}>{words.create}</button>
    </form>
  );
}
