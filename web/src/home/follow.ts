/** The button of a profile that follows its host: there for who is signed in and somebody else, saying what is so now. */

interface Profile {
  handle: string;
  followed: boolean;
}

/** Asks whether one follows, and shows the button if one can. */
export async function startFollow(button: HTMLButtonElement): Promise<void> {
  const address = `/api/v1/accounts/${button.dataset.handle ?? ""}`;
  const [session, answer] = await Promise.all([
    fetch("/api/v1/sessions/current", { cache: "no-store" }), fetch(address, { cache: "no-store" }),
  ]);
  if (!session.ok || !answer.ok) return;
  const { account } = (await session.json()) as { account: { handle: string } };
  const profile = (await answer.json()) as Profile;
  if (account.handle === profile.handle) return;
  let { followed } = profile;
  const show = (): void => {
    button.textContent = (followed ? button.dataset.unfollow : button.dataset.follow) ?? "";
    button.setAttribute("aria-pressed", String(followed));
    button.classList.toggle("button-main", !followed);
  };
  show();
  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    void fetch(`${address}/follow`, { method: followed ? "DELETE" : "PUT" })
      .then((done) => {
        if (done.ok) followed = !followed;
        show();
      })
      .finally(() => (button.disabled = false));
  });
}
