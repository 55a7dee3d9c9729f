from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from parvis.errors import UserError
from parvis.storm.counts import Counts, Report
from parvis.storm.curve import Curve
from parvis.storm.fleet import Outcome, Sample
from parvis.storm.plan import Plan
from parvis.storm.rehearsal.director import Step
from parvis.storm.rehearsal.limits import Measured
from parvis.storm.rehearsal.page import clock, page, write_page
from parvis.storm.rehearsal.result import Result
from parvis.storm.target import Target


def outcome(**counts: int) -> Outcome:
    samples = [Sample(at_s, Counts(connected=int(at_s)), 1e3, 40.0, 90.0) for at_s in (0.0, 5.0, 10.0)]
    return Outcome(
        Plan(10, Curve.parse("burst")),
        Target.of("http://127.0.0.1:1/s/abc"),
        1,
        Report(Counts(**counts)),
        10.0,
        10,
        interrupted=False,
        missed_workers=0,
        samples=samples,
    )


def result(*steps: Step, planned: int | None = None) -> Result:
    count = len(steps) if planned is None else planned
    return Result("http://127.0.0.1:1", True, 10, 3, "standard", count, 61.5, list(steps), outcome=outcome())


GOOD = Step("go-live", "On air", 15.0, 2.0, "live in part 7", Measured(silence_s=0.64))
BAD = Step("stage-killed", "The <stage> is killed", 41.4, 9.0, "", Measured(silence_s=5.4), ["5.4 s & more"])


def test_good_steps_are_ready() -> None:
    assert result(GOOD).ready
    assert result(GOOD).sentences[0] == "Ready."
    assert "the longest silence was 0.6 s" in result(GOOD).sentences[1]


def test_each_thing_that_stands_against_it_is_a_sentence() -> None:
    bad = result(GOOD, BAD, planned=3)
    assert not bad.ready
    assert bad.sentences == [
        "Not ready.",
        "The <stage> is killed: 5.4 s & more.",
        "Only 2 of 3 steps were made.",
    ]
    bad.interrupted = True
    assert bad.reasons[-1] == "It was interrupted."
    bad.failure = "the storm ended"
    assert "It ended early: the storm ended." in bad.reasons


def test_what_the_storm_found_wrong_counts() -> None:
    told = result(GOOD)
    told.outcome = outcome(malformed=2, rejected=1_000)
    assert told.reasons == ["2 streams broke the protocol.", "1,000 requests were rejected."]
    told.outcome = outcome(stalls=7, gaps=3, dropped=2)
    told.steps[0].measured.stalls, told.steps[0].measured.gaps = 5, 3
    assert told.reasons == [
        "Between the steps players ran dry 2 times.",
        "Between the steps streams broke 2 times.",
    ]


def test_the_page_needs_nothing_else_and_is_whole() -> None:
    text = page(result(GOOD, BAD))
    assert not re.search(r"""(src|href)=|url\(|@import|<script""", text)
    assert "The &lt;stage&gt; is killed" in text
    assert "<svg" in text
    assert "0:41" in text
    balance: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag not in ("meta", "path", "rect"):
                balance.append(tag)

        def handle_endtag(self, tag: str) -> None:
            if tag not in ("path", "rect"):
                assert balance.pop() == tag

    Tags().feed(text)
    assert balance == []


def test_the_data_is_json_all_of_it() -> None:
    told = json.loads(json.dumps(result(GOOD, BAD).as_data(), allow_nan=False))
    assert [step["passed"] for step in told["steps"]] == [True, False]
    assert told["machine"] is None
    assert told["crowd"]["listeners"]["planned"] == 10


def test_a_page_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        write_page(result(GOOD), tmp_path)
    assert caught.value.code == "report-unwritable"


def test_clock_times() -> None:
    assert [clock(at_s) for at_s in (-0.4, 7.4, 59.6, 605)] == ["0:00", "0:07", "1:00", "10:05"]
