"""Which standby sound is heard, and how it comes and goes."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from parvis.audio import Int16
from parvis.audio.standby import Tone
from parvis.bus.messages import SpaceMessage, StandbyMessage
from parvis.stage.standby import FALL_TICKS, LOST, NONE, NOTICES, RISE_TICKS, SOON, Choice, StandbySound
from tests.unit.stage.test_clockwork import SPACE

UPLOAD = (NOTICES / "fr-soon.opus").read_bytes()
"""Any Ogg Opus file will do."""


def wanting(standby: str, **changes: object) -> SpaceMessage:
    return replace(SPACE, standby=standby, **changes)  # type: ignore[arg-type]


def rms(tick: Int16 | None) -> float:
    return 0.0 if tick is None else float(np.sqrt(np.mean(tick.astype(np.float64) ** 2)))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("standby", "language", "words", "choice"),
    [
        ("silence", "en", LOST, Choice("silence")),
        ("tone", "en", LOST, Choice("tone")),
        ("notice", "en", LOST, Choice("notice", "en", LOST)),
        ("notice", "fr-CA", SOON, Choice("notice", "fr", SOON)),
        ("notice", "sw", LOST, Choice("notice", "en", LOST)),
        ("notice", "en", NONE, Choice("tone")),
        ("loop", "en", LOST, Choice("tone")),
        ("what comes in a later version", "en", LOST, Choice("tone")),
    ],
)
def test_what_a_space_has_chosen(standby: str, language: str, words: str, choice: Choice) -> None:
    assert StandbySound("test").choice(wanting(standby, language=language), words) == choice


def test_it_rises_falls_and_is_gone() -> None:
    sound = StandbySound("test")
    tone = Choice("tone")
    assert sound.next_tick(None, 1) is None
    plain = Tone(0)
    shares = [rms(sound.next_tick(tone, n)) / rms(plain.next_tick()) for n in range(RISE_TICKS + 5)]
    assert shares[:RISE_TICKS] == sorted(shares[:RISE_TICKS])
    assert shares[0] < 0.05
    assert shares[RISE_TICKS:] == [1.0] * 5
    falling = [sound.next_tick(None, 100 + n) for n in range(FALL_TICKS + 2)]
    assert 0 < rms(falling[FALL_TICKS - 1]) < 0.2 * rms(falling[0])
    assert not sound.is_playing
    assert falling[-1] is None
    assert (RISE_TICKS, FALL_TICKS) == (15, 5)


def test_fades_have_no_step() -> None:
    sound = StandbySound("test")
    wanted = [*[Choice("tone")] * 40, *[None] * 10]
    ticks = [sound.next_tick(choice, n) for n, choice in enumerate(wanted)]
    whole = np.concatenate([np.zeros(960, np.int16) if tick is None else tick for tick in ticks])
    assert np.abs(np.diff(whole.astype(np.int32))).max() < 250


async def test_a_notice_is_said_as_soon_as_it_is_decoded() -> None:
    sound = StandbySound("test")
    wanted = wanting("notice")
    choice = sound.choice(wanted, LOST)
    before = sound.next_tick(choice, 0)
    assert before is not None, "the tone, meanwhile"
    sound.prepare(wanted)
    await until(lambda: not sound.loading)
    loudest = max(rms(sound.next_tick(choice, n)) for n in range(1, 200))
    plain = StandbySound("test")
    assert loudest > 2 * max(rms(plain.next_tick(Choice("tone"), n)) for n in range(200))


async def test_an_upload_is_heard_and_the_newest_counts() -> None:
    sound = StandbySound("test")
    wanted = wanting("loop")
    for message in (StandbyMessage("test", 2, UPLOAD), StandbyMessage("test", 1, b"older")):
        sound.take(message)
        sound.prepare(wanted)
    choice = sound.choice(wanted, LOST)
    assert choice == Choice("loop", revision=2)
    await until(lambda: not sound.loading)
    assert any(rms(sound.next_tick(choice, n)) > 0 for n in range(50))
    sound.take(StandbyMessage("test", 3, b""))
    assert sound.choice(wanted, LOST) == Choice("tone"), "it was taken away"


async def test_an_upload_that_cannot_be_read_leaves_the_tone_and_is_tried_once() -> None:
    sound = StandbySound("test")
    wanted = wanting("loop")
    sound.take(StandbyMessage("test", 1, b"not sound"))
    for _ in range(2):
        sound.prepare(wanted)
        await until(lambda: not sound.loading)
    sound.prepare(wanted)
    assert not sound.loading
    heard = sound.next_tick(sound.choice(wanted, LOST), 7)
    expected = StandbySound("test").next_tick(Choice("tone"), 7)
    assert heard is not None
    assert expected is not None
    assert (heard == expected).all()


async def test_another_choice_takes_over_by_fades() -> None:
    sound = StandbySound("test")
    for n in range(RISE_TICKS + 5):
        sound.next_tick(Choice("tone"), n)
    levels = [rms(sound.next_tick(Choice("silence"), 50 + n)) for n in range(FALL_TICKS + 3)]
    assert levels[0] > 0
    assert levels[-1] == 0
    assert sound.is_playing


def test_notices_are_where_the_package_has_them() -> None:
    assert Path(NOTICES).parent.name == "stage"
