"""Rude clients at a real edge, control and archive: they are cut off, and an honest listener hears no gap."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from parvis.media.reader import Part, PartReader
from tests.parvis import Parvis, Person, wait_until

SMUGGLED = b"GET /healthz?smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"

SERVERS = ("edge", "control", "archive")
SHAPES = {
    # A body whose end two readers could see in two places (RFC 9112 §6.3, §11.2).
    "length and chunks": POST
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "chunks and length": POST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
    + SMUGGLED,
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + SMUGGLED,
    "a list of lengths": POST + b"Content-Length: 0, 44\r\n\r\n" + SMUGGLED,
    "a signed length": POST + b"Content-Length: +44\r\n\r\n" + SMUGGLED,
    "a negative length": POST + b"Content-Length: -1\r\n\r\n" + SMUGGLED,
    "an endless length": POST + b"Content-Length: 99999999999999999999999\r\n\r\n" + SMUGGLED,
    "a coding nobody knows": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunks that are not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a coding with a tab": POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a chunk of no number": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a chunk of a huge number": POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n" + SMUGGLED,
    "a chunk too long": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n" + SMUGGLED,
    # Heads that two readers could read in two ways (RFC 9112 §5).
    "a folded line": GET + b"X: a\r\n Content-Length: 44\r\n\r\n" + SMUGGLED,
    "a space before the colon": GET + b"Content-Length : 44\r\n\r\n" + SMUGGLED,
    "a zero byte in a value": GET + b"X: a\x00b\r\n\r\n",
    "a zero byte in a name": GET + b"X\x00: b\r\n\r\n",
    "a bare CR": GET + b"X: a\rContent-Length: 44\r\n\r\n" + SMUGGLED,
    "a line without a name": GET + b": a\r\n\r\n",
    "a line without a colon": GET + b"nothing\r\n\r\n",
    "a method of junk": b"G@T / HTTP/1.1\r\nHost: x\r\n\r\n",
    "no version": b"GET /healthz\r\n\r\n",
    "another version": b"GET /healthz HTTP/3.7\r\nHost: x\r\n\r\n",
    "an address with a line end": b"GET /a\nb HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
}
TOO_LARGE = {
    "an address": b"GET /" + b"a" * 200_000,
    "a header": GET + b"X: " + b"a" * 200_000,
    "a thousand headers": GET + b"X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 4_000,
}


class Listener:
    """An honest one: curl, which writes down what it gets of a Space that plays its standby tone."""

    def __init__(self, parvis: Parvis, folder: Path) -> None:
        host: Person = parvis.person("host")
        space: dict[str, Any] = host.post("spaces", {"title": "Rude", "standby": "tone"})
        host.post(f"spaces/{space['id']}/start")
        stream = space["links"]["stream"]
        wait_until(lambda: httpx.head(stream).status_code == 200)
        self._heard = folder / "heard.mp4"
        self._process = subprocess.Popen(["curl", "-sN", "-o", str(self._heard), stream])
        wait_until(self._heard.exists)

    def parts(self) -> list[Part]:
        """All that came until now."""
        return [item for item in PartReader().feed(self._heard.read_bytes()) if isinstance(item, Part)]

    def check(self) -> None:
        """Fails if a part is missing or came twice, or an edge put silence in the place of one."""
        assert self._process.poll() is None
        parts = self.parts()
        sequences = [part.sequence for part in parts]
        assert sequences == list(range(sequences[0], sequences[0] + len(parts)))
        stand_ins = [part.sequence for part in parts if len(set(part.access_units)) == 1]
        assert not stand_ins, "a tone has no two frames alike"

    def check_from_now_on(self, parts: int = 5) -> None:
        """The same, once so many more have come."""
        wanted = len(self.parts()) + parts
        wait_until(lambda: self._process.poll() is not None or len(self.parts()) >= wanted)
        self.check()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parvis]:
    """A Parvis of its own that waits two seconds for a head at its edge."""
    environment = {"PARVIS_REQUEST_TIMEOUT_S": "2", "PARVIS_PER_ADDRESS": "0"}
    running = Parvis(tmp_path_factory.mktemp("rude") / "data", edges=1, environment=environment)
    running.start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def listener(strict: Parvis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listener]:
    """Listens to the one edge as long as anybody is rude here."""
    listening = Listener(strict, tmp_path_factory.mktemp("listener"))
    try:
        listening.check_from_now_on()
        yield listening
        listening.check_from_now_on()
    finally:
        listening.stop()


@pytest.fixture(autouse=True)
def hears_no_gap(listener: Listener) -> Iterator[None]:
    """After each of the tests."""
    yield
    listener.check()


@pytest.fixture(scope="module")
def ports(strict: Parvis) -> dict[str, int]:
    return {"edge": strict.port, "control": strict.control_port, "archive": strict.archive_port}


def said(port: int, data: bytes) -> bytes:
    """All that is answered until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        answer = b""
        with contextlib.suppress(ConnectionError, BrokenPipeError):
            client.sendall(data)
            while piece := client.recv(65_536):
                answer += piece
        return answer


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("server", SERVERS)
def test_nothing_is_smuggled(ports: dict[str, int], server: str, shape: str) -> None:
    found = statuses(said(ports[server], SHAPES[shape]))
    assert len(found) <= 1, "what stands behind is never a request"
    assert all(400 <= status < 500 for status in found), found


@pytest.mark.parametrize("server", SERVERS)
def test_bare_line_feeds_are_one_request_or_none(ports: dict[str, int], server: str) -> None:
    data = b"GET /healthz HTTP/1.1\nHost: x\nContent-Length: 44\n\n" + SMUGGLED
    assert len(statuses(said(ports[server], data))) <= 1


@pytest.mark.parametrize("shape", TOO_LARGE)
@pytest.mark.parametrize("server", SERVERS)
def test_an_endless_head_is_cut_off(ports: dict[str, int], server: str, shape: str) -> None:
    """The connection ends before all was sent, or with `431`; a reset may destroy the answer on its way."""
    assert statuses(said(ports[server], TOO_LARGE[shape])) in ([], [431], [400])


@pytest.mark.parametrize("server", SERVERS)
def test_pipelined_requests_are_answered_in_order(ports: dict[str, int], server: str) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert statuses(said(ports[server], one * 200 + last)) == [200] * 200 + [404]


def test_slow_clients_are_cut_off(strict: Parvis, listener: Listener) -> None:
    slow = [
        socket.create_connection(("127.0.0.1", port))
        for port in (strict.port, strict.control_port, strict.archive_port)
        for _ in range(150)
    ]
    try:
        for number, client in enumerate(slow):
            client.setblocking(False)
            if number % 3:
                client.send(b"GET /healthz HTTP/1.1\r\nX-")
        left = list(slow)

        def dripped() -> bool:
            for client in list(left):
                with contextlib.suppress(BlockingIOError):
                    try:
                        if client.recv(4096) == b"":
                            left.remove(client)
                            continue
                        client.send(b"a")
                    except ConnectionError:
                        left.remove(client)
            return not left

        wait_until(dripped, patience_s=60)
        listener.check_from_now_on()
        for origin in (strict.control, strict.archive):
            assert httpx.get(f"{origin}/healthz").status_code == 200
    finally:
        for client in slow:
            client.close()
