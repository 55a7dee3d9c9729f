"""Causes every fault, again and again, and says what the worst of it cost. `make chaos`.

Each run has a Parvis of its own. What is found goes to build/chaos.json and build/chaos.md after each
scenario, so that an interrupted run is not lost. A run that fails has its log kept beside them.

Exit codes: 0 when all promises were kept, 1 when one was broken or a run failed, 2 wrong usage.

    python -m tests.chaos [--only NAME …] [--times 20] [--list]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

from bench import machine

from tests.chaos.report import Result, as_data, markdown, row
from tests.chaos.scenario import Scenario
from tests.chaos.scenarios.every import SCENARIOS

BUILD = Path(__file__).resolve().parents[2] / "build"


def main() -> int:
    """Reads the options, runs, and reports; the exit code."""
    parser = argparse.ArgumentParser(prog="chaos", description=(__doc__ or "").split("\n")[0])
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help="these scenarios alone")
    parser.add_argument("--times", type=int, default=20, help="how often each (default 20)")
    parser.add_argument("--list", action="store_true", help="print the names and end")
    options = parser.parse_args()
    if options.times < 1:
        parser.error("--times must be at least 1")
    if options.list:
        print("\n".join(f"{scenario.name:20} {scenario.title}" for scenario in SCENARIOS))
        return 0
    chosen = [scenario for scenario in SCENARIOS if not options.only or scenario.name in options.only]
    BUILD.mkdir(exist_ok=True)
    ran_on = machine.describe()
    results: list[Result] = []
    for scenario in chosen:
        results.append(repeat(scenario, options.times))
        print(row(results[-1]), flush=True)
        (BUILD / "chaos.json").write_text(json.dumps(as_data(results, ran_on), indent=1))
        (BUILD / "chaos.md").write_text(markdown(results, machine.words(ran_on)))
    return 1 if any(result.is_broken for result in results) else 0


def repeat(scenario: Scenario, times: int) -> Result:
    """Runs one so often, each time in a fresh world."""
    result = Result(scenario)
    for number in range(1, times + 1):
        print(f"{scenario.name} {number}/{times} …", file=sys.stderr, flush=True)
        began_s = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="parvis-chaos-") as name:
            try:
                figures = scenario.once(Path(name))
            except Exception as error:  # the other runs still say something
                result.failures.append(f"run {number}: {error or type(error).__name__}")
                traceback.print_exc()
                kept = BUILD / f"chaos-{scenario.name}-{number}.log"
                shutil.copy(Path(name) / "data.log", kept)
                print(f"its log is {kept.name}", file=sys.stderr)
            else:
                result.runs.append(figures)
                for line in figures.broken(scenario.promise):
                    print(f"  run {number}: {line}", file=sys.stderr)
        result.seconds += time.monotonic() - began_s
    return result


if __name__ == "__main__":
    sys.exit(main())
