/** The end of what never began: asked once, in words that say what becomes of whom. */

import type { JSX } from "preact";
import { api, type Space } from "./api";
import { Question } from "./parts";
import type { Room } from "./room";
import { useWords } from "./words";

export function CallOff({ room, space, onClose }: { room: Room; space: Space; onClose: () => void }): JSX.Element {
  const words = useWords();
  const others = room.state.value.seats.filter(({ handle }) => handle !== room.handle).length;
  const cancel = (): Promise<boolean> => room.attempt(async () => room.state.patch({ space: await api.cancel(room.id) }));
  return (
    <Question title={words.callOffAsk} act={words.callOff} no={words.callOffNo} danger onAct={cancel} onClose={onClose}>
      <p data-testid="call-off-what">{words.callOffWhat(others, space.counts.listeners, space.starts_at !== null)}</p>
    </Question>
  );
}
