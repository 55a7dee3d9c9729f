"""From the hall onto the stage and back, in a real Chromium: how long after the tap one is on stage, and how
long after the other tap one hears the program again.

A host speaks by WebRTC. A guest is called, taps, speaks, leaves, and raises a hand again. *Up* is the page's
own measure, from the tap to the connected stage with an open microphone; the program ends as the mix-minus
begins. *Back* ends when the hall plays the program. The browser is given its microphone without a question:
what a person takes to allow it is in neither.

    python -m bench.to_stage [--rounds 10] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, sync_playwright
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.hall_people import ask_to_speak, hall_of, on_air
from tests.parvis import Parvis, Person

from bench import machine

PATIENCE_MS: Final = 60_000
BACK: Final = """() => new Promise((resolve) => {
  const began = performance.now();
  document.querySelector("[data-testid=leave-stage]").click();
  const look = () => {
    if (document.querySelector("[data-state=playing]") !== null) resolve(performance.now() - began);
    else requestAnimationFrame(look);
  };
  look();
})"""


def one_round(guest: Page, host: Person, space: str, *, first: bool) -> dict[str, float]:
    """Called, up and back: milliseconds."""
    if not first:
        guest.get_by_test_id("over-read").click(timeout=PATIENCE_MS)
        guest.get_by_test_id("hand-raise").click(timeout=PATIENCE_MS)
        guest.get_by_test_id("hand-up").wait_for(timeout=PATIENCE_MS)
    (hand,) = host.get(f"spaces/{space}/hands")["items"]
    host.patch(f"spaces/{space}/hands/{hand['id']}", {"state": "called"})
    guest.get_by_test_id("speak-now").click(timeout=PATIENCE_MS)
    on = guest.locator("[data-testid=mute-self][data-connection=on]")
    on.wait_for(timeout=PATIENCE_MS)
    up_ms = float(on.get_attribute("data-took-ms") or "nan")
    return {"up_ms": up_ms, "back_ms": guest.evaluate(BACK)}


def measure(rounds: int) -> list[dict[str, float]]:
    """All rounds of one guest."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        parvis = Parvis(Path(folder) / "data")
        parvis.start()
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        try:
            host = parvis.person("host")
            with on_air(parvis, host, Path(folder)) as space:
                guest = hall_of(browser, parvis, space["id"])
                ask_to_speak(guest, "Camille", "")
                return [one_round(guest, host, space["id"], first=number == 0) for number in range(rounds)]
        finally:
            browser.close()
            parvis.stop()


def table(found: list[dict[str, float]]) -> str:
    """Medians, 95th percentiles and the worst, in Markdown."""
    lines = ["| way | p50 | p95 | worst |", "|---|--:|--:|--:|"]
    for name, what in (("tap to the stage", "up_ms"), ("tap to the program", "back_ms")):
        times = sorted(one[what] for one in found)
        p95 = statistics.quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]
        lines.append(f"| {name} | {statistics.median(times):.0f} ms | {p95:.0f} ms | {times[-1]:.0f} ms |")
    return "\n".join(lines)


def main() -> None:
    """Reads the options and runs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.rounds)
    if options.json:
        told = {"machine": machine.describe(), "rounds": found, "markdown": table(found)}
        print(json.dumps(told, indent=1))
        return
    print(machine.words(machine.describe()) + "\n\n" + table(found))


if __name__ == "__main__":
    main()
