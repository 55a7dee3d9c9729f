"""Runs Parvis for long and says whether it stays as it was. `make soak`.

What is found goes to build/soak.json, build/soak.md and build/soak.svg. Exit codes: 0 flat and nothing lost,
1 not so, 2 wrong usage.

    python -m tests.soak [--minutes 10] [--listeners 500]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from bench import machine

from tests.soak.evening import Evening, Plan, say
from tests.soak.report import as_data, markdown, picture

BUILD = Path(__file__).resolve().parents[2] / "build"


def main() -> int:
    """Reads the options, runs, reports; the exit code."""
    parser = argparse.ArgumentParser(prog="soak", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (default 10)")
    parser.add_argument("--listeners", type=int, default=500, help="how many come and go (default 500)")
    options = parser.parse_args()
    if options.minutes <= 0 or options.listeners < 1:
        parser.error("--minutes and --listeners must be above 0")
    plan = Plan(minutes=options.minutes, listeners=options.listeners)
    with tempfile.TemporaryDirectory(prefix="parvis-soak-") as folder:
        outcome = Evening(plan, Path(folder), say).run()
    BUILD.mkdir(exist_ok=True)
    ran_on = machine.describe()
    page = markdown(outcome, plan, machine.words(ran_on))
    (BUILD / "soak.json").write_text(json.dumps(as_data(outcome, plan, ran_on), indent=1))
    (BUILD / "soak.md").write_text(page)
    (BUILD / "soak.svg").write_text(picture(outcome, plan, machine.words(ran_on)))
    print(page)
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main())
