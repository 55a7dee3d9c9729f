"""Every route of the archive × every role: two tables. A route that is missing from them fails the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from parvis.archive.front.app import routes
from parvis.bus.messages import SeatState
from tests.integration.archive_world import OPERATOR, ArchiveWorld, archive
from tests.unit.archive.makers import FIRST, SPACE

ROLES = ("nobody", "stranger", "speaker", "acting host", "co-host", "host", "operator")
HANDLES = {"stranger": "zoe", "speaker": "ben", "acting host": "dan", "co-host": "cleo", "host": "ana"}
SEATS = tuple(
    SeatState(handle, handle.title(), role, None, f"acc-{handle}")
    for handle, role in (("ana", "host"), ("cleo", "co-host"), ("ben", "speaker"), ("dan", "speaker"))
)

# dan acts as host: at the archive a co-host. Who may make a cut, ask for one or make a clip asks for a time
# that is not there: 422. Who may decline a request asks for one that is not there: 404. The Space of the
# deletion is still being recorded: 409. The clip is ana's.
#
#  method  path                                     nobody stranger speaker acting co-host host operator
PUBLIC = """
   GET     /replay/{space}                            200  200  200  200  200  200  200
   GET     /replay/{space}/replay.json                200  200  200  200  200  200  200
   GET     /replay/{space}/audio.m4a                  200  200  200  200  200  200  200
   GET     /replay/{space}/audio.opus                 200  200  200  200  200  200  200
   GET     /replay/{space}/chapters.json              200  200  200  200  200  200  200
   GET     /replay/{space}/chat.json                  200  200  200  200  200  200  200
   GET     /replay/{space}/captions.vtt               404  404  404  404  404  404  404
   GET     /replay/{space}/tracks/{handle}.opus       401  403  403  200  200  200  200
   PATCH   /replay/{space}                            401  403  403  200  200  200  200
   DELETE  /replay/{space}                            401  403  403  403  403  409  409
   POST    /replay/{space}/cuts                       401  403  403  422  422  422  422
   GET     /replay/{space}/removal-requests           401  403  200  200  200  200  200
   POST    /replay/{space}/removal-requests           401  403  422  422  422  422  422
   DELETE  /replay/{space}/removal-requests/{id}      401  403  403  404  404  404  404
   GET     /replay/{space}/clips                      200  200  200  200  200  200  200
   POST    /replay/{space}/clips                      401  403  422  422  422  422  422
   GET     /clip/{id}                                 200  200  200  200  200  200  200
   DELETE  /clip/{id}                                 401  403  403  204  204  204  204
   GET     /clip/{id}/audio.m4a                       200  200  200  200  200  200  200
   GET     /clip/{id}/audio.opus                      200  200  200  200  200  200  200
   GET     /feeds/{handle}.xml                        200  200  200  200  200  200  200
   GET     /healthz                                   200  200  200  200  200  200  200
   GET     /metrics                                   200  200  200  200  200  200  200
"""
PRIVATE = """
   GET     /replay/{space}                            404  404  200  200  200  200  200
   GET     /replay/{space}/replay.json                404  404  200  200  200  200  200
   GET     /replay/{space}/audio.m4a                  404  404  200  200  200  200  200
   GET     /replay/{space}/audio.opus                 404  404  200  200  200  200  200
   GET     /replay/{space}/chapters.json              404  404  200  200  200  200  200
   GET     /replay/{space}/chat.json                  404  404  200  200  200  200  200
   GET     /replay/{space}/tracks/{handle}.opus       404  404  403  200  200  200  200
   GET     /replay/{space}/clips                      404  404  200  200  200  200  200
   GET     /clip/{id}                                 404  404  200  200  200  200  200
   GET     /clip/{id}/audio.m4a                       404  404  200  200  200  200  200
   GET     /clip/{id}/audio.opus                      404  404  200  200  200  200  200
   GET     /feeds/{handle}.xml                        404  404  404  404  404  404  404
"""
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("PATCH", "/replay/{space}"): {},
    ("POST", "/replay/{space}/cuts"): {"from_s": 900, "to_s": 901},
    ("POST", "/replay/{space}/removal-requests"): {"from_s": 900, "to_s": 901},
    ("POST", "/replay/{space}/clips"): {"from_s": 900, "to_s": 901},
}


def rows(table: str) -> dict[tuple[str, str], dict[str, int]]:
    found = [line.split() for line in table.strip().splitlines()]
    return {
        (method, path): dict(zip(ROLES, map(int, statuses), strict=True)) for method, path, *statuses in found
    }


def headers(world: ArchiveWorld, role: str) -> dict[str, str]:
    if role == "operator":
        return {"Authorization": f"Bearer {OPERATOR}"}
    return world.as_(HANDLES[role]) if role in HANDLES else {}


async def new_clip(world: ArchiveWorld) -> str:
    times = {"from_s": 1, "to_s": 3}
    made = await world.http.post(f"{world.replay}/clips", json=times, headers=world.as_("ana"))
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def statuses(world: ArchiveWorld, method: str, path: str) -> dict[str, int]:
    """What each role gets."""
    found = {}
    clip = await new_clip(world) if path.startswith("/clip/") else "none"
    for role in ROLES:
        url = path.format(space=SPACE, handle="ana" if path.startswith("/feeds") else "ben", id=clip)
        body = BODIES.get((method, path))
        answer: httpx.Response = await world.http.request(
            method, url, json=body, headers=headers(world, role)
        )
        found[role] = answer.status_code
        if answer.status_code == 204 and path.startswith("/clip/"):
            clip = await new_clip(world)
    return found


def test_the_tables_have_every_route() -> None:
    known = {
        (method, route.path) for route in routes() for method in (route.methods or ()) if method != "HEAD"
    }
    assert set(rows(PUBLIC)) == known
    readable = {route for route, by_role in rows(PUBLIC).items() if by_role["nobody"] == 200}
    assert set(rows(PRIVATE)) >= {route for route in readable if route[1] not in ("/healthz", "/metrics")}


@pytest.mark.parametrize("public", [True, False], ids=["public", "private"])
async def test_status_by_role(tmp_path: Path, public: bool) -> None:
    async with archive(tmp_path / "data") as world:
        await world.record(tracks=True, seats=SEATS, acting_host="dan")
        if not public:
            closed = await world.http.patch(world.replay, json={"public": False}, headers=world.as_("ana"))
            assert closed.status_code == 200
        table = rows(PUBLIC if public else PRIVATE)
        table = {route: row for route, row in table.items() if route != ("DELETE", "/replay/{space}")}
        assert {route: await statuses(world, *route) for route in table} == table


async def test_who_may_delete(tmp_path: Path) -> None:
    async with archive(tmp_path / "data") as world:
        await world.record(ended=False, seats=SEATS, acting_host="dan")
        await world.on_disk(FIRST + 1)
        route = ("DELETE", "/replay/{space}")
        assert await statuses(world, *route) == rows(PUBLIC)[route]
