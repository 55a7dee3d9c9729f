"""Everybody at once: host, co-host, guest, two listeners of whom one is signed in nowhere; and every control
with which a stage is kept, each heard where it is about sound."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from playwright.sync_api import Page, expect

from tests.browser.conftest import Launch
from tests.browser.hall_people import HOST_HZ, PATIENCE_MS, ask_to_speak, hall_of, on_air
from tests.browser.people import HALL, ears
from tests.browser.studio_people import connect, seat_in, studio_of
from tests.integration.signals import power_db, tone
from tests.parvis import Parvis, wait_until

GUEST_HZ: Final = 1_000
CO_HOST_HZ: Final = 2_000


def hears(page: Page, frequency_hz: float) -> bool:
    return power_db(ears(page, HALL, 0.3), frequency_hz) > -50


def test_a_stage_is_kept_by_host_and_co_host(parvis: Parvis, launch: Launch, tmp_path: Path) -> None:
    ana, leo, ben = parvis.person("ana"), parvis.person("leo"), parvis.person("ben")
    with on_air(parvis, ana, tmp_path) as space:
        seat_in(space, ana, leo, "co-host")
        co_host = studio_of(launch(tone(CO_HOST_HZ, 10)), parvis, leo, space)
        connect(co_host)
        many = launch()
        host = studio_of(many, parvis, ana, space)
        stranger = hall_of(many, parvis, space["id"])
        listener = hall_of(many, parvis, space["id"])
        other = ask_to_speak(listener, "Bo", "About the museum")
        guest = hall_of(launch(tone(GUEST_HZ, 10)), parvis, space["id"])
        handle = ask_to_speak(guest, "Camille", "Who pays for the night shifts?")

        # The line: searched, put in another order, marked, and only those that are.
        rows = co_host.locator("[data-testid=hands] .hand")
        expect(rows).to_have_count(2, timeout=PATIENCE_MS)
        co_host.get_by_test_id("hands-search").fill("night")
        expect(rows).to_have_count(1, timeout=PATIENCE_MS)
        expect(rows).to_have_attribute("data-testid", f"hand-{handle}")
        co_host.get_by_test_id("hands-search").fill("")
        expect(rows).to_have_count(2, timeout=PATIENCE_MS)
        expect(rows.first).to_have_attribute("data-testid", f"hand-{other}")
        co_host.get_by_test_id("hands-order").select_option("newest")
        expect(rows.first).to_have_attribute("data-testid", f"hand-{handle}", timeout=PATIENCE_MS)
        co_host.get_by_test_id("hands-order").select_option("name")
        expect(rows.first).to_have_attribute("data-testid", f"hand-{other}", timeout=PATIENCE_MS)
        co_host.get_by_test_id(f"screen-{handle}").click()
        co_host.get_by_test_id("hands-screened").check()
        expect(rows).to_have_count(1, timeout=PATIENCE_MS)
        expect(rows).to_have_attribute("data-screened", "true")

        # Locked, nobody comes, called or not; unlocked, the marked one does.
        host.get_by_test_id("lock").click()
        expect(co_host.get_by_test_id("locked")).to_be_visible(timeout=PATIENCE_MS)
        co_host.get_by_test_id(f"call-{handle}").click()
        refusal = co_host.get_by_test_id("refusal").first
        expect(refusal).to_have_attribute("data-code", "stage-locked", timeout=PATIENCE_MS)
        host.get_by_test_id("lock").click()
        expect(co_host.get_by_test_id("locked")).to_have_count(0, timeout=PATIENCE_MS)
        co_host.get_by_test_id(f"call-{handle}").click()
        guest.get_by_test_id("speak-now").click(timeout=PATIENCE_MS)
        for page in (stranger, listener):
            wait_until(lambda page=page: hears(page, GUEST_HZ))  # type: ignore[misc]

        # Everybody muted but those who host; the guest alone is let speak again.
        host.get_by_test_id("mute-all").click()
        host.get_by_test_id("confirm-yes").click()
        wait_until(lambda: not hears(stranger, GUEST_HZ))
        assert hears(stranger, CO_HOST_HZ)
        host.get_by_test_id(f"unmute-{handle}").click(timeout=PATIENCE_MS)
        wait_until(lambda: hears(stranger, GUEST_HZ))

        # Banned by the co-host: both listeners hear it end.
        co_host.get_by_test_id(f"ban-{handle}").click()
        co_host.get_by_test_id("ban-reason").fill("Shouting.")
        co_host.get_by_test_id("confirm-yes").click()
        for page in (stranger, listener):
            wait_until(lambda page=page: not hears(page, GUEST_HZ))  # type: ignore[misc]
        expect(guest.locator("[data-state=banned]").first).to_be_attached(timeout=PATIENCE_MS)

        # All hands down, and none taken any more.
        co_host.get_by_test_id("hands-lower").click()
        co_host.get_by_test_id("confirm-yes").click()
        expect(rows).to_have_count(0, timeout=PATIENCE_MS)
        co_host.get_by_test_id("hands-open").click()
        expect(host.get_by_test_id("hands")).to_have_attribute("data-open", "false", timeout=PATIENCE_MS)

        # A speaker rises to co-host and back; the role of the host is handed on, and heard on.
        seat_in(space, ana, ben)
        row = host.get_by_test_id(f"seat-{ben.handle}")
        for role in ("co-host", "speaker"):
            host.get_by_test_id(f"role-{ben.handle}").click(timeout=PATIENCE_MS)
            expect(row).to_have_attribute("data-role", role, timeout=PATIENCE_MS)
        host.get_by_test_id(f"host-{leo.handle}").click()
        host.get_by_test_id("confirm-yes").click()
        expect(co_host.get_by_test_id(f"seat-{leo.handle}")).to_have_attribute(
            "data-role", "host", timeout=PATIENCE_MS
        )
        expect(host.get_by_test_id(f"seat-{ana.handle}")).to_have_attribute("data-role", "co-host")
        assert hears(stranger, HOST_HZ)

        # Who was host is removed by who is: silent at once, and without a seat.
        co_host.get_by_test_id(f"remove-{ana.handle}").click()
        co_host.get_by_test_id("confirm-yes").click()
        wait_until(lambda: not hears(stranger, HOST_HZ))
        expect(host.get_by_test_id("no-seat")).to_be_visible(timeout=PATIENCE_MS)
        assert hears(stranger, CO_HOST_HZ)
