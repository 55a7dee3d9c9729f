"""How each fault is made, and how one knows that it is over.

Each function makes its fault, returns when everything is as before, and gives a sentence that tells what
happened. It waits without end: the director bounds it. What it finds wrong it raises as `Unkept`; what the
crowd heard meanwhile is measured by the director.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

from parvis.clock import sequence_at
from parvis.storm.rehearsal.evening import LOOK_S, Evening
from parvis.storm.rehearsal.own import Own
from parvis.storm.rehearsal.probe import Probe
from parvis.storm.rehearsal.script import Act

ALL_BUT: Final = 0.99
"""Who counts as everybody: somebody may just be coming back."""
STAY_PARTS: Final = 9


class Unkept(Exception):
    """Something did not happen as promised; the words are for people."""


async def host_drops(evening: Evening) -> str:
    """Gone without a word for a moment, and back before the grace is over."""
    host, others = evening.host, evening.handles - {evening.host.handle}
    began_s = time.monotonic()
    await evening.troupe.drop(evening.id, host)
    await evening.until_connected(others)
    noticed_s = time.monotonic() - began_s
    await evening.troupe.enter(evening.id, evening.whip, host)
    await evening.until_connected(evening.handles)
    space = await evening.state()
    if space["state"] != "live":
        raise Unkept(f"the Space was {space['state']}")
    return f"noticed after {noticed_s:.1f} s"


async def succession(evening: Evening) -> str:
    """Away for longer than the grace: a co-host acts, until the host is back."""
    host, co_host = evening.people[0], evening.people[1]
    began_s = time.monotonic()
    await evening.troupe.drop(evening.id, host)
    acting = await _acting(evening, lambda handle: handle is not None)
    acted_s = time.monotonic() - began_s
    await evening.troupe.enter(evening.id, evening.whip, host)
    await evening.until_connected(evening.handles)
    await _acting(evening, lambda handle: handle is None)
    if acting != co_host.handle:
        raise Unkept("somebody else than the co-host acted as host")
    return f"the co-host acted after {acted_s:.1f} s, until the host was back"


async def _acting(evening: Evening, right: Callable[[str | None], bool]) -> str | None:
    while True:
        acting = (await evening.state())["acting_host"]
        handle = str(acting["handle"]) if acting else None
        if right(handle):
            return handle
        await asyncio.sleep(LOOK_S)


async def stage_killed(evening: Evening) -> str:
    """The stage that has the Space: another takes it, and everybody enters again."""
    own = _own(evening)
    stage, epoch = await own.stage_of(evening.id)
    if not stage:
        raise Unkept("no stage had the Space")
    own.kill(stage)
    await evening.until_connected(evening.handles, epoch=epoch)
    return f"{(await own.stage_of(evening.id))[0] or 'nobody'} went on for {stage}"


async def stages_killed(evening: Evening) -> str:
    """All of them: the first that is back goes on."""
    own = _own(evening)
    _, epoch = await own.stage_of(evening.id)
    stages = [name for name in own.pids() if name.startswith("stage-")]
    for stage in stages:
        own.kill(stage)
    await evening.until_connected(evening.handles, epoch=epoch)
    return f"{len(stages)} stages; {(await own.stage_of(evening.id))[0] or 'nobody'} went on"


async def edge_killed(evening: Evening) -> str:
    """The one with the most listeners: they go to the others, and it is started again."""
    own = _own(evening)
    edges = [name for name in own.pids() if name.startswith("edge-")]
    fullest = max(edges, key=lambda name: own.gauges.by_edge.get(name, 0))
    had = own.gauges.by_edge.get(fullest, 0)
    pid = own.kill(fullest)
    await _until_back(evening, lambda: own.pids().get(fullest, pid) != pid)
    return f"{fullest} had {had:,} of the listeners"


async def control_killed(evening: Evening) -> str:
    """Nobody who listens or speaks needs it; it is started again."""
    own = _own(evening)
    pid = own.kill("control")

    async def back() -> bool:
        return own.pids().get("control", pid) != pid and await evening.house.answers()

    await _until(back)
    await evening.until_connected(evening.handles)
    return "the Space went on without it"


async def herd(evening: Evening) -> str:
    """Every connection of the crowd breaks at once."""
    audience = evening.audience
    assert audience is not None
    had, cut = audience.counts.connected, audience.counts.cut
    began_s = time.monotonic()
    audience.herd()
    await audience.until(lambda counts: counts.cut - cut >= ALL_BUT * had)
    await _until_back(evening, lambda: True, had=had)
    return f"{had:,} came back within {time.monotonic() - began_s:.1f} s"


async def handoff(evening: Evening) -> str:
    """Into the second Space at the announced second, and back."""
    house, host, second = evening.house, evening.host, evening.second
    to = str(second["id"])
    await house.ask("POST", f"spaces/{to}/start", host)
    await evening.troupe.enter(to, str(second["links"]["whip"]), host)
    try:
        await _carry(evening, evening.id, to, {"to": to, "reason": "Rehearsal of a handoff.", "end": False})
        probe = _probe(evening)
        there = probe.diary.last + STAY_PARTS
        await probe.until(lambda diary: diary.last >= there)
        back = {"to": evening.id, "reason": "And back.", "only_from": evening.id}
        await _carry(evening, to, evening.id, back)
    finally:
        await evening.troupe.leave(to, host)
    return "heard to the part, there and back"


async def _carry(evening: Evening, from_: str, to: str, body: dict[str, Any]) -> None:
    """One handoff, checked by the part in which it is heard, and by who is counted there."""
    audience, probe = evening.audience, _probe(evening)
    assert audience is not None
    everybody = audience.counts.connected
    before = len(probe.diary.handoffs)
    made = await evening.house.ask("POST", f"spaces/{from_}/handoff", evening.host, body)
    if made["state"] != "made":
        raise Unkept(f"the handoff was {made['state']}, not made")
    announced = sequence_at(datetime.fromisoformat(made["at"]).timestamp())
    await probe.until(lambda diary: any(fields["to"] == to for _, fields in diary.handoffs[before:]))
    heard = next(part for part, fields in probe.diary.handoffs[before:] if fields["to"] == to)

    async def all_there() -> bool:
        return bool((await evening.state(to))["counts"]["listeners"] >= ALL_BUT * everybody)

    await _until(all_there)
    if heard != announced:
        raise Unkept(
            f"the audience was carried {heard - announced:+} parts of 320 ms from the announced second"
        )


async def _until(true: Callable[[], Awaitable[bool]]) -> None:
    while True:
        if await true():
            return
        await asyncio.sleep(LOOK_S)


async def _until_back(evening: Evening, more: Callable[[], bool], had: int | None = None) -> None:
    """Until the crowd is whole again, after it was not, or after a moment in which it could have been
    less."""
    audience = evening.audience
    assert audience is not None
    whole = ALL_BUT * (audience.counts.connected if had is None else had)
    seen = len(audience.samples) + 2
    await audience.until(
        lambda counts: len(audience.samples) >= seen and counts.connected >= whole and more()
    )


def _own(evening: Evening) -> Own:
    assert evening.own is not None, "such faults are left out for others"
    return evening.own


def _probe(evening: Evening) -> Probe:
    assert evening.probe is not None
    return evening.probe


MAKE: Final[dict[Act, Callable[[Evening], Awaitable[str]]]] = {
    Act.HOST_DROPS: host_drops,
    Act.SUCCESSION: succession,
    Act.STAGE_KILLED: stage_killed,
    Act.STAGES_KILLED: stages_killed,
    Act.EDGE_KILLED: edge_killed,
    Act.CONTROL_KILLED: control_killed,
    Act.HERD: herd,
    Act.HANDOFF: handoff,
}
