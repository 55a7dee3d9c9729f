"""A small world around an edge: a stage that publishes on a real bus, an edge in a thread, real sockets.

Sound is silence from the edge's own stand-in unit: what matters here is which bytes go where.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeVar

from parvis.bus.local import LocalBus, LocalPublisher
from parvis.bus.local_reader import LocalReader
from parvis.bus.messages import (
    RING_PARTS,
    PartMessage,
    ProgramMessage,
    ProgramRendition,
    SeatState,
    SpaceMessage,
)
from parvis.clock import Clock, SystemClock, sequence_at
from parvis.edge.service import serve_edge
from parvis.edge.spaces import PATTERNS
from parvis.errors import ParvisError
from parvis.media.events import Event
from parvis.media.init import init_segment
from parvis.media.part import build_part
from parvis.media.reader import InitSegment, Part, PartReader
from parvis.media.rendition import Rendition
from parvis.settings import EdgeSettings

SILENCE = {Rendition.OPUS: b"\xf8\xff\xfe", Rendition.AAC: b"\x01\x40\x22\x80\xa3\x7f\xf8\x85\x2d\xae"}
PATIENCE_S = 20.0

Result = TypeVar("Result")


def space_message(space: str = "abc", **changes: object) -> SpaceMessage:
    """A live Space of Ana's."""
    message = SpaceMessage(
        id=space,
        revision=1,
        title="Budget night",
        description="What it costs",
        language="en",
        state="live",
        host="ana",
        created_at="2026-11-22T14:00:00.000Z",
        starts_at=None,
        started_at="2026-11-22T14:30:00.000Z",
        ended_at=None,
        seats=(SeatState("ana", "Ana", "host"),),
    )
    return replace(message, **changes)  # type: ignore[arg-type]


def program_message(
    first_sequence: int, last_sequence: int | None = None, space: str = "abc"
) -> ProgramMessage:
    """A program in both renditions."""
    renditions = tuple(ProgramRendition(r, init_segment(r), SILENCE[r]) for r in Rendition)
    return ProgramMessage(space, "stage-1", first_sequence, last_sequence, renditions)


def part_message(
    sequence: int,
    rendition: Rendition = Rendition.OPUS,
    events: Sequence[Event] = (),
    *,
    unit: bytes = b"\xf8sound",
    last: bool = False,
    space: str = "abc",
) -> PartMessage:
    """A part whose access units are all `unit`."""
    body = build_part(rendition, sequence, [unit] * rendition.frames_per_part, events)
    return PartMessage(space, rendition, sequence, body, tuple(events), last)


