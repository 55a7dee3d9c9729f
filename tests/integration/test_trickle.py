"""What comes after an offer (RFC 9725 §4.3): candidates one by one, restarts of ICE, entity tags, CORS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from parvis.clock import SAMPLE_RATE_HZ
from parvis.stage.fragment import credentials_of, parse_fragment
from tests.integration.caller import FRAGMENT, PATIENCE_S, Caller, bare, fragment_of, until
from tests.integration.foreign import PEER_HZ, peer, share_with
from tests.integration.signals import power_db
from tests.integration.stage_and_edge import read_wav
from tests.parvis import Parvis, Person, listen, summary, wait_until


@pytest.fixture
def host(parvis: Parvis) -> Person:
    return parvis.person("host")


@pytest.fixture
def space(host: Person) -> dict[str, Any]:
    return host.post("spaces", {"title": "Trickle"})


@pytest.fixture
async def caller(host: Person, space: dict[str, Any]) -> AsyncIterator[Caller]:
    async with Caller(space["links"]["whip"], host.token, speaks_hz=700) as caller:
        yield caller


def is_connected(host: Person, space: dict[str, Any]) -> bool:
    return [seat["connected"] for seat in host.get(f"spaces/{space['id']}/seats")["items"]] == [True]


def seated(parvis: Parvis, host: Person, space: dict[str, Any]) -> Person:
    code = host.post(f"spaces/{space['id']}/invitations")["link"].partition("#invitation=")[2]
    guest = parvis.person("guest")
    guest.post(f"spaces/{space['id']}/seats", {"invitation": code})
    return guest


def refused(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    assert "etag" not in response.headers
    return response.status_code, response.json()["code"]


async def test_an_offer_without_candidates_is_answered_and_heard(
    host: Person, space: dict[str, Any], caller: Caller, tmp_path: Path
) -> None:
    """As OBS 30.2 and later send it: sendonly, actpass, not one candidate, and none later."""
    answered = await caller.call(bare(await caller.offer("sendonly")))
    assert "a=candidate:" in answered.sdp
    assert "a=setup:active" in answered.sdp
    await caller.connected()
    await asyncio.to_thread(wait_until, lambda: is_connected(host, space))
    await asyncio.to_thread(host.post, f"spaces/{space['id']}/start")
    file = tmp_path / "heard.wav"
    await asyncio.to_thread(summary, listen(space, "--for", "4", "--out", str(file)))
    assert share_with(read_wav(file), 700) > 0.8, "in the program, without long gaps"


async def test_obs_speaks_without_a_candidate(
    parvis: Parvis, host: Person, space: dict[str, Any], tmp_path: Path
) -> None:
    """Its stack, libdatachannel, with its offer: the stage learns from its packets where it is."""
    guest = seated(parvis, host, space)
    async with Caller(space["links"]["whip"], host.token, speaks_hz=700) as ear:
        await ear.call(await ear.offer())
        await ear.connected()
        bare_offer = {"PEER_CANDIDATES": "none"}
        async with peer("libdatachannel", space["links"]["whip"], guest.token, tmp_path, bare_offer) as obs:
            await ear.hears(PEER_HZ)
            assert share_with(await ear.sound(2.0), PEER_HZ) > 0.8, "without long gaps"
            await obs.hears(700)


async def test_candidates_may_come_later(caller: Caller) -> None:
    offer = await caller.offer()
    answered = await caller.call(bare(offer))
    taken = await caller.patch(answered, fragment_of(offer), If_Match=answered.tag)
    assert (taken.status_code, taken.content) == (204, b"")
    assert "etag" not in taken.headers
    again = await caller.patch(answered, fragment_of(offer, credentials=False), If_Match=answered.tag)
    assert again.status_code == 204
    await caller.connected()


async def test_what_a_stage_cannot_use_is_left_out_without_a_word(caller: Caller) -> None:
    offer = await caller.offer()
    answered = await caller.call(bare(offer))
    ours = credentials_of(offer)
    head = f"a=ice-ufrag:{ours.ufrag}\r\na=ice-pwd:{ours.pwd}\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
    useless = [
        "candidate:1 1 tcp 1518214911 192.0.2.2 9 typ host tcptype active",
        "candidate:2 1 udp 2122260223 0c0ffee0-1234.local 51234 typ host",
        "candidate:3 1 udp 2122260223 name.example 51234 typ host",
        "candidate:4 1 udp 2122260223 224.0.0.1 51234 typ host",
    ]
    fragment = head + "".join(f"a={candidate}\r\n" for candidate in useless)
    assert (await caller.patch(answered, fragment, If_Match=answered.tag)).status_code == 204
    many = head + "".join(
        f"a=candidate:{n} 1 udp 2122260223 127.0.0.{n} 9 typ host\r\n" for n in range(1, 250)
    )
    assert (await caller.patch(answered, many, If_Match=answered.tag)).status_code == 204
    await caller.connected()


async def test_a_tag_is_asked_for_and_must_be_the_sessions(caller: Caller) -> None:
    offer = await caller.offer()
    answered = await caller.call(offer)
    assert answered.tag.startswith('"'), "strong"
    fragment = fragment_of(offer)
    assert refused(await caller.patch(answered, fragment)) == (428, "tag-required")
    for stale in ('"other"', f"W/{answered.tag}", '"a", "b"'):
        patched = await caller.patch(answered, fragment, If_Match=stale)
        assert refused(patched) == (412, "ice-session-stale"), stale
    for good in (answered.tag, f'"other", {answered.tag}', "*", '"*"'):
        assert (await caller.patch(answered, fragment, If_Match=good)).status_code == 204, good
    # Where no ICE session must be matched a tag is ignored (§4.3.1).
    ended = await caller.api.delete(answered.session_url, headers={"If-Match": '"other"'})
    assert ended.status_code == 200
    gone = await caller.patch(answered, fragment, If_Match=answered.tag)
    assert refused(gone) == (404, "session-unknown")


async def test_a_bad_fragment_is_told_so_and_harms_nothing(caller: Caller) -> None:
    answered = await caller.call(await caller.offer())
    for fragment in (
        "",
        "what is this",
        "a=ice-ufrag:abcd\r\n",
        "a=ice-ufrag:a\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaa\r\n",
        "a=ice-ufrag:abcd\r\na=ice-pwd:short\r\n",
        "a=candidate:1 1 udp x 192.0.2.1 1 typ host\r\n",
    ):
        for tag in (answered.tag, "*"):
            patched = await caller.patch(answered, fragment, If_Match=tag)
            assert refused(patched) == (400, "fragment-malformed"), fragment
    await caller.connected()
    same = await caller.patch(answered, "a=end-of-candidates\r\n", If_Match=answered.tag)
    assert same.status_code == 204, "the session is as it was"


async def test_other_bodies_methods_and_people_are_refused(
    parvis: Parvis, space: dict[str, Any], caller: Caller
) -> None:
    answered = await caller.call(await caller.offer())
    wrong = await caller.api.patch(answered.session_url, content="{}", headers={"If-Match": "*"})
    assert refused(wrong) == (415, "media-type")
    too_large = await caller.patch(answered, "a=x\r\n" * 20_000, If_Match="*")
    assert refused(too_large) == (413, "too-large")
    for method in ("GET", "PUT", "POST"):
        other = await caller.api.request(method, answered.session_url)
        assert refused(other) == (405, "method-not-allowed")
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        assert (await caller.api.request(method, space["links"]["whip"])).status_code == 405
    stranger = parvis.person("eve")
    patched = stranger.api.patch(
        answered.session_url, content="a=end-of-candidates\r\n", headers=FRAGMENT | {"If-Match": "*"}
    )
    assert refused(patched) == (403, "no-seat")


async def test_ice_restarts_and_the_sound_goes_on(
    parvis: Parvis, host: Person, space: dict[str, Any], caller: Caller
) -> None:
    """The speaker's network changes: new credentials, new ports, the same session."""
    guest = seated(parvis, host, space)
    answered = await caller.call(await caller.offer())
    async with Caller(space["links"]["whip"], guest.token) as ear:
        await ear.call(await ear.offer("sendrecv"))
        await ear.hears(700)
        ear.heard.clear()
        before = credentials_of(answered.sdp)
        tag = answered.tag
        restarted = await caller.restart(answered)
        assert restarted.status_code == 200, restarted.text
        assert restarted.headers["content-type"] == "application/trickle-ice-sdpfrag"
        assert restarted.headers["etag"] not in ("", tag)
        fragment = parse_fragment(restarted.text)
        assert fragment.credentials not in (None, before)
        assert "a=end-of-candidates" in restarted.text
        assert "a=ice-options:trickle" in restarted.text, "as in the answer (§4.3.3)"
        stale = await caller.patch(answered, "a=end-of-candidates\r\n", If_Match=tag)
        assert refused(stale) == (412, "ice-session-stale")
        new = await caller.patch(answered, "a=end-of-candidates\r\n", If_Match=answered.tag)
        assert new.status_code == 204
        new_ports = {int(candidate.split(" ")[5]) for candidate in fragment.candidates}
        async with asyncio.timeout(PATIENCE_S):
            while not await caller.used_ports() & new_ports:
                await asyncio.sleep(0.05)
        over_the_old = sum(map(len, ear.heard))
        await until(lambda: sum(map(len, ear.heard)) >= over_the_old + SAMPLE_RATE_HZ)
        whole = np.concatenate(ear.heard)
        assert power_db(whole[over_the_old:], 700) > -45
        assert share_with(whole, 700) > 0.9, "from before the restart to after it"


