"""`parvis rehearse` as a user runs it: with a Parvis of its own, and against one that runs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.parvis import PARVIS, Parvis, free_ports, wait_until

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "rehearse.md"
SMALL = ("--listeners", "60", "--edges", "2")
SHORT = ("--minutes", "1.4")


def run(*options: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PARVIS, "rehearse", *options],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        env={**os.environ, **(environment or {})},
    )


def documented() -> set[str]:
    _, _, table = HOW_TO.read_text().partition("## For scripts")
    return set(re.findall(r"^\| `([a-z0-9_.]+)`", table, re.MULTILINE))


def keys(told: dict[str, Any]) -> set[str]:
    """Dotted names, steps as one; `crowd` is documented elsewhere."""
    names = {name for name in told if name not in ("steps", "machine")}
    names |= {f"steps.{name}" for step in told["steps"] for name in step}
    return names | {f"machine.{name}" for name in told["machine"]}


def script(tmp_path: Path, *acts: str) -> str:
    file = tmp_path / "faults.toml"
    file.write_text("".join(f'[[fault]]\ndo = "{act}"\n' for act in acts))
    return str(file)


def steps(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in told["steps"]}


def check(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What it said, which agrees with its exit code. How long things took is not judged here: that is the
    machine's verdict, and the machine of a test may be busy."""
    assert ended.stdout, ended.stderr
    told: dict[str, Any] = json.loads(ended.stdout)
    assert ended.returncode == (0 if told["ready"] else 1), ended.stderr
    assert told["ready"] == (not told["reasons"])
    return told


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for temporary ones, with a name short enough for sockets below it."""
    with tempfile.TemporaryDirectory(prefix="reh-") as folder:
        yield Path(folder)


def test_one_of_its_own_is_rehearsed_broken_and_cleaned_up(tmp_path: Path, place: Path) -> None:
    page = tmp_path / "report.html"
    faults = script(tmp_path, "stage-killed", "edge-killed", "herd", "handoff")
    ended = run(
        *SMALL,
        *SHORT,
        "--faults",
        faults,
        "--json",
        "--report",
        str(page),
        environment={"TMPDIR": str(place)},
    )
    told = check(ended)
    assert told["own"]
    made = steps(told)
    assert list(made) == [
        "green-room", "go-live", "full-house", "stage-killed", "edge-killed", "herd", "handoff", "end",
    ], told["reasons"]  # fmt: skip
    assert keys(told) == documented()
    assert made["go-live"]["passed"], made["go-live"]
    assert made["green-room"]["passed"], made["green-room"]
    assert made["handoff"]["passed"], made["handoff"]
    assert "went on for" in made["stage-killed"]["said"], made["stage-killed"]
    assert made["stage-killed"]["silence_s"] > 0, "nothing was missing: was anything killed?"
    assert made["edge-killed"]["dropped"] > 0, made["edge-killed"]
    assert made["herd"]["returned"] >= 59, made["herd"]
    crowd = told["crowd"]
    assert crowd["listeners"]["admitted"] == crowd["listeners"]["arrived"] == 60
    assert crowd["streams"]["ended"] == 60
    assert "Rehearsal with 60 listeners" in page.read_text()
    assert list(place.iterdir()) == [], "its folder is gone"
    assert not processes_below(place)


def test_one_that_runs_is_left_as_it_was(parvis: Parvis) -> None:
    ana = parvis.person("ana")
    pids = parvis.pids()
    ended = run(
        *SHORT,
        *("--listeners", "40", "--speakers", "2", "--faults", "standard", "--url", parvis.control, "--json"),
        environment={"PARVIS_TOKEN": ana.token},
    )
    told = check(ended)
    assert not told["own"]
    assert parvis.pids() == pids, "it killed nothing"
    made = steps(told)
    assert list(made) == [
        "green-room", "go-live", "full-house", "host-drops", "succession", "herd", "handoff", "end",
    ], told["reasons"]  # fmt: skip
    assert made["succession"]["said"].startswith("the co-host acted"), made["succession"]
    assert sum(note.startswith("Left out:") for note in told["notes"]) == 3
    mine = ana.get("spaces?mine=true")["items"]
    assert [(space["title"], space["state"], space["recording"]) for space in mine] == [
        ("Rehearsal, second Space", "ended", "off"),
        ("Rehearsal", "ended", "off"),
    ]


def test_ctrl_c_ends_everything_and_says_so(place: Path) -> None:
    rehearsal = subprocess.Popen(
        [*PARVIS, "rehearse", *SMALL, "--faults", "none", "--minutes", "30", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(place)},
    )
    try:
        wait_until(lambda: any("storm" in name for name in titles_below(rehearsal.pid)), patience_s=120)
        rehearsal.send_signal(signal.SIGINT)
        out, said = rehearsal.communicate(timeout=120)
    finally:
        rehearsal.kill()
    told = json.loads(out)
    assert rehearsal.returncode == 1, said
    assert told["interrupted"]
    assert "It was interrupted." in told["reasons"]
    assert list(place.iterdir()) == []
    assert not processes_below(place)


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (("--faults", "fire"), 2, "none, standard, hard"),
        (("--minutes", "0.5"), 2, "--minutes"),
        (("--speakers", "0"), 2, "--speakers"),
        (("--url", "http://192.0.2.1:8081"), 1, "target-not-loopback"),
        (("--url", "http://127.0.0.1/s/abc"), 1, "link-unknown"),
        (("--report", "/nowhere/report.html"), 1, "report-unwritable"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_begins(
    options: tuple[str, ...], status: int, said: str
) -> None:
    ended = run(*options)
    assert ended.returncode == status
    assert said in ended.stderr
    assert ended.stdout == ""


def test_a_control_that_is_away_is_not_ready() -> None:
    ended = run("--url", f"http://127.0.0.1:{free_ports(1)[0]}", "--json")
    assert ended.returncode == 1
    assert "does not answer" in json.loads(ended.stdout)["reasons"][0]


def titles_below(pid: int) -> list[str]:
    try:
        return [" ".join(child.cmdline()) for child in psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def processes_below(folder: Path) -> list[str]:
    """Command lines, and folders of the bus, of processes that still work for a Parvis in this folder."""
    found = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
        if environment.get("PARVIS_DATA", "").startswith(str(folder)):
            found.append(" ".join(process.cmdline()))
    return found
