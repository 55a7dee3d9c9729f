"""Pictures as inline SVG: lines over time, and the spread of a histogram. Pure text; colours come from the
page.

Axes have round numbers, text stays text, and a `title` in each picture says what it shows to who cannot see
it.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from parvis.storm.histogram import Histogram
from parvis.storm.summary import milliseconds

WIDTH: Final = 720
HEIGHT: Final = 240
LEFT: Final = 64
RIGHT: Final = 16
TOP: Final = 14
BOTTOM: Final = 30
MOST_POINTS: Final = 600


class Line(NamedTuple):
    """One line: `style` is a CSS class of the page, a value of None is a break."""

    name: str
    style: str
    values: Sequence[float | None]


def over_time(title: str, seconds: Sequence[float], lines: Sequence[Line], unit: str = "") -> str:
    """Lines over the seconds of a storm; empty text when there is nothing to draw."""
    if len(seconds) < 2:
        return ""
    step = math.ceil(len(seconds) / MOST_POINTS)
    end_s = max(seconds[-1], 1e-9)
    top = _round_up(max((value for line in lines for value in line.values if value is not None), default=0))
    pieces = [_frame(title, top, unit)]
    pieces += [_label_x(end_s * part / 4, end_s, f"{end_s * part / 4:.0f} s") for part in range(5)]
    for line in lines:
        path, pen = [], "M"
        for at_s, value in list(zip(seconds, line.values, strict=True))[::step]:
            if value is None or at_s < 0:
                pen = "M"
                continue
            path.append(f"{pen}{_x(at_s / end_s):.1f} {_y(value / top):.1f}")
            pen = "L"
        if path:
            pieces.append(f'<path class="{line.style}" d="{"".join(path)}"/>')
    legend = "".join(f'<span class="key {line.style}">{html.escape(line.name)}</span>' for line in lines)
    return _figure(title, pieces, legend)


def spread(title: str, histogram: Histogram) -> str:
    """A histogram over a logarithmic axis of time; empty text when nothing was counted."""
    buckets = histogram.buckets()
    if not buckets:
        return ""
    low = math.floor(math.log10(max(buckets[0][1], 1)))
    high = max(low + 1, math.ceil(math.log10(buckets[-1][1])))

    def place(value_ms: float) -> float:
        return min(max((math.log10(max(value_ms, 1e-3)) - low) / (high - low), 0), 1)

    most = max(count for _, _, count in buckets)
    pieces = [_frame(title, None, "")]
    pieces += [_label_x(power - low, high - low, milliseconds(10**power)) for power in range(low, high + 1)]
    for from_ms, to_ms, count in buckets:
        left, right = _x(place(from_ms)), _x(place(to_ms))
        top = _y(count / most)
        pieces.append(
            f'<rect class="bar" x="{left:.1f}" y="{top:.1f}" width="{max(right - left - 0.4, 0.8):.1f}" '
            f'height="{_y(0) - top:.1f}"/>'
        )
    for percent in (50, 99):
        value_ms = histogram.percentile(percent)
        assert value_ms is not None
        x = _x(place(value_ms))
        pieces.append(f'<path class="mark" d="M{x:.1f} {TOP}V{_y(0):.1f}"/>')
    figures = histogram.summary() or {}
    said = " · ".join(f"{name} {milliseconds(value)}" for name, value in figures.items())
    return _figure(title, pieces, f"<span>{html.escape(said)}</span>")


def _figure(title: str, pieces: list[str], legend: str) -> str:
    name = html.escape(title)
    return (
        f"<figure><figcaption>{name}<small>{legend}</small></figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>{name}</title>{"".join(pieces)}</svg>'
        "</figure>"
    )


def _frame(title: str, top: float | None, unit: str) -> str:  # noqa: ARG001 - named for symmetry with its callers
    lines = []
    for part in range(5):
        y = _y(part / 4)
        lines.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        if top is not None:
            label = _number(top * part / 4) + unit
            lines.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    return "".join(lines)


def _label_x(value: float, end: float, text: str) -> str:
    return f'<text x="{_x(value / end):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{html.escape(text)}</text>'


def _x(share: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * share


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share


def _round_up(value: float) -> float:
    """The next of 1, 2, 4, 8 times a power of ten, so that quarters of it are round."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 2, 4, 8, 10) if factor * power >= value)


def _number(value: float) -> str:
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{sign}"
    return f"{value:g}"
