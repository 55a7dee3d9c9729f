"""The listener's whole way and the host's by keyboard alone, heard as a reader of screens hears it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import MICROPHONE_HZ
from tests.browser.hall_people import HOST_HZ, PATIENCE_MS, hall_of, on_air
from tests.browser.keyboard import HEAR, Keys, said
from tests.browser.people import HALL, ears
from tests.integration.signals import power_db
from tests.parvis import PASSWORD, Parvis, Person, wait_until

THERE_DB = -50
GONE_DB = -70
DOCK = r"""
- region "Controls":
  - group "React":
    - button "Applause"
    - button "Love it"
  - button "Raise hand"
  - button "Pause"
  - button "Chat"
  - button /\d s behind the stage/ [expanded]
  - button "Mute"
  - slider "Volume"
"""
MEANING = r"""
- region "Controls":
  - heading "Why is there a delay?" [level=2]
"""
GUEST = """
- listitem:
  - button "Mute Leo"
"""
GUEST_MUTED = """
- listitem:
  - button "Allow Leo to speak"
"""


@pytest.fixture(scope="module")
def host(parvis: Parvis) -> Person:
    return parvis.person("ana")


@pytest.fixture(scope="module")
def space(parvis: Parvis, host: Person, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A live Space with somebody who speaks."""
    with on_air(parvis, host, tmp_path_factory.mktemp("voice")) as live:
        yield live


def loud(page: Page, hz: int) -> float:
    return power_db(ears(page, HALL, 0.6), hz)


def sign_up(keys: Keys, name: str) -> str:
    """Fills in the form that asks for an account; gives the handle."""
    handle = f"keys_{secrets.token_hex(4)}"
    keys.to("sign-up-name")
    keys.write(name)
    keys.press("Tab")  # what stands in the next field is marked, and written over
    keys.write(handle)
    keys.press("Tab")
    keys.write(PASSWORD)
    keys.press("Enter")
    return handle


def test_a_listener_by_keyboard_alone(
    parvis: Parvis, chromium: Browser, host: Person, space: dict[str, Any]
) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.add_init_script(HEAR)
    page.goto(f"{parvis.edge}/s/{space['id']}")
    app = page.locator("#app")
    expect(app).to_have_attribute("data-state", "ready", timeout=PATIENCE_MS)
    keys = Keys(page)

    # It plays, and the keyboard stays on what now pauses it.
    keys.to("play")
    keys.press("Enter")
    expect(app).to_have_attribute("data-state", "playing", timeout=PATIENCE_MS)
    wait_until(lambda: loud(page, HOST_HZ) > THERE_DB)
    keys.is_at("[data-testid=play]")

    # How late it is, and why.
    keys.to("delay")
    keys.press("Enter")
    expect(app).to_match_aria_snapshot(DOCK)
    expect(app).to_match_aria_snapshot(MEANING)
    keys.press("Enter")
    expect(page.locator("#delay-meaning")).to_have_count(0)

    # The chat: opened, signed in to, written in, closed. Nothing is lost on the way.
    keys.to("chat", back=True)
    keys.press("Enter")
    keys.is_at("#sheet-title")
    keys.to("chat-sign-in")
    keys.press("Enter")
    keys.is_at("#sheet-title")
    handle = sign_up(keys, "Inès")
    keys.is_at("[data-testid=chat-text]")
    keys.write("Does that hold for the islands, too?")
    keys.press("Enter")
    expect(page.locator(f"[data-by={handle}]")).to_contain_text("the islands", timeout=PATIENCE_MS)
    keys.is_at("[data-testid=chat-text]")
    keys.forget()
    keys.goes_round()
    keys.to("sheet-close", back=True)
    keys.press("Escape")
    expect(page.get_by_test_id("sheet")).to_have_count(0)
    keys.is_at("[data-testid=chat]")

    # A hand goes up.
    keys.to("hand", back=True)
    keys.press(" ")
    keys.is_at("#sheet-title")
    keys.to("hand-note")
    keys.write("Who pays?")
    keys.to("hand-raise")
    keys.press(" ")
    expect(page.get_by_test_id("hand-up")).to_be_visible(timeout=PATIENCE_MS)
    keys.is_at("#sheet-title")
    [hand] = host.get(f"spaces/{space['id']}/hands")["items"]
    assert (hand["handle"], hand["note"]) == (handle, "Who pays?")
    keys.press("Escape")
    keys.is_at("[data-testid=hand]")

    # Applause, as often as one likes.
    keys.to("react-0", back=True)
    risers = page.get_by_test_id("risers")
    before = int(risers.get_attribute("data-heard") or "")
    keys.press(" ")
    expect(risers).to_have_attribute("data-heard", str(before + 1), timeout=PATIENCE_MS)
    keys.is_at("[data-testid=react-0]")

    # Others come and go: the count is there to be read, and is not read out.
    heard = said(page)
    count = page.get_by_test_id("count")
    now = int(count.get_attribute("data-listeners") or "")
    other = hall_of(chromium, parvis, space["id"])
    expect(count).to_have_attribute("data-listeners", str(now + 1), timeout=PATIENCE_MS)
    other.context.close()
    expect(count).to_have_attribute("data-listeners", str(now), timeout=PATIENCE_MS)
    assert said(page) == heard

    # One leaves: signed out, and silent.
    keys.to("hand")
    keys.press("Enter")
    keys.to("sign-out")
    keys.press("Enter")
    expect(page.get_by_test_id("sign-up")).to_be_visible()
    keys.is_at("#sheet-title")
    keys.press("Escape")
    keys.press("k")
    expect(app).to_have_attribute("data-listening", "false")
    assert page.evaluate(f"{HALL}.paused")

    lines = [line for _, line in said(page)]
    assert {how for how, _ in said(page)} == {"status"}, "nothing interrupts"
    assert not [line for line in lines if re.search(r"\d", line)], "no counts, no clocks"
    assert len(lines) < 15, lines
    page.close()


