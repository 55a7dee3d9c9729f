"""The command, on the machine that runs the tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from parvis.cli.main import app
from parvis.errors import UserError
from parvis.ops.checks import CHECKS

KEYS = {"fine", "holds", "binds", "unknown", "load", "findings", "host"}


def test_too_many_end_with_1_and_say_what_to_change(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["doctor", "--listeners", "1000000000", "--json", "--data", str(tmp_path)]
    )
    found = json.loads(result.stdout)
    assert (result.exit_code, found["fine"]) == (1, False)
    assert set(found) == KEYS
    assert len(found["findings"]) == len(CHECKS)
    assert found["load"]["listeners"] == 1_000_000_000
    short = [finding for finding in found["findings"] if finding["verdict"] == "raise it"]
    assert short
    assert all(finding["change"] for finding in short)


def test_one_listener_ends_with_0(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["doctor", "--listeners", "1", "--data", str(tmp_path)])
    assert result.exit_code == 0, result.stdout
    assert "Fine for 1 listener." in result.stdout


def test_the_settings_of_the_edges_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARVIS_MAX_CONNECTIONS", "7")
    arguments = ["doctor", "--listeners", "15", "--edges", "2", "--json", "--data", str(tmp_path)]
    found = json.loads(CliRunner().invoke(app, arguments).stdout)
    assert (found["binds"], found["holds"]) == ("open files per process", 14)


def test_a_wrong_setting_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARVIS_MAX_CONNECTIONS", "many")
    result = CliRunner().invoke(app, ["doctor", "--data", str(tmp_path)])
    assert isinstance(result.exception, UserError)
    assert result.exception.code == "setting-invalid"
