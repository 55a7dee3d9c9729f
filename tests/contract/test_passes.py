"""Passes at control: who makes them, what they show, and when they are good no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from parvis.bus.messages import PassesMessage, PassUseMessage
from parvis.errors import Refused
from parvis.spaces import pass_text
from tests.contract.api_world import World, world
from tests.contract.test_listings import at

pytestmark = pytest.mark.usefixtures("any_database")


async def made(w: World, space: str, **terms: object) -> tuple[str, str]:
    """Id and text of a new pass."""
    answer = await (await w.person("ana")).post(f"/api/v1/spaces/{space}/passes", json=terms)
    assert answer.status_code == 201, answer.text
    link = answer.json()["link"]
    assert link.startswith(f"http://127.0.0.1:8080/s/{space}#pass=")
    return answer.json()["id"], link.partition("#pass=")[2]


async def told(w: World, space: str) -> PassesMessage:
    """What edges that come now are told of a Space's passes."""
    subscription = w.bus.subscribe(f"passes.{space}", replay=True)
    try:
        _, payload = await anext(subscription)
        return PassesMessage.decode(payload)
    finally:
        await subscription.aclose()


async def use(w: World, pass_id: str, **by_edge: int) -> None:
    """Edges say how many listen by a pass, and control looks."""
    for edge, count in by_edge.items():
        said = PassUseMessage(edge, {pass_id: count})
        await w.watch.hear(said.subject, said.encode())
    await w.watch.tick()


async def test_strangers_see_title_and_state_of_what_is_for_members(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space(
            "ana", description="Secret", topics=["x"], starts_at=at(1), visibility="members"
        )
        _, text = await made(w, space)
        path = f"/api/v1/spaces/{space}"
        for client in (w.nobody(), await w.person("zoe")):
            shown = (await client.get(path)).json()
            assert (shown["title"], shown["state"], shown["visibility"]) == (
                "Budget night",
                "scheduled",
                "members",
            )
            assert (shown["description"], shown["topics"], shown["starts_at"]) == ("", [], None)
            assert shown["host"] == {"handle": "", "display_name": ""}
            assert (await client.get(f"{path}/calendar.ics")).json()["code"] == "pass-needed"
            for how in ({"headers": {"X-Parvis-Pass": text}}, {"params": {"pass": text}}):
                assert (await client.get(path, **how)).json()["description"] == "Secret"  # type: ignore[arg-type]
                assert (await client.get(f"{path}/calendar.ics", **how)).status_code == 200  # type: ignore[arg-type]
        assert (await (await w.person("ana")).get(path)).json()["description"] == "Secret"


async def test_a_pass_says_what_it_is_and_only_its_key_makes_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space, other = await w.space("ana", visibility="members"), await w.space("ana", visibility="members")
        pass_id, text = await made(w, space, uses=25, label="Press", expires_in_s=60)
        key = pass_text.public_key((tmp_path / pass_text.PUBLIC_FILE).read_text())
        claims = pass_text.read(text, key)
        assert (claims.pass_id, claims.space_id, claims.uses) == (pass_id, space, 25)
        stranger = pass_text.load_or_make_keys(tmp_path / "elsewhere").public_key()
        with pytest.raises(Refused, match="pass-invalid"):
            pass_text.read(text, stranger)
        await w.services.passes.check(space, text)
        for wrong_space, wrong in (
            (other, text),
            (space, text[:-4] + "AAAA"),
            (space, "x"),
            (space, "é" * 2_000),
        ):
            with pytest.raises(Refused, match="pass-invalid"):
                await w.services.passes.check(wrong_space, wrong)
        w.clock.ahead_s += 61
        with pytest.raises(Refused, match="pass-invalid"):
            await w.services.passes.check(space, text)


async def test_the_public_half_is_all_that_edges_can_read(tmp_path: Path) -> None:
    pass_text.load_or_make_keys(tmp_path)
    assert (tmp_path / pass_text.PRIVATE_FILE).stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex((tmp_path / pass_text.PUBLIC_FILE).read_text())) == 32


