from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from parvis.clock import PART_SAMPLES
from parvis.errors import RemoteProtocolError, UserError
from parvis.media.rendition import Rendition
from parvis.program import decoders
from parvis.program.decoders import Decoder, WavWriter
from parvis.program.encoders import Encoder
from tests.unit.program.sounds import SILK_LEAD_SAMPLES, Int16, lag_samples, music


def read_wav(path: Path) -> Int16:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (48_000, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def parts_of(rendition: Rendition, sound: Int16) -> list[list[bytes]]:
    units, count = Encoder(rendition).encode(sound), rendition.frames_per_part
    return [units[start : start + count] for start in range(0, len(units) - count + 1, count)]


@pytest.mark.parametrize("rendition", Rendition)
def test_a_wav_keeps_program_time_over_a_gap(rendition: Rendition, tmp_path: Path) -> None:
    sound = music(4)
    parts = parts_of(rendition, sound)
    path = tmp_path / "heard.wav"
    with WavWriter(path) as wav:
        wav.add(rendition, parts[0], 0)
        wav.add(rendition, parts[1], 0)
        for index, part in enumerate(parts[4:]):
            wav.add(rendition, part, 2 if index == 0 else 0)
    heard = read_wav(path)
    assert len(heard) == len(parts) * PART_SAMPLES
    assert not heard[2 * PART_SAMPLES : 4 * PART_SAMPLES].any()
    lead = SILK_LEAD_SAMPLES if rendition is Rendition.OPUS else 0
    for piece in (slice(0, 2 * PART_SAMPLES), slice(5 * PART_SAMPLES, None)):
        assert -lead <= lag_samples(heard[piece], sound[piece]) <= 0


@pytest.mark.parametrize("rendition", Rendition)
@pytest.mark.parametrize("unit", [b"", b"\xff\xff\xff", bytes(50)])
def test_what_is_no_access_unit_is_refused(rendition: Rendition, unit: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        Decoder(rendition).decode([unit])
    assert caught.value.code == "media-malformed"


def test_nothing_decodes_to_nothing() -> None:
    assert Decoder(Rendition.OPUS).decode([]).shape == (0,)


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot write") as caught:
        WavWriter(tmp_path / "no" / "such" / "folder.wav")
    assert caught.value.code == "file-unwritable"


def test_a_full_file_is_said_and_stays_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoders, "MAX_WAV_BYTES", 2 * PART_SAMPLES * 2)
    silence = Encoder(Rendition.OPUS).silence
    with WavWriter(tmp_path / "full.wav") as wav:
        wav.add(Rendition.OPUS, [silence] * 16, 1)
        with pytest.raises(UserError) as caught:
            wav.add(Rendition.OPUS, [silence] * 16, 0)
    assert caught.value.code == "file-full"
    assert len(read_wav(tmp_path / "full.wav")) == 2 * PART_SAMPLES
