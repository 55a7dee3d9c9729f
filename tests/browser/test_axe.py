"""No page, in no state, keeps anybody out: axe-core finds nothing serious in any of them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.barriers import look_at
from tests.browser.hall_people import PATIENCE_MS, ask_to_speak, enter, hall_of, on_air, write
from tests.browser.people import create_space, go_live, sign_up, take_the_stage
from tests.browser.studio_people import seat_in, studio_of
from tests.parvis import PARVIS, Parvis, Person, free_ports, wait_until

ROOT: Final = "#app"


@pytest.fixture(scope="module")
def host(parvis: Parvis) -> Person:
    return parvis.person("ana")


@pytest.fixture(scope="module")
def space(parvis: Parvis, host: Person, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A live Space with somebody who speaks."""
    with on_air(
        parvis,
        host,
        tmp_path_factory.mktemp("voice"),
        description="Questions, answers. " * 40,
        topics=["Budget"],
    ) as live:
        yield live


def state_is(page: Page, state: str) -> None:
    expect(page.locator(ROOT)).to_have_attribute("data-state", state, timeout=PATIENCE_MS)


def test_home_and_profiles(parvis: Parvis, chromium: Browser, host: Person, space: dict[str, Any]) -> None:
    host.post("spaces", {"title": "Later on", "starts_at": "2099-06-01T18:30:00.000Z", "topics": ["Schools"]})
    page = chromium.new_page()
    for name, path in (("home", "/"), ("search", "/?q=budget"), ("profile", f"/@{host.handle}")):
        page.goto(f"{parvis.control}{path}")
        expect(page.get_by_test_id(f"card-{space['id']}").first).to_be_visible()
        look_at(page, name)
    page.goto(f"{parvis.control}/@nobody_of_that_name")
    look_at(page, "nobody")
    page.close()


def test_hall_before_and_after(parvis: Parvis, chromium: Browser, host: Person) -> None:
    later = host.post("spaces", {"title": "Tomorrow", "starts_at": "2099-01-01T20:00:00Z"})
    closed = host.post("spaces", {"title": "For us alone", "visibility": "members"})
    over = host.post("spaces", {"title": "Over"})
    for one in (closed, over):
        host.post(f"spaces/{one['id']}/start")
    host.post(f"spaces/{over['id']}/end")
    wait_until(lambda: parvis.space_json(over["id"])["state"] == "ended")
    page = chromium.new_page()
    for state, name in (("scheduled", later["id"]), ("members", closed["id"]), ("ended", over["id"])):
        page.goto(f"{parvis.edge}/s/{name}")
        state_is(page, state)
        look_at(page, f"hall {state}")
    page.goto(f"{parvis.edge}/s/nosuchspace")
    state_is(page, "unknown")
    look_at(page, "hall unknown")
    page.close()


def test_hall_on_air(parvis: Parvis, chromium: Browser, host: Person, space: dict[str, Any]) -> None:
    page = chromium.new_page()
    page.goto(f"{parvis.edge}/s/{space['id']}")
    state_is(page, "ready")
    look_at(page, "hall ready")
    page.get_by_test_id("play").click()
    state_is(page, "playing")
    page.get_by_test_id("delay").click()
    poll = host.post(
        f"spaces/{space['id']}/polls", {"question": "Which first?", "choices": ["Schools", "Roads"]}
    )
    expect(page.get_by_test_id("poll")).to_be_visible(timeout=PATIENCE_MS)
    look_at(page, "hall playing, delay explained, poll asked")
    page.get_by_test_id("delay").click()
    page.get_by_test_id("choice-1").get_by_role("button").click()
    expect(page.get_by_test_id("poll")).to_have_attribute("data-choice", "1", timeout=PATIENCE_MS)
    page.get_by_test_id("chat").click()
    page.get_by_test_id("chat-sign-in").click()
    look_at(page, "hall door, poll answered")
    enter(page, "Inès")
    write(page, "Does that hold for the islands, too?")
    expect(page.get_by_text("for the islands")).to_be_visible(timeout=PATIENCE_MS)
    host.post(f"spaces/{space['id']}/polls/{poll['id']}/close")
    look_at(page, "hall chat")
    page.close()


