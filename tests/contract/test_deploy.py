"""Service files, image and backup: checked by systemd's own tools, by reading, and by doing it."""

from __future__ import annotations

import ast
import json
import re
import shlex
import sqlite3
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("parvis*.*"))
SERVICE = (DEPLOY / "systemd" / "parvis.service").read_text()
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
MOST_EXPOSED = 25
"""Tenths, of systemd-analyze(1) security: 100 is a service that may do everything."""


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """Each with programs of this machine in the place of those that an installation has."""
    for unit in UNITS:
        if unit.suffix in (".service", ".timer"):
            text = unit.read_text().replace("/opt/parvis/current/bin/python", sys.executable)
            (tmp_path / unit.name).write_text(text)
    for unit in sorted(tmp_path.iterdir()):
        told = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
        assert (told.returncode, told.stderr) == (0, ""), unit.name


def test_the_service_is_kept_small() -> None:
    unit = DEPLOY / "systemd" / "parvis.service"
    told = run(
        "systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", unit
    )
    assert told.returncode == 0, told.stdout[-300:]


def test_the_service_says_what_the_program_keeps() -> None:
    settings = dict(line.split("=", 1) for line in SERVICE.splitlines() if re.match(r"[A-Z][A-Za-z]+=", line))
    assert settings["Type"] == "notify"  # cli/up.py says READY=1
    assert int(settings["WatchdogSec"]) >= 20
    assert settings["KillMode"] == "process", "the next supervisor adopts what runs"
    assert settings["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert settings["RuntimeDirectoryMode"] == "0700", "the bus refuses another (bus/run_dir.py)"
    assert "RestrictRealtime" not in settings, "the stage asks for it"
    assert int(settings["LimitRTPRIO"]) >= 1
    assert settings["NoNewPrivileges"] == "yes"
    assert settings["ProtectSystem"] == "strict"


def test_the_user_is_what_sysusers_makes(tmp_path: Path) -> None:
    line = (DEPLOY / "systemd" / "parvis.sysusers").read_text().splitlines()[-1]
    assert shlex.split(line)[:2] == ["u", re.findall(r"^User=(\w+)$", SERVICE, re.MULTILINE)[0]]


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage of the Containerfile, lines that go on put together."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", CONTAINERFILE, flags=re.MULTILINE))
    found: list[list[tuple[str, str]]] = []
    for line in filter(None, joined.splitlines()):
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def test_the_image_is_made_of_what_is_here() -> None:
    names = {
        rest.split()[2] for stage in stages() for word, rest in stage if word == "FROM" and " AS " in rest
    }
    for stage in stages():
        image = stage[0][1].split()[0]
        assert re.fullmatch(r"[a-z]+:[a-z0-9.-]+", image), "an image by name and version, of no registry"
        for word, rest in stage:
            if word != "COPY":
                continue
            words = rest.split()
            if words[0].startswith("--from="):
                assert words[0].removeprefix("--from=") in names
            else:
                assert all((ROOT / source).exists() for source in words[:-1]), rest
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".venv", "web/node_modules", "src/parvis/pages", ".git"} <= set(ignored)


def test_the_image_runs_as_nobody_special_and_says_how_it_is() -> None:
    last = stages()[-1]
    words = [word for word, _ in last]
    user = dict(last)["USER"]
    assert user not in ("root", "0")
    assert words.index("USER") < words.index("ENTRYPOINT")
    health = json.loads(dict(last)["HEALTHCHECK"].partition("CMD ")[2])
    assert health[:2] == ["python", "-c"]
    ast.parse(health[2])
    assert all(port in health[2] for port in ("8080", "8081", "8082"))
    assert json.loads(dict(last)["ENTRYPOINT"]) == ["parvis"]
    assert json.loads(dict(last)["CMD"])[0] == "up"
    assert dict(last)["STOPSIGNAL"] == "SIGTERM"
    assert "--require-hashes" in CONTAINERFILE


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder as Parvis leaves it, with a writer in the middle of something."""
    folder = tmp_path / "data"
    (folder / "run").mkdir(parents=True)
    (folder / "run" / "control.pid").write_text("1")
    (folder / "archive" / "k3v9" / "parts").mkdir(parents=True)
    (folder / "archive" / "k3v9" / "parts" / "opus.1.parts").write_bytes(b"sound")
    (folder / "session-key.pem").write_text("key")
    (folder / "lock").write_text("")
    return folder


def test_a_backup_holds_everything_that_counts_while_somebody_writes(data: Path, tmp_path: Path) -> None:
    writer = sqlite3.connect(data / "parvis.sqlite3", isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("CREATE TABLE accounts (handle TEXT)")
    writer.execute("INSERT INTO accounts VALUES ('ana')")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO accounts VALUES ('half')")
    told = run("sh", DEPLOY / "backup.sh", data, tmp_path / "backups", sys.executable)
    writer.execute("ROLLBACK")
    writer.close()
    assert told.returncode == 0, told.stderr
    made = Path(told.stdout.strip())
    assert made.stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "backups").iterdir()] == [made.name]
    restored = tmp_path / "restored"
    with tarfile.open(made) as archive:
        archive.extractall(restored, filter="data")
    assert sorted(str(path.relative_to(restored)) for path in restored.rglob("*") if path.is_file()) == [
        "archive/k3v9/parts/opus.1.parts",
        "parvis.sqlite3",
        "session-key.pem",
    ]
    with sqlite3.connect(restored / "parvis.sqlite3") as connection:
        assert connection.execute("SELECT handle FROM accounts").fetchall() == [("ana",)]


def test_old_backups_go(data: Path, tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    for day in range(1, 21):
        (backups / f"parvis-2026-01-{day:02}T04-00-00Z.tar").write_text("old")
    (backups / "mine.tar").write_text("not ours")
    assert run("sh", DEPLOY / "backup.sh", data, backups, sys.executable).returncode == 0
    left = sorted(path.name for path in backups.iterdir())
    assert len(left) == 15
    assert left[:2] == ["mine.tar", "parvis-2026-01-08T04-00-00Z.tar"]


def test_a_backup_of_nothing_is_said(tmp_path: Path) -> None:
    told = run("sh", DEPLOY / "backup.sh", tmp_path / "none", tmp_path / "backups", sys.executable)
    assert told.returncode != 0
    assert list((tmp_path / "backups").iterdir()) == []