async def test_a_revoked_pass_is_told_to_edges_at_once_and_after_a_restart(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana", visibility="members")
        pass_id, text = await made(w, space, label="Press", uses=2)
        ana = await w.person("ana")
        assert (await ana.delete(f"/api/v1/spaces/{space}/passes/{pass_id}")).status_code == 204
        assert (await told(w, space)).void == (pass_id,)
        [listed] = (await ana.get(f"/api/v1/spaces/{space}/passes")).json()["items"]
        assert (listed["label"], listed["void_reason"]) == ("Press", "revoked")
        with pytest.raises(Refused, match="pass-invalid"):
            await w.services.passes.check(space, text)
        acts = [entry["act"] for entry in (await ana.get(f"/api/v1/spaces/{space}/log")).json()["items"]]
        assert acts == ["pass-revoked", "pass-made"]
        before = await told(w, space)
    async with world(tmp_path) as w:
        after = await told(w, space)
        assert after.void == (pass_id,)
        assert after.revision > before.revision


async def test_a_pass_is_full_when_all_edges_together_use_it_up(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana", visibility="members")
        pass_id, _ = await made(w, space, uses=5)
        await use(w, pass_id, **{"edge-1": 2, "edge-2": 3})
        assert (await told(w, space)).full == (pass_id,)
        [listed] = (await (await w.person("ana")).get(f"/api/v1/spaces/{space}/passes")).json()["items"]
        assert listed["listeners"] == 5
        await use(w, pass_id, **{"edge-2": 1})
        assert (await told(w, space)).full == ()


async def test_a_pass_that_is_shared_too_widely_stops_working(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana", visibility="members")
        pass_id, text = await made(w, space, uses=5)
        await use(w, pass_id, **{"edge-1": 4, "edge-2": 4})
        w.clock.ahead_s += 4
        await use(w, pass_id, **{"edge-1": 2, "edge-2": 2})  # some reconnected, and were counted twice
        w.clock.ahead_s += 4
        await use(w, pass_id, **{"edge-1": 4, "edge-2": 4})
        w.clock.ahead_s += 9
        await use(w, pass_id, **{"edge-1": 4, "edge-2": 4})
        assert (await told(w, space)).void == ()
        w.clock.ahead_s += 2
        await use(w, pass_id, **{"edge-1": 4, "edge-2": 4})
        assert (await told(w, space)).void == (pass_id,)
        [listed] = (await (await w.person("ana")).get(f"/api/v1/spaces/{space}/passes")).json()["items"]
        assert listed["void_reason"] == "shared"
        with pytest.raises(Refused, match="pass-invalid"):
            await w.services.passes.check(space, text)


async def test_an_edge_that_is_gone_counts_no_more(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana", visibility="members")
        pass_id, _ = await made(w, space, uses=1)
        await use(w, pass_id, **{"edge-1": 1})
        assert (await told(w, space)).full == (pass_id,)
        w.clock.ahead_s += 6
        await use(w, pass_id)
        assert (await told(w, space)).full == ()


async def test_a_ban_voids_the_passes_of_who_is_banned_and_no_others(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana", visibility="members")
        zoe = await w.person("zoe")
        given, _ = await made(w, space, handle="zoe", uses=3)
        shown, shown_text = await made(w, space)
        _, shared_text = await made(w, space, uses=2)
        await made(w, space)
        path = f"/api/v1/spaces/{space}/badge"
        assert (await zoe.post(path)).json()["code"] == "pass-needed"
        for text in (shown_text, shared_text):
            answer = await zoe.post(path, headers={"X-Parvis-Pass": text}, json={"seen": True})
            assert answer.status_code == 201, answer.text
        ana = await w.person("ana")
        banned = await ana.post(f"/api/v1/spaces/{space}/bans", json={"handle": "zoe", "reason": "Shouting."})
        assert banned.status_code == 201
        assert set((await told(w, space)).void) == {given, shown}
        items = (await ana.get(f"/api/v1/spaces/{space}/passes")).json()["items"]
        assert {one["id"]: one["void_reason"] for one in items if one["void_at"]} == {
            given: "banned",
            shown: "banned",
        }
        refused = await zoe.post(path, headers={"X-Parvis-Pass": shared_text})
        assert refused.json()["code"] == "banned"
        for read in ("messages", "audience", "polls"):
            closed = await zoe.get(f"/api/v1/spaces/{space}/{read}", headers={"X-Parvis-Pass": shared_text})
            assert (closed.status_code, closed.json()["code"]) == (403, "banned"), read
        seen = (await zoe.get(f"/api/v1/spaces/{space}", headers={"X-Parvis-Pass": shared_text})).json()
        assert (seen["title"], seen["host"]["handle"]) == ("Budget night", ""), "as strangers see it"
        again = await ana.post(f"/api/v1/spaces/{space}/passes", json={"handle": "zoe"})
        assert again.json()["code"] == "banned"


async def test_a_pass_that_somebody_holds_is_not_taken_by_who_shows_it_next(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana", visibility="members")
        pass_id, text = await made(w, space)
        for handle in ("zoe", "kim"):
            path = f"/api/v1/spaces/{space}/badge"
            answer = await (await w.person(handle)).post(path, headers={"X-Parvis-Pass": text})
            assert answer.status_code == 201
        ana = await w.person("ana")
        kept = (await (await w.person("zoe")).get("/api/v1/accounts/me/export")).json()
        assert pass_id in str(kept), "what is kept about her is in her file"
        assert pass_id not in (await (await w.person("kim")).get("/api/v1/accounts/me/export")).text
        for handle, void in (("kim", ()), ("zoe", (pass_id,))):
            await ana.post(f"/api/v1/spaces/{space}/bans", json={"handle": handle, "reason": "x"})
            assert (await told(w, space)).void == void
