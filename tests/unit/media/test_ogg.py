"""Ogg pages, against the checksum as the standard writes it and another demuxer."""

from __future__ import annotations

import io
import struct

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.clock import media_time
from parvis.media.ogg import LIVE_PERIOD_PARTS, checksum, live_head, live_page, ogg_page, segments

FIRST = 5_600_000_000
SILENCE = b"\xf8\xff\xfe"


def plain_checksum(data: bytes) -> int:
    """RFC 3533 §6: polynomial 0x04c11db7, bit by bit."""
    register = 0
    for byte in data:
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1 ^ (0x04C11DB7 if register & 0x80000000 else 0)) & 0xFFFFFFFF
    return register


@given(st.binary(max_size=300))
def test_the_checksum_is_the_standards(data: bytes) -> None:
    assert checksum(data) == plain_checksum(data)


@pytest.mark.parametrize(("size", "count"), [(0, 1), (254, 1), (255, 2), (600, 3)])
def test_a_packet_takes_as_many_segments_as_its_lacing_says(size: int, count: int) -> None:
    page = ogg_page([bytes(size)], granule=0, serial=1, number=0)
    assert page[26] == segments([bytes(size)]) == count


def test_a_live_stream_begins_anywhere() -> None:
    packets = [SILENCE + bytes([number]) * (number % 300) for number in range(5 * 16)]
    pages = [live_page(FIRST + part, packets[16 * part : 16 * part + 16]) for part in range(5)]
    stream = live_head(["TITLE=L\u2019été"]) + b"".join(pages[2:])
    numbers = []
    offset = 0
    while (offset := stream.find(b"OggS", offset)) >= 0:
        numbers.append(struct.unpack_from("<I", stream, offset + 18)[0])
        offset += 4
    assert numbers == [0, 1, *range(numbers[2], numbers[2] + 3)]
    with av.open(io.BytesIO(stream), "r", format="ogg") as container:
        assert container.streams.audio[0].metadata["TITLE"] == "L\u2019été"
        got = [packet for packet in container.demux(audio=0) if packet.size]
        assert [bytes(packet) for packet in got] == packets[32:]
        assert got[0].pts == media_time((FIRST + 2) % LIVE_PERIOD_PARTS)
        assert media_time(LIVE_PERIOD_PARTS) * 1_000_000 < 1 << 63


def test_page_numbers_wrap_like_the_fields_they_stand_in() -> None:
    page = live_page(1 << 32, [SILENCE] * 16)
    assert struct.unpack_from("<I", page, 18) == (0,)
