"""What is written, felt and voted in one hall, and seen in another that is signed in nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Launch
from tests.browser.hall_people import PATIENCE_MS, enter, hall_of, on_air, write
from tests.browser.studio_people import pictures, studio_of
from tests.parvis import Parvis, Person


@pytest.fixture(scope="module")
def host(parvis: Parvis) -> Person:
    return parvis.person("ana")


@pytest.fixture(scope="module")
def space(parvis: Parvis, host: Person, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A live Space with somebody who speaks."""
    with on_air(parvis, host, tmp_path_factory.mktemp("voice")) as live:
        yield live


def test_a_message_is_read_by_who_is_not_signed_in(
    parvis: Parvis, launch: Launch, host: Person, space: dict[str, Any]
) -> None:
    reader = hall_of(launch(), parvis, space["id"])
    writer = hall_of(launch(), parvis, space["id"])
    writer.get_by_test_id("chat").click()
    writer.get_by_test_id("chat-sign-in").click()
    handle = enter(writer, "Inès")
    write(writer, "Does that hold for the islands, too?")

    expect(reader.get_by_test_id("chat")).to_have_attribute("data-unread", "1", timeout=PATIENCE_MS)
    reader.get_by_test_id("chat").click()
    line = reader.locator(f"[data-by={handle}]")
    expect(line).to_contain_text("Does that hold for the islands, too?")
    expect(reader.get_by_test_id("chat")).to_have_attribute("data-unread", "0")
    expect(reader.get_by_test_id("play")).to_be_in_viewport()

    studio = studio_of(launch(), parvis, host, space)
    (message,) = (line.get_attribute("data-testid") or "").rsplit("message-", 1)[1:]
    studio.get_by_test_id(f"reply-{message}").click(timeout=PATIENCE_MS)
    expect(studio.get_by_test_id("replying")).to_have_attribute("data-to", message)
    studio.get_by_test_id("chat-text").fill("It does, from May.")
    studio.get_by_test_id("chat-text").press("Enter")
    expect(studio.get_by_test_id("replying")).to_have_count(0, timeout=PATIENCE_MS)
    answer = studio.locator(f"[data-testid=chat-lines] [data-by={host.handle}]")
    expect(answer.locator(".chat-to")).to_contain_text("islands", timeout=PATIENCE_MS)
    pictures(studio, "reply")
    heard = reader.locator(f"[data-by={host.handle}]")
    expect(heard.locator(".message-to")).to_contain_text("islands", timeout=PATIENCE_MS)

    studio.get_by_test_id(f"pin-{message}").click(timeout=PATIENCE_MS)
    expect(reader.get_by_test_id("pinned")).to_contain_text("islands", timeout=PATIENCE_MS)
    studio.get_by_test_id(f"delete-{message}").click()
    expect(line).to_have_count(0, timeout=PATIENCE_MS)
    expect(reader.get_by_test_id("pinned")).to_have_count(0)
    studio.get_by_test_id("undo-delete").click()
    expect(line).to_be_visible(timeout=PATIENCE_MS)

    studio.get_by_test_id("chat-rules").click()
    studio.get_by_test_id("chat-mode").select_option("off")
    expect(studio.get_by_test_id("chat")).to_have_attribute("data-mode", "off", timeout=PATIENCE_MS)
    writer.get_by_test_id("chat-text").fill("One more")
    writer.get_by_test_id("chat-send").click()
    refused = writer.get_by_test_id("refusal").or_(writer.get_by_test_id("chat-closed"))
    expect(refused.first).to_be_visible(timeout=PATIENCE_MS)
    studio.get_by_test_id("chat-mode").select_option("open")
    expect(studio.get_by_test_id("chat")).to_have_attribute("data-mode", "open", timeout=PATIENCE_MS)


def test_a_reaction_rises_in_another_hall(parvis: Parvis, launch: Launch, space: dict[str, Any]) -> None:
    one = hall_of(launch(), parvis, space["id"])
    other = hall_of(launch(), parvis, space["id"])
    still = hall_of(launch(), parvis, space["id"], reduced_motion="reduce")
    other.evaluate(
        "window.rose = 0;"
        "new MutationObserver((all) => all.forEach(({addedNodes}) => (rose += addedNodes.length)))"
        ".observe(document.querySelector('[data-testid=risers]'), {childList: true})"
    )
    before = int(other.get_by_test_id("risers").get_attribute("data-heard") or "")
    one.get_by_test_id("react-0").click()
    expect(other.get_by_test_id("risers")).to_have_attribute(
        "data-heard", str(before + 1), timeout=PATIENCE_MS
    )
    assert other.evaluate("rose") >= 1
    expect(still.locator(".risers-still .figures")).to_have_text("1", timeout=PATIENCE_MS)


def test_a_poll_is_asked_in_the_studio_and_answered_in_the_hall(
    parvis: Parvis, launch: Launch, host: Person, space: dict[str, Any]
) -> None:
    voter = hall_of(launch(), parvis, space["id"])
    other = hall_of(launch(), parvis, space["id"])
    studio = studio_of(launch(), parvis, host, space)
    studio.get_by_test_id("poll-new").click(timeout=PATIENCE_MS)
    studio.get_by_test_id("poll-question").fill("Which one first?")
    studio.get_by_test_id("poll-choice-0").fill("Hospitals")
    studio.get_by_test_id("poll-choice-1").fill("Schools")
    studio.get_by_test_id("poll-open").click()

    voter.get_by_test_id("choice-1").get_by_role("button").click(timeout=PATIENCE_MS)
    expect(voter.get_by_test_id("poll")).to_have_attribute("data-choice", "1", timeout=PATIENCE_MS)
    for page in (studio, other):
        expect(page.get_by_test_id("choice-1")).to_have_attribute("data-votes", "1", timeout=PATIENCE_MS)
    # A reload does not vote again.
    voter.reload()
    voter.get_by_test_id("play").click()
    expect(voter.get_by_test_id("poll")).to_have_attribute("data-choice", "1", timeout=PATIENCE_MS)

    studio.get_by_test_id("poll-close").click()
    for page in (voter, other):
        expect(page.get_by_test_id("poll")).to_have_attribute("data-state", "closed", timeout=PATIENCE_MS)
