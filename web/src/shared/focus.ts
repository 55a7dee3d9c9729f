/**
 * The keyboard never falls out of the page.
 *
 * What has it may go (a step is done, a row is answered) or rest (its act still runs). Browsers then give the keyboard
 * to the page's body: nothing is marked, and a reader of screens begins anew at the top. Here it goes on where it was:
 *
 * - from what is gone, to the name of the nearest part of the page that is still there, which is read out;
 * - from what rested, back to it;
 * - whoever put it down, by a click on nothing, is left alone.
 */

/** What takes the keyboard by a click. */
const TAKES = "a[href], button, input, select, textarea, summary, label, audio, [tabindex]";

export function keepFocus(root: HTMLElement): void {
  let last: HTMLElement | null = null;
  let around: Element[] = [];
  let seen = false;
  let rested = false;
  root.addEventListener("focusin", ({ target }) => {
    if (!(target instanceof HTMLElement)) return;
    last = target;
    around = partsAround(target, root);
    seen = target.matches(":focus-visible");
    rested = false;
  });
  addEventListener("pointerdown", ({ target }) => {
    if (!(target instanceof Element) || target.closest(TAKES) === null) last = null;
  });
  new MutationObserver(() => {
    if (last === null) return;
    const rests = last.matches(":disabled");
    rested ||= rests;
    if (document.activeElement !== document.body || (last.isConnected && (rests || !rested))) return;
    const next = last.isConnected ? last : nameOfNearest(around, root);
    // Whoever sees where the keyboard is has it in sight; for all others nothing moves.
    next?.focus({ preventScroll: !seen });
  }).observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: ["disabled"] });
}

/** From the inside out, the page itself last. */
function partsAround(element: Element, root: Element): Element[] {
  const parts: Element[] = [];
  for (let part = element.parentElement; part !== null && part !== root; part = part.parentElement) parts.push(part);
  return [...parts, root];
}

/** What names a part that is still there: its heading, or itself where it has a name but no heading; null for now. */
function nameOfNearest(parts: Element[], root: Element): HTMLElement | null {
  for (const part of parts) {
    if (!part.isConnected) continue;
    const labelledBy = part.getAttribute("aria-labelledby");
    const name = part === root ? root.querySelector("h1")
      : labelledBy !== null ? document.getElementById(labelledBy)
      : part.matches("[aria-label][tabindex]") ? part : null;
    if (!(name instanceof HTMLElement)) continue;
    if (!name.hasAttribute("tabindex")) name.tabIndex = -1;
    return name;
  }
  return null;
}
