"""A room without sessions: what its program carries, by control's word and by the clock."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from parvis.audio import Bool, Int16
from parvis.audio.mixer import Mix, Mixed
from parvis.bus.messages import SeatState, SpaceMessage, StandbyMessage
from parvis.clock import ManualClock
from parvis.errors import RemoteProtocolError
from parvis.media.events import Event
from parvis.stage.clockwork import LEAD_TICKS, PATIENCE_TICKS
from parvis.stage.peer import Peer, PeerSettings
from parvis.stage.room import SETTLED_TICKS, ProgramSink, Room
from tests.unit.stage.test_clockwork import DUE, SPACE

PART = 16
SEATED = replace(SPACE, seats=(SeatState("ana", "Ana", "host"),), standby="tone")


class Tape:
    """A program that keeps what it is given."""

    def __init__(self, first_sequence: int) -> None:
        self.first_sequence = first_sequence
        self.ticks: list[Int16] = []
        self.told: list[tuple[int, Event]] = []
        self.tracks: list[dict[str, Int16]] = []
        self.ended = False

    def push_tracks(self, heard: Mapping[str, Int16]) -> None:
        self.tracks.append(dict(heard))

    def push_tick(self, samples: Int16) -> None:
        assert not self.ended
        self.ticks.append(samples)

    def add_event(self, event: Event) -> None:
        self.told.append((self.first_sequence + len(self.ticks) // PART, event))

    def end(self) -> None:
        self.ended = True

    def forget(self) -> None:
        raise AssertionError("not within ten minutes")

    def said(self, kind: str) -> list[dict[str, object]]:
        return [dict(event.fields()) for _, event in self.told if event.type == kind]


class Evening:
    """A room, its tapes, and a clock that goes by ticks."""

    def __init__(self, message: SpaceMessage, number: int, *, on_air: bool = False) -> None:
        self.clock = ManualClock(number / 50)
        self.number = number
        self.tapes: list[Tape] = []
        self.listeners = 0
        self.wanted = message
        self.room = Room(
            message,
            stage="stage-1",
            peers=PeerSettings(loopback=True),
            public_address="",
            max_sessions=3,
            clock=self.clock,
            start_program=self.start,
            listeners=lambda: self.listeners,
            on_air=on_air,
        )

    def start(self, space: str, first_sequence: int) -> ProgramSink:
        assert space == "test"
        self.tapes.append(Tape(first_sequence))
        return self.tapes[-1]

    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.room.tick(self.number)
            self.number += 1
            self.clock.advance(0.02)

    def say(self, **changes: object) -> None:
        self.wanted = replace(self.wanted, revision=self.wanted.revision + 1, **changes)  # type: ignore[arg-type]
        self.room.apply(self.wanted)


def is_heard(ticks: list[Int16]) -> list[bool]:
    return [bool(np.any(tick)) for tick in ticks]


async def test_the_green_room_has_no_program() -> None:
    evening = Evening(SEATED, DUE - LEAD_TICKS - 100)
    evening.run(99)
    assert evening.tapes == []
    assert not evening.room.report().on_air


async def test_five_minutes_before_the_program_runs_with_the_standby_sound() -> None:
    evening = Evening(SEATED, DUE - LEAD_TICKS - 100)
    evening.run(200)
    (tape,) = evening.tapes
    assert tape.first_sequence == -(-(DUE - LEAD_TICKS) // PART)
    assert all(is_heard(tape.ticks)[1:])
    assert tape.said("state")[0] == {
        "type": "state",
        "state": "scheduled",
        "title": "Test",
        "reason": None,
        "starts_at": SPACE.starts_at,
    }
    assert not evening.room.report().on_air


async def test_without_the_host_listeners_are_told_that_it_waits() -> None:
    evening = Evening(SEATED, DUE - 32)
    evening.run(100)
    assert [state["reason"] for state in evening.tapes[0].said("state")] == [None, "waiting-for-host"]
    assert evening.room.state == "scheduled"


async def test_a_stage_that_takes_a_space_over_gives_its_speakers_two_seconds() -> None:
    for message, on_air in ((replace(SEATED, state="live"), False), (SEATED, True)):
        evening = Evening(message, DUE // PART * PART, on_air=on_air)
        evening.run(400)
        heard = is_heard(evening.tapes[0].ticks)
        assert not any(heard[:99])
        assert all(heard[102:])
        assert evening.room.report().on_air


async def test_control_may_open_an_empty_stage() -> None:
    evening = Evening(replace(SEATED, auto_start=False), DUE // PART * PART - 1)
    evening.run(1)
    evening.say(state="live")
    evening.run(400)
    assert all(is_heard(evening.tapes[0].ticks)[1:]), "nobody has ever been heard: it need not wait"
    assert evening.room.report().on_air
    assert evening.room.state == "held"
    states = evening.tapes[0].said("state")
    assert [(state["state"], state["reason"]) for state in states] == [
        ("live", None),
        ("held", "nobody-connected"),
    ]


async def test_silence_stays_silent() -> None:
    evening = Evening(replace(SEATED, state="live", standby="silence"), DUE)
    evening.run(200)
    assert not any(is_heard(evening.tapes[0].ticks))


async def test_a_host_may_choose_another_sound_while_it_is_heard() -> None:
    evening = Evening(SEATED, DUE // PART * PART - 160)
    evening.run(100)
    evening.say(standby="silence")
    evening.run(50)
    heard = is_heard(evening.tapes[0].ticks)
    assert heard[99]
    assert not any(heard[107:])


async def test_the_end_ends_the_program() -> None:
    evening = Evening(replace(SEATED, state="live"), DUE)
    evening.run(50)
    evening.say(state="ended")
    assert evening.tapes[0].ended
    evening.run(50)
    assert len(evening.tapes) == 1
    await evening.room.closed()


async def test_a_forsaken_space_ends_its_program_and_may_begin_another() -> None:
    evening = Evening(SEATED, DUE + PATIENCE_TICKS - 40)
    evening.run(80)
    assert [tape.ended for tape in evening.tapes] == [True]
    evening.say(state="live")
    evening.run(32)
    assert [tape.ended for tape in evening.tapes] == [True, False]


async def test_an_older_word_and_a_time_that_is_none_change_nothing() -> None:
    evening = Evening(SEATED, DUE - 100)
    with pytest.raises(RemoteProtocolError):
        evening.say(starts_at="soon")
    evening.room.apply(replace(SEATED, revision=0, state="live"))
    evening.run(32)
    assert evening.room.state == "scheduled"
    assert evening.room.report().revision == SEATED.revision


async def test_an_upload_is_taken() -> None:
    evening = Evening(replace(SEATED, standby="loop"), DUE // PART * PART - 160)
    evening.room.take_standby(StandbyMessage("test", 1, b"not sound"))
    await evening.room.closed()
    evening.run(50)
    assert all(is_heard(evening.tapes[0].ticks)[1:]), "the tone, where the upload cannot be read"


async def test_a_stage_that_nobody_is_on_mixes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    mixed: list[int] = []
    step = Mix.step

    def counted(mix: Mix, samples: Int16, is_open: Bool) -> Mixed:
        mixed.append(1)
        return step(mix, samples, is_open)

    monkeypatch.setattr(Mix, "step", counted)
    evening = Evening(replace(SEATED, state="live", standby="silence"), DUE // PART * PART)
    evening.run(100)
    assert mixed == []
    peer = Peer(PeerSettings(loopback=True), lambda _samples: None)
    await evening.room.offer("ana", await peer.offer(receive=True))
    evening.run(50)
    assert len(mixed) == 50
    evening.say(seats=())
    evening.run(SETTLED_TICKS + 50)
    assert len(mixed) == 50 + SETTLED_TICKS
    assert len(evening.tapes[0].ticks) == 200 + SETTLED_TICKS, "the program goes on"
    await peer.close()
    await evening.room.closed()
