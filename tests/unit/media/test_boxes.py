from __future__ import annotations

import pytest

from parvis.errors import RemoteProtocolError
from parvis.media.boxes import Fields, box, box_header, full_box, walk


def test_a_box_counts_its_own_header() -> None:
    assert box(b"free", b"ab", b"c") == b"\0\0\0\x0bfreeabc"


def test_a_full_box_begins_with_version_and_flags() -> None:
    assert full_box(b"tfdt", 1, 0x020001) == b"\0\0\0\x0ctfdt\x01\x02\x00\x01"


def test_walk_yields_boxes_side_by_side() -> None:
    payload = memoryview(box(b"free") + box(b"skip", b"xy"))
    assert [(kind, bytes(data)) for kind, data in walk(payload, "moov")] == [(b"free", b""), (b"skip", b"xy")]


@pytest.mark.parametrize("size", [0, 1, 7])
def test_a_size_that_cannot_hold_the_header_is_refused(size: int) -> None:
    with pytest.raises(RemoteProtocolError, match=f"claims {size} bytes"):
        box_header(size.to_bytes(4, "big") + b"free")


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [(b"\0\0\0", "inside the header"), (b"\0\0\0\x09free", "past the end of moov")],
)
def test_walk_refuses_boxes_that_do_not_fill_their_parent(payload: bytes, complaint: str) -> None:
    with pytest.raises(RemoteProtocolError, match=complaint):
        list(walk(memoryview(payload), "moov"))


def test_fields_come_in_order() -> None:
    fields = Fields("emsg", memoryview(b"\x01\x00\x00\x02\x00\x2aurn\0rest"))
    assert fields.version_and_flags() == (1, 2)
    assert fields.unsigned(2) == 42
    assert fields.string() == "urn"
    assert bytes(fields.rest()) == b"rest"
    assert bytes(fields.rest()) == b""


def test_fields_refuse_to_read_past_the_end() -> None:
    with pytest.raises(RemoteProtocolError, match="tfdt is too short"):
        Fields("tfdt", memoryview(b"\0\0\0")).unsigned(4)


@pytest.mark.parametrize("payload", [b"no end", b"\xff\0"])
def test_fields_refuse_a_broken_string(payload: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="emsg holds a string"):
        Fields("emsg", memoryview(payload)).string()
