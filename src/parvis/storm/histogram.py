"""The spread of millions of values in 6 KB, with percentiles within 1 %.

Buckets grow by 2 % from 0.5 up to 30 minutes, in milliseconds; what is below, negative values included, is in
the first, and what is above in the last. Minimum and maximum are kept exactly. Histograms of many processes
add up.
"""

from __future__ import annotations

import math
import struct
from array import array
from typing import Final

import numpy as np
from numpy.typing import NDArray

LEAST_MS: Final = 0.5
GROWTH: Final = 1.02
BUCKETS: Final = 764
PERCENTILES: Final = (50, 90, 99)

_SCALE = 1 / math.log(GROWTH)
_HEADER = struct.Struct("<ddHH")


class Histogram:
    """Counts of values in milliseconds."""

    __slots__ = ("_counts", "max_ms", "min_ms")

    def __init__(self) -> None:
        self._counts = array("Q", bytes(8 * BUCKETS))
        self.min_ms = math.inf
        self.max_ms = -math.inf

    @property
    def total(self) -> int:
        """Values counted."""
        return sum(self._counts)

    def add(self, value_ms: float, times: int = 1) -> None:
        """Counts a value `times` times."""
        self._counts[_bucket(value_ms)] += times
        self.min_ms = min(self.min_ms, value_ms)
        self.max_ms = max(self.max_ms, value_ms)

    def add_all(self, values_ms: NDArray[np.float64]) -> None:
        """Counts all values of `float64[n]`."""
        if not len(values_ms):
            return
        places = 1 + np.floor(np.log(np.maximum(values_ms, LEAST_MS) / LEAST_MS) * _SCALE).astype(np.int64)
        places[values_ms < LEAST_MS] = 0
        counts = np.frombuffer(self._counts, np.uint64)
        counts += np.bincount(np.minimum(places, BUCKETS - 1), minlength=BUCKETS).astype(np.uint64)
        self.min_ms = min(self.min_ms, float(values_ms.min()))
        self.max_ms = max(self.max_ms, float(values_ms.max()))

    def merge(self, other: Histogram) -> None:
        """Counts what `other` has counted."""
        counts = np.frombuffer(self._counts, np.uint64)
        counts += np.frombuffer(other._counts, np.uint64)
        self.min_ms = min(self.min_ms, other.min_ms)
        self.max_ms = max(self.max_ms, other.max_ms)

    def since(self, earlier: Histogram) -> Histogram:
        """What was counted after `earlier`, an older state of this histogram. Its bounds are those of all."""
        difference = Histogram()
        counts = np.frombuffer(difference._counts, np.uint64)
        np.subtract(self._counts, earlier._counts, out=counts)
        difference.min_ms, difference.max_ms = self.min_ms, self.max_ms
        return difference

    def percentile(self, percent: float) -> float | None:
        """The value in ms that `percent` % of all do not exceed (nearest rank), or None while empty."""
        rank = max(1, math.ceil(self.total * percent / 100))
        for place, count in enumerate(self._counts):
            rank -= count
            if rank <= 0 and count:
                return min(max(_middle_ms(place), self.min_ms), self.max_ms)
        return None

    def summary(self) -> dict[str, float] | None:
        """`p50`, `p90`, `p99` and `max` in ms, or None while empty."""
        if self.max_ms == -math.inf:
            return None
        figures = {f"p{percent}": round(self.percentile(percent) or 0.0, 1) for percent in PERCENTILES}
        return {**figures, "max": round(self.max_ms, 1)}

    def buckets(self) -> list[tuple[float, float, int]]:
        """(from ms, to ms, count) of the buckets that are not empty, in order."""
        return [
            (_edge_ms(place), _edge_ms(place + 1), count) for place, count in enumerate(self._counts) if count
        ]

    def encode(self) -> bytes:
        """As bytes: bounds, then the buckets between the first and the last that are not empty."""
        used = np.flatnonzero(np.frombuffer(self._counts, np.uint64))
        low, high = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 0)
        return _HEADER.pack(self.min_ms, self.max_ms, low, high) + self._counts[low:high].tobytes()

    @classmethod
    def decode(cls, data: bytes, offset: int = 0) -> tuple[Histogram, int]:
        """(histogram, offset after it) of what `encode` wrote."""
        histogram = cls()
        histogram.min_ms, histogram.max_ms, low, high = _HEADER.unpack_from(data, offset)
        start = offset + _HEADER.size
        end = start + 8 * (high - low)
        histogram._counts[low:high] = array("Q", data[start:end])
        return histogram, end


def _bucket(value_ms: float) -> int:
    if value_ms < LEAST_MS:
        return 0
    return min(1 + int(math.log(value_ms / LEAST_MS) * _SCALE), BUCKETS - 1)


def _edge_ms(place: int) -> float:
    return LEAST_MS * GROWTH ** (place - 1) if place else 0.0


def _middle_ms(place: int) -> float:
    return LEAST_MS * GROWTH ** (place - 0.5) if place else LEAST_MS / 2
