"""Standby sounds that hosts upload: decoded, made alike, kept in a folder, told on the bus.

- What comes is not trusted: at most `UPLOAD_MAX_BYTES`, decoded by FFmpeg in a worker thread, one at a time,
  with a limit of time that is looked at after each frame, and of length that ends the decoding.
- What is kept is always the same: Ogg Opus, 48 kHz, mono, 1 to 30 s; a stage need not be careful.
- A file is written beside its place and renamed: there is never half of one.
- The bus holds the sound of every open Space (`StandbyMessage`, retained); empty audio takes it away.
"""

from __future__ import annotations

import asyncio
import io
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.audio.resampler import AudioResampler

from parvis.bus.messages import StandbyMessage
from parvis.bus.port import Publisher
from parvis.clock import SAMPLE_RATE_HZ
from parvis.errors import Overloaded, UserError
from parvis.spaces.space import Space

UPLOAD_MAX_BYTES: Final = 5_000_000
SECONDS_MIN: Final = 1.0
SECONDS_MAX: Final = 30.0
DECODE_MAX_S: Final = 10.0
BITRATE_BPS: Final = 64_000
_WAITING_MAX: Final = 4
_FRAME_SAMPLES: Final = 960


@dataclass(frozen=True, slots=True)
class Sound:
    """An Ogg Opus file and how long it plays."""

    audio: bytes
    duration_s: float


class StandbyLoops:
    """Keeps the sounds in a folder, one file a Space."""

    def __init__(self, folder: Path, bus: Publisher) -> None:
        self._folder = folder
        self._bus = bus
        self._one = asyncio.Lock()
        self._waiting = 0

    async def prepare(self, upload: bytes) -> Sound:
        """What will be kept of an upload.

        Raises `UserError` `audio-unreadable`, `audio-too-long`, `Overloaded` `too-many-requests`.
        """
        if self._waiting >= _WAITING_MAX:
            raise Overloaded("too-many-requests", "Too many sounds are being read; come back.", 5.0)
        self._waiting += 1
        try:
            async with self._one:
                return await asyncio.to_thread(convert, upload, time.monotonic() + DECODE_MAX_S)
        finally:
            self._waiting -= 1

    async def keep(self, space_id: str, sound: Sound) -> None:
        """Writes the file; it is told when the Space has been changed."""
        await asyncio.to_thread(self._write, space_id, sound.audio)

    async def tell(self, space: Space) -> None:
        """Publishes what the Space's sound is now; nothing if it never had one."""
        if space.standby_loop == 0:
            return
        audio = b""
        if space.standby_loop > 0:
            audio = await asyncio.to_thread(self._read, space.id)
        else:
            await asyncio.to_thread(self._path(space.id).unlink, missing_ok=True)
        message = StandbyMessage(space.id, abs(space.standby_loop), audio)
        self._bus.publish(message.subject, message.encode(), retain=1)

    def _path(self, space_id: str) -> Path:
        return self._folder / f"{space_id}.opus"

    def _write(self, space_id: str, audio: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f"{space_id}.{os.getpid()}.draft"
        with draft.open("wb") as file:
            file.write(audio)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path(space_id))

    def _read(self, space_id: str) -> bytes:
        try:
            return self._path(space_id).read_bytes()
        except FileNotFoundError:
            # The data folder was restored without it: silence is better than no Space.
            return b""


def convert(upload: bytes, deadline_s: float) -> Sound:
    """The upload as Ogg Opus. Raises `UserError` `audio-unreadable`, `audio-too-long`."""
    try:
        samples = _decode(upload, deadline_s)
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise _unreadable("This is no sound that can be decoded.") from error
    duration_s = len(samples) / SAMPLE_RATE_HZ
    if duration_s < SECONDS_MIN:
        raise _unreadable("A standby sound lasts at least 1 s.")
    return Sound(_encode(samples), duration_s)


def _decode(upload: bytes, deadline_s: float) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """int16[n] at 48 kHz, mono."""
    resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
    pieces: list[np.ndarray[tuple[int], np.dtype[np.int16]]] = []
    total = 0
    # No network protocols and no playlists: the upload may name files, but only itself is opened.
    with av.open(io.BytesIO(upload), "r", options={"protocol_whitelist": ""}) as container:
        if container.format.name in _PLAYLISTS or not container.streams.audio:
            raise _unreadable("There is no sound in this file.")
        for frame in container.decode(audio=0):
            for resampled in resampler.resample(frame):
                piece = resampled.to_ndarray().reshape(-1).astype(np.int16, copy=False)
                pieces.append(piece)
                total += len(piece)
            if total > SECONDS_MAX * SAMPLE_RATE_HZ + _FRAME_SAMPLES:
                raise UserError("audio-too-long", f"A standby sound lasts at most {SECONDS_MAX:.0f} s.")
            if time.monotonic() > deadline_s:
                raise _unreadable("This sound takes too long to decode.")
        for resampled in resampler.resample(None):
            pieces.append(resampled.to_ndarray().reshape(-1).astype(np.int16, copy=False))  # noqa: PERF401
    if not pieces:
        raise _unreadable("There is no sound in this file.")
    return np.concatenate(pieces)[: int(SECONDS_MAX * SAMPLE_RATE_HZ)]


_PLAYLISTS: Final = frozenset({"hls", "concat", "dash", "sdp", "rtsp"})


def _encode(samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE_HZ, layout="mono")
        stream.bit_rate = BITRATE_BPS
        position = 0
        while position < len(samples):
            piece = samples[position : position + _FRAME_SAMPLES]
            piece = np.pad(piece, (0, _FRAME_SAMPLES - len(piece)))
            frame = av.AudioFrame.from_ndarray(piece.reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate = SAMPLE_RATE_HZ
            frame.pts = position
            container.mux(stream.encode(frame))
            position += _FRAME_SAMPLES
        container.mux(stream.encode(None))
    return out.getvalue()


def _unreadable(detail: str) -> UserError:
    return UserError("audio-unreadable", detail)
