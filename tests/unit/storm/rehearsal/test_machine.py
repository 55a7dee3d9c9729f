from __future__ import annotations

from parvis.ops.findings import Finding, Load, Report, Verdict
from parvis.storm.rehearsal.machine import Machine
from parvis.storm.rehearsal.own import Gauges


def machine(gauges: Gauges | None = None, *more: Finding) -> Machine:
    findings = [
        Finding("cores", "2 of x", "writing", Verdict.FINE, 80_000),
        Finding("open files per process", "hard 9,000", "files", Verdict.RAISE, 8_000, "LimitNOFILE=20000"),
        Finding("congestion control", "cubic", "sound", Verdict.BETTER, None, "sysctl bbr"),
        *more,
    ]
    return Machine(Report(Load(listeners=10_000, stretch=3), findings), 2.0, gauges)


def test_what_binds_first_is_said_with_the_burst() -> None:
    told = machine()
    assert told.holds == (8_000, "open files per process")
    assert told.sentences()[0] == (
        "This machine holds 8,000 listeners at bursts of 0.96 s; the first limit: open files per process."
    )
    assert told.as_data()["fits"] is False
    assert told.reasons() == []


def test_the_measured_price_of_a_listener_counts_once_enough_was_measured() -> None:
    # 200 µs a listener-second: two cores, seven tenths full, hold 7,000.
    dear = machine(Gauges(edge_cpu_s=10.0, listener_s=50_000.0))
    assert dear.holds_by_measured_cpu == 7_000
    assert dear.holds == (7_000, "cores")
    assert machine(Gauges(edge_cpu_s=1.0, listener_s=33_254.0)).holds_by_measured_cpu == 46_000
    hardly = machine(Gauges(edge_cpu_s=1.0, listener_s=5_000.0))
    assert hardly.edge_cpu_us is None
    assert hardly.holds == (8_000, "open files per process")


def test_what_is_needed_is_advised_before_what_is_better() -> None:
    assert machine().advice() == [
        "open files per process (needed; now hard 9,000): LimitNOFILE=20000",
        "congestion control (better; now cubic): sysctl bbr",
    ]


def test_a_late_mixer_is_told_and_a_very_late_one_stands_against_it() -> None:
    late = machine(Gauges(tick_lateness_ms=31.0))
    assert "31 ms late" in " ".join(late.sentences())
    assert late.reasons() == []
    assert "140 ms late" in machine(Gauges(tick_lateness_ms=140.0)).reasons()[0]


def test_what_is_unknown_is_said() -> None:
    told = machine(None, Finding("network", "unknown", "sound", Verdict.UNKNOWN))
    assert told.sentences()[-1] == "Unknown here: network."
