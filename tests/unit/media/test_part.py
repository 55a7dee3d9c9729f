from __future__ import annotations

import pytest

from parvis.clock import part_start_s
from parvis.errors import LocalProtocolError
from parvis.media.boxes import walk
from parvis.media.events import Event
from parvis.media.part import NTP_UNIX_OFFSET_S, build_part, ntp_time
from parvis.media.rendition import Rendition
from tests.unit.media.test_init import descend

SEQUENCE = 5_561_234_567
UNITS = {r: [bytes([n + 1]) * (n + 5) for n in range(r.frames_per_part)] for r in Rendition}


@pytest.mark.parametrize("rendition", Rendition)
def test_boxes_come_in_the_order_of_the_protocol(rendition: Rendition) -> None:
    events = [Event.of("counts", listeners=1), Event.of("levels", levels={}, active=None)]
    part = build_part(rendition, SEQUENCE, UNITS[rendition], events)
    kinds = [kind for kind, _ in walk(memoryview(part), "file")]
    assert kinds == [b"prft", b"emsg", b"emsg", b"moof", b"mdat"]


@pytest.mark.parametrize("rendition", Rendition)
def test_a_part_costs_136_bytes_and_4_for_each_access_unit(rendition: Rendition) -> None:
    part = build_part(rendition, SEQUENCE, UNITS[rendition])
    assert len(part) == 136 + sum(4 + len(unit) for unit in UNITS[rendition])


@pytest.mark.parametrize("rendition", Rendition)
def test_the_run_points_at_the_first_access_unit(rendition: Rendition) -> None:
    part = build_part(rendition, SEQUENCE, UNITS[rendition], [Event.of("counts", listeners=1)])
    trun = descend(part, b"moof", b"traf", b"trun")
    data_offset = int.from_bytes(trun[8:12], "big")
    media = part[part.index(b"moof") - 4 + data_offset :]
    assert media == b"".join(UNITS[rendition])
    sizes = [int.from_bytes(trun[n : n + 4], "big") for n in range(12, len(trun), 4)]
    assert sizes == [len(unit) for unit in UNITS[rendition]]


def test_times_are_those_of_the_first_sample() -> None:
    part = build_part(Rendition.OPUS, SEQUENCE, UNITS[Rendition.OPUS], [Event.of("counts", listeners=1)])
    media_time = (SEQUENCE * 15_360).to_bytes(8, "big")
    assert bytes(descend(part, b"moof", b"traf", b"tfdt")) == b"\1\0\0\0" + media_time
    assert bytes(descend(part, b"moof", b"mfhd")) == bytes(4) + (SEQUENCE & 0xFFFFFFFF).to_bytes(4, "big")
    assert bytes(descend(part, b"emsg")[8:16]) == media_time
    prft = bytes(descend(part, b"prft"))
    assert prft[:8] == b"\1\0\0\x18\0\0\0\1"
    assert prft[16:] == media_time
    seconds = int.from_bytes(prft[8:12], "big") - NTP_UNIX_OFFSET_S
    assert seconds + int.from_bytes(prft[12:16], "big") / 2**32 == part_start_s(SEQUENCE)


def test_an_event_is_the_json_after_its_scheme() -> None:
    event = Event.of("state", state="live", title="Rentrée", reason=None)
    part = build_part(Rendition.AAC, SEQUENCE, UNITS[Rendition.AAC], [event])
    emsg = bytes(descend(part, b"emsg"))
    assert emsg[24:] == b"urn:parvis:event\0001\0" + event.body
    assert emsg[:8] == b"\1\0\0\0" + (48_000).to_bytes(4, "big")


def test_event_ids_are_the_same_in_both_renditions_and_differ_within() -> None:
    events = [Event.of("counts", listeners=n) for n in range(3)]
    ids = {}
    for rendition in Rendition:
        part = build_part(rendition, SEQUENCE, UNITS[rendition], events)
        ids[rendition] = [bytes(p[20:24]) for kind, p in walk(memoryview(part), "file") if kind == b"emsg"]
    assert ids[Rendition.OPUS] == ids[Rendition.AAC]
    assert len(set(ids[Rendition.OPUS])) == 3


def test_ntp_seconds_wrap_in_2036() -> None:
    assert ntp_time(0) == NTP_UNIX_OFFSET_S << 32
    end_of_era_ms = (2**32 - NTP_UNIX_OFFSET_S) * 1000
    assert ntp_time(end_of_era_ms - 500) == (2**32 - 1) << 32 | 1 << 31
    assert ntp_time(end_of_era_ms) == 0


@pytest.mark.parametrize(
    ("units", "sequence", "events"),
    [
        (UNITS[Rendition.OPUS][:-1], SEQUENCE, 0),
        ([*UNITS[Rendition.OPUS], b"x"], SEQUENCE, 0),
        ([*UNITS[Rendition.OPUS][:-1], b""], SEQUENCE, 0),
        (UNITS[Rendition.OPUS], -1, 0),
        (UNITS[Rendition.OPUS], SEQUENCE, 257),
    ],
)
def test_what_is_no_part_is_refused(units: list[bytes], sequence: int, events: int) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        build_part(Rendition.OPUS, sequence, units, [Event.of("counts", listeners=1)] * events)
    assert caught.value.code == "part-invalid"
