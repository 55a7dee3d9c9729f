"""What the scripts at full size share: a storm beside a demo, and what they write when it is over."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import machine
from bench.plot import Panel, svg
from bench.servers import wait_for
from bench.sink import BUILD
from bench.watch import Sample, Watch

ROLES = {"edge": "edges", "load": "the storm", "stage": "stage", "control": "control"}


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder for data and logs. When something fails, the end of each log is shown first."""
    with tempfile.TemporaryDirectory(prefix="parvis-bench-") as name:
        try:
            yield Path(name)
        except Exception:
            for log in sorted(Path(name).glob("*.log")):
                print(f"--- {log.name}\n{log.read_text()[-2000:]}", file=sys.stderr)
            raise


LEAVING_PER_S = 4_000
"""A crowd that hangs up in the same second is no end of an evening, and would be measured with it."""


def start_storm(
    url: str, place: Path, *, listeners: int, arrive: str | float, for_s: float, skim: bool = False
) -> subprocess.Popen[str]:
    """`parvis storm` on all cores. Its verdict is in its result, whatever its exit code."""
    command = [
        sys.executable, "-m", "parvis", "storm", url, "--json", "--listeners", str(listeners),
        "--arrive", str(arrive), "--for", str(for_s), "--leave", str(round(listeners / LEAVING_PER_S, 1)),
        *(["--skim"] if skim else []),
    ]  # fmt: skip
    return machine.start(command, machine.all_cores(), place / "storm.log", stdout=subprocess.PIPE)


def finish_storm(storm: subprocess.Popen[str]) -> dict[str, Any]:
    """Waits for its end and returns its summary. Raises `RuntimeError` when it gave none."""
    text = storm.communicate()[0]
    if not text.strip():
        raise RuntimeError(f"the storm ended with {storm.returncode} and without a result")
    result: dict[str, Any] = json.loads(text)
    return result


def wait_while(
    storm: subprocess.Popen[str], condition: Callable[[], bool], what: str, patience_s: float
) -> None:
    """Waits. Raises `RuntimeError` when the storm ends before, `TimeoutError` when it takes too long."""

    def come() -> bool:
        if storm.poll() is not None:
            raise RuntimeError(f"the storm ended before {what}")
        return condition()

    wait_for(come, what, patience_s)


def plateau(samples: Sequence[Sample]) -> list[Sample]:
    """The samples in which at least 99 % of the most listeners were there."""
    most = max((sample.listeners for sample in samples), default=0)
    return [sample for sample in samples if sample.listeners >= 0.99 * most]


def server_figures(samples: Sequence[Sample]) -> dict[str, Any]:
    """What the server used and how late it was, over the plateau; lateness and memory over everything."""
    full = plateau(samples)
    listeners = max(sample.listeners for sample in samples)
    edge_cores = fmean(sample.cores.get("edge", 0.0) for sample in full)
    return {
        "listeners": listeners,
        "plateau_s": round(full[-1].at_s - full[0].at_s, 1),
        "cores": {role: round(fmean(s.cores.get(role, 0.0) for s in full), 3) for role in ROLES},
        "busy_cores": round(fmean(sample.busy_cores for sample in full), 3),
        "edge_cpu_us_per_listener_s": round(edge_cores / listeners * 1e6, 2) if listeners else None,
        "tick_lateness_ms": max(sample.tick_lateness_ms for sample in samples),
        "late_ticks": samples[-1].late_ticks - samples[0].late_ticks,
        "burst_lateness_ms": max(sample.burst_lateness_ms for sample in full),
        "skipped_parts": max(sample.skipped_parts for sample in samples),
        "memory_bytes": max(sample.memory_bytes for sample in samples),
        "socket_buffer_bytes": max(sample.socket_buffer_bytes for sample in samples),
        "slab_bytes": max(sample.slab_bytes for sample in samples),
    }


