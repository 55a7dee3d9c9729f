from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parvis.clock import SAMPLE_RATE_HZ, TICK_SAMPLES
from parvis.media.init import AAC_AUDIO_SPECIFIC_CONFIG
from parvis.media.rendition import Rendition
from parvis.program.decoders import Decoder
from parvis.program.encoders import Encoder
from tests.unit.program.sounds import SILK_LEAD_SAMPLES, Int16, lag_samples, music, snr_db, voice

JOIN_FRAMES = 10
"""Access units until a decoder that joined no longer tells that it did."""


def in_ticks(sound: Int16) -> list[Int16]:
    return [sound[start : start + TICK_SAMPLES] for start in range(0, len(sound), TICK_SAMPLES)]


@pytest.mark.parametrize("rendition", Rendition)
def test_what_a_bare_decoder_puts_out_is_the_program_to_the_sample(rendition: Rendition) -> None:
    sound = music(4)
    encoder, decoder = Encoder(rendition), Decoder(rendition)
    units = [unit for tick in in_ticks(sound) for unit in encoder.encode(tick)]
    heard = decoder.decode(units)
    assert lag_samples(heard, sound) == 0
    assert snr_db(heard, sound) > 10
    for shift in (-1, 1):
        assert snr_db(np.roll(heard, shift), sound) < snr_db(heard, sound)


def test_speech_modes_of_opus_lead_by_three_samples_at_most() -> None:
    """Sound soon after silence is in libopus's hybrid mode, whose resampler rounds its own delay."""
    sound = music(1.5)
    heard = Decoder(Rendition.OPUS).decode(Encoder(Rendition.OPUS).encode(sound))
    assert -SILK_LEAD_SAMPLES <= lag_samples(heard, sound) <= 0


@pytest.mark.parametrize("rendition", Rendition)
def test_a_decoder_that_joins_in_the_middle_of_speech_is_soon_in_step(rendition: Rendition) -> None:
    frame = rendition.frame_samples
    units = Encoder(rendition).encode(voice(6))
    whole = Decoder(rendition).decode(units).astype(int)
    for start in range(20, len(units) - 30, 7):
        joined = Decoder(rendition).decode(units[start : start + 30]).astype(int)
        off = np.abs(joined - whole[start * frame : (start + 30) * frame]).reshape(-1, frame).max(axis=1)
        assert off[JOIN_FRAMES:].max() < 0.1 * np.abs(whole).max()


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 5000), min_size=1, max_size=12), st.sampled_from(list(Rendition)))
def test_how_the_program_is_cut_changes_nothing(sizes: list[int], rendition: Rendition) -> None:
    sound = music(1)[: sum(sizes)]
    pieces = np.split(sound, np.cumsum(sizes)[:-1])
    encoder = Encoder(rendition)
    assert [unit for piece in pieces for unit in encoder.encode(piece)] == Encoder(rendition).encode(sound)


@pytest.mark.parametrize("rendition", Rendition)
def test_access_units_come_no_later_than_promised(rendition: Rendition) -> None:
    encoder = Encoder(rendition)
    fed = given = 0
    for tick in in_ticks(music(2)):
        given += len(encoder.encode(tick))
        fed += len(tick)
        assert given * rendition.frame_samples >= fed - encoder.delay_samples - TICK_SAMPLES
    assert given > 0


def test_priming_is_what_the_codecs_say() -> None:
    opus, aac = Encoder(Rendition.OPUS), Encoder(Rendition.AAC)
    assert opus.configuration[:8] == b"OpusHead"
    assert opus.priming_samples == int.from_bytes(opus.configuration[10:12], "little")
    assert aac.priming_samples == 1024
    assert aac.configuration[:2] == AAC_AUDIO_SPECIFIC_CONFIG


@pytest.mark.parametrize("rendition", Rendition)
def test_the_silent_access_unit_is_silent_before_and_after_sound(rendition: Rendition) -> None:
    encoder, decoder = Encoder(rendition), Decoder(rendition)
    assert not decoder.decode([encoder.silence] * 20).any()
    decoder.decode(encoder.encode(music(1)))
    ending, *silent = [decoder.decode([encoder.silence]) for _ in range(20)]
    assert np.abs(ending.astype(int)).max() < 12_000
    assert not np.concatenate(silent).any()


@pytest.mark.parametrize("rendition", Rendition)
def test_the_rate_is_near_the_nominal_one(rendition: Rendition) -> None:
    noise = np.random.default_rng(1).standard_normal(5 * SAMPLE_RATE_HZ) * 3000
    units = Encoder(rendition).encode(noise.astype(np.int16))
    rate_bps = 8 * sum(map(len, units)) * SAMPLE_RATE_HZ / (len(units) * rendition.frame_samples)
    assert 0.85 < rate_bps / rendition.bitrate_bps < 1.1


@pytest.mark.parametrize("rendition", Rendition)
@pytest.mark.parametrize("lead_s", [0.0, 1.5])
def test_an_encoder_that_rests_is_in_step_with_one_that_does_not(
    rendition: Rendition, lead_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause = np.zeros(int(1.5 * SAMPLE_RATE_HZ), np.int16)
    sound = np.concatenate([pause[: int(lead_s * SAMPLE_RATE_HZ)], voice(1), pause, voice(2)])
    resting = Encoder(rendition)
    units = [resting.encode(tick) for tick in in_ticks(sound)]
    assert sum(unit == resting.silence for tick in units for unit in tick) > 40
    monkeypatch.setattr("parvis.program.encoders.REST_AFTER_FRAMES", 1_000_000)
    restless = Encoder(rendition)
    reference = [restless.encode(tick) for tick in in_ticks(sound)]
    assert [len(tick) for tick in units] == [len(tick) for tick in reference]
    heard, whole = (
        Decoder(rendition).decode([unit for tick in ticks for unit in tick]) for ticks in (units, reference)
    )
    assert lag_samples(heard, whole) == 0
    off = heard.astype(int) - whole
    assert np.sum(off**2) < 0.01 * np.sum(whole.astype(int) ** 2)
