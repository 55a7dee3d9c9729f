/** Keys that act on the whole page, and the controls that need some of them for themselves. */

/** What is typed here is meant for the field. */
const FIELDS = "select, textarea, [contenteditable], input:not([type=range])";
/** These act on the space bar and on arrows, not on letters. */
const CONTROLS = "button, a, input, summary";
const OF_CONTROLS = new Set([" ", "Enter", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]);

/** True when a press is the page's own: no modifier, and nothing that has the keyboard wants it. */
export function isForPage(event: KeyboardEvent): boolean {
  if (event.altKey || event.ctrlKey || event.metaKey) return false;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest(FIELDS) != null) return false;
  return !(OF_CONTROLS.has(event.key) && target?.closest(CONTROLS) != null);
}
