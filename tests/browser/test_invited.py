"""Somebody is invited by handle: in the hall while they listen, and at home in the studio."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.barriers import look_at
from tests.browser.conftest import Launch
from tests.browser.hall_people import PATIENCE_MS, enter, hall_of, on_air
from tests.browser.people import HALL, ears
from tests.browser.studio_people import pictures, studio_of
from tests.integration.signals import power_db, tone
from tests.parvis import Parvis, wait_until

GUEST_HZ = 1_000


def test_a_listener_is_invited_by_handle_comes_and_is_heard(
    parvis: Parvis, launch: Launch, tmp_path: Path
) -> None:
    host = parvis.person("ana")
    with on_air(parvis, host, tmp_path) as space:
        guest = hall_of(launch(tone(GUEST_HZ, 10)), parvis, space["id"])
        guest.get_by_test_id("who").click()
        handle = enter(guest, "Camille")
        guest.get_by_test_id("sheet-close").click()
        other = hall_of(launch(), parvis, space["id"])

        studio = studio_of(launch(), parvis, host, space)
        studio.get_by_test_id("invite-handle").fill(f"@{handle}")
        studio.get_by_test_id("invite-send").click()
        out = studio.get_by_test_id(f"invited-{handle}")
        expect(out).to_be_visible(timeout=PATIENCE_MS)

        # It comes with the sound, and opens by itself.
        asked = guest.get_by_test_id("invited")
        expect(asked).to_have_attribute("data-by", host.handle, timeout=PATIENCE_MS)
        expect(other.get_by_test_id("sheet")).to_have_count(0)
        look_at(guest, "invited")
        pictures(guest, "hall-invited")
        guest.get_by_test_id("invited-take").click()
        guest.get_by_test_id("speak-now").click(timeout=PATIENCE_MS)
        expect(guest.get_by_test_id("mute-self")).to_have_attribute(
            "data-connection", "on", timeout=PATIENCE_MS
        )
        wait_until(lambda: power_db(ears(other, HALL, 0.6), GUEST_HZ) > -50)
        expect(studio.get_by_test_id(f"seat-{handle}")).to_be_visible(timeout=PATIENCE_MS)
        expect(out).to_have_count(0, timeout=PATIENCE_MS)

        # The stage sees what the audience feels: the host in the studio, the guest in the hall.
        other.get_by_test_id("react-0").click()
        for page in (studio, guest):
            felt = page.get_by_test_id("felt")
            expect(felt).to_have_attribute("data-total", "1", timeout=PATIENCE_MS)
            expect(felt).to_contain_text("👏")
        expect(other.get_by_test_id("felt")).to_have_count(0)
        pictures(guest, "hall-felt")
        pictures(studio, "invite")


def test_an_invitation_waits_at_home_and_is_taken_declined_or_taken_back(
    parvis: Parvis, launch: Launch
) -> None:
    ana, zoe = parvis.person("ana"), parvis.person("zoe")
    taken, declined, revoked = (ana.post("spaces", {"title": f"Evening {n}"}) for n in (1, 2, 3))
    for space in (taken, declined, revoked):
        ana.post(f"spaces/{space['id']}/invitations", {"handle": zoe.handle})
    browser = launch()
    home = studio_of(browser, parvis, zoe)
    rows = home.locator(f"[data-testid=invitations] [data-by={ana.handle}]")
    expect(rows).to_have_count(3, timeout=PATIENCE_MS)
    expect(rows.first).to_contain_text("Evening 3")
    look_at(home, "invitations")
    pictures(home, "invitations")

    studio = studio_of(browser, parvis, ana, revoked)
    studio.get_by_test_id(f"revoke-{zoe.handle}").click(timeout=PATIENCE_MS)
    expect(studio.get_by_test_id(f"invited-{zoe.handle}")).to_have_count(0, timeout=PATIENCE_MS)
    home.reload()
    expect(rows).to_have_count(2, timeout=PATIENCE_MS)
    rows.filter(has_text="Evening 2").get_by_test_id("invitation-decline").click()
    expect(rows).to_have_count(1, timeout=PATIENCE_MS)
    rows.get_by_test_id("invitation-take").click()
    expect(home.get_by_test_id(f"seat-{zoe.handle}")).to_be_visible(timeout=PATIENCE_MS)
    assert ana.get(f"spaces/{declined['id']}/invitations")["items"] == []
    assert {seat["handle"] for seat in ana.get(f"spaces/{taken['id']}/seats")["items"]} == {
        ana.handle,
        zoe.handle,
    }
