"""The result of a storm as one object with stable keys (docs/how-to/storm.md), and as lines for people."""

from __future__ import annotations

from typing import Any, Final

from parvis.storm.counts import Report
from parvis.storm.fleet import Outcome
from parvis.storm.verdict import Verdict, judge

LATE_LOOK_MS: Final = 200.0


def verdict_of(outcome: Outcome) -> Verdict:
    """The verdict by the plan's own limits."""
    return judge(outcome.report.counts, outcome.plan.limits, outcome.missed_workers)


def summary(outcome: Outcome) -> dict[str, Any]:
    """Everything that was measured, ready for JSON."""
    report, plan = outcome.report, outcome.plan
    counts = report.counts
    verdict = verdict_of(outcome)
    listener_s = counts.listener_ms / 1000
    return {
        "target": outcome.target.url,
        "rendition": str(outcome.target.rendition),
        "seed": plan.seed,
        "skimmed": plan.skim,
        "workers": outcome.workers,
        "seconds": round(outcome.seconds, 1),
        "interrupted": outcome.interrupted,
        "listeners": {
            "planned": plan.listeners,
            "arrived": counts.arrived,
            "hls": counts.hls,
            "admitted": counts.admitted,
            "peak": outcome.peak_connected,
            "gave_up": counts.gave_up,
            "stalled": counts.stalled_listeners,
            "gapped": counts.gapped_listeners,
            "dropped": counts.dropped_listeners,
            "hampered": counts.hampered,
        },
        "answers": {
            "refused": counts.refused,
            "rejected": counts.rejected,
            "unanswered": counts.unanswered,
            "appointments_given": counts.appointments_given,
            "appointments_kept": counts.appointments_kept,
        },
        "streams": {
            "ended": counts.ended,
            "dropped": counts.dropped,
            "cut": counts.cut,
            "returned": counts.returned,
            "malformed": counts.malformed,
            "paced": counts.paced,
        },
        "sound": {
            "bursts": counts.bursts,
            "parts": counts.parts,
            "bytes": counts.bytes,
            "stalls": counts.stalls,
            "gaps": counts.gaps,
            "missing_parts": counts.missing_parts,
            "repeats": counts.repeats,
        },
        "hampered": {
            "stalls": counts.hampered_stalls,
            "missing_parts": counts.hampered_missing_parts,
            "dropped": counts.hampered_dropped,
        },
        "delay_ms": report.delay.summary(),
        "behind_ms": report.behind.summary(),
        "join_ms": report.join.summary(),
        "stall_ms": report.stall.summary(),
        "storm": {
            "look_ms": report.look.summary(),
            "cpu_s": round(counts.cpu_us / 1e6, 2),
            "cpu_us_per_listener_s": round(counts.cpu_us / listener_s, 2) if listener_s else None,
            "cpu_us_per_burst": round(counts.cpu_us / counts.bursts, 2) if counts.bursts else None,
            "memory_bytes_per_listener": (
                round(counts.rss_bytes / outcome.peak_connected) if outcome.peak_connected else None
            ),
        },
        "verdict": {
            "passed": verdict.passed,
            "reasons": list(verdict.reasons),
            "max_stalled_share": plan.limits.stalled_share,
            "max_gap_share": plan.limits.gap_share,
            "max_dropped_share": plan.limits.dropped_share,
        },
        "notes": [*report.notes, *_own_lateness(report)],
    }


def rows(result: dict[str, Any]) -> list[tuple[str, str]]:
    """(what, how much) of a summary, for people. Rows about what did not happen are left out."""
    listeners, answers, streams = result["listeners"], result["answers"], result["streams"]
    sound, hampered, storm = result["sound"], result["hampered"], result["storm"]
    said = [
        (
            "listeners",
            f"{listeners['peak']:,} at the peak, {listeners['admitted']:,} admitted of "
            f"{listeners['arrived']:,} who came"
            + (f", {listeners['hls']:,} of them by HLS" if listeners["hls"] else ""),
        ),
        (
            "refused",
            f"{answers['refused']:,} times; appointments {answers['appointments_given']:,} given, "
            f"{answers['appointments_kept']:,} kept; {listeners['gave_up']:,} gave up",
        ),
        (
            "stalls",
            f"{sound['stalls']:,} at {listeners['stalled']:,} listeners{_spread(result['stall_ms'], ', ')}",
        ),
        (
            "gaps",
            f"{sound['gaps']:,} at {listeners['gapped']:,} listeners, "
            f"{sound['missing_parts']:,} parts missing, "
            f"{sound['repeats']:,} repeated",
        ),
        (
            "streams",
            f"{streams['dropped']:,} dropped, {streams['returned']:,} taken up again, "
            f"{streams['ended']:,} ended with the Space",
        ),
        ("delay", _spread(result["delay_ms"]) or "–"),
        ("heard", f"{_spread(result['behind_ms'])} behind the stage" if result["behind_ms"] else "–"),
        ("first sound", _spread(result["join_ms"]) or "–"),
        ("received", f"{sound['bytes'] / 1e6:,.1f} MB in {sound['bursts']:,} bursts"),
        (
            "this storm",
            f"{storm['cpu_s']:.1f} s of CPU in {result['workers']} workers, "
            f"{storm['cpu_us_per_listener_s'] or 0:.1f} µs for a listener and second, "
            f"{storm['memory_bytes_per_listener'] or 0:,} bytes for a listener",
        ),
    ]
    if listeners["hampered"]:
        said.append(
            (
                "hampered",
                f"{listeners['hampered']:,} listeners: {streams['cut']:,} breaks on purpose, "
                f"{hampered['stalls']:,} stalls, {hampered['missing_parts']:,} parts missing, "
                f"{hampered['dropped']:,} dropped",
            )
        )
    if answers["unanswered"] or answers["rejected"] or streams["malformed"]:
        said.append(
            (
                "trouble",
                f"{answers['unanswered']:,} without an answer, {answers['rejected']:,} rejected, "
                f"{streams['malformed']:,} malformed",
            )
        )
    return said + [("note", note) for note in result["notes"]]


def _own_lateness(report: Report) -> list[str]:
    """What must be known of a storm that was short of CPU itself."""
    late_ms = report.look.percentile(99)
    if late_ms is None or late_ms < LATE_LOOK_MS:
        return []
    return [
        f"this storm itself was late: sound lay unread for up to {milliseconds(late_ms)} (p99), so delays, "
        "and stalls as short as that, may be its own. Give it more CPU, or fewer listeners"
    ]


def milliseconds(value_ms: float) -> str:
    """A time for people: "12 ms", "3.4 s"."""
    return f"{value_ms:,.0f} ms" if value_ms < 1000 else f"{value_ms / 1000:,.2f} s"


def _spread(figures: dict[str, float] | None, before: str = "") -> str:
    if figures is None:
        return ""
    return before + ", ".join(f"{name} {milliseconds(value)}" for name, value in figures.items())
