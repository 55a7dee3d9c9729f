"""WebKitGTK's MiniBrowser under Xvfb, driven by W3C WebDriver: the nearest thing to an iPhone here."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx

from tests.browser.card import Card
from tests.browser.driven import ELEMENT, PATIENCE_MS, Driven, by_testid, need
from tests.browser.screen import Screen
from tests.parvis import free_ports, wait_until

DRIVER: Final = Path("/usr/bin/WebKitWebDriver")


class WebKit(Driven):
    """One MiniBrowser, its screen, and a card that it plays to."""

    def __init__(self) -> None:
        need({DRIVER: "webkit2gtk-driver"})
        browser = next(Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser"))
        self.card = Card()
        self._screen = Screen()
        [port] = free_ports(1)
        # WebKitGTK plays HLS by GStreamer only where it is told to.
        environment = self.card.environment(DISPLAY=self._screen.display, WEBKIT_GST_ENABLE_HLS_SUPPORT="1")
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

    def close(self) -> None:
        if self._session:
            with suppress(httpx.HTTPError, AssertionError):  # the processes are ended all the same
                self._ask("DELETE", self._session)
        self._driver.terminate()
        self._driver.wait(20)
        self._screen.close()
        self.card.close()
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

    def click(self, testid: str) -> None:
        element = self._ask("POST", f"{self._session}/element", by_testid(testid))[ELEMENT]
        self._ask("POST", f"{self._session}/element/{element}/click", {})

    def evaluate(self, expression: str) -> Any:
        return self.run(f"return {expression};")

    def run(self, script: str) -> Any:
        """What JavaScript returns that stands in a function of its own."""
        return self._ask("POST", f"{self._session}/execute/sync", {"script": script, "args": []})
