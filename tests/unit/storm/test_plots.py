from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.storm import plots
from parvis.storm.histogram import Histogram
from parvis.storm.plots import Line, Mark, over_time, spread


def texts(picture: str) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(picture).iter("text")]


def test_lines_have_round_axes_and_a_title() -> None:
    picture = over_time("A & B", [0.0, 5.0, 13.0], [Line("x", "one", [0, 5_800, 6_000])])
    assert texts(picture) == ["0", "2k", "4k", "6k", "8k", "0 s", "2 s", "4 s", "6 s", "8 s", "10 s", "12 s"]
    assert [node.text for node in ElementTree.fromstring(picture).iter("title")] == ["A & B"]


def test_whole_things_get_whole_labels() -> None:
    assert texts(over_time("t", [0.0, 1.0], [Line("x", "one", [0, 1])]))[:5] == ["0", "1", "2", "3", "4"]


def test_marks_stand_where_they_happened_and_nowhere_else() -> None:
    marks = [Mark(5.0, "1 & 2"), Mark(11.0, "late")]
    picture = over_time("t", [0.0, 10.0], [Line("x", "one", [0, 4])], marks=marks)
    assert [text for text in texts(picture) if text in ("1 & 2", "late")] == ["1 & 2"]
    (mark,) = (
        node.attrib["d"]
        for node in ElementTree.fromstring(picture).iter("path")
        if node.attrib["class"] == "mark"
    )
    assert mark.startswith(f"M{(plots.LEFT + plots.WIDTH - plots.RIGHT) / 2:.1f} ")


def test_a_missing_value_breaks_the_line() -> None:
    picture = over_time("t", [0.0, 1.0, 2.0, 3.0], [Line("x", "one", [1, None, 1, 2])])
    (path,) = (
        node.attrib["d"]
        for node in ElementTree.fromstring(picture).iter("path")
        if node.attrib["class"] == "one"
    )
    assert path.count("M") == 2
    assert path.count("L") == 1


def test_nothing_is_no_picture() -> None:
    assert over_time("t", [0.0], [Line("x", "one", [1])]) == ""
    assert over_time("t", [0.0, 1.0], [Line("x", "one", [0, None])]) == ""
    assert spread("t", Histogram()) == ""


@given(st.lists(st.floats(-10, 1e6), min_size=1, max_size=30))
def test_a_spread_stays_inside_its_picture(values: list[float]) -> None:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    bars = [
        (float(node.attrib["x"]), float(node.attrib["width"]), float(node.attrib["height"]))
        for node in ElementTree.fromstring(spread("t", histogram)).iter("rect")
    ]
    assert len(bars) == len(histogram.buckets())
    assert all(72 <= x <= 696 and width > 0 and 0 < height <= 196.05 for x, width, height in bars)
    assert max(height for _, _, height in bars) == pytest.approx(196, abs=0.1)


@given(st.floats(1e-6, 1e12))
def test_any_top_has_five_labels(top: float) -> None:
    labels = texts(over_time("t", [0.0, 8.0], [Line("x", "one", [0, top])], " ms"))
    assert len(labels[:5]) == 5
    assert labels[0] == "0 ms"
