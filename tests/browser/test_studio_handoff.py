"""An audience goes over: asked and accepted, with a code, and back again."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Launch
from tests.browser.studio_people import connect, pictures, studio_of
from tests.integration.signals import tone
from tests.parvis import Parvis, Person, wait_until


def live_studio(launch: Launch, parvis: Parvis, host: Person, title: str) -> tuple[Page, dict[str, Any]]:
    """A Space on air, and its host in the studio."""
    space = host.post("spaces", {"title": title})
    page = studio_of(launch(tone(440, 10)), parvis, host, space, locale="en")
    connect(page)
    host.post(f"spaces/{space['id']}/start")
    expect(page.get_by_test_id("on-air")).to_be_visible(timeout=20_000)
    return page, space


def ask_for(page: Page, link: str) -> None:
    """The handoff dialog, as far as its last button."""
    page.get_by_test_id("hand-off").click()
    page.get_by_test_id("handoff-link").fill(link)
    page.get_by_test_id("handoff-reason").fill("The second half is over there.")


def test_an_audience_is_asked_for_accepted_and_sent_back(parvis: Parvis, launch: Launch) -> None:
    ana, leo = parvis.person("ana"), parvis.person("leo")
    first, one = live_studio(launch, parvis, ana, "First half")
    second, two = live_studio(launch, parvis, leo, "Second half")

    ask_for(first, one["links"]["share"])
    expect(first.get_by_test_id("confirm-yes")).to_be_disabled()  # they are here already
    first.get_by_test_id("handoff-link").fill(two["links"]["share"])
    expect(first.get_by_test_id("handoff-what")).to_contain_text("Second half")
    first.get_by_test_id("handoff-end").uncheck()
    pictures(first, "hand-off")
    first.get_by_test_id("confirm-yes").click()
    expect(first.get_by_test_id("handoff-waiting")).to_be_visible()

    expect(second.get_by_test_id("incoming")).to_contain_text(
        "The second half is over there.", timeout=10_000
    )
    pictures(second, "handoff-asked")
    second.get_by_test_id("handoff-decline").click()
    expect(first.get_by_test_id("handoff-answer")).to_have_attribute("data-state", "declined", timeout=10_000)

    ask_for(first, two["links"]["share"])
    first.get_by_test_id("handoff-end").uncheck()
    first.get_by_test_id("confirm-yes").click()
    second.get_by_test_id("handoff-accept").click(timeout=10_000)
    expect(first.get_by_test_id("handed-to")).to_contain_text("Second half", timeout=10_000)
    pictures(first, "handed-to")
    expect(second.get_by_test_id("came")).to_be_visible(timeout=10_000)
    assert ana.get(f"spaces/{one['id']}")["handed_to"]["id"] == two["id"]

    second.get_by_test_id("send-back").click()
    second.get_by_test_id("confirm-yes").click()
    first.get_by_test_id("handoff-accept").click(timeout=10_000)
    expect(first.get_by_test_id("handed-to")).to_have_count(0, timeout=10_000)
    wait_until(lambda: ana.get(f"spaces/{one['id']}")["handed_to"] is None)


def test_a_code_is_consent_beforehand(parvis: Parvis, launch: Launch) -> None:
    ana, leo = parvis.person("ana"), parvis.person("leo")
    first, one = live_studio(launch, parvis, ana, "With a code")
    second, two = live_studio(launch, parvis, leo, "Over there")
    second.get_by_test_id("handoff-code-make").click()
    code = second.get_by_test_id("handoff-code-made").input_value()

    ask_for(first, two["links"]["share"])
    first.get_by_test_id("handoff-code").fill("wrong")
    first.get_by_test_id("confirm-yes").click()
    expect(first.get_by_role("dialog").get_by_test_id("refusal")).to_have_attribute(
        "data-code", "handoff-code-invalid"
    )
    first.get_by_test_id("handoff-code").fill(code)
    first.get_by_test_id("confirm-yes").click()
    expect(first.get_by_test_id("handed-to")).to_be_visible(timeout=10_000)
    assert ana.get(f"spaces/{one['id']}")["ends_at"] is not None
    # It ends by itself, and the studio says what it was.
    expect(first.get_by_test_id("studio")).to_have_attribute("data-phase", "after", timeout=60_000)
