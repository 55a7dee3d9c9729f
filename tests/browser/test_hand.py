"""From a raised hand to a voice that others hear, and back; and what a ban takes, at once."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from playwright.sync_api import Page, expect

from tests.browser.conftest import Launch
from tests.browser.hall_people import PATIENCE_MS, ask_to_speak, hall_of, on_air
from tests.browser.people import HALL, ears
from tests.browser.studio_people import studio_of
from tests.integration.signals import power_db, tone
from tests.parvis import Parvis, wait_until

GUEST_HZ: Final = 1_000
THERE_DB: Final = -50
GONE_DB: Final = -70


MOST_MS: Final = 4_000
"""From the tap to the stage, by the page itself: twice what it may take on a machine that has nothing else to
do (`python -m bench.to_stage`)."""


def go_up(guest: Page) -> int:
    """Called, on stage by one tap; how long that took, ms."""
    expect(guest.get_by_test_id("called")).to_be_visible(timeout=PATIENCE_MS)
    guest.get_by_test_id("speak-now").click()
    microphone = guest.get_by_test_id("mute-self")
    expect(microphone).to_have_attribute("data-connection", "on", timeout=PATIENCE_MS)
    return int(microphone.get_attribute("data-took-ms") or "")


def test_a_hand_is_called_heard_and_put_down_without_a_reload(
    parvis: Parvis, launch: Launch, tmp_path: Path
) -> None:
    host = parvis.person("ana")
    with on_air(parvis, host, tmp_path) as space:
        guest = hall_of(launch(tone(GUEST_HZ, 10)), parvis, space["id"])
        sent: list[str] = []
        guest.on("request", lambda request: sent.append(request.url))
        guest.evaluate("window.unloaded = false")
        handle = ask_to_speak(guest, "Camille", "Who pays for the night shifts?")
        expect(guest.get_by_test_id("hand-up")).to_have_attribute("data-position", "1")
        other = hall_of(launch(), parvis, space["id"])

        studio = studio_of(launch(), parvis, host, space)
        row = studio.get_by_test_id(f"hand-{handle}")
        expect(row).to_contain_text("Who pays for the night shifts?", timeout=PATIENCE_MS)
        studio.get_by_test_id(f"screen-{handle}").click()
        expect(row).to_have_attribute("data-screened", "true", timeout=PATIENCE_MS)
        studio.get_by_test_id(f"call-{handle}").click()
        expect(row).to_have_count(0, timeout=PATIENCE_MS)

        took_ms = go_up(guest)
        expect(guest.locator("#app")).to_have_attribute("data-listening", "false")
        wait_until(lambda: power_db(ears(other, HALL, 0.6), GUEST_HZ) > THERE_DB)

        guest.get_by_test_id("mute-self").click()
        wait_until(lambda: power_db(ears(other, HALL, 0.6), GUEST_HZ) < GONE_DB)
        guest.get_by_test_id("mute-self").click()
        wait_until(lambda: power_db(ears(other, HALL, 0.6), GUEST_HZ) > THERE_DB)

        guest.get_by_test_id("leave-stage").click()
        expect(guest.locator("[data-state=playing]").first).to_be_attached(timeout=PATIENCE_MS)
        wait_until(lambda: power_db(ears(other, HALL, 0.6), GUEST_HZ) < GONE_DB)
        wait_until(
            lambda: handle not in {one["handle"] for one in parvis.space_json(space["id"])["speakers"]}
        )

        if took_ms > MOST_MS:  # something else had the machine: once more
            guest.get_by_test_id("over-read").click()
            guest.get_by_test_id("hand-raise").click()
            studio.get_by_test_id(f"call-{handle}").click(timeout=PATIENCE_MS)
            took_ms = go_up(guest)
        print(f"from the tap to the stage: {took_ms} ms")
        assert took_ms <= MOST_MS
        assert guest.evaluate("window.unloaded") is False
        token = next(iter(guest.evaluate("Object.values(JSON.parse(sessionStorage['parvis.session']))")))[
            "token"
        ]
        assert not [address for address in sent if token in address]
        assert guest.context.cookies() == []


def test_a_ban_silences_at_once_and_says_why(parvis: Parvis, launch: Launch, tmp_path: Path) -> None:
    host = parvis.person("ana")
    with on_air(parvis, host, tmp_path) as space:
        guest = hall_of(launch(tone(GUEST_HZ, 10)), parvis, space["id"])
        handle = ask_to_speak(guest, "Eve", "")
        (hand,) = host.get(f"spaces/{space['id']}/hands")["items"]
        host.patch(f"spaces/{space['id']}/hands/{hand['id']}", {"state": "called"})
        expect(guest.get_by_test_id("called")).to_be_visible(timeout=PATIENCE_MS)
        guest.get_by_test_id("speak-now").click()
        other = hall_of(launch(), parvis, space["id"])
        wait_until(lambda: power_db(ears(other, HALL, 0.6), GUEST_HZ) > THERE_DB)

        studio = studio_of(launch(), parvis, host, space)
        studio.get_by_test_id(f"ban-{handle}").click()
        expect(studio.get_by_test_id("confirm-yes")).to_be_disabled()
        studio.get_by_test_id("ban-reason").fill("Shouting at other guests.")
        studio.get_by_test_id("confirm-yes").click()
        expect(studio.get_by_test_id(f"seat-{handle}")).to_have_count(0, timeout=PATIENCE_MS)

        wait_until(lambda: power_db(ears(other, HALL, 0.6), GUEST_HZ) < GONE_DB)
        expect(guest.locator("[data-state=banned]").first).to_be_attached(timeout=PATIENCE_MS)
        said = guest.get_by_test_id("banned")
        if not said.is_visible() and guest.get_by_test_id("sheet").count() == 0:
            guest.get_by_test_id("hand").click()
        expect(said).to_contain_text("Shouting at other guests.", timeout=PATIENCE_MS)
        studio.get_by_test_id("bans-open").click()
        expect(studio.get_by_test_id(f"banned-{handle}")).to_contain_text("Shouting", timeout=PATIENCE_MS)
