"""Hall and studio as most people have them: by HTTPS and HTTP/2, behind nginx as deploy/ configures it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Playwright,
    Response,
    expect,
)

from parvis.cli.speak import write_wav
from tests.browser.conftest import CHROMIUM, FLAGS, MICROPHONE_HZ
from tests.browser.people import (
    HALL,
    KEEP_AUDIO,
    create_space,
    ears,
    go_live,
    play,
    sign_up,
    take_the_stage,
)
from tests.certificates import Authority
from tests.integration.signals import power_db, tone
from tests.integration.test_proxies import nginx, running
from tests.parvis import Parvis, free_ports, wait_until

NAMES: Final = {name: name for name in ("listen.example.org", "studio.example.org", "replay.example.org")}
KEEP_VIOLATIONS: Final = """
  window.violations = [];
  addEventListener("securitypolicyviolation", (event) =>
    violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""
AS_THE_PAGE: Final = """async ([method, path, body]) => {
  const headers = {"Content-Type": "application/json"};
  return (await fetch(`/api/v1/${path}`, {method, headers, body: body && JSON.stringify(body)})).status;
}"""
"""A request with the page's cookie and origin."""


@dataclass
class Site:
    """A Parvis that is reached through nginx."""

    parvis: Parvis
    port: int

    def origin(self, name: str) -> str:
        return f"https://{name}.example.org:{self.port}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    (port,) = free_ports(1)
    environment = {"PARVIS_TRUSTED_PROXIES": "127.0.0.1"} | {
        f"PARVIS_PUBLIC_{kind}_URL": f"https://{name}.example.org:{port}"
        for kind, name in (("EDGE", "listen"), ("CONTROL", "studio"), ("ARCHIVE", "replay"))
    }
    parvis = Parvis(tmp_path_factory.mktemp("parvis") / "data", edges=1, environment=environment)
    parvis.start()
    folder = tmp_path_factory.mktemp("nginx")
    with running(nginx(folder, port, parvis, Authority(folder).issue(), NAMES), folder):
        yield Site(parvis, port)
    assert parvis.stop() == 0


@pytest.fixture
def browser(playwright: Playwright, tmp_path: Path) -> Iterator[Browser]:
    """A Chromium that finds the names of the samples on this machine."""
    file = tmp_path / "tone.wav"
    write_wav(file, tone(MICROPHONE_HZ, 10))
    mapped = "--host-resolver-rules=MAP *.example.org 127.0.0.1"
    flags = [*FLAGS, mapped, f"--use-file-for-fake-audio-capture={file}"]
    opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
    yield opened
    opened.close()


class Visitor:
    """A page that believes any certificate, and what its console and its network said."""

    def __init__(self, browser: Browser) -> None:
        self.context: BrowserContext = browser.new_context(ignore_https_errors=True)
        self.page: Page = self.context.new_page()
        self.page.add_init_script(KEEP_AUDIO + KEEP_VIOLATIONS)
        self.errors: list[str] = []
        self.answers: list[Response] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", self._broke)
        self.page.on("response", self._answered)

    def _said(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.errors.append(said.text)

    def _broke(self, error: Error) -> None:
        self.errors.append(str(error))

    def _answered(self, answer: Response) -> None:
        self.answers.append(answer)

    def complaints(self) -> list[str]:
        """What the page's policy, mixed content or a broken script made it say; a refusal is none."""
        by_status = re.compile(r"Failed to load resource: the server responded with a status of (4\d\d|503)")
        violations: list[str] = self.page.evaluate("window.violations")
        return violations + [text for text in self.errors if not by_status.match(text)]

    def answered(self, path: str) -> list[tuple[int, str]]:
        """Status and media type of the answers from addresses that end so."""
        found = [answer for answer in self.answers if answer.url.partition("?")[0].endswith(path)]
        return [(answer.status, answer.headers.get("content-type", "")) for answer in found]


def test_an_evening_through_nginx(site: Site, browser: Browser) -> None:
    host = Visitor(browser)
    studio = host.page
    studio.goto(f"{site.origin('studio')}/studio")
    sign_up(studio, site.parvis, "Ana")
    space = create_space(studio, "Behind a proxy")
    [cookie] = [one for one in host.context.cookies() if one["name"] == "parvis_session"]
    assert (cookie["secure"], cookie["httpOnly"]) == (True, True)
    recorded = ["PATCH", f"spaces/{space}", {"recording": "program"}]
    assert studio.evaluate(AS_THE_PAGE, recorded) == 200, "the page's origin is the proxy's"
    take_the_stage(studio)
    go_live(studio)

    ear = Visitor(browser)
    hall = ear.page
    hall.goto(f"{site.origin('listen')}/s/{space}")
    play(hall)
    expect(studio.get_by_test_id("count")).to_have_attribute("data-listeners", "1", timeout=20_000)
    events = host.answered(f"/spaces/{space}/events")
    assert set(events) == {(200, "text/event-stream; charset=utf-8")}, [one.url for one in host.answers]
    assert (ear.complaints(), host.complaints()) == ([], [])
    heard = ears(hall, HALL, 3)
    whip = [(200, ""), (201, "application/sdp")]  # which servers there are, and the seat
    assert sorted(host.answered(f"/whip/{space}")) == whip, [one.url for one in host.answers]
    assert power_db(heard, MICROPHONE_HZ) > power_db(heard, 2 * MICROPHONE_HZ) + 15
    assert hall.locator("[data-gaps]").first.get_attribute("data-gaps") == "0"
    streams = ear.answered("/stream.mp4")
    assert [status for status, _ in streams] == [200], streams
    used: list[str] = hall.evaluate(
        "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
        ".filter((entry) => entry.name.startsWith(location.origin)).map((entry) => entry.nextHopProtocol)"
    )
    assert set(used) <= {"h2", ""}, used
    assert "h2" in used

    assert studio.evaluate(AS_THE_PAGE, ["POST", f"spaces/{space}/end", None]) == 200
    there = f"{site.parvis.archive}/replay/{space}/replay.json"
    wait_until(lambda: httpx.get(there).status_code == 200, patience_s=60)
    expect(hall.locator("#app")).to_have_attribute("data-replay", "ready", timeout=30_000)
    assert (200, "application/json") in ear.answered(f"/replay/{space}/replay.json")
    hall.get_by_test_id("play").click()
    of_replay = f"{HALL}.currentSrc.startsWith('{site.origin('replay')}/') && {HALL}.currentTime > 0.5"
    wait_until(lambda: bool(hall.evaluate(of_replay)))
    assert (ear.complaints(), host.complaints()) == ([], [])
