"""Pictures as inline SVG: lines over time, and the spread of a histogram. Pure text.

Axes have round numbers, text stays text, colours come from the page's classes, and a `title` in each picture
says what it shows to who cannot see it. There is no picture of nothing: then the text is empty.
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
LEFT: Final = 72
RIGHT: Final = 24
TOP: Final = 14
BOTTOM: Final = 30
MOST_POINTS: Final = 600
MOST_LABELS: Final = 8

_STEPS: Final = (1, 2, 5)


class Line(NamedTuple):
    """One line: `style` is a CSS class of the page, a value of None is a break."""

    name: str
    style: str
    values: Sequence[float | None]


class Mark(NamedTuple):
    """A moment worth seeing, with a short name."""

    at_s: float
    name: str


def over_time(
    title: str, seconds: Sequence[float], lines: Sequence[Line], unit: str = "", marks: Sequence[Mark] = ()
) -> str:
    """Lines over the seconds of a storm, all of which are 0 or more; marks that are beyond them are left
    out."""
    most = max((value for line in lines for value in line.values if value is not None), default=0)
    if len(seconds) < 2 or most <= 0:
        return ""
    every = math.ceil(len(seconds) / MOST_POINTS)
    end_s, top = seconds[-1], _round_up(most / 4) * 4
    if not unit and top < 4:
        top = 4  # listeners come whole
    pieces = [_grid([_number(top * part / 4) + unit for part in range(5)])]
    step_s = _round_up(end_s / MOST_LABELS)
    pieces += [
        _label_x(tick * step_s / end_s, f"{tick * step_s:g} s") for tick in range(int(end_s / step_s) + 1)
    ]
    for line in lines:
        path, pen = "", "M"
        for at_s, value in list(zip(seconds, line.values, strict=True))[::every]:
            if value is None:
                pen = "M"
                continue
            path += f"{pen}{_x(at_s / end_s):.1f} {_y(value / top):.1f}"
            pen = "L"
        if path:
            pieces.append(f'<path class="{line.style}" d="{path}"/>')
    for mark in (mark for mark in marks if 0 <= mark.at_s <= end_s):
        x = _x(mark.at_s / end_s)
        pieces.append(f'<path class="mark" d="M{x:.1f} {TOP}V{_y(0)}"/>')
        pieces.append(f'<text x="{x + 3:.1f}" y="{TOP + 10}">{html.escape(mark.name)}</text>')
    legend = "".join(f'<span class="key {line.style}">{html.escape(line.name)}</span>' for line in lines)
    return _figure(title, pieces, legend)


def spread(title: str, histogram: Histogram) -> str:
    """A histogram over a logarithmic axis of time, with lines at the 50th and 99th percentile."""
    buckets = histogram.buckets()
    if not buckets:
        return ""
    marks = _marks(max(buckets[0][0], 1.0), max(buckets[-1][1], 2.0))
    low, high = math.log10(marks[0]), math.log10(marks[-1])

    def place(value_ms: float) -> float:
        return min(max((math.log10(max(value_ms, 1e-3)) - low) / (high - low), 0), 1)

    most = max(count for _, _, count in buckets)
    pieces = [_grid([])]
    pieces += [_label_x(place(mark), _time(mark)) for mark in marks[:: math.ceil(len(marks) / MOST_LABELS)]]
    for from_ms, to_ms, count in buckets:
        left, right, top = _x(place(from_ms)), _x(place(to_ms)), _y(count / most)
        pieces.append(
            f'<rect class="bar" x="{left:.1f}" y="{top:.1f}" width="{max(right - left - 0.4, 0.8):.1f}" '
            f'height="{_y(0) - top:.1f}"/>'
        )
    for percent in (50, 99):
        value_ms = histogram.percentile(percent)
        assert value_ms is not None
        pieces.append(f'<path class="mark" d="M{_x(place(value_ms)):.1f} {TOP}V{_y(0)}"/>')
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


def _grid(labels: list[str]) -> str:
    """Five level lines, with their labels if there are any."""
    heights = [_y(part / 4) for part in range(5)]
    lines = [f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>' for y in heights]
    lines += [
        f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{html.escape(label)}</text>'
        for y, label in zip(heights, labels, strict=False)
    ]
    return "".join(lines)


def _label_x(share: float, text: str) -> str:
    return f'<text x="{_x(share):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{html.escape(text)}</text>'


def _x(share: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * share


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share


def _round_up(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in _STEPS if step * power >= value), 10 * power)


def _marks(low: float, high: float) -> list[float]:
    """All of 1, 2, 5 times powers of ten from at or below `low` to at or above `high`, at least two."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    marks = [step * 10.0**power for power in powers for step in _STEPS]
    first = max(place for place, mark in enumerate(marks) if mark <= low)
    last = min(place for place, mark in enumerate(marks) if mark >= high and place > first)
    return marks[first : last + 1]


def _number(value: float) -> str:
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{sign}"
    return f"{value:g}"


def _time(value_ms: float) -> str:
    return f"{value_ms:g} ms" if value_ms < 1000 else f"{value_ms / 1000:g} s"
