"""Debian's Firefox without a window, and the card that it plays to.

It is driven by Marionette, its own protocol, over one TCP connection: a message is its length in decimal,
`:`, and `[0, id, command, parameters]`; the answer is `[1, id, error, result]` (Firefox,
`remote/marionette`).
Nothing leaves the machine: all but loopback goes to a proxy that is not there.
"""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

from tests.browser.card import Card
from tests.browser.driven import ELEMENT, PATIENCE_MS, Driven, by_testid, need
from tests.parvis import free_ports, wait_until

FIREFOX: Final = Path("/usr/bin/firefox-esr")
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


class Firefox(Driven):
    """One Firefox, and a card that it plays to. `more` are preferences."""

    def __init__(self, **more: bool | int | str) -> None:
        need({FIREFOX: "firefox-esr"})
        self._home = tempfile.TemporaryDirectory(prefix="parvis-firefox-", ignore_cleanup_errors=True)
        home = Path(self._home.name)
        [port] = free_ports(1)
        preferences = {**PREFERENCES, "marionette.port": port, **more}
        lines = (
            f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in preferences.items()
        )
        (home / "user.js").write_text("\n".join(lines), "utf-8")
        self.card = Card()
        self._process = subprocess.Popen(
            [str(FIREFOX), "--headless", "--marionette", "--no-remote", "--profile", str(home)],
            env=self.card.environment(HOME=str(home)),
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

    def close(self) -> None:
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
        asked: dict[str, Any] = {"script": f"return {expression};", "args": [], "sandbox": None}
        return self._ask("WebDriver:ExecuteScript", asked)["value"]

    def click(self, testid: str) -> None:
        self._ask("WebDriver:ElementClick", {"id": self._find(testid)})

    def write(self, testid: str, text: str) -> None:
        """Keys into what carries this `data-testid`, in the place of what stands there."""
        wait_until(lambda: self.shows(testid))
        element = self._find(testid)
        self._ask("WebDriver:ElementClear", {"id": element})
        self._ask("WebDriver:ElementSendKeys", {"id": element, "text": text})

    def _find(self, testid: str) -> str:
        element: str = self._ask("WebDriver:FindElement", by_testid(testid))["value"][ELEMENT]
        return element
