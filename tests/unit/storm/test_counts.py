from __future__ import annotations

from dataclasses import astuple, fields

import pytest

from parvis.errors import RemoteProtocolError
from parvis.storm.counts import Counts, Report


def a_report(scale: int = 1) -> Report:
    report = Report(Counts(*(scale * number for number in range(1, len(fields(Counts)) + 1))))
    report.delay.add(12.5 * scale)
    report.join.add(3.0, 7)
    report.notes = ["answered 404", f"scale {scale}"]
    return report


def test_bytes_bring_back_the_same() -> None:
    report = a_report()
    report.final = True
    back = Report.decode(report.encode())
    assert back.counts == report.counts
    assert back.notes == report.notes
    assert back.final
    assert [back.delay.summary(), back.behind.summary(), back.join.summary(), back.look.summary()] == [
        report.delay.summary(),
        None,
        report.join.summary(),
        None,
    ]


def test_an_empty_report_travels_too() -> None:
    back = Report.decode(Report().encode())
    assert back.counts == Counts()
    assert back.notes == []
    assert not back.final


def test_workers_add_up() -> None:
    total = Report()
    total.add(a_report(1))
    total.add(a_report(10))
    assert astuple(total.counts) == tuple(11 * number for number in range(1, len(fields(Counts)) + 1))
    assert total.join.total == 14
    assert total.delay.max_ms == 125
    assert total.notes == ["answered 404", "scale 1", "scale 10"]


@pytest.mark.parametrize("cut", [0, 10, 300])
def test_half_a_report_is_an_error(cut: int) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        Report.decode(a_report().encode()[:cut])
    assert caught.value.code == "report-malformed"
