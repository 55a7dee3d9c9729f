"""A screen that nobody sees (Xvfb), for browsers that want a window."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from tests.browser.driven import need

XVFB: Final = Path("/usr/bin/Xvfb")


class Screen:
    """One screen, named `display`. `close` ends it."""

    def __init__(self) -> None:
        need({XVFB: "xvfb"})
        self._process = subprocess.Popen(
            [str(XVFB), "-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        number = self._process.stdout.readline().strip()
        assert number, "Xvfb did not start"
        self.display = f":{number}"

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(20)