def test_a_host_by_keyboard_alone(parvis: Parvis, chromium: Browser) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.add_init_script(HEAR)
    page.goto(f"{parvis.control}/studio")
    keys = Keys(page)
    sign_up(keys, "Ana")
    keys.is_at("h1")
    keys.to("create-title")
    keys.write("By keyboard alone")
    keys.press("Enter")
    page.wait_for_url("**/studio/*")
    made = page.url.rpartition("/")[2]
    keys.is_at("h1")

    # The sound check.
    keys.to("mic-on")
    keys.press("Enter")
    keys.is_at("#microphone")
    meter = page.get_by_test_id("mic-meter")
    wait_until(lambda: int(meter.get_attribute("data-level") or "0") > 20)
    for cleaner in ("echoCancellation", "noiseSuppression", "autoGainControl"):
        keys.to(f"mic-{cleaner}")  # a tone is noise to them
        keys.press(" ")
        expect(page.get_by_test_id(f"mic-{cleaner}")).not_to_be_checked()
    keys.to("test-record")
    keys.press("Enter")
    expect(page.get_by_test_id("test")).to_have_attribute("data-phase", "recording")
    keys.press("Enter")
    expect(page.get_by_test_id("test")).to_have_attribute("data-phase", "done", timeout=PATIENCE_MS)
    keys.is_at("[data-testid=test-record]")
    keys.to("connect")
    keys.press("Enter")
    expect(page.get_by_test_id("mute-self")).to_be_visible(timeout=PATIENCE_MS)
    keys.is_at("h1")

    # A question is a place of its own; no brings one back to where it was asked.
    keys.to("go-live")
    keys.press("Enter")
    expect(page.get_by_role("dialog", name="Go live now?")).to_be_visible()
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    keys.press("Escape")
    keys.is_at("[data-testid=go-live]")
    keys.press("Enter")
    keys.to("confirm-yes")
    keys.press("Enter")
    expect(page.get_by_test_id("on-air")).to_be_visible(timeout=PATIENCE_MS)
    keys.is_at(".console")
    ear = hall_of(chromium, parvis, made)
    wait_until(lambda: loud(ear, MICROPHONE_HZ) > THERE_DB)

    # Muted by the letter, opened by the button.
    keys.press("m")
    wait_until(lambda: loud(ear, MICROPHONE_HZ) < GONE_DB)
    keys.to("mute-self")
    keys.press(" ")
    wait_until(lambda: loud(ear, MICROPHONE_HZ) > THERE_DB)
    keys.is_at("[data-testid=mute-self]")
    keys.forget()
    keys.goes_round()

    # Somebody asks, and is called.
    guest = parvis.person("leo")
    guest.post(f"spaces/{made}/hands", {"note": "Who pays?"})
    expect(page.get_by_test_id(f"hand-{guest.handle}")).to_be_visible(timeout=PATIENCE_MS)
    keys.to(f"call-{guest.handle}")
    keys.press("Enter")
    expect(page.get_by_test_id(f"seat-{guest.handle}")).to_be_visible(timeout=PATIENCE_MS)
    keys.is_at("#hands")

    # Muted and opened again, from where the keyboard is.
    guest_seat = page.get_by_test_id(f"seat-{guest.handle}")
    keys.to(f"mute-{guest.handle}", back=True)
    expect(guest_seat).to_match_aria_snapshot(GUEST)
    keys.press(" ")
    expect(guest_seat).to_have_attribute("data-muted-by", "host", timeout=PATIENCE_MS)
    keys.is_at(f"[data-testid=unmute-{guest.handle}]")
    expect(guest_seat).to_match_aria_snapshot(GUEST_MUTED)
    keys.press("Enter")
    expect(guest_seat).to_have_attribute("data-muted", "false", timeout=PATIENCE_MS)
    keys.is_at(f"[data-testid=mute-{guest.handle}]")

    # The end.
    keys.to("end")
    keys.press("Enter")
    keys.to("confirm-yes")
    keys.press("Enter")
    expect(page.get_by_test_id("peak")).to_be_visible(timeout=PATIENCE_MS)
    keys.is_at("h1")
    expect(ear.locator("#app")).to_have_attribute("data-state", "ended", timeout=PATIENCE_MS)

    lines = [line for how, line in said(page) if how == "status"]
    assert "On air" in " ".join(lines)
    assert lines.count("Somebody asks to speak.") == 1
    assert "You're muted" in lines
    assert not [line for line in lines if re.search(r"\d:\d\d|\d+ (person|people|listening)", line)]
    assert len(lines) < 25, lines
    page.close()
    ear.context.close()
