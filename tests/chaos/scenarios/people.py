"""A speaker drops, leaves, or has a bad network: the Space stays open, and somebody goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.figures import Figures, Promise
from tests.chaos.relay import Network, WhipProxy
from tests.chaos.scenario import Scenario
from tests.chaos.world import PATIENCE_S, Scene, World
from tests.parvis import wait_until

STAYS = Promise(lost_ms=None)
"""Nobody speaks, so no voice can be heard; but no listener goes, and no part is missing."""
BLINK_S = 4.0
LOSSY_PARTS = 40
GRACE_S = 2


def host_drops(world: World) -> Figures:
    """The only speaker's process is killed, and speaks again a little later."""
    scene = world.live()
    gone_s = _kill_voice(scene, 0)
    wait_until(lambda: not scene.connected(), patience_s=PATIENCE_S)
    scene.wait_for_parts(3)
    away_ms = (time.monotonic() - gone_s) * 1000
    scene.say(scene.host, 0)
    wait_until(lambda: scene.host.handle in scene.connected(), patience_s=PATIENCE_S)
    return scene.afterwards(gone_s, away_ms=round(away_ms))


def co_host_succeeds(world: World) -> Figures:
    """The host's process is killed while a co-host speaks: who follows is heard all the while."""
    scene = world.live(grace_s=GRACE_S)
    guest = scene.invite("co-host")
    scene.say(guest, 1)
    scene.wait_for_voice(1)
    fault_s = _kill_voice(scene, 0)

    def acts() -> bool:
        acting = guest.get(f"spaces/{scene.id}")["acting_host"]
        return acting is not None and bool(acting["handle"] == guest.handle)

    wait_until(acts, patience_s=PATIENCE_S)
    acting_s = time.monotonic() - fault_s
    assert guest.get(f"spaces/{scene.id}")["state"] == "live"
    return scene.afterwards(fault_s, voice=1, acting_after_s=round(acting_s, 1))


def host_leaves(world: World) -> Figures:
    """The host hands its role over for good, and goes."""
    scene = world.live()
    guest = scene.invite("co-host")
    scene.say(guest, 1)
    scene.wait_for_voice(1)
    fault_s = time.monotonic()
    leave = f"spaces/{scene.id}/seats/{scene.host.handle}?successor={guest.handle}"
    answer = scene.host.api.delete(leave)
    assert answer.status_code == 204, answer.text
    wait_until(lambda: scene.connected() == {guest.handle}, patience_s=PATIENCE_S)
    assert guest.get(f"spaces/{scene.id}")["role"] == "host"
    return scene.afterwards(fault_s, voice=1)


def network_blinks(world: World) -> Figures:
    """Every packet between the speaker and the stage is lost for four seconds."""
    with _through_a_network(world) as (scene, network):
        network.is_down = True
        fault_s = time.monotonic()
        wait_until(lambda: time.monotonic() - fault_s >= BLINK_S)
        network.is_down = False
        return scene.afterwards(fault_s)


def ten_percent_lost(world: World) -> Figures:
    """A tenth of the sound's packets is lost, both ways."""
    return _lossy(world, 0.10)


def thirty_percent_lost(world: World) -> Figures:
    """Nearly a third of the sound's packets is lost, both ways."""
    return _lossy(world, 0.30)


def _lossy(world: World, loss: float) -> Figures:
    with _through_a_network(world) as (scene, network):
        network.loss = loss
        fault_s = time.monotonic()
        scene.wait_for_parts(LOSSY_PARTS)
        told = scene.host.get(f"spaces/{scene.id}/seats")["items"][0]["loss_percent"]
        network.loss = 0.0
        return scene.afterwards(fault_s, loss_percent_told=told)


@contextmanager
def _through_a_network(world: World) -> Iterator[tuple[Scene, Network]]:
    network = Network(seed=time.monotonic_ns())
    with WhipProxy(world.parvis.control, network) as proxy:
        yield world.live(through=proxy.url_of), network


def _kill_voice(scene: Scene, number: int) -> float:
    process = scene.voices[number]
    process.kill()
    process.wait()
    return time.monotonic()


SCENARIOS = tuple(
    Scenario(name, title, run, promise, at_once=4)
    for name, title, run, promise in (
        ("host-drop", "host's computer dies, and comes back", host_drops, STAYS),
        ("succession", "host's computer dies, a co-host acts", co_host_succeeds, Promise(recovery_ms=0)),
        ("host-leave", "host leaves on purpose", host_leaves, Promise(recovery_ms=0)),
        ("blink", "speaker's network away for 4 s", network_blinks, STAYS),
        ("loss-10", "10 % of a speaker's packets lost", ten_percent_lost, STAYS),
        ("loss-30", "30 % of a speaker's packets lost", thirty_percent_lost, STAYS),
    )
)
