/** Name, a few words, and a picture: as others see one. */

import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { initials } from "../shared/format";
import { at } from "../shared/handle";
import { account } from "./account";
import { mine } from "./account-api";
import { useAct } from "./account-page";
import type { Account } from "./api";
import { Field, Refusal } from "./parts";
import { useWords } from "./words";

const BIO_MAX = 300;

export function ProfileCard({ who }: { who: Account }): JSX.Element {
  const words = useWords();
  const [name, setName] = useState(who.display_name);
  const [bio, setBio] = useState(who.bio);
  const [saved, setSaved] = useState(false);
  const [busy, problem, run] = useAct();
  const changed = name.trim() !== who.display_name || bio.trim() !== who.bio;

  const save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setSaved(await run(async () => account.set(await mine.edit({ display_name: name.trim(), bio }))));
  };
  return (
    <section class="card" aria-labelledby="profile-title">
      <h2 id="profile-title">{words.profile}</h2>
      <Picture who={who} />
      <form class="form" onSubmit={(event) => void save(event)}>
        <Field label={words.name} hint={at(who.handle)}>
          {(id, hint) => (
            <input
              id={id} aria-describedby={hint} data-testid="profile-name" dir="auto" autocomplete="name" required maxLength={60} value={name}
              onInput={({ currentTarget: { value } }) => setName(value)}
            />
          )}
        </Field>
        <Field label={words.bio} hint={words.bioLeft(BIO_MAX - bio.length)}>
          {(id, hint) => (
            <textarea
              id={id} aria-describedby={hint} data-testid="profile-bio" dir="auto" rows={3} maxLength={BIO_MAX} value={bio}
              onInput={({ currentTarget: { value } }) => setBio(value)}
            />
          )}
        </Field>
        <Refusal problem={problem} />
        <div class="row">
          <button class="button button-main" data-testid="profile-save" disabled={busy || !changed}>{words.save}</button>
          <span class="soft" role="status" data-testid="profile-saved">{saved && !changed ? words.saved : ""}</span>
        </div>
      </form>
    </section>
  );
}

function Picture({ who }: { who: Account }): JSX.Element {
  const words = useWords();
  const file = useRef<HTMLInputElement>(null);
  const [busy, problem, run] = useAct();
  const choose = async (picture: File | undefined): Promise<void> => {
    if (picture !== undefined) await run(async () => account.set(await mine.setPicture(picture)));
    if (file.current !== null) file.current.value = "";
  };
  const drop = (): Promise<boolean> => run(async () => {
    await mine.dropPicture();
    account.set({ ...who, avatar: null });
  });
  return (
    <div class="form">
      <div class="row">
        {who.avatar === null
          ? <span class="portrait" aria-hidden="true">{initials(who.display_name)}</span>
          : <img class="portrait" src={new URL(who.avatar).pathname} alt={words.yourPicture} width={72} height={72} data-testid="portrait" />}
        <button type="button" class="button" disabled={busy} onClick={() => file.current?.click()}>{words.choosePicture}</button>
        {who.avatar !== null && (
          <button type="button" class="button button-quiet" data-testid="picture-drop" disabled={busy} onClick={() => void drop()}>
            {words.dropPicture}
          </button>
        )}
      </div>
      <input
        ref={file} type="file" hidden data-testid="picture" accept="image/png,image/jpeg,image/webp" aria-label={words.choosePicture}
        onChange={({ currentTarget: { files } }) => void choose(files?.[0])}
      />
      <Refusal problem={problem} />
    </div>
  );
}
