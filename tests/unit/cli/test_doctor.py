"""The command, on the machine that runs the tests."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from parvis.cli.main import application
from parvis.errors import UserError
from parvis.ops.checks import CHECKS
from tests.parvis import free_ports

SITE = ("port of control", "port of archive", "port of edge", "certificate", "disk speed", "database")
app = application(["doctor"])
KEYS = {"fine", "holds", "binds", "unknown", "load", "findings", "host"}


def test_too_many_end_with_1_and_say_what_to_change(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["doctor", "--listeners", "1000000000", "--json", "--data", str(tmp_path)]
    )
    found = json.loads(result.stdout)
    assert (result.exit_code, found["fine"]) == (1, False)
    assert set(found) == KEYS
    names = [finding["name"] for finding in found["findings"]]
    assert len(names) >= len(CHECKS) + len(SITE)
    assert set(SITE) <= set(names)
    assert found["load"]["listeners"] == 1_000_000_000
    short = [finding for finding in found["findings"] if finding["verdict"] == "raise it"]
    assert short
    assert all(finding["change"] for finding in short)


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ports that nobody has, and no file of settings but one that a test names."""
    ports = free_ports(3)
    for name, port in zip(("PARVIS_PORT", "PARVIS_CONTROL_PORT", "PARVIS_ARCHIVE_PORT"), ports, strict=True):
        monkeypatch.setenv(name, str(port))
    monkeypatch.setenv("PARVIS_CONFIG", "")


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


def test_a_port_that_somebody_has_ends_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("PARVIS_PORT", str(taken.getsockname()[1]))
        result = CliRunner().invoke(app, ["doctor", "--listeners", "1", "--json", "--data", str(tmp_path)])
    assert result.exit_code == 1
    short = [one["name"] for one in json.loads(result.stdout)["findings"] if one["verdict"] == "raise it"]
    assert short == ["port of edge"]


def test_what_is_in_force_is_shown_with_where_it_is_from_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "parvis.toml"
    file.write_text('metrics_token = "s3cret"\n[edge]\ndrain_s = 3')
    monkeypatch.setenv("PARVIS_MAX_CONNECTIONS", "7")
    result = CliRunner().invoke(app, ["doctor", str(file), "--config", "--json"])
    assert result.exit_code == 0
    shown = json.loads(result.stdout)
    by_name = {(one["process"], one["name"]): (one["value"], one["source"]) for one in shown["settings"]}
    assert shown["file"] == str(file)
    assert by_name["edge", "drain_s"] == ("3.0", f"{file}: [edge] drain_s")
    assert by_name["edge", "max_connections"] == ("7", "PARVIS_MAX_CONNECTIONS")
    assert by_name["edge", "metrics_token"] == ("(set)", f"{file}: metrics_token")
    assert by_name["stage", "opus_bps"] == ("32000", "default")
    assert "s3cret" not in result.stdout
    assert "s3cret" not in CliRunner().invoke(app, ["doctor", str(file), "--config"]).stdout
