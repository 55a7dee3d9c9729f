/** A Space that is over and was recorded: the same page becomes its replay, whose code is fetched only now. */

import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren, ComponentType, JSX } from "preact";
import { Backoff } from "../shared/reconnect";
import type { Hall } from "./model";

export interface ReplayProps {
  /** Address of the replay (docs/protocol.md §4, `links.replay`). */
  link: string;
  hall: Hall;
  root: HTMLElement;
  /** What is shown while there is no replay to show. */
  children: ComponentChildren;
}

export function Afterwards(props: ReplayProps): JSX.Element {
  const [Replay, setReplay] = useState<ComponentType<ReplayProps> | null>(null);
  useEffect(() => {
    const backoff = new Backoff();
    let timer = 0;
    const load = (): void => {
      import("./replay/page").then(
        (found) => setReplay(() => found.ReplayPage),
        () => (timer = window.setTimeout(load, backoff.next())),
      );
    };
    load();
    return () => clearTimeout(timer);
  }, []);
  return Replay === null ? <>{props.children}</> : <Replay {...props} />;
}
