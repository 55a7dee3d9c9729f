"""An audience is sent on, seen from a listener's page: nothing is tapped or cut, and it is said why."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from parvis.cli.speak import write_wav
from tests.browser.conftest import Launch
from tests.browser.people import HALL, ears, play
from tests.certificates import Authority
from tests.integration.signals import power_db, tone
from tests.parvis import Parvis, Person, free_ports, speak, wait_until

FIRST_HZ, SECOND_HZ = 500, 900
CHORD_HZ = 146.83
"""The lowest note of the standby tone."""
REASON = "The first room lost its stage."

Live = Callable[[Parvis, str, int], tuple[Person, dict[str, Any]]]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """Makes a live Space in which somebody speaks at a pitch."""
    voices: list[subprocess.Popen[str]] = []

    def make(
        parvis: Parvis, title: str, hz: int, host: Person | None = None
    ) -> tuple[Person, dict[str, Any]]:
        host = host or parvis.person("ana")
        space = host.post("spaces", {"title": title})
        space = host.post(f"spaces/{space['id']}/start")
        file = tmp_path / f"{space['id']}.wav"
        write_wav(file, tone(hz, 5))
        voices.append(speak(host, space, file, "--loop", "--for", "300"))
        wait_until(
            lambda: any(s["connected"] for s in parvis.space_json(space["id"]).get("speakers", ())),
            patience_s=60,
        )
        return host, space

    yield make
    for voice in voices:
        voice.terminate()
        voice.wait(20)


def hears(page: Page, hz: int) -> bool:
    return power_db(ears(page, HALL, 0.6), hz) > -45


def told(page: Page, name: str) -> str:
    """An attribute of the hall's root."""
    return page.locator("#app").get_attribute(f"data-{name}") or ""


