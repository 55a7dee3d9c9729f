"""Home, search, profiles and the player for other sites, of a Parvis with a few Spaces in it."""

from __future__ import annotations

import time

from parvis.api.times import rfc3339
from tests.browser.gallery import Gallery, give_picture
from tests.parvis import wait_until

ABOUT = "Three economists read the budget line by line, and answer whoever raises a hand. Ask what you like."


def take_all(gallery: Gallery) -> None:
    """First with nothing, then with Spaces of every phase."""
    if not gallery.wants("home"):
        return
    parvis = gallery.parvis
    page = gallery.open(f"{parvis.control}/")
    gallery.take(page, "home-empty")
    ana = parvis.person("ana")
    named = {"display_name": "Ana Lefèvre", "bio": "Reads the budget so that you need not."}
    ana.patch("accounts/me", named)
    give_picture(ana, "accounts/me/avatar")
    told = {"description": ABOUT, "topics": ["Budget", "Hospitals"], "standby": "tone"}
    live = ana.post("spaces", {"title": "Budget night: what it changes for you", **told})
    give_picture(ana, f"spaces/{live['id']}/cover")
    ana.post(f"spaces/{live['id']}/start")
    for days in (1, 8):
        starts_at = rfc3339(int(time.time() + days * 86_400) * 1000)
        told = {"starts_at": starts_at, "topics": ["Press"]}
        ana.post("spaces", {"title": f"Questions to the editors, evening {days}", **told})
    over = ana.post("spaces", {"title": "Le budget, en clair", "language": "fr"})
    ana.post(f"spaces/{over['id']}/start")
    ana.post(f"spaces/{over['id']}/end")
    wait_until(lambda: bool(parvis.space_json(live["id"])["renditions"]))
    for name, path in (
        ("home", "/"),
        ("home-search", "/?q=budget"),
        ("home-search-none", "/?q=zebra"),
        ("home-upcoming", "/?phase=upcoming"),
        ("home-profile", f"/@{ana.handle}"),
        ("home-nobody", "/@nobody_at_all"),
    ):
        page.goto(parvis.control + path)
        gallery.take(page, name)
    page.goto(live["links"]["embed"])
    page.get_by_test_id("play").click()
    page.wait_for_timeout(2_000)
    gallery.take(page, "home-embed", whole=False)
    page.goto(live["links"]["share"])
    page.get_by_test_id("play").wait_for()
    gallery.take(page, "home-hall", whole=False)
    page.context.close()
