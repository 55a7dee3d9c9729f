"""A sound card that plays to nobody, and what comes out of it: PulseAudio's null sink, heard at its monitor.

Whatever plays by PulseAudio plays into it when it is started with `environment()`.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import numpy as np

from tests.browser.driven import need
from tests.integration.signals import Int16
from tests.parvis import wait_until

PULSEAUDIO: Final = Path("/usr/bin/pulseaudio")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came out of the card: int16[n] at 48 kHz, and the Unix time of its first sample."""

    samples: Int16
    from_s: float


class Card:
    """One card. `close` ends it."""

    def __init__(self) -> None:
        need({PULSEAUDIO: "pulseaudio"})
        # Short, for a socket's path may have no more than 107 bytes.
        self._home = tempfile.TemporaryDirectory(prefix="parvis-card-", ignore_cleanup_errors=True)
        home = Path(self._home.name)
        # PulseAudio puts a folder `pulse` there: a socket of that name could not be made.
        self.server = f"unix:{home}/card"
        own = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
        self._process = subprocess.Popen(
            [
                str(PULSEAUDIO), "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1",
                "--disable-shm", "--load=module-null-sink sink_name=card rate=48000 channels=1",
                f"--load=module-native-protocol-unix auth-anonymous=1 socket={home}/card",
            ],
            env=self.environment(**own),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait_until(lambda: self._process.poll() is not None or (home / "card").is_socket())
            assert self._process.poll() is None, "PulseAudio has ended"
        except BaseException:
            self.close()
            raise

    def environment(self, **more: str) -> dict[str, str]:
        """This process's own, in which everything plays into the card, and `more`."""
        return {**os.environ, "PULSE_SERVER": self.server, **more}

    def hears(self, seconds: float) -> Heard:
        """What it is given from now on."""
        command = [
            "parec", "--raw", "--device=card.monitor", "--format=s16le", "--rate=48000", "--channels=1",
            "--latency-msec=20",
        ]  # fmt: skip
        with subprocess.Popen(
            command, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as ear:
            assert ear.stdout is not None
            try:
                return _read(ear.stdout, int(seconds * 48_000))
            finally:
                ear.terminate()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._home.cleanup()


def _read(pipe: IO[bytes], samples: int) -> Heard:
    """So many samples of a pipe into which they come in real time."""
    read = b""
    from_s = float("inf")
    while len(read) < 2 * samples:
        block = os.read(pipe.fileno(), 1 << 16)
        assert block, "the card's monitor has ended"
        read += block
        # The block that waited the least tells when the first sample was heard.
        from_s = min(from_s, time.time() - len(read) / 2 / 48_000)
    return Heard(np.frombuffer(read[: 2 * samples], np.int16), from_s)
