"""Monitors: who listens at stage delay by WHEP, what they hear, and who may not."""

from __future__ import annotations

import asyncio
import subprocess
from typing import Any

import httpx
import pytest

from tests.integration.caller import Caller, bare, fragment_of
from tests.integration.signals import power_db
from tests.parvis import PARVIS, Parvis, Person


@pytest.fixture
def host(parvis: Parvis) -> Person:
    return parvis.person("host")


@pytest.fixture
def monitor(parvis: Parvis) -> Person:
    return parvis.person("monitor")


@pytest.fixture
def space(host: Person, monitor: Person) -> dict[str, Any]:
    space = host.post("spaces", {"title": "Monitored"})
    return host.patch(f"spaces/{space['id']}", {"monitors": [monitor.handle]})


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def test_a_monitor_hears_the_program_and_not_the_green_room(
    host: Person, monitor: Person, space: dict[str, Any]
) -> None:
    assert space["monitors"] == [monitor.handle]
    links, path = space["links"], f"spaces/{space['id']}"
    async with Caller(links["whip"], host.token, speaks_hz=700) as voice:
        await voice.call(await voice.offer("sendonly"))
        await voice.connected()
        async with Caller(links["whep"], monitor.token) as ear:
            answered = await ear.call(bare(await ear.offer("recvonly", video=True)))
            picture, _, sound = answered.sdp.partition("m=video")[2].partition("m=audio")
            assert "a=inactive" in picture
            assert "a=sendonly" in sound
            await ear.connected()
            assert power_db(await ear.sound(0.5), 700) < -80, "the green room is private"
            await asyncio.to_thread(host.post, f"{path}/start")
            await ear.hears(700)
            seats = await asyncio.to_thread(host.get, f"{path}/seats")
            assert [seat["handle"] for seat in seats["items"]] == [host.handle], "it has no seat"
            shown = await asyncio.to_thread(host.get, path)
            assert shown["counts"]["listeners"] == 0, "and is no listener"
            assert (await ear.restart(answered)).status_code == 200
            await ear.hears(700)
            await asyncio.to_thread(host.patch, path, {"monitors": []})
            await ear.hears_nothing()
        async with Caller(links["whep"], monitor.token) as again:
            refused = await again.post(await again.offer("recvonly"))
            assert code_of(refused) == (403, "not-a-monitor")


async def test_the_rules_are_those_of_whip(monitor: Person, space: dict[str, Any]) -> None:
    async with Caller(space["links"]["whep"], monitor.token) as ear:
        offer = await ear.offer("recvonly")
        sends = await ear.post(offer.replace("a=recvonly", "a=sendonly"))
        assert code_of(sends) == (422, "offer-unsupported")
        answered = await ear.call(bare(offer))
        assert answered.session_url.startswith(space["links"]["whep"])
        assert answered.response.headers["accept-patch"] == "application/trickle-ice-sdpfrag"
        fragment = fragment_of(offer)
        assert code_of(await ear.patch(answered, fragment)) == (428, "tag-required")
        stale = await ear.patch(answered, fragment, If_Match='"other"')
        assert code_of(stale) == (412, "ice-session-stale")
        assert (await ear.patch(answered, fragment, If_Match=answered.tag)).status_code == 204
        await ear.connected()
        assert (await ear.api.delete(answered.session_url)).status_code == 200
        gone = await ear.api.delete(answered.session_url)
        assert code_of(gone) == (404, "session-unknown")
        told = await ear.api.options(ear.url)
        assert told.headers["accept-post"] == "application/sdp"


async def test_only_the_host_names_monitors_and_only_they_may_listen(
    parvis: Parvis, host: Person, monitor: Person, space: dict[str, Any]
) -> None:
    path = f"spaces/{space['id']}"
    async with Caller(space["links"]["whep"], host.token) as ear, Caller(ear.url, "nobody") as nobody:
        offer = await ear.offer("recvonly")
        assert code_of(await ear.post(offer)) == (403, "not-a-monitor"), "not even the host, unnamed"
        assert code_of(await nobody.post(offer)) == (401, "not-signed-in")
    invitation = host.post(f"{path}/invitations", {"role": "co-host"})
    second = parvis.person("second")
    second.post(f"{path}/seats", {"invitation": invitation["link"].partition("#invitation=")[2]})
    asked = second.api.patch(path, json={"monitors": [second.handle]})
    assert code_of(asked) == (403, "forbidden")
    unknown = host.api.patch(path, json={"monitors": ["no_such_person"]})
    assert code_of(unknown) == (422, "input-invalid")
    twice = host.api.patch(path, json={"monitors": [host.handle, host.handle]})
    assert code_of(twice) == (422, "input-invalid")
    assert monitor.get(path)["monitors"] is None, "who is named is for those on stage"
    host.post(f"{path}/bans", {"handle": monitor.handle, "reason": "A test."})
    assert host.get(path)["monitors"] == [], "who is banned listens no more"
    host.post(f"{path}/end")
    assert code_of(host.api.patch(path, json={"monitors": [host.handle]})) == (409, "space-ended")


async def test_a_suspended_monitor_is_let_go(
    parvis: Parvis, host: Person, monitor: Person, space: dict[str, Any]
) -> None:
    operator = parvis.person("operator")
    command = [*PARVIS, "operator", "add", operator.handle, "--data", str(parvis.data)]
    assert (await asyncio.to_thread(subprocess.run, command)).returncode == 0
    host.patch(f"spaces/{space['id']}", {"standby": "tone"})
    host.post(f"spaces/{space['id']}/start")
    path = f"accounts/{monitor.handle}/suspension"
    async with Caller(space["links"]["whep"], monitor.token) as ear:
        await ear.call(await ear.offer("recvonly"))
        await ear.hears_something()
        await asyncio.to_thread(operator.post, path, {"reason": "A test."})
        await ear.hears_nothing()
    async with Caller(space["links"]["whep"], monitor.token) as again:
        offer = await again.offer("recvonly")
        assert code_of(await again.post(offer)) == (403, "account-suspended")
        assert operator.api.delete(path).status_code == 204
        await again.call(offer)
        await again.connected()
