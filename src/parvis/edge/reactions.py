"""Reactions: anybody who listens may clap, and six hundred thousand may in the same second.

Rules:

- What is done for one is bounded, and so is how many are looked at: `LOOKED_AT_PER_PART` in the time of one
  part. Beyond that one in `SAMPLE` is looked at and counts for so many, chosen by chance: an honest estimate,
  for whom it hits says nothing about what it shows.
- An address has a bucket of `rate` a second and three seconds of it at once, so that one machine is not a
  crowd. Whoever is told so (`429`) is not counted.
- Only sums leave this edge, once a part (`crowd.py`). Who reacted is not kept.

`now_s` is monotonic time in seconds.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from parvis.errors import Overloaded, UserError

EMOJI: Final = ("👏", "❤️", "😂", "😮", "🔥", "👍", "🎉", "🙏")
LOOKED_AT_PER_PART: Final = 2_000
SAMPLE: Final = 16
BURST_S: Final = 3.0
"""What an address may do at once, in seconds of its rate."""
ADDRESSES_MAX: Final = 65_536

_PLAIN: Final = {emoji.removesuffix("\ufe0f"): emoji for emoji in EMOJI}
"""Some keyboards leave out the selector that asks for a picture."""


@dataclass(slots=True)
class ReactionCounts:
    """Totals since the start."""

    taken: int = 0
    """Requests that were answered by 204."""
    unseen: int = 0
    """Of these, those that were not looked at."""
    refused: int = 0
    """Too many from one address."""


class Reactions:
    """Adds up between two reports. `rate_per_s` is what one address may do; 0: no limit."""

    def __init__(self, rate_per_s: float) -> None:
        self.counts = ReactionCounts()
        self._buckets = AddressBuckets(rate_per_s)
        self._sums: dict[str, dict[str, int]] = {}
        self._looked_at = 0

    def react(self, space: str, address: int, body: bytes, now_s: float) -> None:
        """Somebody reacts. Raises `UserError` `body-invalid`, `emoji-unknown`, `Overloaded`
        `too-many-requests`."""
        weight = 1
        if self._looked_at >= LOOKED_AT_PER_PART:
            if random.randrange(SAMPLE):  # noqa: S311 - a sample, no secret
                self.counts.taken += 1
                self.counts.unseen += 1
                return
            weight = SAMPLE
        emoji = _emoji(body)
        if not emoji:
            if emoji is None:
                raise UserError("body-invalid", 'The body is JSON: {"emoji": "👏"}.')
            raise UserError("emoji-unknown", f"The emoji is one of {' '.join(EMOJI)}.")
        wait_s = self._buckets.take(address, weight, now_s)
        if wait_s:
            self.counts.refused += 1
            raise Overloaded("too-many-requests", "So many reactions come from your address.", wait_s)
        self._looked_at += 1
        self.counts.taken += 1
        sums = self._sums.get(space)
        if sums is None:
            sums = self._sums[space] = {}
        sums[emoji] = sums.get(emoji, 0) + weight

    def take(self) -> Mapping[str, Mapping[str, int]]:
        """What was counted since this was last asked, by Space and emoji. Call it once a part."""
        sums, self._sums = self._sums, {}
        self._looked_at = 0
        return sums


class AddressBuckets:
    """A token bucket for each address that did something lately. `rate_per_s` 0: no limit."""

    def __init__(self, rate_per_s: float) -> None:
        self._rate_per_s = rate_per_s
        self._burst = max(1.0, rate_per_s * BURST_S)
        self._buckets: dict[int, tuple[float, float]] = {}

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._buckets)

    def take(self, address: int, tokens: int, now_s: float) -> float:
        """Takes so many, at most a whole bucket, if they are there: 0.0; else how many seconds to wait."""
        if not self._rate_per_s or not address:  # 0 is a proxy, behind which anybody may be
            return 0.0
        wanted = min(float(tokens), self._burst)
        left, at_s = self._buckets.get(address, (self._burst, now_s))
        left = min(self._burst, left + (now_s - at_s) * self._rate_per_s)
        if left < wanted:
            return max(1.0, (wanted - left) / self._rate_per_s)
        self._buckets[address] = left - wanted, now_s
        if len(self._buckets) > ADDRESSES_MAX:
            self._forget(now_s)
        return 0.0

    def _forget(self, now_s: float) -> None:
        """Who did nothing for so long that its bucket is full again; if that is nobody, everybody."""
        fresh_s = now_s - BURST_S
        self._buckets = {who: bucket for who, bucket in self._buckets.items() if bucket[1] > fresh_s}
        if len(self._buckets) > ADDRESSES_MAX:
            self._buckets.clear()


@lru_cache(maxsize=256)
def _emoji(body: bytes) -> str | None:
    """The emoji of a body; "" for one that is none of ours, None for what is not such a body."""
    try:
        fields = json.loads(body)
        emoji = fields["emoji"] if set(fields) == {"emoji"} else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return _PLAIN.get(emoji.removesuffix("\ufe0f"), "") if isinstance(emoji, str) else None
