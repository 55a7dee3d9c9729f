"""Who is suspended is found nowhere, by one rule; and comes back whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.api_world import World, world
from tests.contract.test_listings import HOME, at

pytestmark = pytest.mark.usefixtures("any_database")
FILE = "/api/v1/accounts/ana/calendar.ics"


async def seen(w: World, live: str, upcoming: str) -> dict[str, object]:
    """What zoe finds of ana, who hosts both Spaces and whom she follows."""
    zoe = await w.person("zoe")

    async def ids(path: str) -> set[str]:
        items = (await zoe.get(path)).raise_for_status().json()["items"]
        return {item["id"] for item in items} & {live, upcoming}

    followed = (await zoe.get("/api/v1/accounts/me/following")).json()["items"]
    return {
        "spaces": await ids("/api/v1/spaces"),
        "listings": await ids("/api/v1/listings?phase=live") | await ids("/api/v1/listings?phase=upcoming"),
        "search": await ids("/api/v1/search?q=budget"),
        "page": (await w.nobody().get("/@ana")).status_code,
        "profile": (await zoe.get("/api/v1/accounts/ana")).status_code,
        "calendar": (await zoe.get(FILE)).status_code,
        "follow": (await zoe.put("/api/v1/accounts/ana/follow")).status_code,
        "following": [one["handle"] for one in followed],
    }


async def test_a_suspended_host_is_in_no_list_and_known_to_nobody(tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "home.html").write_text(HOME)
    async with world(tmp_path, pages=pages) as w:
        live, upcoming = await w.space("ana"), await w.space("ana", starts_at=at(5))
        other = await w.space("ben")
        ana, zoe, olga = await w.person("ana"), await w.person("zoe"), await w.make_operator("olga")
        await ana.post(f"/api/v1/spaces/{live}/start")
        sam = await w.seat(live, "ana", "sam")
        assert (await zoe.put("/api/v1/accounts/ana/follow")).status_code == 204
        both = {live, upcoming}
        found = dict.fromkeys(("spaces", "listings", "search"), both)
        known = {"page": 200, "profile": 200, "calendar": 200, "follow": 204, "following": ["ana"]}
        assert await seen(w, live, upcoming) == found | known

        reason = {"reason": "Sells tickets twice."}
        assert (await olga.post("/api/v1/accounts/ana/suspension", json=reason)).status_code == 201
        unknown = {"page": 404, "profile": 404, "calendar": 404, "follow": 404, "following": []}
        assert await seen(w, live, upcoming) == {name: set() for name in found} | unknown
        listed = (await zoe.get("/api/v1/spaces")).json()["items"]
        assert [item["id"] for item in listed] == [other]
        assert (await zoe.get(f"/api/v1/spaces/{live}")).status_code == 200, "who has the link gets there"
        mine = (await sam.get("/api/v1/spaces?mine=true")).json()["items"]
        assert [item["id"] for item in mine] == [live], "who has a seat finds it"
        assert (await zoe.delete("/api/v1/accounts/ana/follow")).status_code == 204, "it can be undone"
        assert (await zoe.put("/api/v1/accounts/ana/block")).status_code == 204
        assert (await zoe.delete("/api/v1/accounts/ana/block")).status_code == 204

        assert (await olga.delete("/api/v1/accounts/ana/suspension")).status_code == 204
        assert (await zoe.put("/api/v1/accounts/ana/follow")).status_code == 204
        assert await seen(w, live, upcoming) == found | known
