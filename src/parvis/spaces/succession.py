"""Succession: who acts as host while the host is away, and who may be host after it.

- Only on air. The host is *away* while it is not connected, *overdue* after `grace_s` of that, or at once
  when its account is suspended. While no stage reports, nobody's time away begins: a stage that is being
  replaced must not cost a host its Space.
- When the host is overdue, the first connected co-host in the order of seats acts; without one, the connected
  speaker among `successors` who has had its seat the longest. Nobody there: the first who connects, at once.
- An acting host keeps that until the host is connected again; or until it is overdue itself and somebody else
  can follow; or until it has no seat on stage any more.
- The host who is connected again is host again at once: it never lost its seat, only others gained rights.

Pure, and the same again changes nothing: it may be asked at any time, by who likes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parvis.errors import Conflict
from parvis.spaces.seat import Role, Seat
from parvis.spaces.seen import Seen
from parvis.spaces.space import Space


def step(space: Space, seen: Seen, now_ms: int) -> Space:
    """The Space with who acts as host now; the same when nothing changes."""
    if not space.is_on_air:
        return space.with_acting(None, host_away_since_ms=None, acting_away_since_ms=None)
    host = space.host
    if is_connected(host, seen):
        return space.with_acting(None, host_away_since_ms=None, acting_away_since_ms=None)
    host_away_since_ms = _away_since(space.host_away_since_ms, host, seen, now_ms)
    acting = space.acting
    acting_away_since_ms = None
    if acting is not None:
        acting_away_since_ms = _away_since(space.acting_away_since_ms, acting, seen, now_ms)
    if (host.suspended or _overdue(space, host_away_since_ms, now_ms)) and (
        acting is None or _overdue(space, acting_away_since_ms, now_ms)
    ):
        following = candidate(space, seen)
        if following is not None:
            acting, acting_away_since_ms = following, None
    return space.with_acting(
        acting.person.account_id if acting is not None else None,
        host_away_since_ms=host_away_since_ms,
        acting_away_since_ms=acting_away_since_ms,
    )


def without_grace(space: Space, now_ms: int) -> Space:
    """The host's grace is over: the next step lets somebody act."""
    return space.with_acting(
        space.acting_id,
        host_away_since_ms=now_ms - space.terms.grace_s * 1000,
        acting_away_since_ms=space.acting_away_since_ms,
    )


def candidate(space: Space, seen: Seen) -> Seat | None:
    """Who would act as host now: somebody who is connected, not the host."""
    there = [seat for seat in space.on_stage if is_connected(seat, seen)]
    co_hosts = [seat for seat in there if seat.role is Role.CO_HOST]
    if co_hosts:
        return co_hosts[0]
    named = space.terms.successors
    speakers = [seat for seat in there if seat.role is Role.SPEAKER and seat.person.handle in named]
    # Seats taken in the same millisecond: in the order in which the host named them.
    return min(speakers, key=lambda s: (s.taken_at_ms, named.index(s.person.handle)), default=None)


def is_connected(seat: Seat, seen: Seen) -> bool:
    """Whether a seat is on stage with sound."""
    return not seat.suspended and seat.person.handle in seen.connected


@dataclass(frozen=True, slots=True)
class Coming:
    """A succession that is near: `next` acts as host at `at_ms` unless the host is back. None: nobody can."""

    next: Seat | None
    at_ms: int


def coming(space: Space, seen: Seen) -> Coming | None:
    """What the next step is waiting for, while somebody's grace runs; None otherwise."""
    acting = space.acting
    since_ms = space.acting_away_since_ms if acting is not None else space.host_away_since_ms
    if not space.is_on_air or since_ms is None:
        return None
    return Coming(candidate(space, seen), since_ms + space.terms.grace_s * 1000)


# A host who leaves on purpose.


def candidates(space: Space, seen: Seen) -> list[Seat]:
    """Who may be host after this one: co-hosts first; on air only who is connected."""
    others = [seat for seat in space.on_stage if seat.role is not Role.HOST]
    there = [seat for seat in others if not space.is_on_air or is_connected(seat, seen)]
    return sorted(there, key=lambda seat: seat.role is not Role.CO_HOST)


def leave_to(space: Space, successor: str | None, seen: Seen, now_ms: int) -> Space:
    """The host leaves for good. Raises `Conflict` `space-ended`, `successor-needed` with the candidates."""
    space.check_open()
    possible = candidates(space, seen)
    named = next((seat for seat in possible if seat.person.handle == successor), None)
    if named is None:
        raise _successor_needed(possible)
    return space.pass_on(named, now_ms, removed=False)


def _successor_needed(possible: Sequence[Seat]) -> Conflict:
    detail = "Name who is host after you: successor must be one of those who are there."
    if not possible:
        detail = "Nobody is there who could be host after you; end the Space instead."
    shown = [
        {"handle": seat.person.handle, "display_name": seat.person.display_name, "role": seat.role.value}
        for seat in possible
    ]
    return Conflict("successor-needed", detail, more={"candidates": shown})


def _away_since(since_ms: int | None, seat: Seat, seen: Seen, now_ms: int) -> int | None:
    if is_connected(seat, seen):
        return None
    if since_ms is not None:
        return since_ms
    return now_ms if seen.reported else None


def _overdue(space: Space, since_ms: int | None, now_ms: int) -> bool:
    return since_ms is not None and now_ms - since_ms >= space.terms.grace_s * 1000
