"""Bytes of an edge's answer, read in any pieces: head (RFC 9112 §4), chunked coding (§7.1), parts. No I/O.

Rules:

- A `200` must be chunked `audio/mp4`; any other status is an `Answer`, a problem with a known length.
- Chunks carry whole parts when nothing stands between, but a proxy may cut anew: what counts is whole parts.
- Every distinct part is read whole and checked once (`media/reader.py`); after that its bytes are known.
- What the peer breaks is `RemoteProtocolError` `media-malformed` or `http-malformed`, and the reader is then
  of no use.
- `idle` says that the reader stands between two chunks and two parts: a listener then needs no reader at all.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, NamedTuple

from parvis.errors import RemoteProtocolError
from parvis.media.boxes import HEADER_BYTES, MALFORMED, box_header
from parvis.media.reader import LIMIT_BYTES, InitSegment, Part, PartReader
from parvis.media.rendition import Rendition

HEAD_LIMIT_BYTES: Final = 16_384
PROBLEM_LIMIT_BYTES: Final = 65_536
KNOWN_UNITS: Final = 512
CHUNK_KEY_BYTES: Final = 48

_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")
_CHUNK_LINE_LIMIT_BYTES = 256


class Run(NamedTuple):
    """Consecutive parts, `first` up to and without `next`."""

    first: int
    next: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer and, unless it is a stream, the problem in it."""

    status: int
    stretch: int = 1
    sequence: int | None = None
    retry_after_s: float | None = None
    problem: dict[str, Any] = field(default_factory=dict)


class Pace(NamedTuple):
    """A `pace` event: `lead_parts` after the part that it rides on, bursts hold `stretch` parts."""

    stretch: int
    lead_parts: int


@dataclass(slots=True)
class Heard:
    """What some bytes completed, in order: an answer's head, parts, the `pace` that was told last; `over`
    when the last chunk, or the end of a problem, has come.
    """

    answer: Answer | None = None
    runs: list[Run] = field(default_factory=list)
    pace: Pace | None = None
    over: bool = False


class Chunk:
    """A chunk that was read before: its bytes with all that is around them, the part in it (`sequence` is
    None for an init segment), and the chunk that came after it the last time."""

    __slots__ = ("data", "following", "pace", "sequence")

    def __init__(self, data: bytes, sequence: int | None, pace: Pace | None) -> None:
        self.data = data
        self.sequence = sequence
        self.pace = pace
        self.following: Chunk | None = None


class PartBook:
    """Parts that were read before, by their bytes, for all listeners of one rendition."""

    def __init__(self, rendition: Rendition) -> None:
        self._rendition = rendition
        self._known: dict[bytes, tuple[int | None, Pace | None]] = {}
        self._chunks: dict[bytes, Chunk] = {}
        """By their first bytes, which hold size and time of their part."""

    def chunk(self, data: bytes, at: int) -> Chunk | None:
        """The chunk that begins there; None when it is none, or not whole.

        Raises `RemoteProtocolError` `media-malformed` for one that is no part and no init segment.
        """
        key = data[at : at + CHUNK_KEY_BYTES]
        known = self._chunks.pop(key, None)
        if known is None or not data.startswith(known.data, at):
            line = data.find(b"\r\n", at, at + 10)
            if line < 0 or not _CHUNK_SIZE.fullmatch(data, at, line):
                return None
            begin, end = line + 2, line + 4 + int(data[at:line], 16)
            if data[end - 2 : end] != b"\r\n":
                return None
            known = Chunk(data[at:end], *self.read(data[begin : end - 2]))
        self._chunks[key] = known
        if len(self._chunks) > KNOWN_UNITS:
            del self._chunks[next(iter(self._chunks))]
        return known

    def read(self, unit: bytes) -> tuple[int | None, Pace | None]:
        """(sequence, what a `pace` event in it tells) of one whole part; (None, None) of an init segment.

        Raises `RemoteProtocolError` `media-malformed`.
        """
        entry = self._known.get(unit)
        if entry is None:
            entry = self._known[unit] = self._check(unit)
            if len(self._known) > KNOWN_UNITS:
                del self._known[next(iter(self._known))]
        return entry

    def _check(self, unit: bytes) -> tuple[int | None, Pace | None]:
        reader = PartReader(self._rendition)
        items = reader.feed(unit)
        if len(items) != 1 or reader.unfinished_bytes:
            raise RemoteProtocolError(MALFORMED, f"{len(unit)} bytes are no part and no init segment")
        item = items[0]
        if isinstance(item, InitSegment):
            if item.rendition is not self._rendition:
                raise RemoteProtocolError(
                    MALFORMED, f"asked for {self._rendition}, the init segment is {item.rendition}"
                )
            return None, None
        return item.sequence, _told_pace(item)


