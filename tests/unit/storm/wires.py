"""Bytes as an edge sends them, built from real parts."""

from __future__ import annotations

from parvis.media.events import Event
from parvis.media.init import init_segment
from parvis.media.part import build_part
from parvis.media.rendition import Rendition

FIRST = 5_561_234_567
"""A sequence of 2026."""


def part(sequence: int, rendition: Rendition = Rendition.OPUS, *events: Event) -> bytes:
    """A part whose units hold its number, so that no two are alike."""
    units = [b"%d/%d" % (sequence, unit) for unit in range(rendition.frames_per_part)]
    return build_part(rendition, sequence, units, events)


def chunk(body: bytes) -> bytes:
    """One chunk."""
    return b"%x\r\n%b\r\n" % (len(body), body)


def burst(first: int, count: int = 1, *events: Event) -> bytes:
    """One chunk of consecutive parts; events are in the first."""
    parts = [
        part(sequence, Rendition.OPUS, *(events if sequence == first else ()))
        for sequence in range(first, first + count)
    ]
    return chunk(b"".join(parts))


def head(sequence: int | None = None, stretch: int | None = None) -> bytes:
    """The head of a stream."""
    lines = ["HTTP/1.1 200 OK", "Content-Type: audio/mp4", "Transfer-Encoding: chunked", "Connection: close"]
    lines += [f"X-Parvis-Sequence: {sequence}"] if sequence is not None else []
    lines += [f"X-Parvis-Stretch: {stretch}"] if stretch is not None else []
    return "\r\n".join([*lines, "", ""]).encode()


def join(first: int = FIRST, count: int = 3, stretch: int | None = None) -> bytes:
    """What a newcomer gets at once: head, init segment, parts, each in a chunk."""
    parts = b"".join(burst(sequence) for sequence in range(first, first + count))
    return head(first, stretch) + chunk(init_segment(Rendition.OPUS)) + parts
