"""Players that people have, each in a process of its own, told to write what they play (int16, 48 kHz)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from parvis.clock import SAMPLE_RATE_HZ
from tests.integration.signals import Int16
from tests.integration.test_proxies import program
from tests.parvis import wait_until


def ffmpeg(url: str, out: Path) -> list[str]:
    start = ["-live_start_index", "-3"] if url.endswith("m3u8") else []
    raw = ["-f", "s16le", "-ac", "1", "-ar", "48000", str(out)]
    return [program("ffmpeg", "ffmpeg"), "-nostdin", "-v", "warning", *start, "-i", url, *raw]


def gstreamer(url: str, out: Path) -> list[str]:
    return [
        program("gst-launch-1.0", "gstreamer1.0-tools"), "-q", "uridecodebin", f"uri={url}", "!",
        "audioconvert", "!", "audioresample", "!", "audio/x-raw,format=S16LE,channels=1,rate=48000", "!",
        "filesink", f"location={out}",
    ]  # fmt: skip


def mpv(url: str, out: Path) -> list[str]:
    return [
        program("mpv", "mpv"), "--no-config", "--no-video", "--no-terminal", "--ao=pcm",
        f"--ao-pcm-file={out}", "--ao-pcm-waveheader=no", "--audio-format=s16", "--audio-samplerate=48000",
        "--audio-channels=mono", url,
    ]  # fmt: skip


def mplayer(url: str, out: Path) -> list[str]:
    playlist = ["-playlist"] if url.endswith((".m3u", ".pls")) else []
    return [
        program("mplayer", "mplayer"), "-noconfig", "all", "-really-quiet", "-noconsolecontrols", "-nolirc",
        "-vo", "null", "-af", "resample=48000:0:0,channels=1,format=s16le",
        "-ao", f"pcm:fast:nowaveheader:file={out}", *playlist, url,
    ]  # fmt: skip


def vlc(url: str, out: Path) -> list[str]:
    """It refuses root, so it runs as nobody there."""
    nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
    chain = f"#transcode{{acodec=s16l,channels=1,samplerate=48000}}:std{{access=file,mux=dummy,dst={out}}}"
    return [*nobody, program("vlc", "vlc-bin"), "-I", "dummy", "--no-video", "--play-and-exit",
            "--sout", chain, url]  # fmt: skip


PLAYERS: Final[dict[str, Callable[[str, Path], list[str]]]] = {
    "ffmpeg": ffmpeg,
    "gstreamer": gstreamer,
    "mpv": mpv,
    "mplayer": mplayer,
    "vlc": vlc,
}
SAMPLE_BYTES: Final = 2
HLS_PLAYERS: Final = ("ffmpeg", "gstreamer", "mpv", "vlc")
"""MPlayer reads no playlist of segments."""


class Playing:
    """A player at work; its files are in a folder that anybody may write to, for VLC is nobody."""

    def __init__(self, player: str, url: str, folder: Path, name: str = "") -> None:
        self.name = name or player
        self._out = folder / f"{self.name}.raw"
        self._log = folder / f"{self.name}.log"
        environment = {**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                PLAYERS[player](url, self._out),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
            )

    def has_played(self, seconds: float, *, patience_s: float) -> None:
        """Waits until it has, and fails when it ends before."""

        def enough() -> bool:
            assert self._process.poll() is None, f"{self.name} ended at {self._played_s:.1f} s: {self.said()}"
            return self._played_s >= seconds

        try:
            wait_until(enough, patience_s=patience_s)
        except AssertionError as error:
            raise AssertionError(f"{self.name} has played {self._played_s:.1f} s. {error}") from error

    @property
    def _played_s(self) -> float:
        size_bytes = self._out.stat().st_size if self._out.exists() else 0
        return size_bytes / SAMPLE_BYTES / SAMPLE_RATE_HZ

    def ended(self, *, patience_s: float = 60) -> Int16:
        """What it wrote, once it has ended by itself, and well."""
        assert self._process.wait(patience_s) == 0, self.said()
        return self.heard()

    def heard(self) -> Int16:
        """What it has written so far."""
        data = self._out.read_bytes() if self._out.exists() else b""
        return np.frombuffer(data[: len(data) // 2 * 2], np.int16)

    def said(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
