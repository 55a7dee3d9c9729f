/** The verdict on a seat's sound, and what to mend, worst first. */

import type { JSX } from "preact";
import { Icon } from "../shared/icons";
import type { Seat } from "./types";
import { useWords } from "./words";

/** `all` says all that is to be mended, for the one who can mend it; else the worst alone. */
export function CheckLine({ seat, all = false }: { seat: Seat; all?: boolean }): JSX.Element | null {
  const words = useWords();
  const { check } = seat;
  if (check == null || !seat.connected) return null;
  const advice = check.advice.map((code) => words.advice[code] ?? code);
  return (
    <span
      class={`check check-${check.verdict} small`} data-testid={`check-${seat.handle}`} data-verdict={check.verdict}
      data-advice={check.advice.join(" ")}
    >
      <strong><Icon name={check.verdict === "good" ? "check" : "mic"} />{words.check[check.verdict]}</strong>
      {(all ? advice : advice.slice(0, 1)).map((line) => <span key={line}>{line}</span>)}
    </span>
  );
}
