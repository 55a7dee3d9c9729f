"""Speakers who reach the stage only by a TURN server: coturn, with the credentials that control gives.

They ask by OPTIONS which servers there are, as RFC 9725 §4.6 has it, and use relayed candidates alone:
libwebrtc as others built it, and `parvis speak`. The pages are in tests/browser/test_firewall.py.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import webrtc

from parvis.clock import SystemClock
from parvis.stage.ice_links import ice_servers_in
from parvis.stage.peer import IceServer
from parvis.stage.speaker import Speaker, ticks_of
from tests.coturn import Coturn, coturn
from tests.integration.caller import Caller, until
from tests.integration.counted import LISTENED_S, check_counted, counted
from tests.integration.foreign import PEER_HZ, peer, share_with
from tests.integration.signals import Int16, power_db, tone
from tests.parvis import Parvis, Person

HOST_HZ = 700


@pytest.fixture(scope="module")
def turn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    with coturn(tmp_path_factory.mktemp("coturn")) as running:
        yield running


@pytest.fixture(scope="module")
def own(turn: Coturn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parvis]:
    """A Parvis that tells its speakers of the server."""
    running = Parvis(tmp_path_factory.mktemp("parvis") / "data", edges=1, environment=turn.told)
    running.start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def host(own: Parvis) -> Person:
    return own.person("host")


@pytest.fixture
def space(host: Person) -> dict[str, Any]:
    return host.post("spaces", {"title": "Relayed"})


@pytest.fixture
def guest(own: Parvis, host: Person, space: dict[str, Any]) -> Person:
    seated = own.person("guest")
    code = host.post(f"spaces/{space['id']}/invitations")["link"].partition("#invitation=")[2]
    seated.post(f"spaces/{space['id']}/seats", {"invitation": code})
    return seated


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_seat_is_taken_by_relay_alone(
    turn: Coturn, host: Person, guest: Person, space: dict[str, Any], tmp_path: Path, transport: str
) -> None:
    whip = space["links"]["whip"]
    before = turn.allocations
    async with Caller(whip, host.token, says=counted(HOST_HZ)) as ear:
        await ear.call(await ear.offer())
        await ear.connected()
        relayed = {"PEER_RELAY": transport}
        async with peer("libwebrtc", whip, guest.token, tmp_path, relayed) as speaker:
            await ear.hears(PEER_HZ)
            await speaker.hears(HOST_HZ)
            stage, seat = await asyncio.gather(ear.noted(LISTENED_S), speaker.noted(LISTENED_S))
            check_counted("the stage", stage, speaker.began_s, PEER_HZ)
            check_counted("who is relayed", seat, ear.began_s, HOST_HZ)
        assert speaker.said == [f"relayed by {transport}"]
    assert turn.allocations > before


async def test_parvis_speak_takes_its_seat_by_relay_alone(
    turn: Coturn, host: Person, guest: Person, space: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whip = space["links"]["whip"]
    before = turn.allocations
    said: list[Int16] = []
    async with Caller(whip, host.token, speaks_hz=HOST_HZ) as ear:
        await ear.call(await ear.offer())
        await ear.connected()
        relay_only = functools.partial(webrtc.RTCConfiguration, ice_transport_policy="relay")
        monkeypatch.setattr(webrtc, "RTCConfiguration", relay_only)
        speaker = Speaker(whip, guest.token, on_samples=said.append)
        try:
            await speaker.connect()
            give = ticks_of(tone(PEER_HZ, 2.0), loop=True)
            talking = asyncio.create_task(speaker.say(give, SystemClock()))
            await ear.hears(PEER_HZ)
            assert share_with(await ear.sound(2.0), PEER_HZ) > 0.8, "without long gaps"
            await until(lambda: len(said) > 50 and power_db(np.concatenate(said[-50:]), HOST_HZ) > -45)
            talking.cancel()
        finally:
            await speaker.close()
    assert turn.allocations > before


async def test_each_ice_session_is_told_the_servers(
    turn: Coturn, host: Person, space: dict[str, Any]
) -> None:
    """In the 201, and in the 200 to a restart; not a stranger who asks by OPTIONS."""
    whip = space["links"]["whip"]
    async with Caller(whip, host.token, speaks_hz=HOST_HZ) as caller:
        answered = await caller.call(await caller.offer())
        restarted = await caller.restart(answered)
        assert restarted.status_code == 200
        asked = await caller.api.options(whip)
        for answer in (answered.response, restarted, asked):
            servers = servers_in(answer)
            assert [server.url for server in servers] == turn.told["PARVIS_TURN_URLS"].split(",")
            for server in servers:
                ends_s, _, who = (server.username or "").partition(":")
                assert who
                assert int(ends_s) > time.time()
                assert server.credential
        del caller.api.headers["Authorization"]
        assert servers_in(await caller.api.options(whip)) == []


def servers_in(answer: httpx.Response) -> list[IceServer]:
    return ice_servers_in(", ".join(answer.headers.get_list("link")))
