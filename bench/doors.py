"""A listener at each door who notes when it hears something, and counts every byte on its connections.

Each reads its door as a player does and decodes what comes at once; what a player adds is its own buffer.
HTTP is spoken here by hand, so that heads and chunk framing are counted, too. No TLS.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from parvis.audio import Int16
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition
from parvis.program.decoders import Decoder

LOUD: Final = 800
QUIET_S: Final = 0.5


class Ear:
    """Notes when something loud comes after half a second of quiet."""

    def __init__(self) -> None:
        self.heard_s: list[float] = []

    def take(self, samples: Int16) -> None:
        """Samples that came just now."""
        if np.abs(samples.astype(np.int32)).max(initial=0) < LOUD:
            return
        now_s = time.monotonic()
        if not self.heard_s or now_s - self.heard_s[-1] > QUIET_S:
            self.heard_s.append(now_s)


@dataclass(slots=True)
class Bytes:
    """Of one listener, both ways. `body` is what HTTP carried, `sound` the codec's own access units in it.
    `packets` are those that an Ethernet would have needed for what came: reads of at most 1,448 bytes."""

    sent: int = 0
    received: int = 0
    body: int = 0
    sound: int = 0
    packets: int = 0


@dataclass(slots=True)
class Listener:
    """What every door has: an ear, a decoder, a count. `hold_back_s` is what the door tells players to stay
    behind."""

    rendition: Rendition
    ear: Ear = field(default_factory=Ear)
    count: Bytes = field(default_factory=Bytes)
    hold_back_s: float = 0.0
    decoder: Decoder = field(init=False)

    def __post_init__(self) -> None:
        self.decoder = Decoder(self.rendition)

    def play(self, unit: bytes) -> None:
        """An access unit."""
        self.count.sound += len(unit)
        self.ear.take(self.decoder.decode([unit]))


class Http:
    """One connection, HTTP/1.1, no more of it than edges speak."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: Bytes) -> None:
        self._reader, self._writer, self._count = reader, writer, count
        self.headers: dict[str, str] = {}

    @classmethod
    async def open(cls, port: int, count: Bytes) -> Http:
        """To 127.0.0.1."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 20), count)

    def close(self) -> None:
        """Hangs up."""
        self._writer.close()

    async def ask(self, path: str, **headers: str) -> None:
        """Sends a request and reads the head of its answer, which must be 200."""
        named = {"Host": "127.0.0.1", "User-Agent": "bench", **headers}
        lines = [f"GET {path} HTTP/1.1", *(f"{name.replace('_', '-')}: {v}" for name, v in named.items())]
        request = "\r\n".join([*lines, "", ""]).encode()
        self._count.sent += len(request)
        self._writer.write(request)
        head = self._got(await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, *rest = head.split("\r\n")
        assert " 200 " in status, f"{path}: {status}"
        self.headers = dict(line.lower().split(": ", 1) for line in rest if line)

    async def body(self) -> bytes:
        """A body whose length was said."""
        data = self._got(await self._reader.readexactly(int(self.headers["content-length"])))
        self._count.body += len(data)
        return data

    async def chunk(self) -> bytes:
        """The next chunk of a body without end; b"" at its end."""
        size = int(self._got(await self._reader.readuntil(b"\r\n")), 16)
        data = self._got(await self._reader.readexactly(size + 2))[:-2]
        self._count.body += len(data)
        return data

    def _got(self, data: bytes) -> bytes:
        self._count.received += len(data)
        self._count.packets += -(-len(data) // 1448) if len(data) > 64 else 0
        return data


async def pushed(port: int, live: str, listener: Listener) -> None:
    """Pushed fMP4."""
    reader = PartReader()
    http = await Http.open(port, listener.count)
    await http.ask(f"{live}/stream.mp4?codec={listener.rendition}")
    while data := await http.chunk():
        for part in reader.feed(data):
            if isinstance(part, Part):
                for unit in part.access_units:
                    listener.play(unit)


async def adts(port: int, live: str, listener: Listener, *, icy: bool = False) -> None:
    """AAC in ADTS frames (ISO/IEC 13818-7 §6.2), with titles in between where asked for."""
    http = await Http.open(port, listener.count)
    asked = {"Icy_MetaData": "1"} if icy else {}
    await http.ask(f"{live}/stream.aac", **asked)
    interval = int(http.headers.get("icy-metaint", "0"))
    sound, left, waiting = bytearray(), interval, bytearray()
    while data := await http.chunk():
        waiting += data
        while waiting:
            if interval and left == 0:
                length = 1 + 16 * waiting[0]
                if len(waiting) < length:
                    break
                del waiting[:length]
                left = interval
                continue
            taken = min(len(waiting), left) if interval else len(waiting)
            sound += waiting[:taken]
            del waiting[:taken]
            left -= taken if interval else 0
        while len(sound) >= 7:
            length = (sound[3] & 3) << 11 | sound[4] << 3 | sound[5] >> 5
            if len(sound) < length:
                break
            listener.play(bytes(sound[7:length]))
            del sound[:length]


async def ogg(port: int, live: str, listener: Listener) -> None:
    """Opus in Ogg (RFC 3533 §6, RFC 7845): the first two packets are headers, none goes over a page."""
    http = await Http.open(port, listener.count)
    await http.ask(f"{live}/stream.ogg")
    waiting, packets = bytearray(), 0
    while data := await http.chunk():
        waiting += data
        while len(waiting) >= 27 and len(waiting) >= 27 + waiting[26]:
            lacing = waiting[27 : 27 + waiting[26]]
            at = 27 + waiting[26]
            if len(waiting) < at + sum(lacing):
                break
            unit = bytearray()
            for size in lacing:
                unit += waiting[at : at + size]
                at += size
                if size < 255:
                    packets += 1
                    if packets > 2:
                        listener.play(bytes(unit))
                    unit = bytearray()
            del waiting[:at]


async def hls(port: int, live: str, listener: Listener) -> None:
    """LL-HLS: each playlist is asked for before it is there (blocking reload, delta update), and each part by
    its preload hint, on two connections."""
    reader = PartReader(listener.rendition)
    lists, parts = await Http.open(port, listener.count), await Http.open(port, listener.count)
    await lists.ask(f"{live}/{listener.rendition}.m3u8")
    playlist = (await lists.body()).decode()
    hold_back = re.search(r"PART-HOLD-BACK=([\d.]+)", playlist)
    hint = re.search(r'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="[^"]*/(\d+)\.part\.m4s"', playlist)
    assert hold_back
    assert hint
    listener.hold_back_s = float(hold_back[1])
    sequence = int(hint[1])

    async def reload() -> None:
        query = f"_HLS_msn={sequence // 6}&_HLS_part={sequence % 6}&_HLS_skip=YES"
        await lists.ask(f"{live}/{listener.rendition}.m3u8?{query}", Accept_Encoding="gzip")
        await lists.body()

    async def load() -> None:
        await parts.ask(f"{live}/{listener.rendition}/{sequence}.part.m4s")
        for part in reader.feed(await parts.body()):
            if isinstance(part, Part):
                for unit in part.access_units:
                    listener.play(unit)

    while True:
        await asyncio.gather(reload(), load())
        sequence += 1


async def adts_icy(port: int, live: str, listener: Listener) -> None:
    """The same with titles."""
    await adts(port, live, listener, icy=True)


@dataclass(frozen=True, slots=True)
class Door:
    """One way in."""

    listen: Callable[[int, str, Listener], Coroutine[Any, Any, None]]
    rendition: Rendition


DOORS: Final[Mapping[str, Door]] = {
    "pushed fMP4, Opus": Door(pushed, Rendition.OPUS),
    "pushed fMP4, AAC": Door(pushed, Rendition.AAC),
    "ADTS, AAC": Door(adts, Rendition.AAC),
    "ADTS with ICY titles, AAC": Door(adts_icy, Rendition.AAC),
    "Ogg, Opus": Door(ogg, Rendition.OPUS),
    "LL-HLS, Opus": Door(hls, Rendition.OPUS),
    "LL-HLS, AAC": Door(hls, Rendition.AAC),
}


class Crowd:
    """One listener at every door, until it is left."""

    def __init__(self, port: int, live: str) -> None:
        self.listeners = {name: Listener(door.rendition) for name, door in DOORS.items()}
        self._port, self._live = port, live
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Crowd:
        for name, door in DOORS.items():
            listening = door.listen(self._port, self._live, self.listeners[name])
            self._tasks.append(asyncio.create_task(listening, name=name))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