def test_hall_hand_stage_and_ban(
    parvis: Parvis, chromium: Browser, host: Person, space: dict[str, Any]
) -> None:
    page = hall_of(chromium, parvis, space["id"])
    page.get_by_test_id("hand").click()
    look_at(page, "hall, way in")
    page.get_by_test_id("sheet-close").click()
    handle = ask_to_speak(page, "Camille", "Who pays?")
    look_at(page, "hall, hand up")
    [hand] = host.get(f"spaces/{space['id']}/hands")["items"]
    host.patch(f"spaces/{space['id']}/hands/{hand['id']}", {"state": "called"})
    expect(page.get_by_test_id("called")).to_be_visible(timeout=PATIENCE_MS)
    look_at(page, "hall, called")
    page.get_by_test_id("speak-now").click()
    expect(page.get_by_test_id("mute-self")).to_have_attribute("data-connection", "on", timeout=PATIENCE_MS)
    look_at(page, "hall, on stage")
    page.get_by_test_id("mute-self").click()
    look_at(page, "hall, on stage, muted")
    host.post(f"spaces/{space['id']}/bans", {"handle": handle, "reason": "Shouting at other guests."})
    state_is(page, "banned")
    said = page.get_by_test_id("banned")
    if page.get_by_test_id("sheet").count() == 0:
        page.get_by_test_id("hand").click()
    expect(said).to_contain_text("Shouting", timeout=PATIENCE_MS)
    look_at(page, "hall, banned")
    page.close()


