"""Runs the bench scripts one after another, gathers their JSON in build/bench.json, prints a Markdown report.

Each script runs in a process of its own, so that none inherits another's memory or open files. One that fails
is reported, and the others go on; the exit code is then 1.

    python -m bench.run [--only NAME …] [--full] [--list]

`--full` is the size of the published figures, which takes hours and a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench import machine
from bench.sink import BUILD


@dataclass(frozen=True, slots=True)
class Script:
    """One script: its arguments for a look, and for the published figures. It prints one JSON object."""

    name: str
    title: str
    quick: Sequence[str] = ()
    full: Sequence[str] = ()


SCRIPTS = (
    Script(
        "home",
        "Home, search and profiles, on SQLite and PostgreSQL",
        ["--json", "--spaces", "10000", "--rounds", "50"],
        ["--json"],
    ),
    Script(
        "many_spaces",
        "Spaces that are announced, and that nobody is in",
        ["--json", "--spaces", "2000", "--for", "5"],
        ["--json", "--for", "60"],
    ),
    Script("audio_mix", "What a tick of the mixer costs", ["--json"], ["--json", "--ticks", "10000"]),
    Script(
        "edge_fanout", "An edge beside a bare loop of writes", [], ["--listeners", "15000", "--seconds", "30"]
    ),
    Script(
        "listeners_per_core",
        "Listeners per core, beside other servers",
        ["--json"],
        ["--json", "--listeners", "18000", "--for", "30", "--stretch", "1", "3", "6", "12", "--rounds", "5"],
    ),
    Script(
        "tls",
        "What TLS costs",
        ["--json"],
        ["--json", "--listeners", "9000", "--arrive", "30", "--for", "30"],
    ),
    Script(
        "evening",
        "An evening",
        ["--json"],
        ["--json", "--listeners", "600000", "--edges", "36", "--arrive", "300", "--for", "600"],
    ),
    Script(
        "flash",
        "A flash crowd",
        ["--json"],
        ["--json", "--room", "10000", "--edges", "4", "--for", "60"],
    ),
    Script(
        "seats",
        "A seat, beside Janus's AudioBridge",
        ["--json", "--seats", "0", "4", "--for", "4"],
        ["--json", "--for", "20"],
    ),
    Script("hands", "A line of 50,000 hands", ["--json", "--times", "30"], ["--json", "--times", "300"]),
    Script(
        "reactions",
        "A crowd that claps",
        ["--json", "--listeners", "500", "--seconds", "10"],
        ["--json", "--listeners", "15000", "--seconds", "60"],
    ),
    Script(
        "chat",
        "A message on its way",
        ["--json", "--listeners", "500", "--seconds", "10"],
        ["--json", "--listeners", "15000", "--seconds", "60"],
    ),
    Script(
        "herd",
        "An edge is killed",
        ["--json"],
        ["--json", "--listeners", "60000", "--edges", "8", "--arrive", "60", "--after", "60"],
    ),
    Script("mouth_to_ear", "From a mouth to every door", ["--json", "--clicks", "30"], ["--json"]),
    Script("overhead", "Bytes by door", ["--json", "--seconds", "15"], ["--json", "--seconds", "60"]),
    Script("first_sound", "The hall's weight and first sound", ["--json", "--times", "5"], ["--json"]),
    Script("to_stage", "From the hall to the stage and back", ["--json", "--rounds", "4"], ["--json"]),
    Script(
        "loss_quality",
        "Speech through a bad network",
        ["--json", "--loss", "0", "10", "--only-loss", "--repeat", "1"],
        ["--json"],
    ),
    Script(
        "sign_ins",
        "Sign-ins a second",
        ["--json"],
        ["--json", "--seconds", "60", "--accounts", "1000", "--at-once", "32"],
    ),
)


def run(script: Script, arguments: Sequence[str]) -> dict[str, Any]:
    """Runs it: `{"title", "command", "seconds", "exit_code", "result" or "error"}`."""
    began_s = time.monotonic()
    command = [sys.executable, "-m", f"bench.{script.name}", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    found: dict[str, Any] = {
        "title": script.title,
        "command": " ".join(["python", "-m", f"bench.{script.name}", *arguments]),
        "seconds": round(time.monotonic() - began_s, 1),
        "exit_code": ended.returncode,
    }
    # What a library says on standard output comes before.
    _, _, last = ("\n" + ended.stdout).rpartition("\n{\n")
    try:
        return found | {"result": json.loads("{" + last)}
    except ValueError:
        return found | {"error": ended.stderr[-2000:] or "it printed no JSON"}


def markdown(found: Mapping[str, Any]) -> str:
    """One section of the report."""
    lines = [f"## {found['title']}", "", f"`{found['command']}`, {found['seconds']:.0f} s", ""]
    if "error" in found:
        return "\n".join(
            [*lines, f"Failed with {found['exit_code']}:", "", "```", found["error"].strip(), "```"]
        )
    result = found["result"]
    body = result.get("markdown") or "\n".join(["| | |", "|---|---|", *_rows(result, "")])
    return "\n".join([*lines, body])


def _rows(value: Any, path: str) -> list[str]:
    """Every figure of a result without a table of its own, by its path."""
    if isinstance(value, dict):
        return [row for key, inner in value.items() for row in _rows(inner, f"{path} {key}".strip())]
    if isinstance(value, list):
        return [row for number, inner in enumerate(value, 1) for row in _rows(inner, f"{path} {number}")]
    return [f"| {path} | {value} |"]


def main() -> None:
    """Reads the options, runs, and reports."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=[script.name for script in SCRIPTS], metavar="NAME")
    parser.add_argument("--full", action="store_true", help="at the size of the published figures")
    parser.add_argument("--list", action="store_true", help="print the names and end")
    options = parser.parse_args()
    chosen = [script for script in SCRIPTS if not options.only or script.name in options.only]
    if options.list:
        print("\n".join(f"{script.name:20} {script.title}" for script in chosen))
        return
    results: dict[str, dict[str, Any]] = {}
    BUILD.mkdir(exist_ok=True)
    print(f"# Measured on {machine.words(machine.describe())}\n")
    for script in chosen:
        print(f"{script.title} …", file=sys.stderr, flush=True)
        results[script.name] = run(script, script.full if options.full else script.quick)
        print(markdown(results[script.name]) + "\n", flush=True)
        whole = {"machine": machine.describe(), "full": options.full, "scripts": results}
        (BUILD / "bench.json").write_text(json.dumps(whole, indent=1))
    if any(found["exit_code"] or "error" in found for found in results.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
