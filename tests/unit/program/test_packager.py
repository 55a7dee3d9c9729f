from __future__ import annotations

import numpy as np
import pytest

from parvis.bus.messages import PartMessage
from parvis.clock import PART_SAMPLES, TICK_SAMPLES
from parvis.errors import LocalProtocolError
from parvis.media.events import Event
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition
from parvis.program.decoders import Decoder
from parvis.program.packager import ProgramEncoder
from tests.unit.program.sounds import SILK_LEAD_SAMPLES, Int16, lag_samples, music

FIRST = 5_561_234_567
SILENT_TICK = np.zeros(TICK_SAMPLES, np.int16)


def encode(sound: Int16) -> dict[Rendition, list[PartMessage]]:
    encoder = ProgramEncoder("k3v9", FIRST)
    ticks = sound.reshape(-1, TICK_SAMPLES)
    messages = [message for tick in ticks for message in encoder.push(tick)] + encoder.flush()
    return {rendition: [m for m in messages if m.rendition is rendition] for rendition in Rendition}


def read(message: PartMessage) -> Part:
    (part,) = PartReader(message.rendition).feed(message.body)
    assert isinstance(part, Part)
    return part


@pytest.mark.parametrize("ticks", [0, 1, 15, 16, 17, 47, 48])
def test_parts_are_numbered_without_a_hole_up_to_the_one_begun(ticks: int) -> None:
    for messages in encode(np.zeros(ticks * TICK_SAMPLES, np.int16)).values():
        expected = list(range(FIRST, FIRST + max(1, -(-ticks // 16))))
        assert [message.sequence for message in messages] == expected
        assert [read(message).sequence for message in messages] == expected
        assert [message.last for message in messages] == [False] * (len(expected) - 1) + [True]


def test_both_renditions_decode_to_the_program_part_by_part() -> None:
    sound = music(1.6)
    for rendition, messages in encode(sound).items():
        units = [unit for message in messages for unit in read(message).access_units]
        heard = Decoder(rendition).decode(units)
        assert len(heard) == 5 * PART_SAMPLES
        lead = SILK_LEAD_SAMPLES if rendition is Rendition.OPUS else 0
        assert -lead <= lag_samples(heard, sound) <= 0


def test_an_opus_part_comes_with_the_next_tick_and_an_aac_part_with_the_third() -> None:
    encoder = ProgramEncoder("k3v9", FIRST)
    came: dict[tuple[Rendition, int], int] = {}
    for tick in range(32):
        for message in encoder.push(SILENT_TICK):
            came.setdefault((message.rendition, message.sequence), tick)
    assert came == {(Rendition.OPUS, FIRST): 16, (Rendition.AAC, FIRST): 18}


def test_an_event_rides_in_the_same_part_of_both_renditions() -> None:
    encoder = ProgramEncoder("k3v9", FIRST)
    messages: list[PartMessage] = []
    for tick in range(64):
        if tick in (0, 16, 17, 18):
            encoder.add_event(Event.of("levels", tick=tick))
        messages += encoder.push(SILENT_TICK)
    messages += encoder.flush()
    for rendition in Rendition:
        told = {
            m.sequence - FIRST: [e.fields()["tick"] for e in m.events]
            for m in messages
            if m.rendition is rendition
        }
        # What is told before tick 16 is encoded is about part 0, and later events about part 1.
        assert told == {0: [0, 16], 1: [17, 18], 2: [], 3: []}
    assert all(read(message).events == message.events for message in messages)


def test_an_event_told_before_the_end_rides_in_the_last_part() -> None:
    encoder = ProgramEncoder("k3v9", FIRST)
    encoder.push(SILENT_TICK)
    ended = Event.of("state", state="ended", title="Budget night", reason=None)
    encoder.add_event(ended)
    assert [message.events for message in encoder.flush()] == [(ended,), (ended,)]


@pytest.mark.parametrize("tick", [np.zeros(959, np.int16), np.zeros((1, 960), np.int16), np.zeros(960)])
def test_what_is_no_tick_is_refused(tick: Int16) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        ProgramEncoder("k3v9", FIRST).push(tick)
    assert caught.value.code == "tick-invalid"


def test_nothing_comes_after_the_end() -> None:
    encoder = ProgramEncoder("k3v9", FIRST)
    assert len(encoder.flush()) == 2
    assert encoder.flush() == []
    with pytest.raises(LocalProtocolError) as caught:
        encoder.push(SILENT_TICK)
    assert caught.value.code == "program-over"
