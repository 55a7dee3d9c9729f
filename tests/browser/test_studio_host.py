"""A Space outlives its host: the host drops out, comes back, leaves for good, is suspended."""

from __future__ import annotations

import subprocess

from playwright.sync_api import expect

from tests.browser.conftest import Launch
from tests.browser.studio_people import connect, pictures, seat_in, studio_of
from tests.integration.signals import tone
from tests.parvis import PARVIS, Parvis, wait_until


def test_a_host_drops_out_and_comes_back(parvis: Parvis, launch: Launch) -> None:
    ana, leo = parvis.person("ana"), parvis.person("leo")
    space = ana.post("spaces", {"title": "Without its host", "grace_s": 12, "recording": "program"})
    seat_in(space, ana, leo, "co-host")
    browser = launch(tone(440, 10))
    host, guest = studio_of(browser, parvis, ana, space), studio_of(browser, parvis, leo, space)
    connect(host)
    connect(guest)
    ana.post(f"spaces/{space['id']}/start")
    expect(guest.get_by_test_id("recorded").first).to_have_attribute("data-recording", "program")
    assert guest.get_by_test_id("end").count() == 0

    host.close()
    expect(guest.get_by_test_id("soon-acting")).to_be_visible(timeout=20_000)
    pictures(guest, "soon-acting")
    expect(guest.get_by_test_id("acting-host")).to_be_visible(timeout=30_000)
    expect(guest.get_by_test_id(f"seat-{leo.handle}")).to_have_attribute("data-acting", "true")
    expect(guest.get_by_test_id("end")).to_be_visible()
    pictures(guest, "acting-host")

    host = studio_of(browser, parvis, ana, space)
    connect(host)
    expect(guest.get_by_test_id("acting-host")).to_have_count(0, timeout=20_000)
    expect(guest.get_by_test_id("end")).to_have_count(0)

    # Nobody leaves a Space alone: it is left to somebody, and goes on.
    host.get_by_test_id("leave").click()
    pictures(host, "leave-as-host")
    expect(host.get_by_test_id(f"successor-{leo.handle}")).to_be_checked()
    host.get_by_test_id("confirm-yes").click()
    expect(host.get_by_test_id("no-seat")).to_be_visible(timeout=20_000)
    expect(guest.get_by_test_id(f"seat-{leo.handle}")).to_have_attribute("data-role", "host")
    assert leo.get(f"spaces/{space['id']}")["state"] == "live"


def test_a_suspended_host_is_rescued_by_one_act_and_the_log_says_so(parvis: Parvis, launch: Launch) -> None:
    ana, leo, olga = parvis.person("ana"), parvis.person("leo"), parvis.person("olga")
    space = ana.post("spaces", {"title": "Rescued"})
    seat_in(space, ana, leo, "co-host")
    guest = studio_of(launch(tone(440, 10)), parvis, leo, space, locale="en")
    connect(guest)
    ana.post(f"spaces/{space['id']}/start")
    assert guest.get_by_test_id("rescue").count() == 0

    subprocess.run([*PARVIS, "operator", "add", olga.handle, "--data", str(parvis.data)], check=True)
    olga.post(f"accounts/{ana.handle}/suspension", {"reason": "A mistake of ours."})
    expect(guest.get_by_test_id("rescue")).to_be_visible(timeout=20_000)
    pictures(guest, "rescue")
    guest.get_by_test_id("rescue-now").click()
    expect(guest.get_by_test_id("rescue")).to_have_count(0, timeout=20_000)
    expect(guest.get_by_test_id(f"seat-{leo.handle}")).to_have_attribute("data-role", "host")
    wait_until(lambda: leo.get(f"spaces/{space['id']}")["host"]["handle"] == leo.handle)

    guest.get_by_test_id("log-link").click()
    expect(guest.get_by_test_id("log-rescued")).to_contain_text(
        f"became host in place of \u2066@{ana.handle}"
    )
    expect(guest.get_by_test_id("log-account-suspended")).to_contain_text("A mistake of ours.")
    expect(guest.get_by_test_id("mute-self")).to_be_visible()  # the sound goes on meanwhile
    pictures(guest, "log")
    guest.get_by_test_id("log-back").click()
    expect(guest.get_by_test_id("seats")).to_be_visible()
