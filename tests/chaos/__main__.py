"""Causes every fault, again and again, and says what the worst of it cost. `make chaos`.

Two scenarios go on side by side, each in a Parvis of its own. One serves a few runs, each with Spaces and
people of its own, and is replaced when a run fails: its log is then kept beside the report. What is found
goes to build/chaos.json and build/chaos.md after each scenario, so that an interrupted run is not lost.

Exit codes: 0 when all promises were kept, 1 when one was broken or a run failed, 2 wrong usage.

    python -m tests.chaos [--only NAME …] [--times 20] [--add] [--houses 2] [--list]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from bench import machine

from tests.chaos.report import Result, as_data, from_data, markdown, row
from tests.chaos.scenario import Scenario
from tests.chaos.scenarios.every import SCENARIOS
from tests.chaos.world import House

BUILD = Path(__file__).resolve().parents[2] / "build"
HOUSES = 2
"""Most of a run is waiting: two at a time leave both cores half idle."""
RUNS_IN_A_HOUSE = 8
"""What dies again and again is started again later and later (`ops/supervisor.py`)."""


def main() -> int:
    """Reads the options, runs, and reports; the exit code."""
    parser = argparse.ArgumentParser(prog="chaos", description=(__doc__ or "").split("\n")[0])
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help="these scenarios alone")
    parser.add_argument("--times", type=int, default=20, help="how often each (default 20)")
    parser.add_argument("--add", action="store_true", help="to the runs that build/chaos.json holds already")
    parser.add_argument(
        "--houses", type=int, default=HOUSES, help=f"scenarios at the same time (default {HOUSES})"
    )
    parser.add_argument("--list", action="store_true", help="print the names and end")
    options = parser.parse_args()
    if options.times < 1 or options.houses < 1:
        parser.error("--times and --houses must be at least 1")
    if options.list:
        print("\n".join(f"{scenario.name:20} {scenario.title}" for scenario in SCENARIOS))
        return 0
    chosen = [scenario for scenario in SCENARIOS if not options.only or scenario.name in options.only]
    BUILD.mkdir(exist_ok=True)
    ran_on = machine.describe()
    found = earlier(BUILD / "chaos.json") if options.add else {}
    writing = Lock()

    def see(scenario: Scenario) -> None:
        result = found.setdefault(scenario.name, Result(scenario))
        repeat(result, options.times)
        with writing:
            print(row(result), flush=True)
            results = [found[name] for name in names if name in found and found[name].times]
            (BUILD / "chaos.json").write_text(json.dumps(as_data(results, ran_on), indent=1))
            (BUILD / "chaos.md").write_text(markdown(results, machine.words(ran_on)))

    with ThreadPoolExecutor(options.houses) as threads:
        list(threads.map(see, chosen))
    return 1 if any(result.is_broken for result in found.values()) else 0


def earlier(file: Path) -> dict[str, Result]:
    """What an earlier `make chaos` has left there."""
    if not file.exists():
        return {}
    scenarios = {scenario.name: scenario for scenario in SCENARIOS}
    told = json.loads(file.read_text())["scenarios"]
    return {name: from_data(scenarios[name], data) for name, data in told.items() if name in scenarios}


def repeat(result: Result, times: int) -> None:
    """Runs its scenario so often, and adds what was found."""
    scenario = result.scenario
    began_s = time.monotonic()
    first = result.times + 1
    left = list(range(first, first + times))
    while left:
        with (
            tempfile.TemporaryDirectory(prefix="parvis-chaos-") as name,
            House(Path(name), shim=scenario.shim) as house,
        ):
            for _ in range(RUNS_IN_A_HOUSE // scenario.at_once):
                batch, left = left[: scenario.at_once], left[scenario.at_once :]
                if batch and not side_by_side(result, house, batch):
                    break
    result.seconds += time.monotonic() - began_s


def side_by_side(result: Result, house: House, numbers: Sequence[int]) -> bool:
    """These runs at the same time; False when one failed, and left who knows what."""
    scenario = result.scenario
    print(f"{scenario.name} {', '.join(map(str, numbers))} …", file=sys.stderr, flush=True)
    house.wait_until_whole()
    with ThreadPoolExecutor(len(numbers)) as threads:
        runs = {number: threads.submit(scenario.once, house) for number in numbers}
    well = True
    for number, run in runs.items():
        try:
            figures = run.result()
        except Exception as error:  # the other runs still say something
            well = False
            result.failures.append(f"run {number}: {error or type(error).__name__}")
            traceback.print_exc()
            kept = BUILD / f"chaos-{scenario.name}-{number}.log"
            shutil.copy(house.parvis.log, kept)
            print(f"its log is {kept.name}", file=sys.stderr)
        else:
            result.add(figures)
            if not figures.is_measured:
                print(f"  run {number} is set aside: the machine was too busy to measure", file=sys.stderr)
            for line in figures.broken(scenario.promise):
                print(f"  run {number}: {line}", file=sys.stderr)
    return well


if __name__ == "__main__":
    sys.exit(main())
