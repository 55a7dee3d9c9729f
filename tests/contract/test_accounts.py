"""Accounts through the API: profile, password, sessions, picture, follows, blocks, export, end."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import inspect

from parvis.api.pictures import AVATAR_MAX_BYTES
from parvis.bus.messages import SpaceMessage
from parvis.people.account import DELETED
from parvis.people.profiles import FRESH_MS
from parvis.store.database import open_engine
from tests.contract.api_world import PASSWORD, UNLIMITED, World, world
from tests.databases import database_in

pytestmark = pytest.mark.usefixtures("any_database")

ME = "/api/v1/accounts/me"


def codes(*answers: httpx.Response) -> list[object]:
    """What each answer says: its status, or its code when it is a problem."""
    return [a.json()["code"] if a.status_code >= 400 else a.status_code for a in answers]


def picture(kind: str = "PNG", size: tuple[int, int] = (600, 400), **options: Any) -> bytes:
    """A picture that is red on the left and blue on the right."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


async def test_a_new_name_and_a_bio_are_shown_at_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ana = await w.person("ana")
        space = await w.space("ana")
        before = w.services.board.get(space)
        edited = await ana.patch(ME, json={"display_name": "  Ana B.  ", "bio": "Line one\r\nLine two "})
        assert edited.status_code == 200
        assert (edited.json()["display_name"], edited.json()["bio"]) == ("Ana B.", "Line one\nLine two")
        profile = (await w.nobody().get("/api/v1/accounts/ana")).json()
        assert (profile["display_name"], profile["bio"]) == ("Ana B.", "Line one\nLine two")
        told = w.services.board.get(space)
        assert before is not None
        assert told is not None
        assert told.host.person.display_name == "Ana B."
        assert told.revision > before.revision, "stage and edges are told"
        refused = [
            await ana.patch(ME, json=body)
            for body in ({}, {"bio": "x" * 301}, {"display_name": ""}, {"bio": "a\u202eb"}, {"handle": "zoe"})
        ]
        assert codes(*refused) == ["input-invalid"] * 5


