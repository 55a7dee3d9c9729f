"""Seats taken by WebRTC stacks that nobody here wrote: what they say arrives, what the stage says comes back.

The peers are in tests/contract/peers: libdatachannel (OBS speaks through it), werift, libwebrtc as others
built it, and GStreamer's webrtcbin. Each says what can be counted; another seat hears it, and says the same
of another tone, which the peer must hear.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.integration.caller import Caller
from tests.integration.counted import LISTENED_S, check_counted, counted
from tests.integration.foreign import PEER_HZ, peer
from tests.parvis import Parvis, Person

HOST_HZ = 700


@pytest.fixture
def host(parvis: Parvis) -> Person:
    return parvis.person("host")


@pytest.fixture
def space(host: Person) -> dict[str, Any]:
    return host.post("spaces", {"title": "Peers"})


def seated(parvis: Parvis, host: Person, space: dict[str, Any]) -> Person:
    invitation = host.post(f"spaces/{space['id']}/invitations")
    guest = parvis.person("guest")
    guest.post(f"spaces/{space['id']}/seats", {"invitation": invitation["link"].partition("#invitation=")[2]})
    return guest


@pytest.mark.parametrize("name", ["libdatachannel", "werift", "libwebrtc", "gstreamer"])
async def test_a_peer_of_others_speaks_and_hears(
    parvis: Parvis, host: Person, space: dict[str, Any], tmp_path: Path, name: str
) -> None:
    guest = seated(parvis, host, space)
    whip = space["links"]["whip"]
    async with Caller(whip, host.token, says=counted(HOST_HZ)) as ear:
        await ear.call(await ear.offer())
        await ear.connected()
        async with peer(name, whip, guest.token, tmp_path) as guest_peer:
            await ear.hears(PEER_HZ)
            await guest_peer.hears(HOST_HZ)
            stage, seat = await asyncio.gather(ear.noted(LISTENED_S), guest_peer.noted(LISTENED_S))
            check_counted("the stage", stage, guest_peer.began_s, PEER_HZ)
            check_counted(name, seat, ear.began_s, HOST_HZ)
        await ear.hears_nothing()


async def test_gstreamer_listens_as_a_monitor(
    parvis: Parvis, host: Person, space: dict[str, Any], tmp_path: Path
) -> None:
    monitor = parvis.person("monitor")
    host.patch(f"spaces/{space['id']}", {"monitors": [monitor.handle]})
    links = space["links"]
    async with Caller(links["whip"], host.token, says=counted(HOST_HZ)) as voice:
        await voice.call(await voice.offer("sendonly"))
        await voice.connected()
        await asyncio.to_thread(host.post, f"spaces/{space['id']}/start")
        listens = {"PEER_DIRECTION": "recvonly"}
        async with peer("gstreamer", links["whep"], monitor.token, tmp_path, listens) as ear:
            await ear.hears(HOST_HZ)
            check_counted("a monitor", await ear.noted(LISTENED_S), voice.began_s, HOST_HZ)