def streams_of(page: Page) -> list[str]:
    """Addresses of the streams that the page asks for from now on."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/stream.mp4" in request.url else None)
    return asked


def hand_off(host: Person, space: Mapping[str, Any], **to: str) -> None:
    made = host.post(f"spaces/{space['id']}/handoff", {"reason": REASON, **to})
    assert made["state"] == "made"


def test_who_listens_hears_the_next_space_on_the_same_connection(
    parvis: Parvis, launch: Launch, live: Live
) -> None:
    ana, first = live(parvis, "First room", FIRST_HZ)
    second = ana.post("spaces", {"title": "Second room"})
    second = ana.post(f"spaces/{second['id']}/start")
    file = parvis.data.parent / "second.wav"
    write_wav(file, tone(SECOND_HZ, 5))
    voice = speak(ana, second, file, "--loop", "--for", "300")
    wait_until(lambda: bool(parvis.space_json(second["id"])["renditions"]))
    browser = launch()
    page, idle = browser.new_page(), browser.new_page()
    asked = streams_of(page)
    page.goto(f"{parvis.edge}/s/{first['id']}")
    idle.goto(f"{parvis.edge}/s/{first['id']}")
    play(page)
    wait_until(lambda: hears(page, FIRST_HZ))
    source = page.evaluate(f"{HALL}.src")

    hand_off(ana, first, to=second["id"])
    expect(page.get_by_test_id("handed")).to_contain_text(
        "You are now listening to “Second room”", timeout=20_000
    )
    expect(page.get_by_test_id("handed")).to_contain_text(REASON)
    expect(page.get_by_role("heading", level=1)).to_have_text("Second room")
    expect(page).to_have_url(f"{parvis.edge}/s/{second['id']}")
    expect(page.locator("#app")).to_have_attribute("data-space", second["id"])
    wait_until(lambda: hears(page, SECOND_HZ))
    wait_until(lambda: not hears(page, FIRST_HZ))
    assert (told(page, "state"), told(page, "gaps"), told(page, "stalls")) == ("playing", "0", "0")
    assert page.evaluate(f"{HALL}.src") == source
    assert len(asked) == 1

    # Whoever does not listen goes, too; whoever comes later is sent on by the address.
    expect(idle.get_by_test_id("handed")).to_contain_text("Second room", timeout=20_000)
    expect(idle).to_have_url(f"{parvis.edge}/s/{second['id']}")
    late = browser.new_page()
    late.goto(f"{parvis.edge}/s/{first['id']}")
    expect(late).to_have_url(f"{parvis.edge}/s/{second['id']}")

    # What was said stays until it is dismissed, and a new connection tells where one came from.
    page.get_by_test_id("handed-dismiss").click()
    expect(page.get_by_test_id("handed")).to_have_count(0)
    page.get_by_test_id("play").click()
    play(page)
    assert f"/live/{second['id']}/" in asked[-1]
    assert f"via={first['id']}" in asked[-1]
    voice.terminate()
    voice.wait(20)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Parvis]:
    """A Parvis that this test may break."""
    running = Parvis(tmp_path / "own", edges=1)
    running.start()
    yield running
    running.stop()


def test_who_was_cut_off_meanwhile_is_sent_on(own: Parvis, launch: Launch, live: Live) -> None:
    ana, first = live(own, "First room", FIRST_HZ)
    second = ana.post("spaces", {"title": "Second room"})
    ana.post(f"spaces/{second['id']}/start")
    wait_until(lambda: bool(own.space_json(second["id"])["renditions"]))
    page = launch().new_page()
    page.goto(f"{own.edge}/s/{first['id']}")
    play(page)
    page.route(f"{own.edge}/live/**", lambda route: route.abort())
    os.kill(own.pid("edge-1"), signal.SIGKILL)
    expect(page.locator("#app")).to_have_attribute("data-state", "reconnecting", timeout=30_000)
    expect(page.get_by_test_id("notice")).to_contain_text("No sound for")
    wait_until(own.answers)
    hand_off(ana, first, to=second["id"])
    page.unroute(f"{own.edge}/live/**")
    expect(page.locator("#app")).to_have_attribute("data-space", second["id"], timeout=60_000)
    wait_until(lambda: told(page, "state") in ("playing", "held"), patience_s=60)
    expect(page.get_by_test_id("handed")).to_contain_text(REASON)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Parvis]:
    """Another Parvis, with a certificate."""
    authority = Authority(tmp_path)
    issued = authority.issue()
    environment = {"PARVIS_CERTIFICATE": str(issued.certificate), "PARVIS_KEY": str(issued.key)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(authority.file))
        other = Parvis(tmp_path / "other", edges=1, environment=environment)
        other.start()
        yield other
        assert other.stop() == 0


def test_another_parvis_is_heard_in_the_same_page(
    parvis: Parvis, elsewhere: Parvis, launch: Launch, live: Live
) -> None:
    ana, first = live(parvis, "First room", FIRST_HZ)
    ben = elsewhere.person("ben")
    there = ben.post("spaces", {"title": "Over there", "standby": "tone"})
    ben.post(f"spaces/{there['id']}/start")
    wait_until(lambda: bool(elsewhere.space_json(there["id"])["renditions"]))
    page = launch().new_context(ignore_https_errors=True).new_page()
    page.goto(f"{parvis.edge}/s/{first['id']}")
    play(page)
    hand_off(ana, first, url=f"{elsewhere.edge}/s/{there['id']}")
    expect(page.get_by_test_id("handed")).to_contain_text("Over there", timeout=30_000)
    expect(page.get_by_test_id("handed")).to_contain_text(f"127.0.0.1:{elsewhere.port}")
    wait_until(lambda: power_db(ears(page, HALL, 0.6), CHORD_HZ) > -55, patience_s=60)
    expect(page).to_have_url(f"{parvis.edge}/s/{first['id']}")
    wait_until(lambda: elsewhere.space_json(there["id"])["counts"]["listeners"] == 1)
    assert (told(page, "space"), told(page, "state")) == (there["id"], "held")


def test_another_parvis_that_does_not_answer_is_a_link(parvis: Parvis, launch: Launch, live: Live) -> None:
    ana, first = live(parvis, "First room", FIRST_HZ)
    page = launch().new_page()
    page.goto(f"{parvis.edge}/s/{first['id']}")
    play(page)
    (nobody,) = free_ports(1)
    url = f"https://127.0.0.1:{nobody}/s/abc"
    hand_off(ana, first, url=url)
    expect(page.locator("[data-testid=handed][data-phase=away]")).to_be_visible(timeout=30_000)
    assert page.get_by_test_id("handed").get_by_role("link").get_attribute("href") == url
    assert hears(page, FIRST_HZ)
