"""A speaker who reaches the stage only by a TURN server: coturn, with the credentials that the stage gives.

The peer is libwebrtc as others built it. It asks by OPTIONS which servers there are, as RFC 9725 §4.6 has it,
and uses relayed candidates alone.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.caller import Caller
from tests.integration.foreign import PEER_HZ, peer, share_with, written
from tests.integration.signals import power_db
from tests.parvis import Parvis, free_ports, wait_until

SECRET = "a secret that two programs share"
HOST_HZ = 700


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Port and log of a TURN server on loopback that knows the secret."""
    program = shutil.which("turnserver")
    if not program:
        pytest.fail("turnserver is not installed: apt-get install -y --no-install-recommends coturn")
    folder = tmp_path_factory.mktemp("coturn")
    [port] = free_ports(1)
    log = folder / "turn.log"
    command = [
        program, "-n", "--use-auth-secret", f"--static-auth-secret={SECRET}", "--realm=parvis.test",
        "--listening-ip=127.0.0.1", f"--listening-port={port}", "--relay-ip=127.0.0.1",
        "--allow-loopback-peers", "--no-cli", "--no-tls", "--no-dtls", "--verbose", "--simple-log",
        f"--log-file={log}", f"--pidfile={folder / 'pid'}", f"--userdb={folder / 'db'}",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: f"listener opened on : 127.0.0.1:{port}" in said(log))
        assert process.poll() is None, said(log)
        yield port, log
    finally:
        process.terminate()
        process.wait(20)


def said(log: Path) -> str:
    return log.read_text() if log.exists() else ""


@pytest.fixture(scope="module")
def own(coturn: tuple[int, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parvis]:
    """A Parvis that tells its speakers of the server."""
    urls = ",".join(f"turn:127.0.0.1:{coturn[0]}?transport={transport}" for transport in ("udp", "tcp"))
    told = {"PARVIS_TURN_URLS": urls, "PARVIS_TURN_SECRET": SECRET}
    running = Parvis(tmp_path_factory.mktemp("parvis") / "data", edges=1, environment=told)
    running.start()
    yield running
    assert running.stop() == 0


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_seat_is_taken_by_relay_alone(
    own: Parvis, coturn: tuple[int, Path], tmp_path: Path, transport: str
) -> None:
    host, guest = own.person("host"), own.person("guest")
    space = host.post("spaces", {"title": "Relayed"})
    code = host.post(f"spaces/{space['id']}/invitations")["link"].partition("#invitation=")[2]
    guest.post(f"spaces/{space['id']}/seats", {"invitation": code})
    whip = space["links"]["whip"]
    before = said(coturn[1]).count("ALLOCATE processed, success")
    async with Caller(whip, host.token, speaks_hz=HOST_HZ) as ear:
        await ear.call(await ear.offer())
        await ear.connected()
        relayed = {"PEER_RELAY": transport}
        async with peer("libwebrtc", whip, guest.token, written(tmp_path / "frames"), relayed) as speaker:
            await ear.hears(PEER_HZ)
            heard = await ear.sound(2.0)
            assert power_db(heard, PEER_HZ) > -45
            assert share_with(heard, PEER_HZ) > 0.8, "without long gaps"
            await speaker.hears(HOST_HZ)
        assert speaker.said == [f"relayed by {transport}"]
    assert said(coturn[1]).count("ALLOCATE processed, success") > before
