"""Fuzzes the targets with Atheris (libFuzzer): `make fuzz`, `make fuzz ARGS="http --runs 50000"`.

Each runs in a process of its own, so that what one does to memory and descriptors is its own. Found inputs
are kept in build/fuzz, one folder a target, and are the next run's beginning. A failure prints the input and
ends.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
CORPUS: Final = ROOT / "build" / "fuzz"
RUNS: Final = 1_000_000
SLOW_S: Final = 5
"""An input that takes longer is a failure."""
MAX_BYTES: Final = 4_096


def main() -> int:
    """0 when every target stood."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help="of sdp, fragment, http, edge, parts; none means all")
    parser.add_argument("--runs", type=int, default=RUNS, help="inputs for each target")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        return _fuzz(asked.one, asked.runs)
    from tests.fuzz.targets import TARGETS

    if unknown := set(asked.targets) - set(TARGETS):
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    names = asked.targets or list(TARGETS)
    failed = [name for name in names if not _stood(name, asked.runs)]
    for name in names:
        print(f"{name}: {'FAILED' if name in failed else f'{asked.runs:,} inputs, all stood'}")
    return 1 if failed else 0


def _stood(name: str, runs: int) -> bool:
    command = [sys.executable, "-m", "tests.fuzz", "--one", name, "--runs", str(runs)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def _fuzz(name: str, runs: int) -> int:
    import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]

    with atheris.instrument_imports(include=["parvis"]):
        from tests.fuzz.targets import SEEDS, TARGETS, open_descriptors

    corpus = CORPUS / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[name]):
        (corpus / f"seed-{number}").write_bytes(seed)
    target = TARGETS[name]
    tried = 0
    before = 0

    def once(data: bytes) -> None:
        nonlocal tried, before
        target(data)
        tried += 1
        if tried == 1_000:
            before = open_descriptors()
        elif tried % 100_000 == 0:
            assert open_descriptors() <= before, "descriptors are left behind"

    options = [
        f"-runs={runs}",
        f"-max_len={MAX_BYTES}",
        f"-timeout={SLOW_S}",
        "-rss_limit_mb=1024",
        f"-artifact_prefix={CORPUS}/failed-{name}-",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], once)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
