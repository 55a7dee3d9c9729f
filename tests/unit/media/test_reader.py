from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.clock import part_start_s
from parvis.errors import RemoteProtocolError
from parvis.media.boxes import box, full_box
from parvis.media.events import Event
from parvis.media.init import init_segment
from parvis.media.part import build_part
from parvis.media.reader import InitSegment, Part, PartReader
from parvis.media.rendition import Rendition
from tests.unit.media.test_part import SEQUENCE, UNITS

# NTP's second era ends in 2104; a part is of 1970 to then.
sequences = st.integers(min_value=0, max_value=4_230_000_000_000 // 320)
events = st.lists(
    st.builds(lambda kind, text: Event.of(kind, text=text), st.text(max_size=8), st.text(max_size=40)),
    max_size=3,
)


@st.composite
def parts(draw: st.DrawFn, rendition: Rendition) -> tuple[int, tuple[bytes, ...], tuple[Event, ...]]:
    count = rendition.frames_per_part
    units = draw(st.lists(st.binary(min_size=1, max_size=40), min_size=count, max_size=count))
    return draw(sequences), tuple(units), tuple(draw(events))


def cut(data: bytes, at: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(at), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@given(st.data(), st.sampled_from(list(Rendition)))
def test_what_is_built_is_read_however_it_is_cut(data: st.DataObject, rendition: Rendition) -> None:
    built = data.draw(st.lists(parts(rendition), min_size=1, max_size=4))
    bodies = [build_part(rendition, *part) for part in built]
    stream = init_segment(rendition) + b"".join(bodies)
    reader = PartReader()
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=20))
    found = [item for piece in cut(stream, cuts) for item in reader.feed(piece)]
    assert found[0] == InitSegment(rendition, init_segment(rendition))
    assert found[1:] == [
        Part(rendition, sequence, sequence * 15_360, part_start_s(sequence), told, units, len(body))
        for (sequence, units, told), body in zip(built, bodies, strict=True)
    ]
    assert reader.unfinished_bytes == 0


