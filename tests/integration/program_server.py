"""A small real HTTP server that streams real parts, and breaks its word where a test asks it to.

Each connection runs the test's script, in a loop of its own thread. Parts are numbered by the clock.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from parvis.clock import PART_MS, SystemClock, part_start_s, sequence_at
from parvis.errors import RemoteProtocolError
from parvis.media.init import init_segment
from parvis.media.part import build_part
from parvis.media.rendition import Rendition

CLOCK = SystemClock()


def part(sequence: int) -> bytes:
    """A part whose units hold its number."""
    return build_part(Rendition.OPUS, sequence, [b"%d/%d" % (sequence, unit) for unit in range(16)])


class Stream:
    """One request, and the means to answer it. `visit` counts the requests of one storm, from 0."""

    def __init__(self, visit: int, head: str, writer: asyncio.StreamWriter) -> None:
        first, *lines = head.rstrip("\r\n").split("\r\n")
        self.visit = visit
        self.path, _, query = first.split(" ")[1].partition("?")
        self.query = dict(pair.split("=", 1) for pair in query.split("&") if pair)
        self.headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
        }
        self.next = 0
        self.source: str = writer.get_extra_info("peername")[0]
        self._writer = writer

    async def begin(self, stretch: int = 1) -> None:
        """Head, init segment, and three parts, the last of which has just ended; or those from `from` on."""
        newest = sequence_at(CLOCK.program_s()) - 1
        self.next = int(self.query.get("from", newest - 2))
        self._write(
            b"HTTP/1.1 200 OK\r\nContent-Type: audio/mp4\r\nTransfer-Encoding: chunked\r\n"
            b"X-Parvis-Stretch: %d\r\nX-Parvis-Sequence: %d\r\n\r\n" % (stretch, self.next)
        )
        self._write(self._chunk(init_segment(Rendition.OPUS)))
        await self.burst(max(0, newest + 1 - self.next))

    async def burst(self, count: int = 1) -> None:
        """The next parts in one chunk, when the last of them has ended."""
        if count <= 0:
            return
        last_s = part_start_s(self.next + count - 1) + PART_MS / 1000
        await asyncio.sleep(max(0.0, last_s - CLOCK.program_s()))
        self._write(self._chunk(b"".join(part(self.next + number) for number in range(count))))
        self.next += count
        await self._writer.drain()

    async def go_on(self) -> None:
        """One part after the other, until the listener hangs up."""
        while True:
            await self.burst()

    def write(self, data: bytes) -> None:
        """Any bytes."""
        self._write(data)

    def end(self) -> None:
        """The last chunk."""
        self._write(b"0\r\n\r\n")

    def refuse(self, status: int, retry_after_s: int | None = None, **problem: Any) -> None:
        """A problem."""
        body = json.dumps({"status": status, **problem}).encode()
        retry_after = b"" if retry_after_s is None else b"Retry-After: %d\r\n" % retry_after_s
        self._write(
            b"HTTP/1.1 %d No\r\n%bContent-Length: %d\r\n\r\n%b" % (status, retry_after, len(body), body)
        )

    def _chunk(self, body: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(body), body)

    def _write(self, data: bytes) -> None:
        self._writer.write(data)


Script = Callable[[Stream], Awaitable[None]]


class ProgramServer:
    """Listens while it is entered. `streams` are the requests for sound that came."""

    def __init__(self, script: Script, space_status: int = 200) -> None:
        self.streams: list[Stream] = []
        self.errors: list[BaseException] = []
        self.url = ""
        self._script = script
        self._space_status = space_status
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024), self._loop
        ).result(10)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/s/abc"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        assert not self.errors, self.errors

    async def _close(self) -> None:
        self._server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                stream = Stream(len(self.streams), head, writer)
                if stream.path.endswith("space.json"):
                    stream.refuse(self._space_status, code="space-unknown", detail="There is no such Space.")
                else:
                    self.streams.append(stream)
                    await self._script(stream)
                await writer.drain()
        except asyncio.CancelledError:
            pass  # the server closes
        except (AssertionError, RemoteProtocolError, TypeError, ValueError) as error:
            self.errors.append(error)
        finally:
            writer.close()
