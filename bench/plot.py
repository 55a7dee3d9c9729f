"""Line plots as one SVG that stands alone: panels over a common time, light and dark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, PANEL_HEIGHT, LEFT, RIGHT, TOP, GAP = 880, 150, 78, 132, 46, 34
COLOURS = ("a", "b", "c", "d", "e")
STYLE = """
  svg { font: 12px system-ui, sans-serif; background: #faf8f4; }
  text { fill: #3a3630; } .title { font-size: 16px; font-weight: 600; } .dim { fill: #7a7468; }
  .grid { stroke: #ddd6c8; stroke-width: 1; }
  polyline { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
  .a { stroke: #8a5a00; } .b { stroke: #1c5d8c; } .c { stroke: #3f7d3a; } .d { stroke: #9b3d6b; }
  .e { stroke: #6b6b6b; } text.a, text.b, text.c, text.d, text.e { stroke: none; }
  text.a { fill: #8a5a00; } text.b { fill: #1c5d8c; } text.c { fill: #3f7d3a; } text.d { fill: #9b3d6b; }
  text.e { fill: #6b6b6b; }
  @media (prefers-color-scheme: dark) {
    svg { background: #12151f; } text { fill: #e9e4d8; } .dim { fill: #9a958a; } .grid { stroke: #2c3140; }
    .a { stroke: #e0b050; } .b { stroke: #7fb8e6; } .c { stroke: #8fcf88; } .d { stroke: #e08fb8; }
    .e { stroke: #b0b0b0; }
    text.a { fill: #e0b050; } text.b { fill: #7fb8e6; } text.c { fill: #8fcf88; } text.d { fill: #e08fb8; }
    text.e { fill: #b0b0b0; }
  }
"""


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot: values of each series at the common times. At most five series."""

    title: str
    series: Mapping[str, Sequence[float]]


def ticks(highest: float, count: int = 4) -> list[float]:
    """0 and round steps up to at least `highest`."""
    if highest <= 0:
        return [0.0, 1.0]
    raw = highest / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * 0.999)
    return [step * n for n in range(math.ceil(highest / step * 0.999) + 1)]


def svg(title: str, subtitle: str, times_s: Sequence[float], panels: Sequence[Panel]) -> str:
    """The picture. Times are seconds and grow; every series is as long as they are."""
    height = TOP + len(panels) * (PANEL_HEIGHT + GAP) + 14
    last_s = max(times_s, default=0.0) or 1.0
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<text class="title" x="16" y="24">{escape(title)}</text>',
        f'<text class="dim" x="16" y="41">{escape(subtitle)}</text>',
    ]
    for number, panel in enumerate(panels):
        top = TOP + 26 + number * (PANEL_HEIGHT + GAP)
        parts += _panel(panel, times_s, last_s, top, last=number == len(panels) - 1)
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, times_s: Sequence[float], last_s: float, top: int, *, last: bool) -> list[str]:
    steps = ticks(max((max(values, default=0.0) for values in panel.series.values()), default=0.0))
    plot_height, plot_width = PANEL_HEIGHT - 26, WIDTH - LEFT - RIGHT
    bottom = top + plot_height

    def x(time_s: float) -> float:
        return LEFT + time_s / last_s * plot_width

    def y(value: float) -> float:
        return bottom - value / steps[-1] * plot_height

    parts = [f'<text x="16" y="{top - 8}">{escape(panel.title)}</text>']
    for step in steps:
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(step):.1f}" y2="{y(step):.1f}"/>'
        )
        parts.append(
            f'<text class="dim" x="{LEFT - 8}" y="{y(step) + 4:.1f}" text-anchor="end">{_number(step)}</text>'
        )
    if last:
        parts += [
            f'<text class="dim" x="{x(step):.1f}" y="{bottom + 16}" '
            f'text-anchor="middle">{_number(step)} s</text>'
            for step in ticks(last_s, 8)
            if step <= last_s
        ]
    names = sorted(panel.series, key=lambda name: -(panel.series[name][-1] if panel.series[name] else 0))
    for place, (name, values) in enumerate(panel.series.items()):
        colour = COLOURS[place % len(COLOURS)]
        points = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in zip(times_s, values, strict=True))
        parts.append(f'<polyline class="{colour}" points="{points}"/>')
        label_y = top + 10 + 16 * names.index(name)
        parts.append(f'<text class="{colour}" x="{WIDTH - RIGHT + 12}" y="{label_y}">{escape(name)}</text>')
    return parts


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:g}"
