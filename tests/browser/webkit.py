"""WebKitGTK's MiniBrowser under Xvfb, driven by W3C WebDriver: the nearest thing to an iPhone here."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import httpx
import pytest

from tests.parvis import free_ports, wait_until

DRIVER: Final = Path("/usr/bin/WebKitWebDriver")
XVFB: Final = Path("/usr/bin/Xvfb")
ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"
"""Name of a web element's reference (W3C WebDriver §12)."""

PATIENCE_MS: Final = 60_000


class WebKit:
    """One browser with one page. A context manager."""

    def __init__(self) -> None:
        for tool, package in ((DRIVER, "webkit2gtk-driver"), (XVFB, "xvfb")):
            if not tool.exists():
                pytest.fail(f"{tool.name} is missing: apt-get install -y --no-install-recommends {package}")
        browser = next(Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser"))
        self._screen = subprocess.Popen(
            [str(XVFB), "-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._screen.stdout is not None
        display = self._screen.stdout.readline().strip()
        assert display, "Xvfb did not start"
        [port] = free_ports(1)
        # WebKitGTK plays HLS by GStreamer only where it is told to.
        environment = {**os.environ, "DISPLAY": f":{display}", "WEBKIT_GST_ENABLE_HLS_SUPPORT": "1"}
        self._driver = subprocess.Popen(
            [str(DRIVER), f"--port={port}"], env=environment, stderr=subprocess.DEVNULL
        )
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_MS / 1_000)
        self._session = ""
        arguments = ["--automation", "--autoplay-policy=allow"]
        options = {"binary": str(browser), "args": arguments}
        try:
            wait_until(self._answers)
            wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
            made = self._ask("POST", "/session", {"capabilities": wanted})
            self._session = f"/session/{made['sessionId']}"
            self._ask("POST", f"{self._session}/timeouts", {"script": PATIENCE_MS, "pageLoad": PATIENCE_MS})
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> WebKit:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the browser, its driver and its screen."""
        if self._session:
            with suppress(httpx.HTTPError, AssertionError):  # the processes are ended all the same
                self._ask("DELETE", self._session)
        for process in (self._driver, self._screen):
            process.terminate()
            process.wait(20)
        self._http.close()

    def _answers(self) -> bool:
        assert self._driver.poll() is None, "the driver has ended"
        try:
            return self._http.get("/status").status_code == 200
        except httpx.HTTPError:
            return False

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self._http.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.text[:600]}"
        return answer.json()["value"]

    def open(self, address: str) -> None:
        self._ask("POST", f"{self._session}/url", {"url": address})

    def open_without_media_source(self, beside: str, page: str) -> None:
        """Opens `page` (a path) as a browser without Media Source Extensions does. `beside` is of the same
        origin: a document that is written in another's place keeps what was taken from its window."""
        self.open(beside)
        script = (
            "const [page, done] = arguments;"
            "delete window.MediaSource; delete window.ManagedMediaSource;"
            "fetch(page).then((answer) => answer.text()).then((text) => {"
            " history.replaceState(null, '', page);"
            " document.open(); document.write(text); document.close(); done(''); }, (e) => done(String(e)));"
        )
        failed = self._ask("POST", f"{self._session}/execute/async", {"script": script, "args": [page]})
        assert not failed, failed

    def tap(self, testid: str) -> None:
        """A real click on what carries this `data-testid`."""
        found = {"using": "css selector", "value": f"[data-testid={testid}]"}
        element = self._ask("POST", f"{self._session}/element", found)[ELEMENT]
        self._ask("POST", f"{self._session}/element/{element}/click", {})

    def evaluate(self, expression: str) -> Any:
        """What an expression of JavaScript gives."""
        asked = {"script": f"return {expression};", "args": []}
        return self._ask("POST", f"{self._session}/execute/sync", asked)

    def told(self, name: str) -> str:
        """An attribute of the hall's root."""
        return str(self.evaluate(f"document.querySelector('#app').dataset.{name} ?? ''"))
