"""The report of all bench scripts."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench import run
from bench.run import SCRIPTS, Script, markdown

FOUND = {"title": "An evening", "command": "python -m bench.evening", "seconds": 3.2, "exit_code": 0}


def test_every_script_is_there() -> None:
    folder = Path(run.__file__).parent
    assert [script.name for script in SCRIPTS if not (folder / f"{script.name}.py").is_file()] == []


def test_a_result_brings_its_own_table() -> None:
    said = markdown(FOUND | {"result": {"markdown": "| a |\n|---|", "rows": [1]}})
    assert said == "## An evening\n\n`python -m bench.evening`, 3 s\n\n| a |\n|---|"


def test_or_is_told_figure_by_figure() -> None:
    said = markdown(FOUND | {"result": {"mix": [{"seats": 5, "us": 1.5}]}})
    assert said.splitlines()[-2:] == ["| mix 1 seats | 5 |", "| mix 1 us | 1.5 |"]


def test_a_failure_is_shown() -> None:
    said = markdown(FOUND | {"exit_code": 1, "error": "no such thing\n"})
    assert said.endswith("Failed with 1:\n\n```\nno such thing\n```")


def test_a_script_is_run_and_its_last_object_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "bench"
    package.mkdir()
    (package / "made_up.py").write_text('print("a library says so")\nprint("{\\n \\"figure\\": 3\\n}")\n')
    (package / "broken.py").write_text('raise SystemExit("it cannot")\n')
    monkeypatch.chdir(tmp_path)
    assert run.run(Script("made_up", "Made up"), [])["result"] == {"figure": 3}
    failed = run.run(Script("broken", "Broken"), [])
    assert failed["exit_code"] == 1
    assert failed["error"] == "it cannot\n"
