"""What listeners hear while nobody speaks: measured in what a real listener wrote down."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import av
import numpy as np
import pytest

from parvis.audio.sound_file import decode_sound
from parvis.bus.messages import StandbyMessage
from parvis.stage.standby import NOTICES
from tests.integration.signals import Int16, power_db, tone
from tests.integration.stage_and_edge import StageAndEdge, read_wav, stage_and_edge, until
from tests.parvis import summary

VOICE_HZ = 1000
CHORD_HZ = 146.83
BLOCK = 12_000
"""250 ms."""
THERE_DB = -50
"""The voice stands at −12 dB, the chord's lowest string at about −35 dB."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[StageAndEdge]:
    async with stage_and_edge(tmp_path) as running:
        yield running


def seconds_with(sound: Int16, frequency_hz: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Of each 250 ms, whether this frequency is in it."""
    blocks = sound[: len(sound) // BLOCK * BLOCK].reshape(-1, BLOCK)
    return np.array([power_db(block, frequency_hz, width_hz=15) > THERE_DB for block in blocks])


async def test_the_tone_fills_the_time_without_a_speaker_and_gives_way_to_the_next(
    world: StageAndEdge, tmp_path: Path
) -> None:
    world.say("abc", state="live", standby="tone")
    ben = await world.seat("abc", "ben", 2500)
    world.mute("abc", "ben", "self")
    ear = world.listen("abc", "--out", str(tmp_path / "heard.wav"))
    ana = await world.seat("abc", "ana", VOICE_HZ)
    await until(lambda: world.space_json("abc")["counts"]["listeners"] == 1)
    await until_said(world, "ana", 8)
    await ana.leave()
    await world.parts("abc", 20)
    ben.heard.clear()
    await until(lambda: sum(map(len, ben.heard)) > 24_000)
    assert power_db(np.concatenate(ben.heard), CHORD_HZ) < -90, "the stage does not hear it"
    ana = await world.seat("abc", "ana", VOICE_HZ)
    await until_said(world, "ana", 8)
    assert world.space_json("abc")["state"] == "live"
    world.say("abc", state="ended")
    told = await asyncio.to_thread(summary, ear)
    assert told["repeats"] == 0
    heard = read_wav(tmp_path / "heard.wav")
    voice, chord = seconds_with(heard, VOICE_HZ), seconds_with(heard, CHORD_HZ)
    timeline = "".join("VvC."[2 * (not v) + (not c)] for v, c in zip(voice, chord, strict=True))
    # v: the voice alone, C: the chord alone, V: both in the same 250 ms, as it gives way.
    found = re.search(r"v{4,}\.{6,}C{8,}\.?V?v{4,}", timeline)
    assert found, timeline
    for seat in (ana, ben):
        await seat.leave()


async def until_said(world: StageAndEdge, handle: str, parts: int) -> None:
    """Waits for so many more parts in which somebody is the active speaker."""

    def count() -> int:
        return sum(event["active"] == handle for event in world.heard.said("abc", "levels"))

    enough = count() + parts
    await until(lambda: count() >= enough)


async def test_a_french_space_is_told_in_french_that_it_begins_soon(
    world: StageAndEdge, tmp_path: Path
) -> None:
    world.say("abc", standby="silence", language="fr")
    await world.call("abc")
    world.say("abc", state="live")
    await until(lambda: bool(world.heard.newest))
    ear = world.listen("abc", "--for", "12", "--out", str(tmp_path / "heard.wav"))
    await until(lambda: world.space_json("abc")["counts"]["listeners"] == 1)
    world.say("abc", standby="notice")
    await asyncio.to_thread(summary, ear)
    heard = read_wav(tmp_path / "heard.wav")
    likeness = {
        file.stem: highest_correlation(heard, decode_sound(file.read_bytes())) for file in NOTICES.iterdir()
    }
    assert max(likeness, key=lambda name: likeness[name]) == "fr-soon", likeness
    assert likeness["fr-soon"] > 0.6, likeness


def highest_correlation(sound: Int16, model: Int16) -> float:
    """How like the model the most alike place of the sound is, 0 to 1; both without their low frequencies."""
    size = 1 << (len(sound) + len(model)).bit_length()
    high = np.fft.rfftfreq(size, 1 / 48_000) > 600  # above most of the chord
    a, b = np.fft.rfft(sound, size) * high, np.fft.rfft(model, size) * high
    kept, wanted = np.fft.irfft(a, size), np.fft.irfft(b, size)
    products = np.fft.irfft(a * np.conj(b), size)
    energy = np.concatenate(([0.0], np.cumsum(kept**2)))
    best = int(np.argmax(products[: len(sound) - len(model)]))
    own = energy[best + len(model)] - energy[best]
    return float(products[best] / np.sqrt(own * np.sum(wanted**2)))


async def test_an_uploaded_sound_is_heard_again_and_again(world: StageAndEdge, tmp_path: Path) -> None:
    assert world.control is not None
    upload = StandbyMessage("abc", 1, ogg_opus(tone(1500, 1.7, peak=3000)))
    world.control.publish(upload.subject, upload.encode(), retain=1)
    world.say("abc", state="live", standby="loop")
    await until(lambda: bool(world.heard.newest))
    await world.parts("abc", 12)
    ear = world.listen("abc", "--for", "6", "--out", str(tmp_path / "heard.wav"))
    await asyncio.to_thread(summary, ear)
    heard = read_wav(tmp_path / "heard.wav")
    assert seconds_with(heard, 1500).all()
    assert not seconds_with(heard, CHORD_HZ).any()


def ogg_opus(sound: Int16) -> bytes:
    """As control sends it."""
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
