"""WHIP (RFC 9725) over HTTP, with good offers and bad ones."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from parvis.clock import SystemClock
from parvis.errors import Refused
from parvis.stage import peer as peers
from parvis.stage.sdp import finish_answer
from parvis.stage.speaker import Speaker, ticks_of
from tests.integration.signals import tone
from tests.parvis import Parvis, Person, wait_until


@pytest.fixture
def host(parvis: Parvis) -> Person:
    return parvis.person("host")


@pytest.fixture
def space(host: Person) -> dict[str, Any]:
    return host.post("spaces", {"title": "WHIP"})


@pytest.fixture
async def offer() -> AsyncIterator[str]:
    peers.allow_loopback()
    peer = peers.Peer(peers.PeerSettings(loopback=True), lambda _samples: None)
    yield await peer.offer(receive=True)
    await peer.close()


def post(person: Person, url: str, body: str, media_type: str = "application/sdp") -> httpx.Response:
    return person.api.post(url, content=body, headers={"Content-Type": media_type}, timeout=30)


def test_a_good_offer_is_answered(host: Person, space: dict[str, Any], offer: str) -> None:
    url = space["links"]["whip"]
    answer = post(host, url, offer)
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/sdp"
    assert answer.headers["etag"].startswith('"')
    assert answer.text.startswith("v=0\r\n")
    # RED comes first, with FEC: what makes 20 % loss bearable.
    assert re.search(r"m=audio \d+ UDP/TLS/RTP/SAVPF 63 111\r\n", answer.text)
    assert "useinbandfec=1" in answer.text
    assert "a=candidate:" in answer.text
    session = httpx.URL(url).join(answer.headers["location"])
    assert host.api.delete(session).status_code == 200
    gone = host.api.delete(session)
    assert (gone.status_code, gone.json()["code"]) == (404, "session-unknown")


FIREFOX = """v=0
o=mozilla...THIS_IS_SDPARTA-99.0 5163294811720436131 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
FINGERPRINT
a=group:BUNDLE 0
a=ice-options:trickle
a=msid-semantic:WMS *
m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101
c=IN IP4 0.0.0.0
a=sendrecv
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
a=fmtp:101 0-15
a=ice-pwd:d8a1c7e94b3f20651c7d9e8ab04f3625
a=ice-ufrag:4fd1c2a7
a=mid:0
a=msid:{4b1b6c6e-6b7a-4a35-8f6e-7f7b6f1b4a10} {a0b3a1de-3d4d-44b7-9a64-0a5d1d1d6a70}
a=rtcp-mux
a=rtpmap:109 opus/48000/2
a=rtpmap:9 G722/8000/1
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000/1
a=setup:actpass
a=ssrc:3045271881 cname:{5e0cbd63-6d8f-4a0e-9d8e-2a0d8d3c3c11}
"""


def test_an_offer_as_firefox_makes_it_is_answered(host: Person, space: dict[str, Any]) -> None:
    """Its fingerprint for the session, its own numbers, no RED, and no candidates when it trickles."""
    fingerprint = ":".join(f"{number:02X}" for number in range(100, 132))
    offer = FIREFOX.replace("FINGERPRINT", f"a=fingerprint:sha-256 {fingerprint}").replace("\n", "\r\n")
    answer = post(host, space["links"]["whip"], offer)
    assert answer.status_code == 201, answer.text
    assert re.search(r"m=audio \d+ UDP/TLS/RTP/SAVPF 109( |\r\n)", answer.text)
    assert re.search(r"a=fmtp:109 .*useinbandfec=1.*maxaveragebitrate=32000", answer.text)
    assert "a=rtpmap:109 opus/48000/2" in answer.text
    assert "a=setup:active" in answer.text
    assert "a=sendrecv" in answer.text
    assert "a=candidate:" in answer.text


SECOND_TRACK = re.compile(r"(m=audio .*)", re.DOTALL)


@pytest.mark.parametrize(
    ("spoil", "status", "code"),
    [
        (lambda _sdp: "garbage", 400, "offer-malformed"),
        (lambda sdp: re.sub(r"a=fingerprint:.*\r\n", "", sdp), 400, "offer-malformed"),
        (lambda sdp: re.sub(r"a=ice-ufrag:.*\r\n", "", sdp), 400, "offer-malformed"),
        (lambda sdp: SECOND_TRACK.sub(r"\1\1", sdp), 422, "offer-unsupported"),
        (lambda sdp: sdp + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n", 422, "offer-unsupported"),
        (lambda sdp: sdp.replace("a=sendrecv", "a=recvonly"), 422, "offer-unsupported"),
        (lambda sdp: sdp.replace("opus/48000/2", "speex/48000/2"), 422, "offer-unsupported"),
        (lambda sdp: sdp + "a=x\r\n" * 20_000, 413, "too-large"),
    ],
    ids=[
        "garbage",
        "no-fingerprint",
        "no-ice",
        "two-tracks",
        "video",
        "receives-only",
        "no-opus",
        "too-large",
    ],
)
def test_bad_offers_are_told_why(
    host: Person, space: dict[str, Any], offer: str, spoil: Any, status: int, code: str
) -> None:
    answer = post(host, space["links"]["whip"], spoil(offer))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_wrong_type_nobody_and_strangers_are_refused(
    parvis: Parvis, host: Person, space: dict[str, Any], offer: str
) -> None:
    url = space["links"]["whip"]
    wrong = post(host, url, offer, "application/json")
    assert (wrong.status_code, wrong.json()["code"]) == (415, "media-type")
    nobody = httpx.post(url, content=offer, headers={"Content-Type": "application/sdp"})
    assert (nobody.status_code, nobody.json()["code"]) == (401, "not-signed-in")
    stranger = post(parvis.person("eve"), url, offer)
    assert (stranger.status_code, stranger.json()["code"]) == (403, "no-seat")
    unknown = post(host, url.replace(space["id"], "nosuchspac"), offer)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "space-unknown")
    host.post(f"spaces/{space['id']}/end")
    over = post(host, url, offer)
    assert (over.status_code, over.json()["code"]) == (409, "space-ended")


def test_other_origins_may_speak(space: dict[str, Any]) -> None:
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    answer = httpx.options(space["links"]["whip"], headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] in ("*", "https://example.org")
    plain = httpx.options(space["links"]["whip"])
    assert plain.status_code == 200
    assert plain.headers["accept-post"] == "application/sdp"


async def test_the_client_says_what_the_server_said(space: dict[str, Any]) -> None:
    peers.allow_loopback()
    speaker = Speaker(space["links"]["whip"], "no such token")
    with pytest.raises(Refused) as refused:
        await speaker.connect()
    assert refused.value.code == "not-signed-in"
    await speaker.close()


async def test_a_left_seat_is_seen_at_once(parvis: Parvis, host: Person, space: dict[str, Any]) -> None:
    peers.allow_loopback()
    speaker = Speaker(space["links"]["whip"], host.token)
    await speaker.connect()

    def connected() -> bool:
        return [seat["connected"] for seat in host.get(f"spaces/{space['id']}/seats")["items"]] == [True]

    talking = asyncio.create_task(speaker.say(ticks_of(tone(700, 2), loop=True), SystemClock()))
    await asyncio.to_thread(wait_until, connected)
    talking.cancel()
    await speaker.close()
    await asyncio.to_thread(wait_until, lambda: not connected())


async def test_the_port_range_and_the_public_address_are_kept(offer: str) -> None:
    peer = peers.Peer(peers.PeerSettings(42_000, 42_020, loopback=True), lambda _samples: None)
    answer = finish_answer(await peer.answer(offer, send=False), public_address="198.51.100.7")
    await peer.close()
    candidates = re.findall(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) ", answer)
    assert candidates
    assert all(42_000 <= int(port) <= 42_020 for _, port in candidates)
    assert {address for address, _ in candidates} == {"198.51.100.7"}
