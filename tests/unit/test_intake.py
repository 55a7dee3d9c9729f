"""Heads that come slowly, endlessly or in no version of HTTP, at uvicorn with our protocol."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from parvis import intake
from parvis.intake import HEAD_LIMIT_BYTES, Intake

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"


LARGE = 16_000_000


async def hello(scope: dict[str, Any], _receive: object, send: Any) -> None:
    pieces = [bytes(LARGE // 8)] * 8 if scope["path"] == "/large" else [b"hi"]
    length = b"%d" % sum(map(len, pieces))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    config = uvicorn.Config(hello, port=0, http=Intake, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    async with asyncio.timeout(20):
        while not server.started:
            await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def said(port: int, *pieces: bytes) -> bytes:
    """All that is answered until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    async with asyncio.timeout(20):
        answer = await reader.read()
    writer.close()
    return answer


async def test_a_request_is_answered(port: int) -> None:
    answer = await said(port, GET, b"Connection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nhi")


async def test_a_head_must_come_in_time(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "HEAD_TIMEOUT_S", 1.0)
    assert (await said(port, b"GET / HT")).startswith(b"HTTP/1.1 408 ")
    assert await said(port) == b"", "who says nothing is told nothing"
    kept = await said(port, GET + b"\r\n", b"GET / HT")
    assert kept.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"HTTP/1.1 408 " in kept, "on a kept connection, too"


async def test_a_head_has_a_limit(port: int) -> None:
    answer = await said(port, GET, b"X: " + b"a" * HEAD_LIMIT_BYTES)
    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_only_http_is_spoken(port: int) -> None:
    for line in (b"GET /\r\n\r\n", b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", b"hello\r\n\r\n"):
        assert (await said(port, line)).startswith(b"HTTP/1.1 400 "), line


async def test_a_body_is_no_head(port: int) -> None:
    body = b"b" * (2 * HEAD_LIMIT_BYTES)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert (await said(port, head, body)).startswith(b"HTTP/1.1 200 ")


async def test_who_does_not_read_is_dropped(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "TAKE_TIMEOUT_S", 0.5)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    lost = False
    async with asyncio.timeout(20):
        while not lost:
            await asyncio.sleep(0.1)
            try:
                writer.write(b"G")  # what comes to a connection that is dropped is answered by a reset
                await writer.drain()
            except ConnectionError:
                lost = True
    writer.close()
    with contextlib.suppress(ConnectionError):
        assert len(await reader.read()) < LARGE


async def test_who_reads_slowly_is_served(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "TAKE_TIMEOUT_S", 0.2)
    monkeypatch.setattr(intake, "TAKEN_BYTES", 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=16_384)
    writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    left = LARGE
    await reader.readuntil(b"\r\n\r\n")
    async with asyncio.timeout(60):
        while left:
            piece = await reader.read(1_000_000)
            assert piece, "it was dropped"
            left -= len(piece)
            await asyncio.sleep(0)
    writer.close()