@contextmanager
def narrow_edge(parvis: Parvis, folder: Path) -> Iterator[str]:
    """The origin of one more edge, whose door lets somebody in each hundred seconds."""
    [port] = free_ports(1)
    environment = {
        **os.environ, "PARVIS_CONFIG": "", "PARVIS_RUN_DIR": str(parvis.data / "run"),
        "PARVIS_DATA": str(parvis.data),
        "PARVIS_PORT": str(port), "PARVIS_JOINS_PER_S": "0.01", "PARVIS_DRAIN_S": "0",
        "PARVIS_PUBLIC_EDGE_URL": f"http://127.0.0.1:{port}", "PARVIS_PUBLIC_CONTROL_URL": parvis.control,
    }  # fmt: skip
    with (folder / "edge.log").open("wb") as log:
        edge = subprocess.Popen(
            [*PARVIS, "edge", "--name", "edge-9"], stdout=log, stderr=log, env=environment
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        edge.terminate()
        edge.wait(30)


def test_hall_appointment(parvis: Parvis, chromium: Browser, space: dict[str, Any], tmp_path: Path) -> None:
    with narrow_edge(parvis, tmp_path) as edge:
        stream = f"{edge}/live/{space['id']}/stream.mp4"

        def full() -> bool:
            try:
                with httpx.stream("GET", stream) as answer:
                    return answer.status_code == 503
            except httpx.HTTPError:
                return False

        wait_until(full)
        page = chromium.new_page()
        page.goto(f"{edge}/s/{space['id']}")
        page.get_by_test_id("play").click()
        state_is(page, "waiting")
        look_at(page, "hall, appointment")
        page.close()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_player_for_other_sites(
    parvis: Parvis, chromium: Browser, space: dict[str, Any], language: str
) -> None:
    context = chromium.new_context(locale=language)
    page = context.new_page()
    page.goto(space["links"]["embed"])
    state_is(page, "ready")
    expect(page.locator("html")).to_have_attribute("lang", language)
    look_at(page, "player")
    page.get_by_test_id("play").click()
    state_is(page, "playing")
    look_at(page, "player, playing")
    context.close()


def test_studio_from_the_door_to_the_end(parvis: Parvis, chromium: Browser) -> None:
    page = chromium.new_page()
    page.goto(f"{parvis.control}/studio")
    expect(page.get_by_test_id("sign-up")).to_be_visible()
    look_at(page, "studio, sign-up")
    page.get_by_test_id("to-sign-in").click()
    look_at(page, "studio, sign-in")
    page.get_by_test_id("to-sign-up").click()
    sign_up(page, parvis, "Ana")
    expect(page.get_by_test_id("create-title")).to_be_visible()
    page.locator("summary").first.click()
    page.get_by_test_id("recording-program").check()
    look_at(page, "studio, first Space")
    made = create_space(page, "Le budget, en clair")
    expect(page.get_by_test_id("mic-on")).to_be_visible()
    look_at(page, "studio, prepare")
    take_the_stage(page)
    look_at(page, "studio, green room")
    go_live(page)

    guest = hall_of(chromium, parvis, made)
    handle = ask_to_speak(guest, "Camille", "Who pays?")
    guest.get_by_test_id("chat").click()
    write(guest, "Hello from the square")
    expect(page.get_by_test_id(f"hand-{handle}")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("Hello from the square")).to_be_visible(timeout=PATIENCE_MS)
    guest.close()
    look_at(page, "studio, live")
    page.get_by_test_id(f"ban-hand-{handle}").click()
    look_at(page, "studio, ban")
    page.get_by_test_id("confirm-no").click()
    page.get_by_test_id("end").click()
    look_at(page, "studio, end?")
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("peak")).to_be_visible(timeout=PATIENCE_MS)
    look_at(page, "studio, after")
    look_at_replay(parvis, page, made)
    page.goto(f"{parvis.control}/studio")
    expect(page.get_by_test_id(f"space-{made}")).to_be_visible(timeout=PATIENCE_MS)
    look_at(page, "studio, home")
    page.get_by_test_id("who").click()
    expect(page.get_by_test_id("account-page")).to_be_visible(timeout=PATIENCE_MS)
    look_at(page, "account")
    page.close()


def look_at_replay(parvis: Parvis, page: Page, space: str) -> None:
    replay = f"{parvis.archive}/replay/{space}/replay.json"
    wait_until(lambda: httpx.get(replay).status_code == 200, patience_s=60)
    page.goto(f"{parvis.edge}/s/{space}")
    expect(page.locator(ROOT)).to_have_attribute("data-replay", "ready", timeout=PATIENCE_MS)
    look_at(page, "replay")


def test_studio_of_guests_and_captioners(parvis: Parvis, chromium: Browser, host: Person) -> None:
    leo, mia = parvis.person("leo"), parvis.person("mia")
    made = host.post("spaces", {"title": "With captions", "captions": "human", "captioners": [mia.handle]})
    seat_in(made, host, leo)
    host.post(f"spaces/{made['id']}/start")
    hall = chromium.new_page()
    hall.goto(f"{parvis.edge}/s/{made['id']}")
    hall.get_by_test_id("play").click()
    state_is(hall, "held")
    look_at(hall, "hall held")
    hall.close()
    guest = studio_of(chromium, parvis, leo, made)
    expect(guest.get_by_test_id("seats")).to_be_visible(timeout=PATIENCE_MS)
    look_at(guest, "studio of a guest")
    desk = studio_of(chromium, parvis, mia, made)
    expect(desk.get_by_test_id("captioner")).to_be_visible(timeout=PATIENCE_MS)
    desk.get_by_test_id("caption-line").fill("Good evening.")
    desk.get_by_test_id("caption-line").press("Enter")
    expect(desk.get_by_test_id("caption-sent")).to_be_visible(timeout=PATIENCE_MS)
    look_at(desk, "captioner")
    guest.context.close()
    desk.context.close()
