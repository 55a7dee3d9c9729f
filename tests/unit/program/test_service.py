from __future__ import annotations

from parvis.bus.messages import RING_PARTS, PartMessage, ProgramMessage
from parvis.clock import TICK_SAMPLES
from parvis.media.events import Event
from parvis.media.reader import InitSegment, PartReader
from parvis.media.rendition import Rendition
from parvis.program.decoders import Decoder
from parvis.program.service import Program
from tests.unit.program.sounds import music

FIRST = 5_561_234_567


class Publications:
    """A bus with nobody on it: keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes, int]] = []
        self.forgotten: set[str] = set()

    def publish(self, subject: str, payload: bytes, *, retain: int = 0) -> None:
        self.sent.append((subject, payload, retain))

    def forget(self, subject: str) -> None:
        self.forgotten.add(subject)


def test_a_program_is_announced_published_and_ended() -> None:
    bus = Publications()
    program = Program.start(bus, "k3v9", "stage-1", FIRST)
    program.add_event(Event.of("counts", listeners=3))
    for tick in music(0.8).reshape(-1, TICK_SAMPLES):
        program.push_tick(tick)
    assert (program.first_sequence, program.last_sequence) == (FIRST, None)
    program.end()
    program.end()
    assert program.last_sequence == FIRST + 2

    subjects = [subject for subject, _, _ in bus.sent]
    assert subjects[0] == subjects[-1] == "program.k3v9"
    opus, aac = "part.k3v9.opus", "part.k3v9.aac"
    assert sorted(subjects[1:-1]) == [aac] * 3 + [opus] * 3
    assert [retain for _, _, retain in bus.sent] == [1, *[RING_PARTS] * 6, 1]
    begun, over = (ProgramMessage.decode(bus.sent[n][1]) for n in (0, -1))
    assert (begun.space, begun.stage, begun.first_sequence, begun.last_sequence) == (
        "k3v9",
        "stage-1",
        FIRST,
        None,
    )
    assert over.last_sequence == FIRST + 2
    assert over.renditions == begun.renditions

    parts = [PartMessage.decode(subject, payload) for subject, payload, _ in bus.sent[1:-1]]
    for rendition in Rendition:
        own = [part for part in parts if part.rendition is rendition]
        assert [part.last for part in own] == [False, False, True]
        assert [len(part.events) for part in own] == [1, 0, 0]


def test_it_bears_its_epoch_and_falls_silent_when_the_hold_is_gone() -> None:
    bus = Publications()
    holds = True
    program = Program.start(bus, "k3v9", "stage-1", FIRST, epoch=9, holds=lambda: holds)
    ticks = music(1.6).reshape(-1, TICK_SAMPLES)
    for tick in ticks[:40]:
        program.push_tick(tick)
    assert ProgramMessage.decode(bus.sent[0][1]).epoch == 9
    assert {PartMessage.decode(subject, payload).epoch for subject, payload, _ in bus.sent[1:]} == {9}
    sent = len(bus.sent)
    holds = False
    for tick in ticks[40:]:
        program.push_tick(tick)
    program.end()
    assert len(bus.sent) == sent


def test_the_announcement_is_enough_to_play_and_to_fill_dead_air() -> None:
    bus = Publications()
    Program.start(bus, "k3v9", "stage-1", FIRST)
    for entry in ProgramMessage.decode(bus.sent[0][1]).renditions:
        (init,) = PartReader().feed(entry.init)
        assert isinstance(init, InitSegment)
        assert init.rendition is entry.rendition
        assert not Decoder(entry.rendition).decode([entry.silence] * 4).any()


def test_forgetting_leaves_nothing_on_the_bus() -> None:
    bus = Publications()
    program = Program.start(bus, "k3v9", "stage-1", FIRST)
    program.end()
    program.forget()
    assert bus.forgotten == {subject for subject, _, _ in bus.sent}
