"""Handoffs through the API: consent, codes, loops, returns, rescue, and what is published."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from parvis.bus.messages import Handoff, SpaceMessage
from tests.contract.api_world import World, world
from tests.contract.test_api_errors import check
from tests.contract.test_api_live import open_stream

pytestmark = pytest.mark.usefixtures("any_database")

REASON = "The sound is better there."


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def live(w: World, host: str, **fields: Any) -> str:
    space = await w.space(host, **fields)
    await (await w.person(host)).post(f"/api/v1/spaces/{space}/start")
    return space


async def hand_off(w: World, who: str, space: str, **body: Any) -> httpx.Response:
    client = await w.person(who)
    return await client.post(f"/api/v1/spaces/{space}/handoff", json={"reason": REASON, **body})


def published(w: World, space: str) -> SpaceMessage:
    return SpaceMessage.decode(w.bus.exchange.retained[f"space.{space}"][0])


async def shown(w: World, space: str) -> Any:
    return (await w.nobody().get(f"/api/v1/spaces/{space}")).json()


async def test_to_ones_own_other_space_at_once(w: World) -> None:
    a, b = await live(w, "ana"), await live(w, "ana", title="Second room")
    answer = await hand_off(w, "ana", a, to=b)
    assert answer.status_code == 201
    made = answer.json()
    assert made == {
        "id": made["id"],
        "state": "made",
        "from": {"id": a, "title": "Budget night"},
        "to": {"id": b, "title": "Second room"},
        "url": f"http://127.0.0.1:8080/s/{b}",
        "title": "Second room",
        "reason": REASON,
        "by": "ana",
        "asked_at": made["asked_at"],
        "expires_at": made["expires_at"],
        "at": made["at"],
        "only_from": None,
        "end": True,
    }
    assert made["at"].endswith(":00.000Z") or made["at"][-5:] == ".000Z"
    [message] = published(w, a).handoffs
    assert message == Handoff(made["id"], b, "", "Second room", REASON, "ana", made["at"], "")
    assert published(w, b).handoffs == ()
    now = await shown(w, a)
    assert now["handed_to"] == {
        "id": b,
        "url": f"http://127.0.0.1:8080/s/{b}",
        "title": "Second room",
        "reason": REASON,
        "at": made["at"],
    }
    assert (now["state"], now["ends_at"] > made["at"]) == ("live", True)

    w.clock.ahead_s += 33
    await w.watch.tick()
    over = await shown(w, a)
    assert (over["state"], over["handed_to"]) == ("ended", now["handed_to"])
    w.clock.ahead_s += 10 * 86_400
    await w.watch.tick()
    assert published(w, a).handoffs == (message,), "its share link leads there for ever"


async def test_for_ever_holds_after_a_restart(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        a, b = await live(w, "ana"), await live(w, "ana")
        await hand_off(w, "ana", a, to=b)
        w.clock.ahead_s += 33
        await w.watch.tick()
    async with world(tmp_path) as w:
        assert (published(w, a).state, published(w, a).handoffs[0].to) == ("ended", b)


async def test_without_consent_the_other_side_is_asked(w: World) -> None:
    a, b = await live(w, "ana"), await live(w, "ben")
    await w.seat(b, "ben", "cleo", "co-host")
    await w.seat(b, "ben", "sam")
    stream = await open_stream(w, b, "cleo")
    await stream.next("space")
    answer = await hand_off(w, "ana", a, to=b, end=False)
    assert (answer.status_code, answer.json()["state"], answer.json()["at"]) == (202, "asked", None)
    assert published(w, a).handoffs == ()
    [told] = (await stream.next("handoffs"))["items"]
    assert told == answer.json()

    url = f"/api/v1/spaces/{b}/handoffs/{told['id']}/accept"
    check(await (await w.person("sam")).post(url), 403, "forbidden")
    check(await (await w.person("ana")).post(url), 403, "no-seat")
    cleo = await w.person("cleo")
    wrong = url.replace(f"/spaces/{b}/", f"/spaces/{await live(w, 'cleo')}/")
    check(await cleo.post(wrong), 404, "handoff-unknown")
    accepted = await cleo.post(url)
    assert (accepted.status_code, accepted.json()["state"]) == (200, "made")
    assert [one.to for one in published(w, a).handoffs] == [b]
    assert (await shown(w, a))["ends_at"] is None
    check(await cleo.post(url), 409, "handoff-over")
    for space, who in ((a, "ana"), (b, "ben")):
        entries = (await (await w.person(who)).get(f"/api/v1/spaces/{space}/log")).json()["items"]
        assert [(e["by"], e["act"], e["reason"]) for e in entries[:2]] == [
            ("cleo", "handoff-accepted", REASON),
            ("ana", "handoff-asked", REASON),
        ]


async def test_declined_and_expired(w: World) -> None:
    a, b = await live(w, "ana"), await live(w, "ben")
    ben = await w.person("ben")
    first = (await hand_off(w, "ana", a, to=b)).json()["id"]
    declined = await ben.post(f"/api/v1/spaces/{b}/handoffs/{first}/decline")
    assert declined.json()["state"] == "declined"
    second = (await hand_off(w, "ana", a, to=b)).json()["id"]
    stream = await open_stream(w, a, "ana")
    w.clock.ahead_s += 61
    await w.watch.tick()
    assert [one["state"] for one in (await stream.next("handoffs"))["items"]] == ["declined", "expired"]
    check(await ben.post(f"/api/v1/spaces/{b}/handoffs/{second}/accept"), 409, "handoff-over")
    assert (await shown(w, a))["handed_to"] is None


async def test_a_code_is_consent_once(w: World) -> None:
    a, c, b = await live(w, "ana"), await live(w, "ana"), await live(w, "ben")
    ben = await w.person("ben")
    made = await ben.post(f"/api/v1/spaces/{b}/handoff-codes")
    assert made.status_code == 201
    code = made.json()["code"]
    check(await hand_off(w, "ana", a, to=c, code=code), 403, "handoff-code-invalid")
    check(await hand_off(w, "ana", a, to=b, code="nonsense"), 403, "handoff-code-invalid")
    assert (await hand_off(w, "ana", a, to=b, code=code)).status_code == 201
    check(await hand_off(w, "ana", c, to=b, code=code), 403, "handoff-code-invalid")
    late = (await ben.post(f"/api/v1/spaces/{b}/handoff-codes", json={"expires_in_s": 60})).json()["code"]
    w.clock.ahead_s += 61
    check(await hand_off(w, "ana", c, to=b, code=late), 403, "handoff-code-invalid")


async def test_an_operator_needs_nobodys_consent(w: World) -> None:
    a, b = await live(w, "ana"), await live(w, "ben")
    await w.make_operator("olga")
    assert (await hand_off(w, "olga", a, to=b)).status_code == 201


async def test_to_another_parvis(w: World) -> None:
    a = await live(w, "ana")
    url = "https://radio.example/s/k3v9"
    made = (await hand_off(w, "ana", a, url=url)).json()
    assert (made["state"], made["to"], made["url"], made["title"]) == ("made", None, url, "radio.example")
    assert published(w, a).handoffs[0].url == url
    assert (await shown(w, a))["handed_to"]["url"] == url


async def test_where_it_may_not_go(w: World) -> None:
    a, scheduled, over = await live(w, "ana"), await w.space("ana"), await live(w, "ana")
    await (await w.person("ana")).post(f"/api/v1/spaces/{over}/end")
    check(await hand_off(w, "ana", a, to=a), 409, "handoff-loop")
    check(await hand_off(w, "ana", a, to=scheduled), 409, "space-not-live")
    check(await hand_off(w, "ana", a, to=over), 409, "space-ended")
    check(await hand_off(w, "ana", over, to=a), 409, "space-ended")
    check(await hand_off(w, "ana", a, to="0000000000"), 404, "space-unknown")
    for body in ({}, {"to": scheduled, "url": "https://x/s/1"}, {"url": "http://x/s/1"}, {"to": "?"}):
        answer = await hand_off(w, "ana", a, **body)
        assert answer.status_code in (404, 422), answer.text
    check(await hand_off(w, "ana", a, to=scheduled, reason="  "), 422, "input-invalid")
    check(await hand_off(w, "ana", a, to=scheduled, only_from="nonsense!"), 422, "input-invalid")


async def test_no_circle_and_the_way_back(w: World) -> None:
    a, b, c = [await live(w, "ana", title=title) for title in "abc"]
    assert (await hand_off(w, "ana", a, to=b)).status_code == 201
    assert (await hand_off(w, "ana", b, to=c, end=False)).status_code == 201
    check(await hand_off(w, "ana", c, to=a), 409, "handoff-loop")
    check(await hand_off(w, "ana", b, to=a), 409, "handoff-loop")
    back = await hand_off(w, "ana", b, to=a, only_from=a)
    assert back.status_code == 201
    assert (back.json()["only_from"], back.json()["end"]) == (a, False)
    home = await shown(w, a)
    assert (home["handed_to"], home["ends_at"]) == (None, None), "it is open again, and stays"
    assert published(w, a).handoffs == ()
    assert [(h.to, h.only_from) for h in published(w, b).handoffs] == [(c, ""), (a, a)]
    assert (await shown(w, b))["handed_to"]["id"] == c
    w.clock.ahead_s += 60
    await w.watch.tick()
    assert (await shown(w, a))["state"] != "ended"


async def test_two_at_the_same_time_can_not_make_a_circle(w: World) -> None:
    a, b = await live(w, "ana"), await live(w, "ben")
    to_b = (await hand_off(w, "ana", a, to=b)).json()["id"]
    to_a = (await hand_off(w, "ben", b, to=a)).json()["id"]
    ana, ben = await w.person("ana"), await w.person("ben")
    assert (await ben.post(f"/api/v1/spaces/{b}/handoffs/{to_b}/accept")).status_code == 200
    check(await ana.post(f"/api/v1/spaces/{a}/handoffs/{to_a}/accept"), 409, "handoff-loop")


async def test_a_rescue_can_lead_elsewhere(w: World) -> None:
    a = await live(w, "ana")
    await w.seat(a, "ana", "cleo", "co-host")
    b = await live(w, "cleo")
    olga = await w.make_operator("olga")
    await olga.post("/api/v1/accounts/ana/suspension", json={"reason": "Stolen account."})
    cleo = await w.person("cleo")
    check(await cleo.post(f"/api/v1/spaces/{a}/rescue", json={"code": "x"}), 422, "input-invalid")
    rescued = await cleo.post(f"/api/v1/spaces/{a}/rescue", json={"to": b})
    assert rescued.status_code == 200
    assert rescued.json()["handoff"]["state"] == "made"
    assert rescued.json()["space"]["handed_to"]["id"] == b
    assert rescued.json()["space"]["host"]["handle"] == "ana"
