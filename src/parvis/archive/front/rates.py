"""Rate limits by address: a moving window in memory, counted before the work is done."""

from __future__ import annotations

import ipaddress

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from parvis.clock import Clock
from parvis.errors import Overloaded


class Rates:
    """How often one address may ask. 0 a minute means as often as it likes."""

    def __init__(self, clock: Clock, *, reads_per_minute: int, writes_per_minute: int) -> None:
        self._limits = {
            "read": RateLimitItemPerMinute(reads_per_minute) if reads_per_minute else None,
            "write": RateLimitItemPerMinute(writes_per_minute) if writes_per_minute else None,
        }
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._clock = clock

    async def count(self, kind: str, address: str) -> None:
        """One request, "read" or "write". Raises `Overloaded` `too-many-requests`."""
        limit = self._limits[kind]
        if limit is None or await self._limiter.hit(limit, kind, _network(address)):
            return
        window = await self._limiter.get_window_stats(limit, kind, _network(address))
        retry_after_s = max(1.0, window.reset_time - self._clock.wall_s())
        raise Overloaded("too-many-requests", "Too many requests; wait a little.", retry_after_s)


def _network(address: str) -> str:
    """One household: an IPv4 address or an IPv6 /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address