def _told_pace(part: Part) -> Pace | None:
    for event in part.events:
        if event.type == "pace":
            stretch, from_sequence = (event.fields().get(name) for name in ("stretch", "from_sequence"))
            if not isinstance(stretch, int) or not isinstance(from_sequence, int) or not 1 <= stretch <= 255:
                raise RemoteProtocolError(MALFORMED, f"pace tells stretch {stretch!r} from {from_sequence!r}")
            return Pace(stretch, max(0, from_sequence - part.sequence))
    return None


def read_join(data: bytes, book: PartBook) -> Heard | None:
    """What a newcomer gets at once, when it is what nearly all get: a stream's whole head, the init segment
    and consecutive parts, each in a chunk of its own. None for all else, which `StreamReader` reads.

    It checks the same in a small part of the time. A crowd is spread over many edges and phases, so few of
    those who come to one process get the same bytes; but they get the same parts, one after the other.
    """
    end = data.find(b"\r\n\r\n")
    if end < 0 or not data.startswith(b"HTTP/1.1 200 "):
        return None
    status, fields = _fields(data[:end])
    streams = fields.get(b"content-type") == b"audio/mp4" and fields.get(b"transfer-encoding") == b"chunked"
    if not streams:
        return None
    answer, pace, at = _answer(status, fields), None, end + 4
    first, following = None, None
    before: Chunk | None = None
    while at < len(data):
        chunk = None if before is None else before.following
        if chunk is None or not data.startswith(chunk.data, at):
            try:
                chunk = book.chunk(data, at)
            except RemoteProtocolError:
                return None
            if chunk is None:
                return None
            if before is not None:
                before.following = chunk
        at += len(chunk.data)
        sequence = chunk.sequence
        if before is None:
            if sequence is not None:
                return None
        elif sequence is None or following not in (None, sequence):
            return None
        else:
            first, following = sequence if first is None else first, sequence + 1
        if chunk.pace is not None:
            pace = chunk.pace
        before = chunk
    if first is None or following is None or answer.sequence not in (None, first):
        return None
    return Heard(answer, [Run(first, following)], pace)


class _Stage(Enum):
    HEAD = "head"
    PROBLEM = "problem"
    SIZE = "size"
    CHUNK = "chunk"
    OVER = "over"


