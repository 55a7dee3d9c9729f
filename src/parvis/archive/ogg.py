"""Ogg Opus files from Opus packets, nothing decoded: pages and headers are `media/ogg.py`'s.

A page holds a second of sound, 50 packets, so that a player can seek to the second. The granule position of
the last page is the length.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO, Final

from parvis.media.ogg import FIRST, LAST, MOST_SEGMENTS, ogg_page, opus_head, opus_tags, segments
from parvis.media.rendition import Rendition

PACKETS_PER_PAGE: Final = 50


def write_ogg(out: BinaryIO, packets: Iterable[bytes], *, serial: int, tags: Iterable[str] = ()) -> None:
    """Writes a whole file. `tags` are comments, `TITLE=…` (RFC 7845 §5.2). Raises `OSError`."""
    out.write(ogg_page([opus_head()], granule=0, serial=serial, number=0, flags=FIRST))
    out.write(ogg_page([opus_tags(tags)], granule=0, serial=serial, number=1))
    waiting: list[bytes] = []
    samples, number = 0, 2
    for packet in packets:
        if len(waiting) == PACKETS_PER_PAGE or segments([*waiting, packet]) > MOST_SEGMENTS:
            samples += len(waiting) * Rendition.OPUS.frame_samples
            out.write(ogg_page(waiting, granule=samples, serial=serial, number=number))
            waiting, number = [], number + 1
        waiting.append(packet)
    samples += len(waiting) * Rendition.OPUS.frame_samples
    out.write(ogg_page(waiting, granule=samples, serial=serial, number=number, flags=LAST))
