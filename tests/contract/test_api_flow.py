"""The main flow through the API, from sign-up to the end of a Space."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parvis.bus.messages import (
    HangupRequest,
    OfferReply,
    OfferRequest,
    SpaceMessage,
    StageRequest,
    decode_stage_request,
)
from tests.contract.api_world import PASSWORD, world

pytestmark = pytest.mark.usefixtures("any_database")


async def test_sign_up_sign_in_and_out(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        client = w.nobody()
        account = {"handle": "ana_1", "password": PASSWORD, "display_name": " Ana  "}
        made = await client.post("/api/v1/accounts", json=account)
        assert made.status_code == 201
        assert made.json().keys() == {
            "id",
            "handle",
            "display_name",
            "bio",
            "avatar",
            "operator",
            "has_password",
            "created_at",
            "links",
        }
        assert made.json()["links"]["profile"].endswith("/@ana_1")
        assert made.json()["display_name"] == "Ana"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made.json()["created_at"])

        signed_in = await client.post("/api/v1/sessions", json={"handle": "ana_1", "password": PASSWORD})
        assert signed_in.status_code == 201
        cookie = signed_in.headers["set-cookie"]
        assert cookie.startswith("parvis_session=")
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Path=/" in cookie
        assert "Secure" not in cookie
        token = signed_in.json()["token"]

        by_cookie = await client.get("/api/v1/sessions/current")
        assert by_cookie.json()["account"] == made.json()
        client.cookies.clear()
        client.headers["Authorization"] = f"Bearer {token}"
        by_token = await client.get("/api/v1/sessions/current")
        assert by_token.json() == by_cookie.json()

        assert (await client.delete("/api/v1/sessions/current")).status_code == 204
        after = await client.get("/api/v1/sessions/current")
        assert (after.status_code, after.json()["code"]) == (401, "not-signed-in")


async def test_a_space_from_creation_to_end(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ana = await w.person("ana")
        created = (
            await ana.post(
                "/api/v1/spaces", json={"title": "Budget night", "starts_at": "2030-01-01T20:00:00+01:00"}
            )
        ).json()
        space = created["id"]
        assert re.fullmatch(r"[0-9a-hjkmnp-tv-z]{10}", space)
        assert created == {
            "id": space,
            "title": "Budget night",
            "description": "",
            "language": "en",
            "state": "scheduled",
            "host": {"handle": "ana", "display_name": "Ana"},
            "created_at": created["created_at"],
            "starts_at": "2030-01-01T19:00:00.000Z",
            "started_at": None,
            "ended_at": None,
            "max_speakers": 10,
            "counts": {"listeners": 0, "peak_listeners": 0, "total_listeners": 0},
            "role": "host",
            "acting": False,
            "acting_host": None,
            "handed_to": None,
            "ends_at": None,
            "postponed": 0,
            "standby_loop": False,
            "grace_s": 10,
            "successors": [],
            "monitors": [],
            "standby": "silence",
            "keep_open_s": 3600,
            "auto_start": True,
            "if_absent": "hold",
            "postpone_s": 600,
            "recording": "off",
            "hands": "open",
            "stage_locked": False,
            "chat": {"mode": "open", "slow_s": 0, "links": False},
            "captions": "off",
            "captioners": [],
            "visibility": "public",
            "topics": [],
            "cover": None,
            "end_reason": None,
            "links": {
                "share": f"http://127.0.0.1:8080/s/{space}",
                "stream": f"http://127.0.0.1:8080/live/{space}/stream.mp4",
                "hls": f"http://127.0.0.1:8080/live/{space}/index.m3u8",
                "aac": f"http://127.0.0.1:8080/live/{space}/stream.aac",
                "ogg": f"http://127.0.0.1:8080/live/{space}/stream.ogg",
                "m3u": f"http://127.0.0.1:8080/live/{space}/listen.m3u",
                "space": f"http://127.0.0.1:8080/live/{space}/space.json",
                "whip": f"http://127.0.0.1:8081/api/v1/whip/{space}",
                "whep": f"http://127.0.0.1:8081/api/v1/whep/{space}",
                "studio": f"http://127.0.0.1:8081/studio/{space}",
                "events": f"http://127.0.0.1:8081/api/v1/spaces/{space}/events",
                "embed": f"http://127.0.0.1:8080/embed/{space}",
                "calendar": f"http://127.0.0.1:8081/api/v1/spaces/{space}/calendar.ics",
                "preview": f"http://127.0.0.1:8081/previews/{space}.png",
                "replay": None,
            },
        }
        edited = await ana.patch(f"/api/v1/spaces/{space}", json={"title": "Night", "starts_at": None})
        assert (edited.json()["title"], edited.json()["starts_at"]) == ("Night", None)
        assert edited.json()["description"] == ""

        ben = await w.seat(space, "ana", "ben")
        assert (await ben.get(f"/api/v1/spaces/{space}")).json()["role"] == "speaker"
        raised = await ana.patch(f"/api/v1/spaces/{space}/seats/ben", json={"role": "co-host"})
        assert raised.json()["role"] == "co-host"
        started = await ben.post(f"/api/v1/spaces/{space}/start")
        assert started.json()["state"] == "live"
        assert (await ana.post(f"/api/v1/spaces/{space}/start")).json() == started.json() | {"role": "host"}

        ended = await ana.post(f"/api/v1/spaces/{space}/end")
        assert ended.json()["state"] == "ended"
        again = await ana.post(f"/api/v1/spaces/{space}/end")
        assert (again.status_code, again.json()) == (200, ended.json())
        seats = (await ana.get(f"/api/v1/spaces/{space}/seats")).json()["items"]
        assert [seat["handle"] for seat in seats] == ["ana", "ben"]


async def test_every_change_is_published_with_a_growing_revision(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        reader = w.bus.reader("space.")
        space = await w.space("ana")
        ana = await w.person("ana")
        await w.seat(space, "ana", "ben")
        await ana.patch(f"/api/v1/spaces/{space}/seats/ben", json={"muted": True})
        await ana.patch(f"/api/v1/spaces/{space}/seats/ben", json={"muted": True})
        await ana.post(f"/api/v1/spaces/{space}/start")
        await ana.delete(f"/api/v1/spaces/{space}/seats/ben")
        await ana.post(f"/api/v1/spaces/{space}/end")
        heard = [SpaceMessage.decode(payload) for _, payload in reader.drain()]
        reader.close()
    assert [(m.revision, m.state, len(m.seats)) for m in heard] == [
        (1, "scheduled", 1),
        (2, "scheduled", 2),
        (3, "scheduled", 2),
        (4, "live", 2),
        (5, "live", 1),
        (6, "ended", 1),
    ]
    assert heard[2].seats[1].muted_by == "host"
    assert heard[0].host == "ana"


async def test_after_a_restart_everything_that_matters_is_published_again(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        live = await w.space("ana")
        over = await w.space("ana")
        ana = await w.person("ana")
        await ana.post(f"/api/v1/spaces/{live}/start")
        await ana.post(f"/api/v1/spaces/{over}/end")
    async with world(tmp_path) as w:
        kept = {s: SpaceMessage.decode(p[0]).state for s, p in w.bus.exchange.retained.items()}
        assert kept == {f"space.{live}": "live", f"space.{over}": "ended"}
        w.clock.ahead_s = 90_000
        await w.watch.tick()
        assert set(w.bus.exchange.retained) == {f"space.{live}"}


async def test_a_seat_with_sound(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana")
        ben = await w.seat(space, "ana", "ben")
        asked: list[StageRequest] = []

        async def stage(payload: bytes) -> bytes:
            asked.append(decode_stage_request(payload))
            return OfferReply("s3cret-id", "v=0\r\nanswer", epoch=7, tag="0123456789abcdef").encode()

        w.bus.serve("stage.stage-1", stage)
        answer = await ben.post(
            f"/api/v1/whip/{space}", content="v=0\r\noffer", headers={"Content-Type": "application/sdp"}
        )
        assert (answer.status_code, answer.text) == (201, "v=0\r\nanswer")
        assert answer.headers["content-type"] == "application/sdp"
        assert answer.headers["location"] == f"/api/v1/whip/{space}/ben.s3cret-id"
        assert re.fullmatch('"[0-9a-f]{16}"', answer.headers["etag"])
        assert answer.headers["x-parvis-stage-epoch"] == "7"
        events = f"http://127.0.0.1:8081/api/v1/spaces/{space}/events"
        assert answer.headers["link"] == f'<{events}>; rel="urn:parvis:whip:events"'
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-expose-headers"].startswith("Location, ETag, Link")

        ana = await w.person("ana")
        assert (await ana.delete(answer.headers["location"])).status_code == 200
        assert asked == [
            OfferRequest(space, "ben", "v=0\r\noffer", epoch=1),
            HangupRequest(space, "ben", "s3cret-id", epoch=1),
        ]
        preflight = await w.nobody().options(f"/api/v1/whip/{space}")
        assert (preflight.status_code, preflight.headers["accept-post"]) == (200, "application/sdp")
        assert preflight.headers["access-control-allow-methods"] == "GET, POST, PUT, PATCH, DELETE, OPTIONS"


async def test_lists(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ana = await w.person("ana")
        mine = [await w.space("ana", title=f"number {n}") for n in range(5)]
        other = await w.space("ben")
        await ana.post(f"/api/v1/spaces/{mine[0]}/end")
        everybody = w.nobody()
        shown = (await everybody.get("/api/v1/spaces")).json()
        assert [s["id"] for s in shown["items"]] == [other, *reversed(mine[1:])]
        assert shown["next"] is None

        seen: list[str] = []
        cursor: str | None = None
        for _ in range(3):
            query = {"mine": "true", "limit": "2"} | ({"cursor": cursor} if cursor else {})
            got = (await ana.get("/api/v1/spaces", params=query)).json()
            seen += [s["id"] for s in got["items"]]
            cursor = got["next"]
        assert seen == list(reversed(mine))
        assert cursor is None
        ended = await ana.get("/api/v1/spaces", params={"mine": "true", "state": "ended"})
        assert [s["id"] for s in ended.json()["items"]] == mine[:1]
        assert (await everybody.get("/api/v1/spaces", params={"state": "ended"})).json()["items"] == []
