/** What the chunk of talking shows: a sheet beside the square, and the dock of somebody on stage. */

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../../shared/icons";
import { useStore } from "../../shared/store";
import type { Hall } from "../model";
import type { Sheet } from "../talk";
import { ChatSheet } from "./chat-sheet";
import { HandSheet, handTitle } from "./hand-sheet";
import { PeopleSheet } from "./people-sheet";
import type { Talker } from "./talker";
import "./talk.css";
import { useTalkWords } from "./words";

export { StageControls, StageFelt } from "./stage-controls";
export { Talker } from "./talker";

export function TalkSheet({ hall, talker, sheet }: { hall: Hall; talker: Talker; sheet: Sheet }): JSX.Element {
  const words = useTalkWords();
  const called = useStore(talker.called);
  const onStage = useStore(hall.onStage);
  const invited = useStore(talker.invited.current) !== null;
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    if (!called) title.current?.focus();
    // Whoever closes it goes on where they were; whoever opens the other one is there already.
    return () => {
      if (hall.talk.sheet.value === null && before instanceof HTMLElement && before.isConnected) before.focus();
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a call in an open sheet has its own focus
  }, [sheet]);
  return (
    <aside
      class={called && sheet === "hand" ? "sheet sheet-called" : "sheet"} data-testid="sheet" data-sheet={sheet} aria-labelledby="sheet-title"
      onKeyDown={(event) => {
        if (event.key === "Escape") hall.talk.close();
      }}
    >
      <header class="sheet-head">
        <h2 id="sheet-title" ref={title} tabIndex={-1}>{sheet === "chat" ? words.chat : sheet === "people" ? words.people : handTitle(words, { called, onStage, invited })}</h2>
        <button
          type="button" class="button button-quiet sheet-close" data-testid="sheet-close" aria-label={words.close} title={words.close}
          onClick={() => hall.talk.close()}
        >
          <Icon name="close" />
        </button>
      </header>
      {sheet === "chat" ? <ChatSheet key={hall.place.value.id} hall={hall} talker={talker} />
        : sheet === "people" ? <PeopleSheet key={hall.place.value.id} hall={hall} talker={talker} />
        : <HandSheet hall={hall} talker={talker} />}
    </aside>
  );
}
