"""Plots are whole XML, with every point inside."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from bench.plot import WIDTH, Panel, svg, ticks

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("highest", "expected"),
    [
        (0.0, [0.0, 1.0]),
        (1.0, [0.0, 0.25, 0.5, 0.75, 1.0]),
        (7.0, [0.0, 2.0, 4.0, 6.0, 8.0]),
        (600_000.0, [0.0, 200_000.0, 400_000.0, 600_000.0]),
    ],
)
def test_steps_are_round_and_reach_the_highest(highest: float, expected: list[float]) -> None:
    assert ticks(highest) == pytest.approx(expected)


def test_a_plot_has_a_line_for_each_series_inside_the_picture() -> None:
    panels = [
        Panel("listeners", {"here & now": [0.0, 5.0, 600_000.0]}),
        Panel("cores", {"edges": [0.0, 0.1, 1.9], "stage": [0.2, 0.2, 0.2]}),
    ]
    picture = ET.fromstring(svg("An <evening>", "a machine", [0.0, 1.0, 2.0], panels))
    height = float(picture.attrib["viewBox"].split()[3])
    lines = picture.findall(f"{SVG}polyline")
    assert len(lines) == 3
    for line in lines:
        points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
        assert len(points) == 3
        assert all(0 <= x <= WIDTH and 0 <= y <= height for x, y in points)
    assert picture.findtext(f"{SVG}title") == "An <evening>"


def test_nothing_measured_is_an_empty_plot() -> None:
    picture = ET.fromstring(svg("Nothing", "", [], [Panel("listeners", {"listening": []})]))
    assert picture.find(f"{SVG}polyline") is not None


def test_a_series_must_be_as_long_as_the_time() -> None:
    with pytest.raises(ValueError):
        svg("Wrong", "", [0.0, 1.0], [Panel("listeners", {"listening": [1.0]})])
