"""Speech to measure with, and how good it still is afterwards.

The voice is a person's: sentences of a LibriVox reading (public domain, 16 kHz) that Debian's
`pocketsphinx-testdata` holds. A synthetic voice will not do: WB-PESQ knows people's, and gives espeak-ng's
through Opus at 32 kbit/s and nothing else 4.04, where it gives this one 4.40.
"""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pesq
from numpy.typing import NDArray
from scipy.signal import resample_poly

from parvis.cli.speak import read_sound
from parvis.errors import NotFound

Int16 = NDArray[np.int16]
RATE = 48_000
FOLDER = Path("/usr/share/pocketsphinx/test/data/librivox")
READING = "sense_and_sensibility_01_austen_64kb-{}.wav"
FIRST = "0880"
SENTENCES = ("0870", "0890", "0920", "0930")
PAUSE_S = 0.4


def voice() -> Int16:
    """Four sentences, 23 s, int16[n] at 48 kHz. Raises `NotFound` `no-voice`."""
    pause = np.zeros(int(PAUSE_S * RATE), np.int16)
    return np.concatenate([piece for name in SENTENCES for piece in (_sentence(name), pause)])


def first_words() -> Int16:
    """Three seconds of the same person, to be said before what counts: a stage finds a voice's level while it
    speaks."""
    return _sentence(FIRST)


def _sentence(name: str) -> Int16:
    file = FOLDER / READING.format(name)
    if not file.exists():
        raise NotFound("no-voice", f"{file} is missing: apt-get install pocketsphinx-testdata")
    return read_sound(file)


def score(sent: Int16, heard: Int16) -> tuple[float, float]:
    """WB-PESQ (ITU-T P.862.2, 1.0 to 4.64) of what came out, both at 48 kHz, and the per cent of the voice
    during which nothing did."""
    near = resample_poly(sent.astype(float), 1, 3)
    out = resample_poly(heard.astype(float), 1, 3)
    size = 1 << int(np.ceil(np.log2(len(near) + len(out))))
    match = np.fft.irfft(np.fft.rfft(out, size) * np.conj(np.fft.rfft(near, size)), size)
    lag = int(np.argmax(match[: len(out)]))
    out = out[lag : lag + len(near)]
    near = near[: len(out)]
    frame = 160
    count = len(out) // frame
    loud = np.abs(near[: count * frame].reshape(count, frame)).max(axis=1) > 800
    dead = np.abs(out[: count * frame].reshape(count, frame)).max(axis=1) < 8
    quality = float(pesq.pesq(16_000, near.astype(np.int16), out.astype(np.int16), "wb"))
    return quality, 100 * float((loud & dead).sum()) / max(int(loud.sum()), 1)


def through_opus_alone(sound: Int16) -> Int16:
    """The voice encoded at 32 kbit/s and decoded again, without any network: what no stage can exceed."""
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as out:
        stream = out.add_stream("libopus", rate=RATE, layout="mono")
        stream.bit_rate = 32_000
        stream.options = {"application": "voip", "frame_duration": "20"}
        for start in range(0, len(sound) - 959, 960):
            frame = av.AudioFrame.from_ndarray(
                sound[start : start + 960].reshape(1, -1), format="s16", layout="mono"
            )
            frame.sample_rate = RATE
            frame.pts = start
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    file.seek(0)
    resampler = av.AudioResampler("s16", "mono", RATE)
    with av.open(file, "r") as back:
        blocks = [out.to_ndarray()[0] for frame in back.decode(audio=0) for out in resampler.resample(frame)]
    return np.concatenate(blocks).astype(np.int16)
