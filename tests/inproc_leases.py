"""Leases within one process: all of `parvis.bus.leases`, in memory, for tests that need no folder."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from parvis.bus.leases import TTL_S, Holder, Lease
from parvis.clock import Clock


@dataclass
class InprocLeases:
    """Shared by all who would be processes."""

    clock: Clock
    holders: dict[str, Holder] = field(default_factory=dict)

    async def acquire(self, name: str, owner: str) -> Lease | None:
        last = await self.last(name)
        if last is None or last.deadline_s == float("-inf"):
            epoch = last.epoch + 1 if last else int(self.clock.wall_s())
            last = self.holders[name] = Holder(owner, epoch, self.clock.monotonic_s() + TTL_S)
        return Lease(name, owner, last.epoch, last.deadline_s) if last.owner == owner else None

    async def renew(self, lease: Lease) -> Lease | None:
        if not await self._holds(lease):
            return None
        deadline_s = self.clock.monotonic_s() + TTL_S
        self.holders[lease.name] = replace(self.holders[lease.name], deadline_s=deadline_s)
        return replace(lease, deadline_s=deadline_s)

    async def release(self, lease: Lease) -> None:
        if await self._holds(lease):
            self.holders[lease.name] = Holder(lease.owner, lease.epoch, float("-inf"), released=True)

    async def last(self, name: str) -> Holder | None:
        holder = self.holders.get(name)
        if holder is not None and self.clock.monotonic_s() >= holder.deadline_s:
            return replace(holder, deadline_s=float("-inf"))
        return holder

    async def owner(self, name: str) -> tuple[str, int] | None:
        holder = await self.last(name)
        return (holder.owner, holder.epoch) if holder and holder.deadline_s > float("-inf") else None

    async def forget(self, name: str) -> None:
        self.holders.pop(name, None)

    async def _holds(self, lease: Lease) -> bool:
        return await self.owner(lease.name) == (lease.owner, lease.epoch)


class OneStage(InprocLeases):
    """As where there is one stage, `stage-1`, that has taken every Space before anybody asks for it."""

    async def last(self, name: str) -> Holder | None:
        return Holder("stage-1", 1, float("inf"))