def wait_for(condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Until `condition` holds; fails with `what` when it does not within reason."""
    end = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end, f"never happened: {what}"
        time.sleep(0.005)


class HeldClock(SystemClock):
    """Program time stands still: no part is ever overdue, however slow the machine is."""

    def __init__(self) -> None:
        super().__init__()
        self._held_s = super().program_s()

    def program_s(self) -> float:
        return self._held_s


class Stage:
    """Publishes what control and a stage would, from a bus with a loop of its own, so that it replays."""

    def __init__(self, run_dir: Path) -> None:
        self.sequence = sequence_at(SystemClock().program_s())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stage-1")
        self._thread.start()
        self._bus = self._on_loop(self._open(run_dir))

    def say(self, message: SpaceMessage | ProgramMessage) -> None:
        self._on_loop(self._publish([(message.subject, message.encode())], retain=1))

    def say_part(self, *messages: PartMessage) -> None:
        """Publishes parts as they are, whatever their sequence."""
        self._on_loop(
            self._publish([(message.subject, message.encode()) for message in messages], retain=RING_PARTS)
        )

    def begin(self, space: str = "abc", **changes: object) -> None:
        """A live Space with a program whose first part is the next."""
        self.say(space_message(space, **changes))
        self.say(program_message(self.sequence + 1, space=space))

    def part(
        self,
        events: Sequence[Event] = (),
        *,
        unit: bytes = b"\xf8sound",
        last: bool = False,
        space: str = "abc",
        renditions: Sequence[Rendition] = tuple(Rendition),
    ) -> int:
        """The next part, in both renditions; its sequence. It may be ahead of time: the edge passes it on."""
        self.sequence += 1
        self.say_part(
            *(
                part_message(self.sequence, rendition, events, unit=unit, last=last, space=space)
                for rendition in renditions
            )
        )
        return self.sequence

    def parts(self, count: int) -> int:
        """That many parts; the last sequence."""
        for _ in range(count):
            self.part()
        return self.sequence

    def close(self) -> None:
        self._on_loop(self._bus.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    async def _open(self, run_dir: Path) -> LocalBus:
        return LocalBus(run_dir, "stage-1")

    async def _publish(self, messages: Sequence[tuple[str, bytes]], retain: int) -> None:
        for subject, payload in messages:
            self._bus.publish(subject, payload, retain=retain)

    def _on_loop(self, work: Coroutine[None, None, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)


class World:
    """One bus folder, one stage, one port."""

    def __init__(self, tmp_path: Path) -> None:
        self.run_dir = tmp_path / "run"
        self.stage = Stage(self.run_dir)
        self.pages = tmp_path / "pages"
        self.port = free_port()
        self.draining = threading.Event()
        """Set it to tell the edges in threads to end gently."""
        self.settings = EdgeSettings(port=self.port, pages=self.pages, data=tmp_path, per_address=0)

    @contextmanager
    def edge(self, clock: Clock | None = None, **changes: object) -> Iterator[None]:
        """An edge in a thread of this process, until the block ends. Dead air needs a clock that runs."""
        settings = replace(self.settings, **changes)  # type: ignore[arg-type]
        stopped = threading.Event()
        failures: list[BaseException] = []

        def run() -> None:
            try:
                _run_edge(settings, self.run_dir, clock or HeldClock(), stopped.is_set, self.draining.is_set)
            except ParvisError as error:
                failures.append(error)

        thread = threading.Thread(target=run, name=settings.name)
        thread.start()
        try:
            wait_for(lambda: bool(failures) or self.answers(settings.name), f"{settings.name} answers")
            if failures:
                raise failures[0]
            yield
        finally:
            stopped.set()
            thread.join(PATIENCE_S)
            assert not thread.is_alive()

    def answers(self, name: str) -> bool:
        """Whether the edge of that name is among those who answer on the port."""
        with suppress(OSError, EOFError), self.connect(timeout_s=0.2) as client:
            client.request("/healthz")
            return bool(json.loads(client.response().body)["name"] == name)
        return False

    @contextmanager
    def edge_process(self, name: str) -> Iterator[BaseProcess]:
        """An edge in a process of its own, killed at the end of the block."""
        settings = replace(self.settings, name=name)
        process = multiprocessing.get_context("spawn").Process(
            target=_run_edge, args=(settings, self.run_dir, HeldClock()), name=name
        )
        process.start()
        try:
            yield process
        finally:
            process.kill()
            process.join(PATIENCE_S)

    def connect(
        self,
        *,
        receive_buffer_bytes: int | None = None,
        timeout_s: float = PATIENCE_S,
        source: str = "127.0.0.1",
    ) -> Client:
        """A fresh connection, from that address of this machine."""
        return Client(self.port, receive_buffer_bytes, timeout_s, source)

    def get(self, target: str, method: str = "GET", *, source: str = "127.0.0.1", **headers: str) -> Response:
        """One request on a connection of its own. Header names with `_` for `-`."""
        with self.connect(source=source) as client:
            client.request(target, method, **headers)
            return client.response(head_only=method == "HEAD")

    def until(self, target: str, status: int) -> Response:
        """Asks again until the answer has that status: the bus has no receipt."""
        found: list[Response] = []

        def asked() -> bool:
            found.append(self.get(target, "HEAD"))
            return found[-1].status == status

        wait_for(asked, f"{target} answers {status}")
        return found[-1]

    def close(self) -> None:
        self.stage.close()


def _run_edge(
    settings: EdgeSettings,
    run_dir: Path,
    clock: Clock,
    stop: Callable[[], bool] = bool,
    drain: Callable[[], bool] = bool,
) -> None:
    """Serves until `stop()`, or gently until `drain()`; the defaults never stop."""
    reader = LocalReader(run_dir, *PATTERNS, replay=True)
    publisher = LocalPublisher(run_dir, settings.name)
    try:
        serve_edge(settings, reader, publisher, clock, stop, drain)
    finally:
        reader.close()
        publisher.close_publisher()


class Response:
    """Status, headers by lower-case name, body."""

    def __init__(self, head: bytes) -> None:
        lines = head.decode("latin-1").split("\r\n")
        self.version, status, _ = lines[0].split(" ", 2)
        self.status = int(status)
        self.headers = {
            name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:] if line)
        }
        self.body = b""


class Client:
    """A raw HTTP client: it sees every byte."""

    def __init__(self, port: int, receive_buffer_bytes: int | None, timeout_s: float, source: str) -> None:
        self.socket = socket.socket()
        self.socket.bind((source, 0))
        if receive_buffer_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.socket.settimeout(timeout_s)
        self.socket.connect(("127.0.0.1", port))
        if self.socket.getsockname() == self.socket.getpeername():
            self.socket.close()  # nobody listens, and the kernel chose the very port that we call
            raise ConnectionRefusedError
        self._buffer = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def request(self, target: str, method: str = "GET", version: str = "1.1", **headers: str) -> None:
        lines = [f"{method} {target} HTTP/{version}", "Host: edge.test"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode())

    def head(self) -> Response:
        """The next response head."""
        return Response(self._until(b"\r\n\r\n"))

    def response(self, *, head_only: bool = False) -> Response:
        """The next response with a known length."""
        response = self.head()
        if not head_only and response.status not in (204, 304):
            response.body = self._take(int(response.headers["content-length"]))
        return response

    def chunk(self) -> bytes:
        """The next chunk; b"" is the last."""
        size = int(self._until(b"\r\n"), 16)
        data = self._take(size)
        assert self._take(2) == b"\r\n"
        return data

    def rest(self) -> bytes:
        """Everything until the other side closes."""
        while data := self.socket.recv(65536):
            self._buffer += data
        rest, self._buffer = self._buffer, b""
        return rest

    def some(self) -> bytes:
        """What comes next, at least a byte."""
        if not self._buffer:
            self._more()
        some, self._buffer = self._buffer, b""
        return some

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._more()
        found, _, self._buffer = self._buffer.partition(mark)
        return found

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._more()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        self._buffer += data


class Listener:
    """A client of `stream.mp4` that reads parts, one chunk after the other."""

    def __init__(self, client: Client, target: str = "/live/abc/stream.mp4", **headers: str) -> None:
        self.client = client
        client.request(target, **headers)
        self.response = client.head()
        assert self.response.status == 200, self.response.status
        self.items: list[InitSegment | Part] = []
        self.reader = PartReader()

    @property
    def parts(self) -> list[Part]:
        """The parts read so far, in their order."""
        return [item for item in self.items if isinstance(item, Part)]

    @property
    def sequences(self) -> list[int]:
        """Of the parts read so far."""
        return [part.sequence for part in self.parts]

    def read(self) -> bool:
        """One chunk; False when it was the last. Each must be whole parts."""
        chunk = self.client.chunk()
        self.items += self.reader.feed(chunk)
        assert self.reader.unfinished_bytes == 0
        return bool(chunk)

    def read_until(self, sequence: int) -> None:
        """Until this part, or a later one, has come."""
        while not self.sequences or self.sequences[-1] < sequence:
            assert self.read(), "the stream ended"


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
