"""What a tick of the mixer costs: µs for 1, 5 and 13 open seats.

Two cases: *one speaks*, the others have their room's noise, as in a conversation; *all shout*, so that every
seat is levelled and every output limited all the time, the worst there is. A tick comes each 20 ms: 200 µs
are 1 % of a core. Run: `python bench/audio_mix.py [--json]`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from parvis.audio import Int16
from parvis.audio.jitter import TickBuffer
from parvis.audio.mixer import Mix
from parvis.clock import TICK_MS, TICK_SAMPLES

SEATS = (1, 5, 13)
CASES = ("one speaks", "all shout")
_MADE_TICKS = 100
_WARM_UP_TICKS = 500


def machine() -> dict[str, Any]:
    """What it ran on."""
    model = platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), model)
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def voices(case: str, seats: int) -> Int16:
    """Noise that comes and goes like syllables, int16[ticks, seats, 960]."""
    rms_dbfs = np.full(seats, -6.0) if case == "all shout" else np.array([-26.0] + [-65.0] * (seats - 1))
    random = np.random.default_rng(1)
    wave = random.standard_normal((_MADE_TICKS, seats, TICK_SAMPLES)) * 32768
    wave *= 10 ** (rms_dbfs / 20)[:, np.newaxis]
    wave *= np.abs(np.sin(np.arange(_MADE_TICKS) / 3))[:, np.newaxis, np.newaxis]
    return np.clip(np.rint(wave), -32768, 32767).astype(np.int16)


def measure_mix(case: str, seats: int, ticks: int) -> dict[str, float]:
    """Median and 99th percentile of one `Mix.step`, in µs of wall time."""
    sound = voices(case, seats)
    mix = Mix(seats)
    everybody = np.ones(seats, dtype=np.bool_)
    took = np.empty(ticks)
    for n in range(-_WARM_UP_TICKS, ticks):
        start = time.perf_counter()
        mix.step(sound[n % _MADE_TICKS], everybody)
        took[max(n, 0)] = time.perf_counter() - start
    return _figures(took)


def measure_buffer(ticks: int) -> dict[str, float]:
    """The same of two pushes and a tick of one `TickBuffer`."""
    frame = voices("one speaks", 1)[1, 0, : TICK_SAMPLES // 2]
    buffer = TickBuffer()
    took = np.empty(ticks)
    for n in range(-_WARM_UP_TICKS, ticks):
        start = time.perf_counter()
        buffer.push(frame)
        buffer.push(frame)
        buffer.tick()
        took[max(n, 0)] = time.perf_counter() - start
    return _figures(took)


def _figures(took_s: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, float]:
    median, late = np.percentile(took_s, [50, 99]) * 1e6
    return {
        "median_us": round(float(median), 1),
        "p99_us": round(float(late), 1),
        "core_percent": round(float(median) / (TICK_MS * 10), 2),
    }


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--ticks", type=int, default=2000, help="ticks for each figure (2000)")
    arguments = parser.parse_args()
    if arguments.ticks < 1:
        parser.error("--ticks must be at least 1")

    figures: list[dict[str, Any]] = []
    for case in CASES:
        for seats in SEATS:
            print(f"measuring: {case}, {seats} seats", file=sys.stderr)
            figures.append({"case": case, "seats": seats, **measure_mix(case, seats, arguments.ticks)})
    buffer = measure_buffer(arguments.ticks)

    if arguments.json:
        print(json.dumps({"machine": machine(), "mix": figures, "tick_buffer": buffer}, indent=2))
        return
    print(" · ".join(f"{name} {value}" for name, value in machine().items()))
    print(f"{'case':10} {'seats':>5} {'median µs':>10} {'p99 µs':>8} {'% of a core':>12}")
    for row in figures:
        numbers = f"{row['median_us']:10.0f} {row['p99_us']:8.0f} {row['core_percent']:12.2f}"
        print(f"{row['case']:10} {row['seats']:5d} {numbers}")
    print(f"a seat's TickBuffer: {buffer['median_us']:.0f} µs a tick, p99 {buffer['p99_us']:.0f} µs")


if __name__ == "__main__":
    main()
