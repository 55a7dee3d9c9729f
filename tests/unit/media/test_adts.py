"""ADTS and ICY, against what a real decoder makes of them."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.errors import LocalProtocolError
from parvis.media.adts import (
    METADATA_INTERVAL_BYTES,
    adts_frame,
    adts_part,
    filled,
    icy_metadata,
    icy_part,
)
from parvis.media.reader import PartReader
from parvis.media.rendition import Rendition
from tests.unit.archive.makers import program


def program_units(parts: int = 12) -> list[tuple[bytes, ...]]:
    """The AAC access units of a real program, part by part."""
    _, messages, _ = program(parts)
    reader = PartReader(Rendition.AAC)
    found = []
    for message in messages:
        if message.rendition is Rendition.AAC:
            found += [item.access_units for item in reader.feed(message.body)]  # type: ignore[union-attr]
    return found


def heard(stream: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """What FFmpeg decodes from a bare ADTS stream."""
    with av.open(io.BytesIO(stream), "r", format="aac") as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)


def without_metadata(stream: bytes, interval: int = METADATA_INTERVAL_BYTES) -> tuple[bytes, list[bytes]]:
    """As a receiver takes it apart: sound, and the metadata that said something."""
    sound, said, offset = b"", [], 0
    while offset < len(stream):
        sound += stream[offset : offset + interval]
        offset += interval
        size = 16 * stream[offset]
        if size:
            said.append(stream[offset + 1 : offset + 1 + size].rstrip(b"\0"))
        offset += 1 + size
    return sound, said


@st.composite
def blocks(draw: st.DrawFn) -> bytes:
    """What ends as a raw data block does, at any bit."""
    body = draw(st.binary(min_size=1, max_size=60))
    zeros = draw(st.integers(0, 7))
    bits = (int.from_bytes(body, "big") << 3 | 0b111) << zeros
    return bits.to_bytes(len(body) + 2, "big")


@given(blocks(), st.integers(0, 800))
def test_a_block_grows_by_exactly_as_much_and_can_grow_again(block: bytes, growth: int) -> None:
    longer = filled(block, growth)
    assert len(longer) == len(block) + growth
    assert len(filled(longer, 1)) == len(longer) + 1


def test_what_does_not_end_well_is_left_alone() -> None:
    for unit in (b"", b"\0", b"\0\0\0", b"sound", b"\x07\0\0"):
        assert filled(unit, 5) == unit


def test_a_frame_says_how_long_it_is() -> None:
    frame = adts_frame(b"\x01\x02")
    assert frame[:2] == b"\xff\xf1"
    assert (frame[3] & 3) << 11 | frame[4] << 3 | frame[5] >> 5 == 9
    with pytest.raises(LocalProtocolError, match="frame-too-long"):
        adts_frame(bytes(8185))


def test_a_decoder_hears_the_same_from_the_filled_frames() -> None:
    parts = program_units()
    plain = heard(b"".join(map(adts_part, parts)))
    assert np.abs(plain).max() > 0.1
    assert plain.shape == (1, 12 * 15 * 1024)
    icy = b"".join(
        icy_part(units, "Budget night" if number == 3 else None) for number, units in enumerate(parts)
    )
    sound, said = without_metadata(icy)
    assert said == [b"StreamTitle='Budget night';"]
    np.testing.assert_array_equal(heard(sound), plain)


def test_each_part_begins_an_interval_so_any_of_them_may_be_missing() -> None:
    parts = program_units()
    for units in parts:
        sound, _ = without_metadata(icy_part(units, "x"))
        assert len(sound) % METADATA_INTERVAL_BYTES == 0
        assert len(sound) - len(adts_part(units)) < METADATA_INTERVAL_BYTES
    left = [icy_part(units, None) for number, units in enumerate(parts) if number % 3]
    sound, _ = without_metadata(b"".join(left))
    assert heard(sound).shape == (1, 8 * 15 * 1024)


def test_frames_that_cannot_be_filled_are_followed_by_zeros() -> None:
    part = icy_part([b"\xf8sound"] * 15, None)
    assert part == adts_part([b"\xf8sound"] * 15).ljust(METADATA_INTERVAL_BYTES, b"\0") + b"\0"


def test_a_title_with_quotes_ends_where_it_ends() -> None:
    assert icy_metadata(None) == b"\0"
    block = icy_metadata("L'été, it's ';")
    assert block[0] * 16 == len(block) - 1
    text = block[1:].rstrip(b"\0").decode()
    assert text == "StreamTitle='L’été, it’s ’;';"
    assert len(icy_metadata("é" * 120)) <= 1 + 255 * 16
