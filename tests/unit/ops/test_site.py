"""Ports, certificates, disk and database as they really are, good and bad."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from parvis.ops import site
from parvis.ops.database_state import known_revisions, read_state
from parvis.ops.findings import Served, Verdict
from parvis.ops.site import DatabaseState
from parvis.store.migrate import migrate
from tests.certificates import Authority


def door(
    port: int = 1, *, host: str = "127.0.0.1", certificate: str = "", key: str = "", url: str = ""
) -> Served:
    return Served("edge", host, port, certificate, key, url)


def test_a_free_port_and_one_that_somebody_has() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (found,) = site.tcp_ports([door(port)])
        assert found.verdict is Verdict.RAISE
        assert found.change == f"ss -ltnp 'sport = :{port}' shows who has it"
    assert site.tcp_ports([door(port)])[0].verdict is Verdict.FINE


def test_an_address_that_is_not_here() -> None:
    (found,) = site.tcp_ports([door(8080, host="192.0.2.77")])
    assert found.verdict is Verdict.RAISE
    assert "ip -brief address" in (found.change or "")


@pytest.fixture
def issued(tmp_path: Path) -> tuple[str, str]:
    pair = Authority(tmp_path).issue()
    pair.key.chmod(0o600)
    return str(pair.certificate), str(pair.key)


def test_a_good_certificate(issued: tuple[str, str]) -> None:
    doors = [door(certificate=issued[0], key=issued[1], url=url) for url in ("", "https://edge.test")]
    (found,) = site.certificates(doors, datetime.now(UTC))
    assert "for edge.test, localhost, replay.test, 127.0.0.1" in found.value
    assert found.verdict in (Verdict.FINE, Verdict.BETTER)  # by the days that the test's authority gives


def test_names_that_are_not_in_it(issued: tuple[str, str]) -> None:
    (found,) = site.certificates([door(certificate=issued[0], key=issued[1], url="https://radio.test:8443")])
    assert found.verdict is Verdict.RAISE
    assert "names radio.test" in (found.change or "")


def test_one_that_is_over(issued: tuple[str, str]) -> None:
    later = datetime.now(UTC) + timedelta(days=4_000)
    (found,) = site.certificates([door(certificate=issued[0], key=issued[1])], later)
    assert found.verdict is Verdict.RAISE
    assert "not valid now" in found.value


def test_a_key_of_another(issued: tuple[str, str], tmp_path: Path) -> None:
    other = Authority(tmp_path).issue("other")
    (found,) = site.certificates([door(certificate=issued[0], key=str(other.key))])
    assert found.verdict is Verdict.RAISE
    (missing,) = site.certificates([door(certificate=str(tmp_path / "none.pem"))])
    assert missing.verdict is Verdict.RAISE
    assert "No such file" in missing.value


@pytest.mark.parametrize(
    ("host", "url", "verdict"),
    [
        ("127.0.0.1", "", Verdict.FINE),
        ("0.0.0.0", "https://a.test", Verdict.FINE),
        ("0.0.0.0", "http://a.test", Verdict.BETTER),
    ],
)
def test_without_a_certificate(host: str, url: str, verdict: Verdict) -> None:
    assert site.certificates([door(host=host, url=url)])[0].verdict is verdict


def test_the_disk_is_written_to_and_left_as_it_was(tmp_path: Path) -> None:
    found = site.disk_speed(tmp_path / "not" / "yet", tmp_path / "run")
    assert found.verdict in (Verdict.FINE, Verdict.BETTER)
    assert str(tmp_path) in found.value
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_nothing() -> None:
    found = site.disk_speed(Path("/proc/self"), Path("run"))
    assert (found.verdict, bool(found.change)) == (Verdict.RAISE, True)


async def test_a_database_of_this_version(tmp_path: Path) -> None:
    await migrate(f"sqlite+aiosqlite:///{tmp_path / 'parvis.sqlite3'}")
    state = read_state("", tmp_path)
    assert (state.revision, state.failure) == (known_revisions()[-1], "")
    assert site.database(state, known_revisions()).verdict is Verdict.FINE


def _nothing(_file: Path) -> None:
    pass


def _garbage(file: Path) -> None:
    file.write_bytes(b"no database at all, not even nearly one" * 100)


def _newer(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")


@pytest.mark.parametrize(
    ("make", "verdict", "said"),
    [
        (_nothing, Verdict.FINE, "new"),
        (_garbage, Verdict.RAISE, "not a database"),
        (_newer, Verdict.RAISE, "9999, which this version does not know"),
    ],
)
def test_other_databases(tmp_path: Path, make: Callable[[Path], None], verdict: Verdict, said: str) -> None:
    make(tmp_path / "parvis.sqlite3")
    before = sorted(tmp_path.iterdir())
    found = site.database(read_state("", tmp_path), known_revisions())
    assert found.verdict is verdict
    assert said in found.value
    assert sorted(tmp_path.iterdir()) == before


def test_a_database_that_does_not_answer(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    state = read_state(f"postgresql+asyncpg://ana:s3cret@127.0.0.1:{port}/parvis", tmp_path)
    found = site.database(state, known_revisions())
    assert found.verdict is Verdict.RAISE
    assert "s3cret" not in found.value


def test_an_older_and_a_read_only_database() -> None:
    assert site.database(DatabaseState("db", "a"), ["a", "b"]).verdict is Verdict.BETTER
    assert site.database(DatabaseState("db", "b", read_only=True), ["a", "b"]).verdict is Verdict.RAISE


def test_a_secret_that_everybody_can_read(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("x")
    file.chmod(0o604)
    assert site.secret_files({"metrics_token_file": file})[0].change == f"chmod o-r {file}"
    file.chmod(0o600)
    assert site.secret_files({"metrics_token_file": file}) == []