async def test_a_new_password_ends_all_other_sessions(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ana = await w.person("ana")
        other = w.nobody()
        token = (await other.post("/api/v1/sessions", json={"handle": "ana", "password": PASSWORD})).json()
        other.cookies.clear()
        other.headers["Authorization"] = f"Bearer {token['token']}"
        wrong = await ana.post(f"{ME}/password", json={"current": "wrong horse", "new": "another horse"})
        missing = await ana.post(f"{ME}/password", json={"new": "another horse"})
        short = await ana.post(f"{ME}/password", json={"current": PASSWORD, "new": "short"})
        assert codes(wrong, missing, short) == ["password-wrong", "password-wrong", "input-invalid"]
        assert (await other.get("/api/v1/sessions/current")).status_code == 200
        changed = await ana.post(f"{ME}/password", json={"current": PASSWORD, "new": "another horse"})
        assert changed.status_code == 204
        assert codes(await other.get("/api/v1/sessions/current")) == ["not-signed-in"]
        assert (await ana.get("/api/v1/sessions/current")).status_code == 200, "who changed it stays"
        for password, status in ((PASSWORD, 401), ("another horse", 201)):
            answer = await other.post("/api/v1/sessions", json={"handle": "ana", "password": password})
            assert answer.status_code == status


async def test_where_one_is_signed_in(tmp_path: Path) -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    async with world(tmp_path) as w:
        ana = await w.person("ana")
        clients = []
        for agent in (firefox, "Parvis/0.1 (speak)"):
            w.clock.ahead_s += 1
            client = w.nobody()
            body = {"handle": "ana", "password": PASSWORD}
            answer = await client.post("/api/v1/sessions", json=body, headers={"User-Agent": agent})
            client.cookies.clear()
            client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
            clients.append(client)
        items = (await clients[0].get("/api/v1/sessions")).json()["items"]
        assert [(item["device"], item["current"]) for item in items] == [
            ("Parvis", False),
            ("Firefox, Linux", True),
            ("python-httpx", False),
        ]
        assert all(item["last_seen_at"] == item["created_at"] for item in items)
        w.clock.ahead_s += 400
        await clients[1].get("/api/v1/sessions/current")
        seen = (await clients[0].get("/api/v1/sessions")).json()["items"]
        assert seen[0]["last_seen_at"] > items[0]["last_seen_at"]
        zoe = await w.person("zoe")
        path = f"/api/v1/sessions/{items[0]['id']}"
        assert codes(await zoe.delete(path)) == ["session-unknown"], "nobody ends another's session"
        assert (await clients[0].delete(path)).status_code == 204
        assert codes(await clients[1].get("/api/v1/sessions/current")) == ["not-signed-in"]
        assert (await clients[0].delete("/api/v1/sessions")).status_code == 204
        assert codes(await ana.get("/api/v1/sessions/current")) == ["not-signed-in"]
        assert (await clients[0].get("/api/v1/sessions/current")).status_code == 200


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_a_picture_is_made_small_square_and_bare(kind: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    upload = picture(kind, exif=exif, quality=95)
    assert b"where I live" in upload
    async with world(tmp_path) as w:
        ana = await w.person("ana")
        kept = await ana.put(
            f"{ME}/avatar", content=upload, headers={"Content-Type": f"image/{kind.lower()}"}
        )
        assert kept.status_code == 200, kept.text
        path = httpx.URL(kept.json()["avatar"]).path
        shown = await w.nobody().get(path)
        assert shown.headers["content-type"] == "image/webp"
        assert shown.headers["cache-control"] == "public, max-age=31536000, immutable"
        with Image.open(io.BytesIO(shown.content)) as image:
            assert (image.format, image.size, dict(image.getexif())) == ("WEBP", (256, 256), {})
            left, right = image.convert("RGB").getpixel((20, 128)), image.convert("RGB").getpixel((235, 128))
        assert isinstance(left, tuple)
        assert isinstance(right, tuple)
        assert left[0] > 200 > 60 > left[2]
        assert right[2] > 200 > 60 > right[0]
        assert b"where I live" not in shown.content
        # The same picture of somebody else is the same file, and stays when one of them takes it away.
        ben = await w.person("ben")
        again = await ben.put(f"{ME}/avatar", content=upload, headers={"Content-Type": "image/png"})
        assert httpx.URL(again.json()["avatar"]).path == path
        assert (await ana.delete(f"{ME}/avatar")).status_code == 204
        assert (await w.nobody().get(path)).status_code == 200
        assert (await w.nobody().get("/api/v1/accounts/ana")).json()["avatar"] is None
        assert (await ben.delete(f"{ME}/avatar")).status_code == 204
        assert codes(await w.nobody().get(path)) == ["not-found"]


def unreadable() -> Iterator[tuple[str, bytes]]:
    """Files that are no picture, or only say that they are."""
    yield "nothing", b""
    yield "text", b"GIF89a, or so it says"
    yield "half a picture", picture()[:200]
    yield "another kind", picture("GIF")
    # A PNG of 30,000 × 30,000 pixels in a few bytes: 3.6 GB if anybody decodes it.
    chunk = b"IHDR" + (30_000).to_bytes(4, "big") * 2 + b"\x08\x06\x00\x00\x00"
    header = len(chunk[4:]).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    yield "a bomb", b"\x89PNG\r\n\x1a\n" + header


async def test_what_is_no_picture(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ana = await w.person("ana")
        for name, upload in unreadable():
            answer = await ana.put(f"{ME}/avatar", content=upload, headers={"Content-Type": "image/png"})
            assert codes(answer) == ["picture-unreadable"], name
        large = await ana.put(
            f"{ME}/avatar", content=b"x" * (AVATAR_MAX_BYTES + 1), headers={"Content-Type": "image/png"}
        )
        typed = await ana.put(f"{ME}/avatar", content=picture(), headers={"Content-Type": "text/plain"})
        assert codes(large, typed) == ["too-large", "media-type"]
        assert codes(await w.nobody().get("/avatars/..%2Fsession-key.pem.webp")) == ["not-found"]
        assert not (tmp_path / "avatars").exists()


async def test_following_and_blocking(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ana, ben = await w.person("ana"), await w.person("ben")
        for _ in range(2):
            assert (await ben.put("/api/v1/accounts/ana/follow")).status_code == 204
        await w.person("cleo")
        w.clock.ahead_s += 1
        await ben.put("/api/v1/accounts/cleo/follow")
        followed = (await ben.get("/api/v1/accounts/ana")).json()
        assert (followed["followers"], followed["following"], followed["followed"]) == (1, 0, True)
        assert (await w.nobody().get("/api/v1/accounts/ana")).json()["followed"] is False
        following = (await ben.get(f"{ME}/following")).json()["items"]
        assert [item["handle"] for item in following] == ["cleo", "ana"]
        assert codes(
            await ben.put("/api/v1/accounts/ben/follow"),
            await ben.put("/api/v1/accounts/nobody/follow"),
            await w.nobody().put("/api/v1/accounts/ana/follow"),
        ) == ["input-invalid", "account-unknown", "not-signed-in"]

        for _ in range(2):
            assert (await ana.put("/api/v1/accounts/ben/block")).status_code == 204
        assert [item["handle"] for item in (await ana.get(f"{ME}/blocks")).json()["items"]] == ["ben"]
        assert (await ana.get("/api/v1/accounts/ben")).json()["blocked"] is True
        assert (await ben.get("/api/v1/accounts/ana")).json()["blocked"] is False, "nobody is told"
        assert [i["handle"] for i in (await ben.get(f"{ME}/following")).json()["items"]] == ["cleo"]
        assert codes(await ben.put("/api/v1/accounts/ana/follow")) == ["blocked"]
        ids = {h: (await c.get("/api/v1/sessions/current")).json()["account"]["id"] for h, c in
               (("ana", ana), ("ben", ben))}  # fmt: skip
        assert await w.services.relations.is_blocked(ids["ana"], ids["ben"])
        assert not await w.services.relations.is_blocked(ids["ben"], ids["ana"])
        # Where ana is host, ben asks and writes nothing; elsewhere it means nothing.
        for host, expected in (("ana", ["blocked", "blocked"]), ("cleo", [201, 201])):
            space = await w.space(host)
            await (await w.person(host)).post(f"/api/v1/spaces/{space}/start")
            raised = await ben.post(f"/api/v1/spaces/{space}/hands", json={})
            written = await ben.post(f"/api/v1/spaces/{space}/messages", json={"text": "Hello"})
            assert codes(raised, written) == expected, raised.text
        assert (await ana.delete("/api/v1/accounts/ben/block")).status_code == 204
        assert (await ben.put("/api/v1/accounts/ana/follow")).status_code == 204
        assert (await ben.delete("/api/v1/accounts/ana/follow")).status_code == 204
        assert (await ben.get("/api/v1/accounts/ana")).json()["followers"] == 0


async def test_a_profile_shows_what_its_owner_hosts(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ana = await w.person("ana")
        live, ended, draft = [await w.space("ana", title=t) for t in ("Live", "Ended", "No time yet")]
        late = await w.space("ana", title="Later", starts_at="2030-02-01T20:00:00Z")
        soon = await w.space("ana", title="Soon", starts_at="2030-01-01T20:00:00Z")
        elsewhere = await w.space("ben")
        await w.seat(elsewhere, "ben", "ana")
        for space in (live, ended):
            await ana.post(f"/api/v1/spaces/{space}/start")
        await ana.post(f"/api/v1/spaces/{ended}/end")
        shown = (await w.nobody().get("/api/v1/accounts/ana")).json()["spaces"]
        titles = {kind: [item["title"] for item in items] for kind, items in shown.items()}
        assert titles == {"live": ["Live"], "upcoming": ["Soon", "Later"], "past": ["Ended"]}
        assert shown["upcoming"][0]["id"] == soon
        assert {late, draft} != {soon}
        assert shown["live"][0]["links"]["share"].endswith(f"/s/{live}")


async def test_an_export_has_everything_and_no_secret(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ana, ben = await w.person("ana"), await w.person("ben")
        space = await w.space("ana")
        await w.seat(space, "ana", "ben")
        await ben.put("/api/v1/accounts/ana/follow")
        await ben.put("/api/v1/accounts/ana/block")
        await ana.put("/api/v1/accounts/ben/follow")
        answer = await ana.get(f"{ME}/export")
        assert answer.headers["content-disposition"] == 'attachment; filename="parvis-ana.json"'
        kept = answer.json()["kept"]
        assert {"accounts", "sessions", "seats", "invitations", "log"} <= set(kept)
        assert "blocks" not in kept, "who has blocked ana is ben's affair"
        [account] = kept["accounts"]
        assert (account["handle"], account["display_name"]) == ("ana", "Ana")
        assert account["created_at"].endswith("Z")
        assert [seat["role"] for seat in kept["seats"]] == ["host"]
        assert "invited" in [entry["act"] for entry in kept["log"]]
        assert "hash" not in answer.text
        assert "argon2" not in answer.text
        assert [row["blocked_id"] for row in (await ben.get(f"{ME}/export")).json()["kept"]["blocks"]]


async def test_an_account_goes_and_its_spaces_go_on_or_end(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ana, ben = await w.person("ana"), await w.person("ben")
        shared, alone, over, bens = [await w.space(h) for h in ("ana", "ana", "ana", "ben")]
        await w.seat(shared, "ana", "ben", "co-host")
        await w.seat(bens, "ben", "ana")
        await ben.patch(f"/api/v1/spaces/{bens}", json={"successors": ["ana"]})
        await ana.post(f"/api/v1/spaces/{over}/start")
        await ana.post(f"/api/v1/spaces/{over}/end")
        await ana.post(f"/api/v1/spaces/{shared}/start")
        await w.connect(shared, "ana", "ben")
        await ben.put("/api/v1/accounts/ana/follow")
        other = await w.space("ben")
        await ben.post(f"/api/v1/spaces/{other}/start")
        await ana.post(f"/api/v1/spaces/{other}/hands", json={"note": "May I?"})
        await ana.post(f"/api/v1/spaces/{other}/messages", json={"text": "Good evening"})
        await ana.put(f"{ME}/avatar", content=picture(), headers={"Content-Type": "image/png"})
        wrong = await ana.request("DELETE", ME, json={"password": "wrong horse"})
        assert codes(wrong) == ["password-wrong"]
        assert (await ana.request("DELETE", ME, json={"password": PASSWORD})).status_code == 204

        assert codes(await ana.get("/api/v1/sessions/current")) == ["not-signed-in"]
        assert codes(await ben.get("/api/v1/accounts/ana")) == ["account-unknown"]
        assert list((tmp_path / "avatars").iterdir()) == []
        found = (await ben.get(f"/api/v1/spaces/{shared}")).json()
        assert (found["state"], found["host"]["handle"], found["role"]) == ("live", "ben", "host")
        assert (await ben.get(f"/api/v1/spaces/{alone}")).json()["state"] == "ended"
        shown = (await ben.get(f"/api/v1/spaces/{over}")).json()["host"]
        assert shown["display_name"] == "Deleted account"
        assert shown["handle"].startswith("gone_")
        assert (await ben.get(f"/api/v1/spaces/{bens}")).json()["successors"] == []
        told = w.services.board.get(over)
        assert told is not None
        assert told.host.person.display_name == "Deleted account", "edges say it, too"
        hands = (await ben.get(f"/api/v1/spaces/{other}/hands")).json()["items"]
        [message] = (await ben.get(f"/api/v1/spaces/{other}/messages")).json()["items"]
        assert (hands, message["by"]["display_name"]) == ([], "Deleted account")
        log = (await ben.get(f"/api/v1/spaces/{shared}/log")).json()["items"]
        assert {entry["by"] for entry in log} == {DELETED}
        assert (await ben.get("/api/v1/accounts/ben")).json()["following"] == 0

        client = w.nobody()
        taken = await client.post(
            "/api/v1/accounts", json={"handle": "ana", "password": PASSWORD, "display_name": "Another"}
        )
        signed = await client.post("/api/v1/sessions", json={"handle": "ana", "password": PASSWORD})
        assert codes(taken, signed) == ["handle-taken", "credentials-wrong"]


async def test_who_captions_or_listens_in_goes_and_locks_nobody_s_settings(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ana, cap, mo = [await w.person(handle) for handle in ("ana", "cap", "mo")]
        named = {"successors": ["mo", "cap"], "captioners": ["cap", "mo"], "monitors": ["mo", "cap"]}
        still_open, over = [await w.space("ana", title=title) for title in ("Open", "Over")]
        for space in (still_open, over):
            assert (await ana.patch(f"/api/v1/spaces/{space}", json=named)).status_code == 200
        await ana.post(f"/api/v1/spaces/{over}/start")
        await ana.post(f"/api/v1/spaces/{over}/end")
        for client in (cap, mo):
            assert (await client.request("DELETE", ME, json={"password": PASSWORD})).status_code == 204
        shown = (await ana.get(f"/api/v1/spaces/{still_open}")).json()
        assert [shown[field] for field in named] == [[], [], []]
        told = w.services.board.get(still_open)
        assert told is not None
        assert (told.terms.successors, told.terms.captioners, told.monitors) == ((), (), ())
        changed = await ana.patch(f"/api/v1/spaces/{still_open}", json={"grace_s": 20})
        assert changed.status_code == 200, changed.text
        copy = await ana.post(f"/api/v1/spaces/{over}/duplicate", json={})
        assert copy.status_code == 201, copy.text
        assert (copy.json()["successors"], copy.json()["captioners"]) == ([], [])


async def test_a_name_that_is_gone_keeps_nobody_from_changing_the_rest(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ana = await w.person("ana")
        space = await w.space("ana")
        path = f"/api/v1/spaces/{space}"
        found = await w.services.spaces.get(space)
        async with w.services.database.write_spaces() as records:
            terms = replace(found.terms, captioners=("nobody_at_all",))
            await records.save(replace(found, terms=terms, revision=found.revision + 1))
        body = {"grace_s": 20, "captioners": ["nobody_at_all"]}
        assert (await ana.patch(path, json=body)).status_code == 200
        unknown = await ana.patch(path, json={"captioners": ["nobody_at_all", "nor_this_one"]})
        assert unknown.json()["detail"] == "captioners: there is no @nor_this_one."
        copy = await ana.post(f"{path}/duplicate", json={})
        assert copy.json()["captioners"] == []


async def everything_kept(w: World) -> str:
    """All rows of all tables as text, those too that a database makes for its search."""
    engine = open_engine(database_in(Path()))
    rows: list[str] = []
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        for name in names:
            found = await connection.exec_driver_sql(f'SELECT * FROM "{name}"')
            rows += [f"{name}: {row!r}" for row in found]
    await engine.dispose()
    return "\n".join(rows)


async def test_no_table_knows_the_old_name(tmp_path: Path) -> None:
    handle, name = "quentin_q", "Zebulon Quickfoot"
    async with world(tmp_path) as w:
        ana, gone = await w.person("ana"), await w.make_operator(handle)
        await gone.patch(ME, json={"display_name": name})
        own, over, shared, others = [await w.space(h) for h in (handle, handle, handle, "ana")]
        await w.seat(shared, handle, "ana", "co-host")
        await w.seat(others, "ana", handle, "co-host")
        elsewhere = await w.space("ana")
        named = {"successors": [handle, "ben"], "captioners": [handle], "monitors": ["ben", handle]}
        await w.person("ben")
        for space in (others, elsewhere):
            assert (await ana.patch(f"/api/v1/spaces/{space}", json=named)).status_code == 200
        for space, host in ((over, gone), (shared, gone), (others, ana), (elsewhere, ana)):
            await host.post(f"/api/v1/spaces/{space}/start")
            said = await gone.post(f"/api/v1/spaces/{space}/messages", json={"text": "Good evening"})
            pinned = await host.put(f"/api/v1/spaces/{space}/pinned", json={"message": said.json()["id"]})
            assert pinned.status_code == 200
        await gone.post(f"/api/v1/spaces/{over}/end")
        await ana.post(f"/api/v1/spaces/{elsewhere}/end")
        await gone.post(f"/api/v1/spaces/{others}/bans", json={"handle": "ben", "reason": "Shouting."})
        await gone.post(f"/api/v1/spaces/{others}/handoff", json={"to": shared, "reason": "Come over."})
        await gone.post("/api/v1/accounts/ben/suspension", json={"reason": "A test."})
        await ana.post(f"/api/v1/spaces/{await w.space('ana')}/passes", json={"handle": handle})
        last = await w.space("ana")
        await ana.post(f"/api/v1/spaces/{last}/start")
        await gone.post(f"/api/v1/spaces/{last}/hands", json={"note": "May I?"})
        await ana.post(f"/api/v1/spaces/{last}/bans", json={"handle": handle, "reason": "No."})
        async with w.services.database.write_people() as people:
            await people.set_operator(handle, operator=False)
        before = await everything_kept(w)
        assert before.count(handle) > 20
        assert name in before
        assert (await gone.request("DELETE", ME, json={"password": PASSWORD})).status_code == 204

        old = (handle, name, *name.split(), *name.lower().split())
        kept = (await everything_kept(w)).split("\n")
        assert [row for row in kept if any(word in row for word in old)] == []
        for space in (others, elsewhere):
            now = await w.services.spaces.get(space)
            assert now.pinned is not None
            assert (now.pinned.name, now.terms.successors) == ("Deleted account", ("ben",))
            [message] = (await ana.get(f"/api/v1/spaces/{space}/messages")).json()["items"]
            assert message["by"]["handle"] == now.pinned.by
        told = SpaceMessage.decode(w.bus.exchange.retained[f"space.{others}"][-1])
        assert told.pinned is not None
        assert told.pinned.name == "Deleted account"
        log = (await ana.get(f"/api/v1/spaces/{others}/log")).json()["items"]
        [edited] = [entry for entry in log if entry["act"] == "edited"]
        assert edited["details"]["monitors"] == ["ben", DELETED]
        assert own


async def test_operators_stay_and_accounts_without_a_password_sign_in_again(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        olga = await w.make_operator("olga")
        assert codes(await olga.request("DELETE", ME, json={"password": PASSWORD})) == ["forbidden"]
        ana = await w.person("ana")
        async with w.services.database.write_people() as people:
            account = await people.account_named("ana")
            assert account is not None
            await people.set_password_hash(account.id, "")
        w.clock.ahead_s += FRESH_MS / 1000 + 1
        refused = [
            await ana.post(f"{ME}/password", json={"new": "another horse"}),
            await ana.request("DELETE", ME, json={}),
        ]
        assert codes(*refused) == ["sign-in-again"] * 2
        w.clock.ahead_s -= FRESH_MS / 1000
        assert (await ana.get("/api/v1/sessions/current")).json()["account"]["has_password"] is False
        assert (await ana.post(f"{ME}/password", json={"new": "another horse"})).status_code == 204
        assert (await ana.get("/api/v1/sessions/current")).json()["account"]["has_password"] is True


async def test_nobody_is_called_me(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        body = {"handle": "me", "password": PASSWORD, "display_name": "Me"}
        assert codes(await w.nobody().post("/api/v1/accounts", json=body)) == ["handle-taken"]


async def test_who_guesses_a_password_waits(tmp_path: Path) -> None:
    async with world(tmp_path, rates=replace(UNLIMITED, confirm_by_account="2 per minute")) as w:
        ana = await w.person("ana")
        guesses = [await ana.post(f"{ME}/password", json={"current": "x", "new": PASSWORD}) for _ in range(3)]
        assert codes(*guesses) == ["password-wrong", "password-wrong", "too-many-requests"]
        assert int(guesses[2].headers["retry-after"]) >= 1
