"""The crowd of `sink.c` around one server: what it saw, and what the server used meanwhile."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import machine
from bench.machine import Reading

BUILD = Path(__file__).parent.parent / "build"
SAMPLE_S = 0.1
IDLE_S = 2.0
LEAVING_S = 0.3
"""The last reading is taken so long before the crowd goes, for closing costs too."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """How the listeners of one measurement come and how long they stay."""

    listeners: int
    for_s: float
    rate_per_s: float = 4000.0
    connecting: int = 256
    """Connections that may be unanswered at a time."""
    late_ms: int = 2000
    patience_s: float = 120.0
    """How long all of them may take to get their first byte; who has none by then counts as failed."""
    hls_target_ms: int = 0
    """Segment length for players of plain HLS; 0 for pushed streams."""


def build(name: str) -> Path:
    """Compiles `bench/{name}.c` if it is newer than its program. Raises `CalledProcessError`."""
    source, program = Path(__file__).parent / f"{name}.c", BUILD / name
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        BUILD.mkdir(exist_ok=True)
        subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-o", str(program), str(source)], check=True)
    return program


def listen(port: int, path: str, crowd: Crowd, pids: list[int], log: Path) -> dict[str, Any]:
    """Lets the crowd listen to `path`, and returns what was measured of the server's processes `pids`.

    Keys: those of sink.c; `cpu_us` (CPU µs per listener-second), `idle_cores` (what the server uses with
    nobody there), `join_cpu_us`,
    `machine_us` (the same of all the machine, client and others included), `rss_bytes` (per listener),
    `slab_bytes` and `buffer_bytes` (kernel memory per listener, both ends; buffers at their fullest).
    """
    command = [
        str(build("sink")), "--port", str(port), "--path", path,
        "--listeners", str(crowd.listeners), "--rate", str(crowd.rate_per_s), "--for", str(crowd.for_s),
        "--connecting", str(crowd.connecting), "--late-ms", str(crowd.late_ms),
        "--patience", str(crowd.patience_s),
        *(["--hls", "--target-ms", str(crowd.hls_target_ms)] if crowd.hls_target_ms else []),
    ]  # fmt: skip
    idle_cores = _idle_cores(pids)
    before, began_s = Reading.of(pids), time.monotonic()
    client = machine.start(command, machine.other_cores(), log, stdout=subprocess.PIPE)
    assert client.stdout is not None
    try:
        if client.stdout.readline() != "ready\n":
            raise RuntimeError(f"the crowd did not come to {port}{path}; see {log}")
        joined, joined_s = Reading.of(pids), time.monotonic()
        peak = 0
        while time.monotonic() < joined_s + crowd.for_s - LEAVING_S:
            peak = max(peak, machine.socket_buffer_bytes())
            time.sleep(SAMPLE_S)
        after, after_s = Reading.of(pids), time.monotonic()
        line = client.stdout.readline()
    finally:
        machine.stop(client)
    seen: dict[str, Any] = json.loads(line)
    listeners = seen["joined"] - seen["closed"]
    if listeners <= 0:
        raise RuntimeError(f"nobody listens to {port}{path}: {seen}")
    listener_seconds = listeners * (after_s - joined_s)
    cpu_us = (after.cpu_s - joined.cpu_s) / listener_seconds * 1e6
    # While they come, half of them listen on average.
    listening_s = cpu_us / 1e6 * listeners / 2 * (joined_s - began_s)
    return seen | {
        "cpu_us": cpu_us,
        "idle_cores": idle_cores,
        "failed": crowd.listeners - seen["joined"],
        "join_cpu_us": max(0.0, joined.cpu_s - before.cpu_s - listening_s) / listeners * 1e6,
        "machine_us": (after.busy_s - joined.busy_s) / listener_seconds * 1e6,
        "rss_bytes": (after.rss_bytes - before.rss_bytes) / listeners,
        "slab_bytes": (joined.slab_bytes - before.slab_bytes) / listeners,
        "buffer_bytes": max(0, peak - before.buffer_bytes) / listeners,
    }


def _idle_cores(pids: list[int]) -> float:
    """CPU seconds a second that the server uses before anybody comes."""
    before, began_s = Reading.of(pids), time.monotonic()
    time.sleep(IDLE_S)
    return (Reading.of(pids).cpu_s - before.cpu_s) / (time.monotonic() - began_s)