async def test_pages_of_other_sites_may_use_it(space: dict[str, Any], caller: Caller) -> None:
    answered = await caller.call(await caller.offer())
    exposed = answered.response.headers["access-control-expose-headers"].split(", ")
    assert {"Location", "ETag", "Link"} <= set(exposed)
    for url, method, accepts in (
        (space["links"]["whip"], "POST", {"accept-post": "application/sdp"}),
        (answered.session_url, "PATCH", {"accept-patch": "application/trickle-ice-sdpfrag"}),
        (answered.session_url, "DELETE", {}),
    ):
        asked = {"Origin": "https://x.example", "Access-Control-Request-Method": method}
        told = await caller.api.options(url, headers=asked)
        assert told.status_code == 200
        assert told.headers["access-control-allow-origin"] == "*"
        assert method in told.headers["access-control-allow-methods"].split(", ")
        assert "If-Match" in told.headers["access-control-allow-headers"].split(", ")
        assert accepts.items() <= dict(told.headers).items()


async def test_session_urls_cannot_be_guessed(caller: Caller) -> None:
    offer = await caller.offer()
    urls = set()
    for _ in range(3):
        answer = await caller.post(offer)
        assert answer.status_code == 201
        urls.add(answer.headers["location"])
    secrets = {url.rpartition(".")[2] for url in urls}
    assert len(secrets) == 3
    assert all(len(secret) == 32 for secret in secrets), "24 random bytes"
