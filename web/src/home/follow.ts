/** The button of a profile that follows its host. It is there for who is signed in, and says what is so now. */

interface Known {
  following: boolean;
}

/** Asks whether one follows, and shows the button if one can. */
export async function startFollow(button: HTMLButtonElement): Promise<void> {
  const address = `/api/v1/accounts/${button.dataset.handle ?? ""}/follow`;
  const answer = await fetch(address, { cache: "no-store" });
  if (!answer.ok) return;
  let { following } = (await answer.json()) as Known;
  const show = (): void => {
    button.textContent = (following ? button.dataset.unfollow : button.dataset.follow) ?? "";
    button.setAttribute("aria-pressed", String(following));
    button.classList.toggle("button-main", !following);
  };
  show();
  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    void fetch(address, { method: following ? "DELETE" : "PUT" })
      .then((done) => {
        if (done.ok) following = !following;
        show();
      })
      .finally(() => (button.disabled = false));
  });
}
