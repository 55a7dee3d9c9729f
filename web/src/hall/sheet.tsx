/** The place of the sheet: empty, being fetched, or `talk/`. It also tells the style sheet how tall the dock is. */

import type { JSX, RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { useStore } from "../shared/store";
import type { Hall } from "./model";
import { useWords } from "./words";

export function SheetPlace({ hall }: { hall: Hall }): JSX.Element | null {
  const words = useWords();
  const sheet = useStore(hall.talk.sheet);
  const page = useStore(hall.talk.page);
  const talker = useStore(hall.talk.talker);
  if (sheet === null) return null;
  if (page === null || talker === null) return <p class="sheet-waits" role="status">{words.loading}</p>;
  return <page.TalkSheet hall={hall} talker={talker} sheet={sheet} />;
}

/** `--dock` on the page is the height of the element, as long as it is there. */
export function useDockHeight(dock: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = dock.current;
    if (element === null) return undefined;
    const { style } = document.documentElement;
    const observer = new ResizeObserver(() => style.setProperty("--dock", `${element.offsetHeight}px`));
    observer.observe(element);
    return () => {
      observer.disconnect();
      style.removeProperty("--dock");
    };
  }, [dock]);
}