def storm_rows(result: dict[str, Any]) -> list[tuple[str, str]]:
    """What the crowd heard."""
    listeners, sound, streams = result["listeners"], result["sound"], result["streams"]
    return [
        ("listeners at once, most", f"{listeners['peak']:,} of {listeners['arrived']:,} who came"),
        ("answers `503`", f"{result['answers']['refused']:,}"),
        ("first sound after connecting", spread(result["join_ms"])),
        ("delay behind the stage", spread(result["delay_ms"])),
        ("stalls", f"{sound['stalls']:,} at {listeners['stalled']:,} listeners"),
        ("parts missing", f"{sound['missing_parts']:,} at {listeners['gapped']:,} listeners"),
        ("streams that broke", f"{streams['dropped']:,}, taken up again {streams['returned']:,}"),
        (
            "verdict of the storm",
            "passed" if result["verdict"]["passed"] else "; ".join(result["verdict"]["reasons"]),
        ),
    ]


def server_rows(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """What the server used."""
    cores = ", ".join(f"{words} {figures['cores'][role]:.2f}" for role, words in ROLES.items())
    return [
        ("cores used, crowd complete", f"{cores}; machine {figures['busy_cores']:.2f}"),
        ("CPU of the edges, a listener-second", f"{figures['edge_cpu_us_per_listener_s']} µs"),
        (
            "mixer: worst tick",
            f"{figures['tick_lateness_ms']:.1f} ms late, {figures['late_ticks']} over 20 ms",
        ),
        ("edges: worst burst, crowd complete", f"{figures['burst_lateness_ms']:.0f} ms to its last listener"),
        ("memory of Parvis, most", f"{figures['memory_bytes'] / 1e6:,.0f} MB"),
        (
            "kernel: socket buffers and objects, most",
            f"{figures['socket_buffer_bytes'] / 1e6:,.0f} MB, {figures['slab_bytes'] / 1e6:,.0f} MB",
        ),
    ]


def spread(figures: dict[str, float] | None) -> str:
    """Percentiles in ms, for people."""
    return ", ".join(f"{name} {value:,.0f} ms" for name, value in (figures or {}).items()) or "–"


def write(name: str, title: str, options: argparse.Namespace, watch: Watch, result: dict[str, Any]) -> None:
    """Writes `build/{name}.json`, `.md` and `.svg`, and prints the table, or the result as JSON.

    `result` holds `rows` for the table, and whatever else is worth keeping.
    """
    BUILD.mkdir(exist_ok=True)
    ran_on = machine.describe()
    lines = [f"{title}. {machine.words(ran_on)}.", "", "| | |", "|---|---|"]
    table = "\n".join([*lines, *(f"| {what} | {value} |" for what, value in result["rows"])])
    whole = {"machine": ran_on, "options": vars(options), **result, "markdown": table}
    (BUILD / f"{name}.md").write_text(table + "\n")
    (BUILD / f"{name}.json").write_text(json.dumps(whole | {"samples": watch.as_data()}, indent=1))
    times = [sample.at_s for sample in watch.samples]
    panels = [
        Panel("listeners", {"listening": [float(sample.listeners) for sample in watch.samples]}),
        Panel(
            "cores",
            {words: [s.cores.get(role, 0.0) for s in watch.samples] for role, words in ROLES.items()}
            | {"machine": [sample.busy_cores for sample in watch.samples]},
        ),
        Panel(
            "mixer: worst tick of a second, ms late", {"tick": [s.tick_lateness_ms for s in watch.samples]}
        ),
        Panel(
            "edges: last burst, ms to its last listener",
            {"burst": [s.burst_lateness_ms for s in watch.samples]},
        ),
    ]
    (BUILD / f"{name}.svg").write_text(svg(title, machine.words(ran_on), times, panels))
    print(json.dumps(whole, indent=1) if options.json else table)


def arguments(doc: str | None) -> argparse.ArgumentParser:
    """A parser with what all scripts take."""
    parser = argparse.ArgumentParser(description=(doc or "").split("\n")[0])
    parser.add_argument("--edges", type=int, default=2, help="edge processes")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser
