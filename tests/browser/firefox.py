"""Debian's Firefox without a window, its sound card, and what comes out of that.

The card is PulseAudio's with a sink that plays to nobody; what goes into it is heard at its monitor. Firefox
is driven by Marionette, its own protocol, over one TCP connection: a message is its length in decimal, `:`,
and `[0, id, command, parameters]`; the answer is `[1, id, error, result]` (Firefox, `remote/marionette`).
Nothing leaves the machine: all but loopback goes to a proxy that is not there.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

import numpy as np
import pytest

from tests.integration.signals import Int16
from tests.parvis import free_ports, wait_until

FIREFOX: Final = Path("/usr/bin/firefox-esr")
PULSEAUDIO: Final = Path("/usr/bin/pulseaudio")
ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"
"""Name of a web element's reference (W3C WebDriver §12)."""
PATIENCE_MS: Final = 60_000
PREFERENCES: Final[dict[str, bool | int | str]] = {
    "app.update.auto": False,
    "browser.newtabpage.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage": "about:blank",
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.ipc.processCount": 1,
    "media.autoplay.default": 1,  # what everybody has: sound needs a tap
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,  # a microphone that hums
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.no_proxies_on": "127.0.0.1, localhost",
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.type": 1,
    "remote.prefs.recommended": True,
    "services.settings.server": "data:,",
    "startup.homepage_welcome_url": "about:blank",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What came out of the card: int16[n] at 48 kHz, and the Unix time of its first sample."""

    samples: Int16
    from_s: float


class Card:
    """A sound card that plays to nobody. `close` ends it."""

    def __init__(self, folder: Path) -> None:
        # PulseAudio puts a folder `pulse` beside it: a socket of that name could not be made.
        self.server = f"unix:{folder}/card"
        self._environment = {**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
        self._environment["PULSE_SERVER"] = self.server
        self._process = subprocess.Popen(
            [
                str(PULSEAUDIO), "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1",
                "--disable-shm", "--load=module-null-sink sink_name=card rate=48000 channels=1",
                f"--load=module-native-protocol-unix auth-anonymous=1 socket={folder}/card",
            ],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait_until(lambda: self._process.poll() is not None or (folder / "card").is_socket())
            assert self._process.poll() is None, "PulseAudio has ended"
        except BaseException:
            self.close()
            raise

    def hears(self, seconds: float) -> Heard:
        """What it is given from now on."""
        command = [
            "parec", "--raw", "--device=card.monitor", "--format=s16le", "--rate=48000", "--channels=1",
            "--latency-msec=20",
        ]  # fmt: skip
        with subprocess.Popen(command, env=self._environment, stdout=subprocess.PIPE) as ear:
            assert ear.stdout is not None
            try:
                return _read(ear.stdout, int(seconds * 48_000))
            finally:
                ear.terminate()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)


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


class Firefox:
    """One browser with one page, and a card that it plays to. A context manager. `more` are preferences."""

    def __init__(self, **more: bool | int | str) -> None:
        for tool, package in ((FIREFOX, "firefox-esr"), (PULSEAUDIO, "pulseaudio")):
            if not tool.exists():
                pytest.fail(f"{tool.name} is missing: apt-get install -y --no-install-recommends {package}")
        self._home = tempfile.TemporaryDirectory(prefix="parvis-firefox-", ignore_cleanup_errors=True)
        home = Path(self._home.name)
        [port] = free_ports(1)
        preferences = {**PREFERENCES, "marionette.port": port, **more}
        lines = (
            f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in preferences.items()
        )
        (home / "user.js").write_text("\n".join(lines), "utf-8")
        self.card = Card(home)
        self._process = subprocess.Popen(
            [str(FIREFOX), "--headless", "--marionette", "--no-remote", "--profile", str(home)],
            env={**os.environ, "HOME": str(home), "PULSE_SERVER": self.card.server},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._socket: socket.socket | None = None
        self._read = b""
        self._asked = 0
        try:
            wait_until(lambda: self._reached(port), patience_s=90)
            assert self._next()["marionetteProtocol"] == 3
            timeouts = {"script": PATIENCE_MS, "pageLoad": PATIENCE_MS}
            self._ask("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {"timeouts": timeouts}}})
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Firefox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the browser and its card."""
        if self._socket is not None:
            self._socket.close()
        self._process.terminate()
        self._process.wait(30)
        self.card.close()
        self._home.cleanup()

    def _reached(self, port: int) -> bool:
        assert self._process.poll() is None, "Firefox has ended"
        try:
            self._socket = socket.create_connection(("127.0.0.1", port), timeout=3 * PATIENCE_MS / 1_000)
        except OSError:
            return False
        return True

    def _next(self) -> Any:
        assert self._socket is not None
        while True:
            head, colon, rest = self._read.partition(b":")
            if colon and len(rest) >= int(head):
                self._read = rest[int(head) :]
                return json.loads(rest[: int(head)])
            more = self._socket.recv(1 << 20)
            assert more, "Firefox hung up"
            self._read += more

    def _ask(self, command: str, parameters: dict[str, Any]) -> Any:
        assert self._socket is not None
        self._asked += 1
        message = json.dumps([0, self._asked, command, parameters]).encode()
        self._socket.sendall(b"%d:%b" % (len(message), message))
        kind, asked, error, result = self._next()
        assert (kind, asked) == (1, self._asked)
        assert error is None, f"{command}: {error}"
        return result

    def open(self, address: str) -> None:
        self._ask("WebDriver:Navigate", {"url": address})

    def evaluate(self, expression: str) -> Any:
        """What an expression of JavaScript gives."""
        asked: dict[str, Any] = {"script": f"return {expression};", "args": [], "sandbox": None}
        return self._ask("WebDriver:ExecuteScript", asked)["value"]

    def tap(self, testid: str) -> None:
        """A real click on what carries this `data-testid`."""
        self._ask("WebDriver:ElementClick", {"id": self._find(testid)})

    def write(self, testid: str, text: str) -> None:
        """Keys into what carries this `data-testid`, in the place of what stands there."""
        element = self._find(testid)
        self._ask("WebDriver:ElementClear", {"id": element})
        self._ask("WebDriver:ElementSendKeys", {"id": element, "text": text})

    def _find(self, testid: str) -> str:
        wait_until(lambda: self.shows(testid))
        found = {"using": "css selector", "value": f"[data-testid={testid}]"}
        element: str = self._ask("WebDriver:FindElement", found)["value"][ELEMENT]
        return element

    def shows(self, testid: str) -> bool:
        return bool(self.evaluate(f"document.querySelector('[data-testid={testid}]') !== null"))

    def told(self, name: str) -> str:
        """An attribute of the page's root."""
        return str(self.evaluate(f"document.querySelector('#app').dataset.{name} ?? ''"))
