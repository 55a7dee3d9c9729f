"""Spaces and people for tests of the domain."""

from __future__ import annotations

from parvis.spaces.seat import Person, Role, Seat
from parvis.spaces.space import Space, State

ANA = Person("a-ana", "ana", "Ana")
NOW_MS = 1_800_000_000_000


def person(handle: str) -> Person:
    return Person(f"a-{handle}", handle, handle.title())


def new_space(*, max_speakers: int = 10) -> Space:
    """A scheduled Space of which Ana is host."""
    return Space(
        id="0123456789",
        revision=1,
        title="Budget night",
        description="",
        language="en",
        state=State.SCHEDULED,
        max_speakers=max_speakers,
        created_at_ms=NOW_MS,
        starts_at_ms=None,
        started_at_ms=None,
        ended_at_ms=None,
        peak_listeners=0,
        seats=(Seat(ANA, Role.HOST, NOW_MS),),
    )
