"""The studio: door, home, a Space from its plan to its replay, questions that are asked, what goes wrong."""

from __future__ import annotations

import time
from typing import Any, Final

from playwright.sync_api import Page

from parvis.api.times import rfc3339
from tests.browser.gallery import Gallery, give_picture
from tests.browser.studio_people import connect, seat_in, studio_of
from tests.parvis import Person

ABOUT: Final = "Three economists read the budget line by line. Questions at the end: raise your hand."
DOOR: Final = ("door", "door-refused")
BEFORE: Final = (
    "create", "create-open", "prepare", "prepare-edit", "ask-end", "ask-duplicate", "ask-leave", "green-room",
    "called-off", "no-microphone",
)  # fmt: skip
ON_AIR: Final = (
    "live", "live-passes", "live-ask-revoke", "live-ask-end", "live-ask-handoff", "live-ask-mute-all",
    "live-away", "live-offline", "log", "after", "home", "account",
)  # fmt: skip
OTHERS: Final = ("invitation", "no-seat", "no-space", "captioner-before", "captioner")
NO_MICROPHONE: Final = (
    "() => { navigator.mediaDevices.getUserMedia = () =>"
    " Promise.reject(new DOMException('', 'NotAllowedError')); }"
)


def take_all(gallery: Gallery) -> None:
    """In the order of an evening; what nobody asked to see is not played."""
    parts = ((DOOR, door), (BEFORE, before), (ON_AIR, on_air), (OTHERS, others))
    wanted = [play for names, play in parts if any(gallery.wants(f"studio-{name}") for name in names)]
    if not wanted:
        return
    ana, leo = (gallery.parvis.person(name) for name in ("ana", "leo"))
    for play in wanted:
        play(gallery, ana, leo)


def door(gallery: Gallery, _ana: Person, _leo: Person) -> None:
    """Who comes first."""
    page = gallery.open(f"{gallery.parvis.control}/studio")
    page.get_by_test_id("sign-up").wait_for()
    gallery.take(page, "studio-door")
    page.get_by_test_id("to-sign-in").click()
    page.get_by_test_id("sign-in-handle").fill("nobody")
    page.get_by_test_id("sign-in-password").fill("not a password")
    page.get_by_test_id("sign-in-submit").click()
    page.get_by_test_id("refusal").wait_for()
    gallery.take(page, "studio-door-refused")
    page.context.close()


def before(gallery: Gallery, ana: Person, _leo: Person) -> None:
    """A Space is made, changed, prepared, called off."""
    page = open_studio(gallery, ana)
    page.get_by_test_id("create-title").fill("Budget night")
    gallery.take(page, "studio-create")
    for more in ("look", "more"):
        page.get_by_test_id(more).locator("summary").click()
    page.get_by_test_id("create-later").check()
    page.get_by_test_id("topic").fill("Budget, Hospitals, Budget")
    page.get_by_test_id("topic-add").click()
    gallery.take(page, "studio-create-open")
    starts_at = rfc3339(int(time.time() + 1_800) * 1000)
    told = {"title": "Budget night: what it changes for you", "description": ABOUT}
    plan = {"topics": ["Budget", "Hospitals"], "starts_at": starts_at, "recording": "program"}
    space = ana.post("spaces", told | plan)
    give_picture(ana, f"spaces/{space['id']}/cover")
    go(page, gallery, space)
    gallery.take(page, "studio-prepare")
    page.get_by_test_id("space-edit").click()
    page.get_by_test_id("look").locator("summary").click()
    page.get_by_test_id("plan-edit").click()
    page.get_by_test_id("more-links").locator("summary").click()
    gallery.take(page, "studio-prepare-edit")
    page.reload()
    for asked in ("end", "duplicate", "leave"):
        page.get_by_test_id(asked).click()
        page.get_by_role("dialog").wait_for()
        gallery.take(page, f"studio-ask-{asked}")
        page.get_by_test_id("confirm-no").click()
    connect(page)
    gallery.take(page, "studio-green-room")
    ana.post(f"spaces/{space['id']}/cancel")
    page.get_by_test_id("after-title").wait_for()
    gallery.take(page, "studio-called-off")
    page.context.close()
    page = studio_of(
        gallery.browser, gallery.parvis, ana, ana.post("spaces", {"title": "Silent"}), locale="en"
    )
    page.evaluate(NO_MICROPHONE)
    page.get_by_test_id("mic-on").click()
    page.get_by_test_id("mic-error").wait_for()
    gallery.take(page, "studio-no-microphone")
    page.context.close()


