import io
import wave
from pathlib import Path

import numpy as np
import pytest

from parvis.audio import Int16
from parvis.audio.sound_file import decode_sound
from parvis.errors import UserError
from parvis.stage.standby import NOTICE_LANGUAGES, NOTICES
from tests.unit.audio.signals import rms_db, to_int16, tone


def wav(sound: Int16, rate_hz: int = 48_000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(sound.tobytes())
    return file.getvalue()


def test_samples_come_out_as_they_are() -> None:
    sound = to_int16(tone(440, -20, 48_000))
    assert (decode_sound(wav(sound)) == sound).all()


def test_another_rate_is_brought_to_ours() -> None:
    sound = decode_sound(wav(to_int16(tone(440, -20, 16_000)), 16_000))
    assert len(sound) == pytest.approx(48_000, abs=100)


@pytest.mark.parametrize("data", [b"", b"not sound at all" * 100, wav(np.zeros(0, np.int16))])
def test_what_is_no_sound_is_said(data: bytes) -> None:
    with pytest.raises(UserError) as refused:
        decode_sound(data)
    assert refused.value.code == "sound-unreadable"


@pytest.mark.parametrize("seconds", [0.5, 3.5, 60])
def test_too_short_and_too_long_are_said(seconds: float) -> None:
    with pytest.raises(UserError) as refused:
        decode_sound(wav(np.ones(int(seconds * 48_000), np.int16)), min_s=1, max_s=3)
    assert refused.value.code == "sound-length"


def test_every_notice_is_packaged() -> None:
    names = sorted(file.name for file in Path(NOTICES).iterdir())
    assert names == sorted(
        f"{language}-{words}.opus" for language in NOTICE_LANGUAGES for words in ("lost", "soon")
    )
    for name in names:
        sound = decode_sound((NOTICES / name).read_bytes(), min_s=3, max_s=10)
        assert rms_db(sound / 32_768) > -40