class StreamReader:
    """One answer. `fresh` begins at its head, else between two chunks after the init segment."""

    def __init__(self, book: PartBook, *, fresh: bool) -> None:
        self._book = book
        self._stage = _Stage.HEAD if fresh else _Stage.SIZE
        self._initialised = not fresh
        self._sounding = not fresh
        self._raw = bytearray()
        self._body = bytearray()
        self._left_bytes = 0
        self._answer: Answer | None = None

    @property
    def idle(self) -> bool:
        """Between two chunks of a stream, with no part under way."""
        return self._stage is _Stage.SIZE and self._initialised and not self._raw and not self._body

    def feed(self, data: bytes) -> Heard:
        """Takes the next bytes, any number of them. Raises `RemoteProtocolError`."""
        self._raw += data
        heard = Heard()
        while self._STEPS[self._stage](self, heard):
            pass
        if self._body:
            self._cut(heard)
        if heard.over and self._body:
            raise RemoteProtocolError(MALFORMED, "the stream ends inside a part")
        return heard

    # One step each: True when it has done something, so that another may follow.

    def _head(self, heard: Heard) -> bool:
        end = self._raw.find(b"\r\n\r\n")
        if end < 0:
            if len(self._raw) > HEAD_LIMIT_BYTES:
                raise RemoteProtocolError("http-malformed", "the head of the answer has no end")
            return False
        status, fields = _fields(bytes(self._raw[:end]))
        del self._raw[: end + 4]
        if status < 200:
            return True
        self._answer = _answer(status, fields)
        if status != 200:
            self._left_bytes = _length(fields)
            self._stage = _Stage.PROBLEM
            return True
        media_type = fields.get(b"content-type", b"").partition(b";")[0].strip()
        if media_type != b"audio/mp4" or fields.get(b"transfer-encoding", b"").lower() != b"chunked":
            raise RemoteProtocolError("http-malformed", "the answer is not a chunked audio/mp4")
        heard.answer = self._answer
        self._stage = _Stage.SIZE
        return True

    def _problem(self, heard: Heard) -> bool:
        if len(self._raw) < self._left_bytes:
            return False
        try:
            problem = json.loads(self._raw[: self._left_bytes])
        except ValueError:
            problem = None
        assert self._answer is not None
        fields = problem if isinstance(problem, dict) else {}
        heard.answer = Answer(self._answer.status, retry_after_s=self._answer.retry_after_s, problem=fields)
        heard.over = True
        self._stage = _Stage.OVER
        return True

    def _size(self, heard: Heard) -> bool:
        end = self._raw.find(b"\r\n")
        if end < 0 and len(self._raw) <= _CHUNK_LINE_LIMIT_BYTES:
            return False
        match = _CHUNK_SIZE.fullmatch(self._raw, 0, end) if end >= 0 else None
        if match is None:
            raise RemoteProtocolError("http-malformed", f"{bytes(self._raw[:16])!r} begins no chunk")
        size = int(match[1], 16)
        if size == 0:  # the last chunk; trailers, if any, mean nothing here (§7.1.2)
            self._stage = _Stage.OVER
            heard.over = True
            return True
        del self._raw[: end + 2]
        self._left_bytes = size
        self._stage = _Stage.CHUNK
        return True

    def _chunk(self, heard: Heard) -> bool:  # noqa: ARG002 - a step like the others
        taken = min(self._left_bytes, len(self._raw))
        if taken:
            self._body += self._raw[:taken]
            del self._raw[:taken]
            self._left_bytes -= taken
        if self._left_bytes or len(self._raw) < 2:
            return False
        if self._raw[:2] != b"\r\n":
            raise RemoteProtocolError("http-malformed", "a chunk is longer than it says")
        del self._raw[:2]
        self._stage = _Stage.SIZE
        return True

    def _rest(self, heard: Heard) -> bool:  # noqa: ARG002 - a step like the others
        """What comes after the end means nothing."""
        self._raw.clear()
        return False

    _STEPS: Final = {
        _Stage.HEAD: _head,
        _Stage.PROBLEM: _problem,
        _Stage.SIZE: _size,
        _Stage.CHUNK: _chunk,
        _Stage.OVER: _rest,
    }

    def _cut(self, heard: Heard) -> None:
        """Takes whole parts off the front of the body."""
        start = offset = 0
        while len(self._body) - offset >= HEADER_BYTES:
            kind, size = box_header(self._body, offset)
            offset += size
            if offset - start > LIMIT_BYTES:
                raise RemoteProtocolError(MALFORMED, f"a part of {offset - start} bytes is over the limit")
            if offset > len(self._body):
                break
            if kind in (b"mdat", b"moov"):
                self._take(bytes(self._body[start:offset]), heard)
                start = offset
        del self._body[:start]

    def _take(self, unit: bytes, heard: Heard) -> None:
        sequence, pace = self._book.read(unit)
        if sequence is None:
            self._initialised = True
            return
        if not self._initialised:
            raise RemoteProtocolError(MALFORMED, "a part came before the init segment")
        if self._answer is not None and self._answer.sequence not in (None, sequence) and not self._sounding:
            raise RemoteProtocolError(
                MALFORMED, f"X-Parvis-Sequence tells {self._answer.sequence}, the first part is {sequence}"
            )
        self._sounding = True
        if heard.runs and heard.runs[-1].next == sequence:
            heard.runs[-1] = Run(heard.runs[-1].first, sequence + 1)
        else:
            heard.runs.append(Run(sequence, sequence + 1))
        heard.pace = heard.pace if pace is None else pace


def _fields(head: bytes) -> tuple[int, dict[bytes, bytes]]:
    """Status and fields, names in lower case."""
    first, *lines = head.split(b"\r\n")
    match = _STATUS.fullmatch(first)
    if match is None:
        raise RemoteProtocolError("http-malformed", f"{first[:40]!r} is no status line")
    fields = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name.strip() != name:
            raise RemoteProtocolError("http-malformed", f"{line[:40]!r} is no header")
        fields[name.lower()] = value.strip()
    return int(match[1]), fields


def _answer(status: int, fields: dict[bytes, bytes]) -> Answer:
    stretch = _whole(fields.get(b"x-parvis-stretch", b"1"))
    if stretch is None or not 1 <= stretch <= 255:
        raise RemoteProtocolError("http-malformed", "X-Parvis-Stretch is not 1 to 255")
    retry_after_s = _whole(fields.get(b"retry-after", b""))  # the date form is for people
    return Answer(
        status,
        stretch,
        _whole(fields.get(b"x-parvis-sequence", b"")),
        None if retry_after_s is None else float(retry_after_s),
    )


def _length(fields: dict[bytes, bytes]) -> int:
    length = _whole(fields.get(b"content-length", b""))
    if length is None or length > PROBLEM_LIMIT_BYTES:
        raise RemoteProtocolError("http-malformed", "an answer that is no stream must say its length")
    return length


def _whole(text: bytes) -> int | None:
    return int(text) if text.isdigit() and len(text) <= 18 else None
