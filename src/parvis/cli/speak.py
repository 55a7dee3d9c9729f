"""`parvis speak`: takes a seat by WHIP, keeps it, and plays a sound file into it."""

from __future__ import annotations

import asyncio
import json
import signal
import wave
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import av
import numpy as np
import typer
from rich.console import Console

from parvis.audio import Int16
from parvis.clock import SAMPLE_RATE_HZ, SystemClock
from parvis.errors import UserError
from parvis.ops import logs

FILE = Annotated[
    Path, typer.Argument(help="A sound file: WAV, or whatever FFmpeg reads.", show_default=False)
]
SPACE = Annotated[str, typer.Option("--space", help="The Space's WHIP URL (links.whip).", show_default=False)]
TOKEN = Annotated[
    str, typer.Option(envvar="PARVIS_TOKEN", help="Token of the one who speaks.", show_default=False)
]
LOOP = Annotated[bool, typer.Option("--loop", help="Play again and again until Ctrl-C or --for.")]
FOR = Annotated[float | None, typer.Option("--for", help="Seconds to speak at most.", min=0.02)]
HEAR = Annotated[Path | None, typer.Option(help="Write what the seat hears (the mix-minus) to this WAV.")]
JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(speak)


def speak(
    file: FILE,
    space: SPACE,
    token: TOKEN,
    loop: LOOP = False,
    for_s: FOR = None,
    hear: HEAR = None,
    as_json: JSON = False,
) -> None:
    """Speak a sound file into a Space, in real time."""
    logs.configure("speak")
    samples = read_sound(file)
    summary = asyncio.run(_speak(samples, space, token, loop=loop, for_s=for_s, hear=hear, quiet=as_json))
    console = Console()
    if as_json:
        console.print_json(json.dumps(summary))
    else:
        console.print(f"Spoke {summary['seconds']:.1f} s.")


async def _speak(
    samples: Int16, space: str, token: str, *, loop: bool, for_s: float | None, hear: Path | None, quiet: bool
) -> dict[str, object]:
    from parvis.stage import peer  # here: loading WebRTC takes a moment that --help need not wait for
    from parvis.stage.kept_seat import KeptSeat
    from parvis.stage.speaker import ticks_of

    peer.allow_loopback()
    heard: list[Int16] = []
    speaker = KeptSeat(space, token, on_samples=heard.append if hear else None)
    give = ticks_of(samples, loop=loop, seconds=for_s)
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        await speaker.connect()
        heard.clear()
        if not quiet:
            Console(stderr=True).print("Connected; speaking. Ctrl-C ends it.")
        spoken = await speaker.say(lambda: None if ended.is_set() else give(), SystemClock())
    finally:
        await speaker.close()
    if hear:
        write_wav(hear, np.concatenate(heard) if heard else np.zeros(0, np.int16))
    started = datetime.fromtimestamp(spoken.first_sample_s, UTC).isoformat(timespec="milliseconds")
    return {
        "started_at": started.replace("+00:00", "Z"),
        "seconds": spoken.ticks / 50,
        "worst_lateness_ms": round(spoken.worst_lateness_ms, 1),
        "entries": speaker.entries,
    }


def read_sound(file: Path) -> Int16:
    """The file's first sound track as int16[n], 48 kHz mono. Raises `UserError` `file-unreadable`."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
    blocks: list[Int16] = []
    try:
        with av.open(str(file)) as container:
            for frame in container.decode(audio=0):
                blocks += [out.to_ndarray()[0] for out in resampler.resample(frame)]
            blocks += [out.to_ndarray()[0] for out in resampler.resample(None)]
    except (av.FFmpegError, OSError, IndexError) as error:
        raise UserError("file-unreadable", f"cannot read sound from {file}: {error}") from error
    if not blocks:
        raise UserError("file-unreadable", f"{file} holds no sound")
    return np.concatenate(blocks).astype(np.int16)


def write_wav(file: Path, samples: Int16) -> None:
    """Writes int16[n], 48 kHz mono. Raises `UserError` `file-unwritable`."""
    try:
        with wave.open(str(file), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(SAMPLE_RATE_HZ)
            out.writeframes(samples.astype("<i2").tobytes())
    except OSError as error:
        raise UserError("file-unwritable", f"cannot write {file}: {error.strerror}") from error
