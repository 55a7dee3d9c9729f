/** A component that shows a clock: it is drawn again every `everyMs` while `on`. */

import { useEffect, useState } from "preact/hooks";

export function useTicker(everyMs: number, on = true): void {
  const [, setTick] = useState(0);
  useEffect(() => {
    if (!on) return undefined;
    const timer = setInterval(() => setTick((tick) => tick + 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, on]);
}
