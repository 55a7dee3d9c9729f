"""When listeners arrive: the share of the crowd that has come by each second.

Rules:

- `60` is a straight line over 60 s, `burst` is everybody at once, and `0:0,60:0.8,300:1` goes in straight
  lines through its points (`seconds:share`). Seconds rise, shares never fall, and the last share is 1.
- Before the first point nobody has come; after the last everybody has.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass

from parvis.errors import UserError


@dataclass(frozen=True, slots=True)
class Curve:
    """Points (`seconds`, `shares`) with straight lines between them. Make one with `parse`."""

    seconds: tuple[float, ...]
    shares: tuple[float, ...]

    @classmethod
    def parse(cls, text: str) -> Curve:
        """Reads an `--arrive` option. Raises `UserError` `curve-invalid`."""
        text = text.strip()
        if text == "burst":
            return cls((0.0,), (1.0,))
        try:
            if ":" not in text or text.startswith("linear:"):
                seconds = _number(text.removeprefix("linear:"))
                return cls((0.0, seconds), (0.0, 1.0)) if seconds else cls((0.0,), (1.0,))
            points = [point.split(":") for point in text.split(",")]
            curve = cls(tuple(_number(at) for at, _ in points), tuple(_number(share) for _, share in points))
        except ValueError as error:
            raise _invalid(text, str(error)) from error
        if any(later <= sooner for sooner, later in zip(curve.seconds, curve.seconds[1:], strict=False)):
            raise _invalid(text, "its seconds must rise")
        if any(more < less for less, more in zip(curve.shares, curve.shares[1:], strict=False)):
            raise _invalid(text, "its shares must not fall")
        if curve.shares[-1] != 1:
            raise _invalid(text, "its last share must be 1")
        return curve

    @property
    def duration_s(self) -> float:
        """Seconds until everybody has come."""
        return self.seconds[-1]

    def share(self, at_s: float) -> float:
        """Share of the crowd, 0 to 1, that has come `at_s` seconds after the beginning."""
        place = bisect.bisect_right(self.seconds, at_s)
        if place == 0:
            return 0.0
        if place == len(self.seconds):
            return 1.0
        before_s, after_s = self.seconds[place - 1], self.seconds[place]
        before, after = self.shares[place - 1], self.shares[place]
        return before + (after - before) * (at_s - before_s) / (after_s - before_s)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{text} is not a number from 0 up")
    return value


def _invalid(text: str, reason: str) -> UserError:
    return UserError(
        "curve-invalid", f"cannot read {text!r} as arrivals ({reason}): say 60, burst, or 0:0,60:0.8,300:1"
    )
