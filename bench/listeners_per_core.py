"""Listeners per core: Parvis beside the bare C floor, Icecast and nginx with plain HLS, all in one run.

One server at a time runs alone on the first core; its source, the stage and the crowd take the others, and
the crowd is the same program for all (`sink.c`). Every server sends the same voice at 32 kbit/s. The floor
and Parvis alternate, so that a machine that is busy with something else treats both alike; with --rounds the
median of each figure is told.

    python -m bench.listeners_per_core [--listeners 10000] [--for 10] [--stretch 1 3 12] [--rounds 1] [--json]

Each server is one process, so it gets no more listeners than one process may have open files.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bench import machine, servers
from bench.servers import Demo, Server
from bench.sink import Crowd, listen
from parvis.clock import PART_MS

RESERVED_FILES = 2000
ICECAST_RATE_PER_S = 400.0
"""Its listen backlog is 5: of more at a time, most wait a second or longer for their SYN to be sent again."""
ICECAST_TAIL_S = 12.0
MEASURED = (
    "cpu_us", "idle_cores", "machine_us", "join_cpu_us", "rss_bytes", "slab_bytes", "buffer_bytes",
    "late", "underruns", "failed", "closed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One server with one crowd. `burst_ms` is the sound in one of its writes."""

    server: str
    burst_ms: int
    crowd: Crowd
    start: Callable[[], AbstractContextManager[Server]]


def cases(folder: Path, demo: Demo, crowd: Crowd, stretches: list[int], part_bytes: int) -> Iterator[Case]:
    """The floor and Parvis at each stretch, in turn."""
    for stretch in stretches:
        burst_ms = stretch * PART_MS
        paced = replace(crowd, late_ms=burst_ms + 1000)
        yield Case("C floor", burst_ms, paced, partial(servers.floor, folder, stretch, part_bytes, 1))
        yield Case("Parvis", burst_ms, paced, partial(servers.edge, demo, stretch))


def peers(folder: Path, crowd: Crowd) -> Iterator[Case]:
    """Icecast as radios use it, and with pages of a second, which is the best it can do; and nginx."""
    patience_s = crowd.listeners / ICECAST_RATE_PER_S + ICECAST_TAIL_S
    slow = replace(crowd, rate_per_s=ICECAST_RATE_PER_S, connecting=2048, patience_s=patience_s)
    yield Case("Icecast, AAC", 350, slow, partial(servers.icecast, folder, crowd.listeners, 0))
    yield Case("Icecast, Ogg", 1000, slow, partial(servers.icecast, folder, crowd.listeners, 1000))
    hls = replace(crowd, hls_target_ms=servers.HLS_TARGET_S * 1000)
    yield Case("nginx HLS", servers.HLS_TARGET_S * 1000, hls, partial(servers.nginx, folder))


def measure(case: Case, log: Path) -> dict[str, Any]:
    """Runs one case. Raises what the server or the crowd could not do."""
    print(
        f"{case.server}, {case.burst_ms} ms, {case.crowd.listeners:,} listeners …",
        file=sys.stderr,
        flush=True,
    )
    with case.start() as server:
        found = listen(server.port, server.path, case.crowd, server.pids, log)
    return {"server": case.server, "burst_ms": case.burst_ms, "listeners": case.crowd.listeners} | found


def run(crowd: Crowd, stretches: list[int], rounds: int) -> dict[str, Any]:
    """All cases `rounds` times: `{"machine", "part_bytes", "cases": [median of each case]}`."""
    fits = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - RESERVED_FILES
    crowd = replace(crowd, listeners=min(crowd.listeners, fits))
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="parvis-bench-") as name:
            folder = Path(name)
            log = folder / "sink.log"
            with servers.demo(folder) as demo:
                part_bytes = demo.part_bytes()
                for case in cases(folder, demo, crowd, stretches, part_bytes):
                    found.setdefault((case.server, case.burst_ms), []).append(measure(case, log))
            for case in peers(folder, crowd):
                found.setdefault((case.server, case.burst_ms), []).append(measure(case, log))
    return {
        "machine": machine.describe(),
        "part_bytes": part_bytes,
        "rounds": rounds,
        "cases": [median(of_case) for of_case in found.values()],
    }


def median(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """One case out of its rounds: the median of each figure, on its own."""
    figures = {name: statistics.median(found[name] for found in rounds) for name in MEASURED}
    case = rounds[-1] | figures
    # What the server uses with nobody there is there once, however many come.
    own_us = max(0.01, case["cpu_us"] - case["idle_cores"] * 1e6 / (case["joined"] - case["closed"]))
    return case | {"listener_us": own_us, "listeners_per_core": (1 - case["idle_cores"]) / own_us * 1e6}


def table(result: dict[str, Any]) -> str:
    """The result in Markdown."""
    floors = {
        case["burst_ms"]: case["listener_us"] for case in result["cases"] if case["server"] == "C floor"
    }
    lines = [
        f"{machine.words(result['machine'])}; median of {result['rounds']}; "
        f"{result['cases'][0]['listeners']:,} listeners, 32 kbit/s, parts of {result['part_bytes']:,} bytes.",
        "",
        "| server | sound in a write | CPU µs a listener-second | alone, CPU | listeners per core "
        "| of the floor | CPU µs a join | join p50 / p99 ms | process bytes "
        "| kernel bytes: objects / buffers | late or underrun |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for case in result["cases"]:
        floor_us = floors.get(case["burst_ms"])
        share = f"{floor_us / case['listener_us']:.2f}" if floor_us else ""
        trouble = case["late"] + case["underruns"] + case["failed"] + case["closed"]
        lines.append(
            f"| {case['server']} | {case['burst_ms'] / 1000:.2f} s | {case['listener_us']:.2f} "
            f"| {case['idle_cores']:.1%} | {case['listeners_per_core']:,.0f} | {share} "
            f"| {case['join_cpu_us']:.0f} | {case['join_ms']['p50']} / {case['join_ms']['p99']} "
            f"| {case['rss_bytes']:,.0f} | {case['slab_bytes']:,.0f} / {case['buffer_bytes']:,.0f} "
            f"| {trouble:,.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--listeners", type=int, default=10_000)
    parser.add_argument("--for", dest="for_s", type=float, default=10.0, help="seconds measured in each case")
    parser.add_argument("--stretch", type=int, nargs="+", default=[1, 3, 12], help="parts in a burst")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    result = run(Crowd(options.listeners, options.for_s), options.stretch, options.rounds)
    said = table(result)
    print(json.dumps(result | {"markdown": said}, indent=2) if options.json else said)


if __name__ == "__main__":
    main()
