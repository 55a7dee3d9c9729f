"""Listeners who stay for the whole soak and miss nothing: pushed fMP4, HLS, and radio. Each is a thread.

`lost` counts parts that did not come in order, `breaks` connections that ended early. What each hears is told
by the numbers that the sound itself carries: sequences of parts, media sequences, granule positions.
"""

from __future__ import annotations

import re
import struct
import threading
import time
from abc import ABC, abstractmethod
from typing import Final

import httpx
import numpy as np

from parvis.clock import PART_SAMPLES, PARTS_PER_SEGMENT, SAMPLE_RATE_HZ, part_start_s
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition
from parvis.program.decoders import Decoder

LOUD: Final = 800
QUIET_S: Final = 0.5
AGAIN_S: Final = 0.2
POLL_S: Final = 1.0
PATIENCE_S: Final = 15.0
GRANULE_PARTS: Final = 1 << 28
"""Granule positions are media time modulo so many parts (docs/protocol.md §2)."""


class Listener(ABC):
    """One, until `close()`. `parts` came, `lost` did not."""

    def __init__(self, url: str, name: str) -> None:
        self.url, self.name = url, name
        self.parts = self.lost = self.breaks = 0
        self.troubles: list[str] = []
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def hang_up(self) -> None:
        """Ends soon."""
        self._closing.set()

    def close(self) -> None:
        """Ends, and waits for it."""
        self.hang_up()
        self._thread.join(PATIENCE_S + 5)

    def take(self, number: int, last: int, *, parts: int = 1) -> int:
        """Counts what came under a number, after `last` (0: nothing yet); the last number now."""
        if last and number <= last:
            return last
        if last:
            self.lost += (number - last - 1) * parts
        self.parts += parts
        return number

    @abstractmethod
    def listen(self, client: httpx.Client) -> None:
        """One connection, until it ends or this listener does."""

    def _run(self) -> None:
        with httpx.Client(timeout=PATIENCE_S, trust_env=False) as client:
            while not self._closing.is_set():
                try:
                    self.listen(client)
                except httpx.HTTPError as error:
                    self.troubles.append(f"{type(error).__name__}: {error}")
                if not self._closing.is_set():
                    self.breaks += bool(self.parts)
                    self._closing.wait(AGAIN_S)


class Ear(Listener):
    """Pushed fMP4. Keeps when parts came, and at which program times clicks were in them."""

    def __init__(self, live: str, codec: Rendition) -> None:
        self.arrivals: list[tuple[float, float]] = []
        """(wall clock, time that the part says), Unix seconds."""
        self.clicks_s: list[float] = []
        self._last = 0
        self._codec = codec
        self._decoder = Decoder(codec)
        super().__init__(f"{live}/stream.mp4", f"ear {codec}")

    def listen(self, client: httpx.Client) -> None:
        query = {"codec": str(self._codec), **({"from": str(self._last + 1)} if self._last else {})}
        reader = PartReader()
        with client.stream("GET", self.url, params=query) as answer:
            if answer.status_code != 200:
                return
            for data in answer.iter_raw():
                now_s = time.time()
                for item in reader.feed(data):
                    if isinstance(item, Part):
                        self._hear(item, now_s)
                if self._closing.is_set():
                    return

    def _hear(self, part: Part, now_s: float) -> None:
        before, self._last = self._last, self.take(part.sequence, self._last)
        if self._last == before:
            return
        self.arrivals.append((now_s, part.wallclock_s))
        samples = np.abs(self._decoder.decode(part.access_units).astype(np.int32))
        for index in np.flatnonzero(samples > LOUD):
            at_s = part_start_s(part.sequence) + float(index) / SAMPLE_RATE_HZ
            if not self.clicks_s or at_s - self.clicks_s[-1] > QUIET_S:
                self.clicks_s.append(at_s)


class Hls(Listener):
    """A player of HLS: the playlist again and again, each segment once, all of them whole."""

    def __init__(self, live: str, codec: Rendition) -> None:
        self._last = 0
        self._codec = codec
        super().__init__(f"{live}/{codec}.m3u8", f"hls {codec}")

    def listen(self, client: httpx.Client) -> None:
        while not self._closing.is_set():
            playlist = client.get(self.url)
            if playlist.status_code != 200:
                self._closing.wait(POLL_S)
                continue
            names = re.findall(r"^(\S+/(\d+)\.m4s)$", playlist.text, re.MULTILINE)
            for path, number in names if self._last else names[-3:]:
                if int(number) > self._last:
                    self._fetch(client, path, int(number))
            self._closing.wait(POLL_S)

    def _fetch(self, client: httpx.Client, path: str, number: int) -> None:
        answer = client.get(httpx.URL(self.url).join(path))
        reader = PartReader(rendition=self._codec)
        read = (
            [item for item in reader.feed(answer.content) if isinstance(item, Part)]
            if answer.is_success
            else []
        )
        wanted = [number * PARTS_PER_SEGMENT + place for place in range(PARTS_PER_SEGMENT)]
        if [part.sequence for part in read] != wanted:
            self.troubles.append(f"segment {number}: {answer.status_code}, {len(read)} parts")
            self.lost += PARTS_PER_SEGMENT - len(read)
        self._last = self.take(number, self._last, parts=PARTS_PER_SEGMENT)


class Radio(Listener):
    """A receiver of Ogg Opus: a page a part, and each begins where the one before it ended."""

    def __init__(self, live: str) -> None:
        super().__init__(f"{live}/stream.ogg", "radio")

    def listen(self, client: httpx.Client) -> None:
        last, data = 0, b""
        with client.stream("GET", self.url) as answer:
            if answer.status_code != 200:
                return
            for chunk in answer.iter_raw():
                data += chunk
                while (page := _page(data)) is not None:
                    granule, size = page
                    data = data[size:]
                    if granule > 0:  # the first pages are headers
                        last = self.take(granule // PART_SAMPLES % GRANULE_PARTS, last)
                if self._closing.is_set():
                    return


def _page(data: bytes) -> tuple[int, int] | None:
    """(granule position, size) of the Ogg page (RFC 3533 §6) at the head of `data`, if it is all there."""
    if len(data) < 27 or len(data) < 27 + data[26]:
        return None
    assert data[:4] == b"OggS", data[:4]
    size = 27 + data[26] + sum(data[27 : 27 + data[26]])
    return (struct.unpack_from("<q", data, 6)[0], size) if len(data) >= size else None