@given(st.data(), st.sampled_from(list(Rendition)))
def test_a_damaged_stream_is_read_or_refused_and_nothing_else(
    data: st.DataObject, rendition: Rendition
) -> None:
    told = [Event.of("counts", listeners=1)]
    stream = bytearray(init_segment(rendition) + build_part(rendition, SEQUENCE, UNITS[rendition], told) * 2)
    for _ in range(data.draw(st.integers(1, 4))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    reader = PartReader()
    try:
        found = reader.feed(bytes(stream))
    except RemoteProtocolError:
        with pytest.raises(RemoteProtocolError):
            reader.feed(b"")
        return
    assert {len(part.access_units) for part in found if isinstance(part, Part)} <= {16, 15}


@given(st.binary(max_size=400))
def test_noise_is_waited_for_or_refused(noise: bytes) -> None:
    try:
        found = PartReader().feed(noise)
    except RemoteProtocolError:
        return
    assert found == []


def test_a_part_cut_short_gives_nothing_and_is_counted() -> None:
    reader = PartReader(Rendition.OPUS)
    part = build_part(Rendition.OPUS, SEQUENCE, UNITS[Rendition.OPUS])
    assert reader.feed(part[:-1]) == []
    assert reader.unfinished_bytes == len(part) - 1
    assert len(reader.feed(part[-1:])) == 1


def test_the_rendition_may_change_with_a_new_init_segment() -> None:
    reader = PartReader()
    for rendition in (Rendition.OPUS, Rendition.AAC):
        found = reader.feed(init_segment(rendition) + build_part(rendition, SEQUENCE, UNITS[rendition]))
        assert [item.rendition for item in found] == [rendition, rendition]
        assert reader.rendition is rendition


def test_other_boxes_between_parts_are_passed_over() -> None:
    part = build_part(Rendition.OPUS, SEQUENCE, UNITS[Rendition.OPUS])
    stream = box(b"styp", b"msdh") + part + box(b"sidx", bytes(20)) + part
    assert len(PartReader(Rendition.OPUS).feed(stream)) == 2


def test_events_of_other_schemes_are_passed_over() -> None:
    part = build_part(Rendition.OPUS, SEQUENCE, UNITS[Rendition.OPUS], [Event.of("counts", listeners=1)])
    ad_break = full_box(b"emsg", 1, 0, bytes(20), b"urn:scte:scte35:2013:bin\0", b"1\0", b"\xfc\x30")
    older = full_box(b"emsg", 0, 0, b"urn:parvis:event\0", b"1\0", bytes(16), b"{}")
    at = part.index(b"emsg") - 4
    (found,) = PartReader(Rendition.OPUS).feed(part[:at] + ad_break + older + part[at:])
    assert isinstance(found, Part)
    assert found.events == (Event.of("counts", listeners=1),)


OPUS_PART = build_part(Rendition.OPUS, SEQUENCE, UNITS[Rendition.OPUS], [Event.of("counts", listeners=1)])


def changed(kind: bytes, offset: int, value: bytes) -> bytes:
    """The part with `value` written `offset` bytes into the payload of its first box of this type."""
    at = OPUS_PART.index(kind) + 4 + offset
    return OPUS_PART[:at] + value + OPUS_PART[at + len(value) :]


@pytest.mark.parametrize(
    ("stream", "complaint"),
    [
        (changed(b"prft", 0, b"\0"), "prft is not of version 1"),
        (changed(b"prft", 23, b"\1"), "not the beginning of a part"),
        (changed(b"prft", 8, b"\0"), "says that it is of"),
        (changed(b"emsg", 43, b"]"), "event is not JSON"),
        (changed(b"emsg", 47, b"c"), "event has no type"),
        (changed(b"mfhd", 7, b"\0"), "mfhd is not of part"),
        (changed(b"tfhd", 1, b"\0"), "tfhd is not of a part"),
        (changed(b"tfhd", 10, b"\4\0"), "samples of 1024 are not opus"),
        (changed(b"tfdt", 11, b"\1"), "tfdt is not of part"),
        (changed(b"trun", 2, b"\3"), "trun is not of a part"),
        (changed(b"trun", 7, b"\x0f"), "15 access units make no part"),
        (changed(b"trun", 11, b"\0"), "does not point at the mdat"),
        (changed(b"trun", 15, b"\xff"), "in an mdat of"),
        (changed(b"traf", -4, b"trak"), "moof holds no traf"),
        (changed(b"moof", -4, b"free"), "out of place"),
        (OPUS_PART[OPUS_PART.index(b"moof") - 4 :], "out of place"),
        (OPUS_PART[: OPUS_PART.index(b"mdat") - 4] + OPUS_PART, "out of place"),
        (b"\0\0\0\0mdat", "claims 0 bytes"),
        (b"\x7f\0\0\0free", "over the limit"),
    ],
)
def test_a_part_that_contradicts_itself_is_refused(stream: bytes, complaint: str) -> None:
    with pytest.raises(RemoteProtocolError, match=complaint) as caught:
        PartReader(Rendition.OPUS).feed(stream)
    assert caught.value.code == "media-malformed"


def test_a_part_before_its_init_segment_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="before the init segment"):
        PartReader().feed(OPUS_PART)


def test_the_limit_holds_for_all_boxes_of_a_part_together() -> None:
    reader = PartReader(Rendition.OPUS, limit_bytes=1000)
    assert reader.feed(OPUS_PART[:32]) == []
    with pytest.raises(RemoteProtocolError, match="over the limit"):
        reader.feed((1000 - 31).to_bytes(4, "big") + b"emsg")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ((48_000).to_bytes(4, "big") + bytes(4) + b"\x55\xc4", bytes(10), "timescale 0"),
        (b"Opus", b"ac-3", "neither Opus nor AAC"),
        (b"mdia", b"meta", "trak holds no mdia"),
    ],
)
def test_an_init_segment_of_something_else_is_refused(old: bytes, new: bytes, complaint: str) -> None:
    data = init_segment(Rendition.OPUS)
    assert old in data
    with pytest.raises(RemoteProtocolError, match=complaint):
        PartReader().feed(data.replace(old, new))
