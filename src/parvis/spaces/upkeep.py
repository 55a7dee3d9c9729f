"""What happens to a Space by itself, as time passes and people come and go: plan, succession, its end.

`step` is pure; `Upkeep` carries it out. A Space ends by itself after a handoff that says so, and when nobody
has been connected for `keep_open_s`.
"""

from __future__ import annotations

from collections.abc import Iterator

from parvis.spaces import handoff, plan, succession
from parvis.spaces.changes import Changes
from parvis.spaces.handoff import HandoffState
from parvis.spaces.log import Entry
from parvis.spaces.port import SpaceRecords
from parvis.spaces.seen import Seen
from parvis.spaces.space import Space, State


def step(space: Space, seen: Seen, now_ms: int, peak_listeners: int = 0) -> Space:
    """The Space as it should be now; the same when nothing changes."""
    if space.state is State.ENDED:
        return space
    space = handoff.expire(space, now_ms)
    space = plan.step(space, seen, now_ms)
    space = succession.step(space, seen, now_ms)
    return space.end(now_ms, peak_listeners) if _is_over(space, now_ms) else space


def _is_over(space: Space, now_ms: int) -> bool:
    if space.ends_at_ms is not None and now_ms >= space.ends_at_ms:
        return True
    keep_open_ms = space.terms.keep_open_s * 1000
    held = space.state is State.HELD and space.held_since_ms is not None
    return held and keep_open_ms > 0 and now_ms - (space.held_since_ms or 0) >= keep_open_ms


class Upkeep(Changes):
    """Called by who listens to the stage; the same call twice does nothing the second time."""

    def is_due(self, space: Space, seen: Seen) -> bool:
        """Whether `carry_out` would change this Space."""
        return step(space, seen, self._now_ms()) is not space

    async def carry_out(self, space_id: str, seen: Seen, peak_listeners: int) -> Space:
        """Keeps and announces what is due. Raises `NotFound` `space-unknown`."""

        async def change(space: Space, records: SpaceRecords) -> Space:
            now_ms = self._now_ms()
            changed = step(space, seen, now_ms, peak_listeners)
            if changed.state is State.ENDED and space.state is not State.ENDED:
                await records.drop_invitations(space.id)
            for entry in _entries(space, changed, now_ms):
                await records.add_entry(entry)
            return changed

        return await self._change_with(space_id, change)

    async def set_held(self, space_id: str, *, held: bool) -> Space:
        """What the stage saw: nobody is connected any more, or somebody is again."""
        now_ms = self._now_ms()
        return await self._change(space_id, lambda space: space.hold(now_ms) if held else space.resume())


def _entries(before: Space, after: Space, now_ms: int) -> Iterator[Entry]:
    def entry(act: str, whom: str | None = None, **details: object) -> Entry:
        return Entry(before.id, now_ms, None, act, whom, None, details)

    if after.postponed > before.postponed:
        yield entry("postponed", starts_at_ms=after.starts_at_ms, times=after.postponed)
    if after.is_on_air and before.state is State.SCHEDULED:
        yield entry("began-by-plan")
    if after.acting_id != before.acting_id:
        if before.acting is not None:
            yield entry("acting-ended", before.acting.person.handle)
        if after.acting is not None:
            yield entry("acting-began", after.acting.person.handle)
    expired = {h.id for h in before.handoffs if h.state is HandoffState.ASKED}
    for one in after.handoffs:
        if one.id in expired and one.state is HandoffState.EXPIRED:
            yield entry("handoff-expired", one.to_id, handoff=one.id)
    if after.state is State.ENDED:
        yield entry("ended-by-itself")
