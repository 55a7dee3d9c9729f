/**
 * The buttons of a profile that follow and block its owner: there for who is signed in and somebody else, saying what is
 * so now. Who is blocked is followed no more, both ways.
 */

interface Profile {
  handle: string;
  followed: boolean;
  blocked: boolean;
}

interface Buttons {
  follow: HTMLButtonElement;
  block: HTMLButtonElement;
  /** What is said of it. */
  note: HTMLElement;
}

/** Asks how one stands to them, and shows the buttons if one can use them. */
export async function startRelation({ follow, block, note }: Buttons): Promise<void> {
  const address = `/api/v1/accounts/${follow.dataset.handle ?? ""}`;
  const [session, answer] = await Promise.all([
    fetch("/api/v1/sessions/current", { cache: "no-store" }), fetch(address, { cache: "no-store" }),
  ]);
  if (!session.ok || !answer.ok) return;
  const { account } = (await session.json()) as { account: { handle: string } };
  const profile = (await answer.json()) as Profile;
  if (account.handle === profile.handle) return;
  let { followed, blocked } = profile;
  const show = (): void => {
    follow.hidden = blocked;
    follow.textContent = (followed ? follow.dataset.unfollow : follow.dataset.follow) ?? "";
    follow.setAttribute("aria-pressed", String(followed));
    follow.classList.toggle("button-main", !followed);
    block.hidden = false;
    block.textContent = (blocked ? block.dataset.unblock : block.dataset.block) ?? "";
    block.classList.toggle("button-quiet", !blocked);
    note.textContent = blocked ? (block.dataset.blocked ?? "") : "";
  };
  const act = (button: HTMLButtonElement, path: string, on: () => boolean, done: () => void): void =>
    button.addEventListener("click", () => {
      button.disabled = true;
      void fetch(`${address}/${path}`, { method: on() ? "DELETE" : "PUT" })
        .then((told) => {
          if (told.ok) done();
          show();
          if (told.status === 403) note.textContent = block.dataset.refused ?? "";
        })
        .finally(() => (button.disabled = false));
    });
  act(follow, "follow", () => followed, () => (followed = !followed));
  act(block, "block", () => blocked, () => {
    blocked = !blocked;
    followed = false;
  });
  show();
}
