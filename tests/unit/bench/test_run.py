"""The report of all bench scripts."""

from __future__ import annotations

from pathlib import Path

from bench import run
from bench.run import SCRIPTS, markdown

FOUND = {"title": "An evening", "arguments": ["--json"], "seconds": 3.2, "exit_code": 0}


def test_every_script_is_there() -> None:
    folder = Path(run.__file__).parent
    assert [script.name for script in SCRIPTS if not (folder / f"{script.name}.py").is_file()] == []


def test_a_result_brings_its_own_table() -> None:
    said = markdown(FOUND | {"result": {"markdown": "| a |\n|---|", "rows": [1]}})
    assert said == "## An evening\n\n`--json`, 3 s\n\n| a |\n|---|"


def test_or_is_told_figure_by_figure() -> None:
    said = markdown(FOUND | {"result": {"mix": [{"seats": 5, "us": 1.5}]}})
    assert said.splitlines()[-2:] == ["| mix 1 seats | 5 |", "| mix 1 us | 1.5 |"]


def test_a_failure_is_shown() -> None:
    said = markdown(FOUND | {"exit_code": 1, "error": "no such thing\n"})
    assert said.endswith("Failed with 1:\n\n```\nno such thing\n```")