def on_air(gallery: Gallery, ana: Person, leo: Person) -> None:
    """Full of everything: hands, chat, a poll, captions by people, passes; then over, with a replay."""
    told = {"title": "Budget night", "description": ABOUT}
    plan = {"recording": "program", "visibility": "members", "captions": "human"}
    space = ana.post("spaces", told | plan)
    at = f"spaces/{space['id']}"
    seat_in(space, ana, leo)
    beside = open_studio(gallery, leo, space)
    connect(beside)
    page = open_studio(gallery, ana, space)
    connect(page)
    ana.post(f"{at}/start")
    page.get_by_test_id("on-air").wait_for()
    made = [
        ana.post(f"{at}/passes", {"label": label, "uses": uses})
        for label, uses in (("Newsroom", 50), ("Jury, table 4", 1), ("", 1))
    ]
    ana.api.delete(f"{at}/passes/{made[-1]['id']}")
    token = made[0]["link"].partition("#pass=")[2]
    for name, note in (
        ("ines", "Night shifts: who pays for them?"),
        ("marc", ""),
        ("abdou", "I work on the ward."),
    ):
        guest = gallery.parvis.person(name)
        guest.api.headers["X-Parvis-Pass"] = token
        guest.post(f"{at}/hands", {"note": note})
        guest.post(f"{at}/messages", {"text": "Does that hold for the overseas territories, too?"})
    ana.post(f"{at}/polls", {"question": "Which one first?", "choices": ["Hospitals", "Schools", "Neither"]})
    page.get_by_test_id("passes").get_by_text("Newsroom").wait_for()
    page.get_by_test_id("hands").get_by_text("Ines", exact=True).wait_for()
    gallery.take(page, "studio-live")
    page.get_by_test_id("pass-new").click()
    page.get_by_test_id("pass-names").fill("Radio\nTélévision")
    page.get_by_test_id("pass-make").click()
    page.get_by_test_id("pass-made").wait_for()
    gallery.take(page, "studio-live-passes")
    for asked, shown in (
        ("pass-revoke", "revoke"),
        ("end", "end"),
        ("hand-off", "handoff"),
        ("mute-all", "mute-all"),
    ):
        page.get_by_test_id(asked).first.click()
        page.get_by_role("dialog").wait_for()
        gallery.take(page, f"studio-live-ask-{shown}")
        page.get_by_test_id("confirm-no").click()
    page.get_by_test_id("disconnect").click()
    page.get_by_test_id("connect").wait_for()
    gallery.take(page, "studio-live-away")
    page.context.set_offline(True)
    page.get_by_test_id("mic-on").or_(page.get_by_test_id("connect")).first.wait_for()
    page.wait_for_timeout(5_000)
    gallery.take(page, "studio-live-offline")
    page.context.set_offline(False)
    page.goto(f"{gallery.parvis.control}/studio/{space['id']}#log")
    page.get_by_test_id("log-started").wait_for()
    gallery.take(page, "studio-log")
    ana.post(f"{at}/end")
    page.goto(f"{gallery.parvis.control}/studio/{space['id']}")
    page.locator("[data-testid=replay][data-state=ready]").wait_for()
    gallery.take(page, "studio-after")
    page.goto(f"{gallery.parvis.control}/studio")
    page.get_by_test_id("new-space").wait_for()
    gallery.take(page, "studio-home")
    page.goto(f"{gallery.parvis.control}/account")
    page.get_by_test_id("account-page").wait_for()
    gallery.take(page, "studio-account")
    page.context.close()
    beside.context.close()


def others(gallery: Gallery, ana: Person, leo: Person) -> None:
    """Who is invited, who has no seat, who captions."""
    mia = gallery.parvis.person("mia")
    space = ana.post("spaces", {"title": "Budget night", "captions": "human", "captioners": [mia.handle]})
    link = ana.post(f"spaces/{space['id']}/invitations", {"role": "speaker"})["link"]
    page = open_studio(gallery, leo)
    page.goto(link)
    page.get_by_test_id("invitation").wait_for()
    gallery.take(page, "studio-invitation")
    page.goto(f"{gallery.parvis.control}/studio/{space['id']}")
    page.get_by_test_id("no-seat").wait_for()
    gallery.take(page, "studio-no-seat")
    page.goto(f"{gallery.parvis.control}/studio/000000000000")
    page.get_by_test_id("refusal").or_(page.locator("pre")).first.wait_for()
    gallery.take(page, "studio-no-space")
    page.context.close()
    page = open_studio(gallery, mia, space)
    page.get_by_test_id("captioner").wait_for()
    gallery.take(page, "studio-captioner-before")
    ana.post(f"spaces/{space['id']}/start")
    page.locator("[data-testid=caption-line]:enabled").wait_for()
    for line in ("Thank you. So the first number is the one that nobody reads.", "It stands on page 12."):
        page.get_by_test_id("caption-line").fill(line)
        page.get_by_test_id("caption-line").press("Enter")
        page.get_by_text(line).wait_for()
    gallery.take(page, "studio-captioner")
    page.context.close()


def open_studio(gallery: Gallery, person: Person, space: dict[str, Any] | None = None) -> Page:
    """Signed in, in English."""
    page = studio_of(gallery.browser, gallery.parvis, person, space, locale="en")
    page.set_default_timeout(30_000)
    return page


def go(page: Page, gallery: Gallery, space: dict[str, Any]) -> None:
    """To the studio of a Space."""
    page.goto(f"{gallery.parvis.control}/studio/{space['id']}")
    page.get_by_test_id("studio").wait_for()
