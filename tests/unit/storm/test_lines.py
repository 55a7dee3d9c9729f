"""Reading and writing as a storm does, with TLS."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from parvis.storm.lines import RECORD_BYTES, Lines, Plain, Secure, lines_to
from parvis.storm.sockets import Dialler
from parvis.storm.target import Target
from tests.certificates import Authority


@pytest.fixture
def peers(tmp_path: Path) -> Iterator[tuple[Target, Secure, int, ssl.SSLSocket]]:
    """A storm's descriptor that has asked "hello", and the server's end of it."""
    authority = Authority(tmp_path)
    issued = authority.issue()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    with socket.create_server(("127.0.0.1", 0)) as server:
        served: list[ssl.SSLSocket] = []

        def serve() -> None:
            served.append(context.wrap_socket(server.accept()[0], server_side=True))

        thread = threading.Thread(target=serve)
        thread.start()
        target = Target.of(f"https://localhost:{server.getsockname()[1]}/s/abc", ca=authority.file)
        lines = lines_to(target)
        assert isinstance(lines, Secure)
        fd = Dialler(target, ()).dial(0)
        while not (written := ask(lines, fd)):
            pass
        assert written == 5
        thread.join(10)
        with served[0]:
            yield target, lines, fd, served[0]


def ask(lines: Secure, fd: int) -> int:
    try:
        return lines.write(fd, b"hello")
    except BlockingIOError:
        return 0


def read(lines: Lines, fd: int, buffer: bytearray) -> int:
    while True:
        try:
            return lines.readv(fd, [buffer])
        except BlockingIOError:
            continue


@pytest.mark.parametrize("size", [1, 5_000, RECORD_BYTES, RECORD_BYTES + 1, 3 * RECORD_BYTES, 90_000])
def test_a_burst_comes_as_it_was_written(peers: tuple[Target, Secure, int, ssl.SSLSocket], size: int) -> None:
    _, lines, fd, server = peers
    assert server.recv(100) == b"hello"
    burst, buffer, got = os.urandom(size), bytearray(262_144), b""
    server.sendall(burst)
    while len(got) < size:  # mostly at once, but what has not come cannot be read
        got += buffer[: read(lines, fd, buffer)]
    assert got == burst
    server.close()
    assert read(lines, fd, buffer) == 0
    lines.close(fd)


def test_a_small_buffer_takes_what_it_can(peers: tuple[Target, Secure, int, ssl.SSLSocket]) -> None:
    _, lines, fd, server = peers
    server.sendall(bytes(range(200)))
    got = b""
    buffer = bytearray(64)
    while len(got) < 200:
        got += buffer[: read(lines, fd, buffer)]
    assert got == bytes(range(200))
    lines.reset(fd)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_plain_lines_are_the_system_calls() -> None:
    lines = lines_to(Target.of("http://127.0.0.1/s/abc"))
    assert isinstance(lines, Plain)
    assert (lines.readv, lines.write, lines.close) == (os.readv, os.write, os.close)
