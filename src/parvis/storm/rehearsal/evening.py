"""Everybody who takes part, and what they need to know of each other: two Spaces, a stage of people, a
crowd, a probe.

The first Space is announced and opens by itself; the second is there so that the audience can be handed over.
Neither is recorded. They end with the rehearsal, and by themselves if nobody is left to end them.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from parvis.clock import sequence_at
from parvis.errors import Unavailable
from parvis.storm.rehearsal.audience import Audience
from parvis.storm.rehearsal.house import House, Person
from parvis.storm.rehearsal.own import Own
from parvis.storm.rehearsal.probe import Probe
from parvis.storm.rehearsal.troupe import Troupe

TITLE: Final = "Rehearsal"
GRACE_S: Final = 4
KEEP_OPEN_S: Final = 300
LOOK_S: Final = 0.2
CO_HOSTS: Final = 1


@dataclass(slots=True)
class Evening:
    """Owned by the director. `people[0]` is the host, `people[1]` a co-host, the others speakers."""

    house: House
    troupe: Troupe
    own: Own | None
    owned: bool
    people: list[Person] = field(default_factory=list)
    space: dict[str, Any] = field(default_factory=dict)
    second: dict[str, Any] = field(default_factory=dict)
    probe: Probe | None = None
    audience: Audience | None = None
    offset_s: float = 0.0
    """Server's clock minus ours."""

    @property
    def host(self) -> Person:
        """Who made both Spaces."""
        return self.people[0]

    def now_s(self) -> float:
        """Unix time by the server's clock."""
        return time.time() + self.offset_s

    def part_now(self) -> int:
        """Number of the part that is said now."""
        return sequence_at(self.now_s())

    async def gather_people(self, tokens: list[str], speakers: int) -> None:
        """Signs in who has a token, and signs up the rest."""
        names = ["Host", "Co-host", *(f"Speaker {number}" for number in range(3, speakers + 1))]
        for name, token in zip(names[:speakers], [*tokens, *[""] * speakers], strict=False):
            self.people.append(await (self.house.who(token) if token else self.house.sign_up(name)))

    async def make_spaces(self, starts_in_s: float) -> None:
        """Both Spaces, and everybody's seat in the first. It opens much later, until `announce`."""
        terms = {"recording": "off", "grace_s": GRACE_S, "standby": "tone", "keep_open_s": KEEP_OPEN_S}
        description = "Synthetic people, planned faults. It ends by itself."
        first = {"title": TITLE, "description": description, "starts_at": rfc3339(self.now_s() + starts_in_s)}
        self.space = await self.house.ask("POST", "spaces", self.host, {**first, **terms})
        second = {"title": f"{TITLE}, second Space", "description": description}
        self.second = await self.house.ask("POST", "spaces", self.host, {**second, **terms})
        for role, guests in (
            ("co-host", self.people[1 : 1 + CO_HOSTS]),
            ("speaker", self.people[1 + CO_HOSTS :]),
        ):
            if not guests:
                continue
            wanted = {"role": role, "uses": len(guests), "expires_in_s": 600}
            invitation = await self.house.ask("POST", f"spaces/{self.id}/invitations", self.host, wanted)
            code = str(invitation["link"]).rpartition("#invitation=")[2]
            for guest in guests:
                await self.house.ask("POST", f"spaces/{self.id}/seats", guest, {"invitation": code})

    async def read_clock(self) -> None:
        """Takes over the server's clock, from space.json, once the edges know the Space; the caller bounds
        it."""
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            while True:
                asked_s = time.time()
                try:
                    answer = await client.get(str(self.space["links"]["space"]))
                except httpx.TransportError as error:
                    reason = f"the edges ({self.space['links']['space']}) do not answer: {error}"
                    raise Unavailable("server-away", reason, 5.0) from error
                answered_s = time.time()
                if answer.status_code == httpx.codes.OK:
                    break
                await asyncio.sleep(LOOK_S)
        server_s = datetime.fromisoformat(answer.json()["now"]).timestamp()
        self.offset_s = server_s - (asked_s + answered_s) / 2

    async def announce(self, starts_s: int) -> None:
        """Says at which second the first Space opens."""
        edit = {"starts_at": rfc3339(starts_s)}
        self.space = await self.house.ask("PATCH", f"spaces/{self.id}", self.host, edit)

    async def enter_all(self) -> None:
        """Everybody takes the seat with sound."""
        for person in self.people:
            await self.troupe.enter(self.id, self.whip, person)

    @property
    def id(self) -> str:
        """Of the first Space."""
        return str(self.space["id"])

    @property
    def whip(self) -> str:
        """WHIP address of the first Space."""
        return str(self.space["links"]["whip"])

    async def make_whole(self) -> None:
        """Whoever a fault has left outside comes back."""
        for person in self.people:
            if not self.troupe.plays(self.id, person):
                await self.troupe.enter(self.id, self.whip, person)

    async def seats(self) -> tuple[dict[str, dict[str, Any]], int]:
        """(seats of the first Space by handle, epoch of its stage)."""
        told = await self.house.ask("GET", f"spaces/{self.id}/seats", self.host)
        return {seat["handle"]: seat for seat in told["items"]}, int(told.get("stage_epoch") or 0)

    async def until_connected(self, handles: set[str], *, epoch: int = 0) -> None:
        """Returns when these, and of the people no others, have sound, by a stage of a higher epoch than
        this. The caller bounds it."""
        while True:
            seats, now = await self.seats()
            if now > epoch and {handle for handle, seat in seats.items() if seat["connected"]} == handles:
                return
            await asyncio.sleep(LOOK_S)

    async def state(self, space: str = "") -> dict[str, Any]:
        """A Space as control has it; the first, if none is named."""
        return await self.house.ask("GET", f"spaces/{space or self.id}", self.host)

    @property
    def handles(self) -> set[str]:
        """Of all people on stage."""
        return {person.handle for person in self.people}


def rfc3339(unix_s: float) -> str:
    """With milliseconds, UTC."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
