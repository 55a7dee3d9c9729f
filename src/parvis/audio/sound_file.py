"""A short sound file, given as bytes, as samples: a Space's own standby sound, and the packaged notices.

It is decoded by FFmpeg, so whatever FFmpeg knows is read; who uploads is told by control what is welcome.
Decoding takes 1/400 of the sound's length (75 ms for 30 s): in a thread, never in a tick.
"""

from __future__ import annotations

import io
from typing import Final

import av
import numpy as np

from parvis.audio import Int16
from parvis.clock import SAMPLE_RATE_HZ
from parvis.errors import UserError

CODEC_PADDING_S: Final = 0.1
"""What an encoder may add at the end; nobody is told off for it."""


def decode_sound(data: bytes, *, min_s: float = 0.0, max_s: float = 30.0) -> Int16:
    """The first sound track of a file as int16[n], 48 kHz mono.

    Raises `UserError`: `sound-unreadable`, or `sound-length` when it is shorter than `min_s` or longer than
    `max_s` seconds. No more than `max_s` is ever decoded.
    """
    limit = round((max_s + CODEC_PADDING_S) * SAMPLE_RATE_HZ)
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
    blocks: list[Int16] = []
    count = 0
    try:
        with av.open(io.BytesIO(data), "r") as container:
            for frame in container.decode(audio=0):
                new = [out.to_ndarray()[0] for out in resampler.resample(frame)]
                blocks += new
                count += sum(map(len, new))
                if count > limit:
                    break
            blocks += [out.to_ndarray()[0] for out in resampler.resample(None)]
    except (av.FFmpegError, OSError, IndexError, ValueError) as error:
        raise UserError("sound-unreadable", f"This is not a sound file that can be read: {error}.") from error
    sound = np.concatenate(blocks).astype(np.int16) if blocks else np.zeros(0, np.int16)
    if not sound.size:
        raise UserError("sound-unreadable", "There is no sound in this file.")
    if not min_s * SAMPLE_RATE_HZ <= len(sound) <= limit:
        raise UserError("sound-length", f"The sound must last {min_s:g} to {max_s:g} s.")
    return sound
