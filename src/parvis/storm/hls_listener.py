"""One listener of low-latency HLS: a connection, blocking reloads, one part after the other.

Rules:

- It begins at the playlist's part hold-back, asks for each reload with `_HLS_msn` and `_HLS_part` of what
  comes next and for delta updates, and fetches every part that it learns of, in order.
- What a part is, is read from its bytes: number, gap, repeat and delay are known as for a pushed stream.
- A request that fails is asked again over a new connection, with jitter, three times; then it is given up.
- `503` is a refusal while nothing has been heard; later it is a failure like any other.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Callable
from typing import Final

from parvis import __version__
from parvis.errors import RemoteProtocolError
from parvis.storm.counts import Report
from parvis.storm.habits import MAX_NOTES, PATIENCE_REFUSALS, backoff_s
from parvis.storm.hls_playlist import Playlist, path_below, read_playlist
from parvis.storm.players import Players
from parvis.storm.schedule import Visit
from parvis.storm.target import Target
from parvis.storm.wire import Heard, PartBook, Run

ANSWER_PATIENCE_S: Final = 15.0
"""A blocked reload may take six."""
ATTEMPTS: Final = 3
BODY_LIMIT_BYTES: Final = 1 << 20
_HEAD: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})")


class _Refused(Exception):
    """An answer that is not 200."""

    def __init__(self, status: int, retry_after_s: float) -> None:
        super().__init__(f"answered {status}")
        self.status = status
        self.retry_after_s = retry_after_s


class HlsListener:
    """Listener `number` of a process. `source` is its own address, "" when the system chooses."""

    def __init__(
        self,
        number: int,
        target: Target,
        source: str,
        players: Players,
        report: Report,
        book: PartBook,
        rng: random.Random,
        now_s: Callable[[], float],
    ) -> None:
        self._number = number
        self._target = target
        self._source = (source, 0) if source else None
        self._players = players
        self._report = report
        self._book = book
        self._rng = rng
        self._now_s = now_s
        self._wire: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._place: tuple[int, int] | None = None
        self._path = f"{target.live}/{target.rendition}.m3u8"

    async def listen(self) -> None:
        """Until the program is over, it is given up, or the task is cancelled."""
        counts = self._report.counts
        counts.arrived += 1
        counts.hls += 1
        self._players.seat(self._number, Visit(0), self._now_s())
        try:
            if await self._admitted():
                counts.connected += 1
                try:
                    await self._follow()
                finally:
                    counts.connected -= 1
        except RemoteProtocolError as error:
            counts.malformed += 1
            self._note(f"malformed: {error.detail}")
        except (OSError, asyncio.IncompleteReadError, TimeoutError, _Refused):
            pass  # counted where it happened, and noted
        finally:
            self._players.settle(self._number, self._now_s())
            self._players.clear(self._number)
            self._hang_up()

    async def _admitted(self) -> bool:
        """The first playlist and the init segment; refusals are obeyed, a few times."""
        counts = self._report.counts
        for _ in range(PATIENCE_REFUSALS):
            try:
                playlist = read_playlist((await self._get(self._path)).decode())
                if not playlist.map:
                    raise RemoteProtocolError("playlist-malformed", "a first playlist has no EXT-X-MAP")
                self._book.read(await self._get(path_below(self._path, playlist.map)))
                await self._hear(playlist)
            except _Refused as refused:
                if refused.status not in (409, 503):
                    counts.rejected += 1
                    self._note(str(refused))
                    return False
                counts.refused += 1
                await asyncio.sleep(refused.retry_after_s * self._rng.uniform(1, 1.5))
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                counts.unanswered += 1
                self._note(f"{type(error).__name__}: {error}")
                return False
            else:
                counts.admitted += 1
                return True
        counts.gave_up += 1
        return False

    async def _follow(self) -> None:
        while self._place is not None:
            segment, part = self._place
            playlist = read_playlist(
                (await self._get(f"{self._path}?_HLS_msn={segment}&_HLS_part={part}&_HLS_skip=YES")).decode()
            )
            await self._hear(playlist)
            if playlist.over:
                self._report.counts.ended += 1
                return

    async def _hear(self, playlist: Playlist) -> None:
        counts = self._report.counts
        for place, address in playlist.after(self._place):
            data = await self._get(path_below(self._path, address))
            sequence, _ = self._book.read(data)
            if sequence is None:
                raise RemoteProtocolError("media-malformed", "a part is an init segment")
            now_s = self._now_s()
            self._players.take(self._number, Heard(runs=[Run(sequence, sequence + 1)]), now_s)
            counts.bytes += len(data)
            if self._place is not None:
                counts.bursts += 1
                self._report.delay.add((now_s - (sequence + 1) * playlist.part_s) * 1000)
            self._place = (place[0], place[1] + 1)
        self._place = max(self._place or playlist.next, playlist.next)

    async def _get(self, path: str) -> bytes:
        """The body of a 200. What fails is tried again once there was sound; a refusal is the caller's."""
        for attempt in range(ATTEMPTS):
            try:
                return await asyncio.wait_for(self._ask(path), ANSWER_PATIENCE_S)
            except (OSError, asyncio.IncompleteReadError, TimeoutError, _Refused) as error:
                self._hang_up()
                final = isinstance(error, _Refused) and error.status != 503
                if self._place is None or final or attempt == ATTEMPTS - 1:
                    if self._place is not None:
                        self._dropped(f"{type(error).__name__}: {error}")
                    raise
                await asyncio.sleep(backoff_s(attempt, self._rng))
        raise AssertionError

    def _dropped(self, why: str) -> None:
        self._report.counts.dropped += 1
        self._report.counts.dropped_listeners += 1
        self._note(f"HLS given up: {why}")

    async def _ask(self, path: str) -> bytes:
        reader, writer = self._wire or await self._connect()
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: {self._target.authority}\r\n"
            f"User-Agent: parvis-storm/{__version__}\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        match = _HEAD.match(head)
        if match is None:
            raise RemoteProtocolError("http-malformed", f"{head[:40]!r} is no status line")
        fields = _fields(head)
        body = await _body(reader, fields)
        if fields.get("connection", "").lower() == "close":
            self._hang_up()
        if int(match[1]) != 200:
            wait = fields.get("retry-after", "")
            raise _Refused(int(match[1]), float(wait) if wait.isdigit() else 1.0)
        return body

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        target = self._target
        self._wire = await asyncio.open_connection(
            *target.address,
            ssl=target.tls,
            server_hostname=target.host if target.tls is not None else None,
            local_addr=self._source,
            limit=BODY_LIMIT_BYTES,
        )
        return self._wire

    def _hang_up(self) -> None:
        if self._wire is not None:
            self._wire[1].close()
            self._wire = None

    def _note(self, text: str) -> None:
        notes, line = self._report.notes, text.replace("\n", " ")
        if len(notes) < MAX_NOTES and line not in notes:
            notes.append(line)


def _fields(head: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name}


async def _body(reader: asyncio.StreamReader, fields: dict[str, str]) -> bytes:
    """By its length or in chunks, as a proxy may send it (RFC 9112 §6)."""
    if "chunked" in fields.get("transfer-encoding", "").lower():
        pieces: list[bytes] = []
        while True:
            size = int((await reader.readuntil(b"\r\n")).partition(b";")[0].strip(), 16)
            if size + sum(map(len, pieces)) > BODY_LIMIT_BYTES:
                raise RemoteProtocolError("http-malformed", "an answer is too long")
            piece = await reader.readexactly(size + 2)
            if not size:
                return b"".join(pieces)
            pieces.append(piece[:-2])
    length = fields.get("content-length", "")
    if not length.isdigit() or int(length) > BODY_LIMIT_BYTES:
        raise RemoteProtocolError("http-malformed", "an answer without a length that can be")
    return await reader.readexactly(int(length))


def monotonic_now(offset_s: float) -> Callable[[], float]:
    """Unix time by the server's clock."""
    return lambda: time.monotonic() + offset_s
