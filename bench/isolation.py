"""Does the crowd reach the stage? The mixer's ticks while edges use all there is of the machine.

Starts `parvis demo` and clients that send requests in pipelines as fast as the edges answer. Three times: as
Parvis is with the right to real time; as it is without any right (edges step back by nice 5, which anybody
may); and with everybody alike. The last two are brought about by changing the running processes, for which
this must be root.

    python -m bench.isolation [--seconds 15] [--clients 3] [--json]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import socket
import time
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from bench import machine, servers
from bench.scene import folder
from bench.watch import Watch

EDGE_NICE: Final = 5
CASES: Final = {
    "stage in real time, edges nice 5": (True, EDGE_NICE),
    "stage like any other, edges nice 5": (False, EDGE_NICE),
    "all alike": (False, 0),
}
"""Whether the stage keeps its real-time priority, and the edges' nice."""
CONNECTIONS: Final = 24
PIPELINE: Final = 60
REQUEST: Final = b"GET /live/nowhere/space.json HTTP/1.1\r\nHost: x\r\n\r\n"


def hammer(port: int, seconds: float, nice: int) -> None:
    """Keeps the edges busy."""
    os.nice(nice)
    peers = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(CONNECTIONS)]
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        for peer in peers:
            peer.sendall(REQUEST * PIPELINE)
        for peer in peers:
            answered = 0
            while answered < PIPELINE:
                answered += peer.recv(1 << 18).count(b"HTTP/1.1 404")


def arrange(run_dir: Path, realtime: bool, edge_nice: int) -> None:
    """Gives the running processes their priorities."""
    for file in run_dir.glob("*.pid"):
        pid = int(file.read_text().split()[0])
        for task in Path(f"/proc/{pid}/task").iterdir():
            if file.stem.startswith("edge-"):
                os.setpriority(os.PRIO_PROCESS, int(task.name), edge_nice)
            elif file.stem.startswith("stage-") and not realtime:
                os.sched_setscheduler(int(task.name), os.SCHED_OTHER, os.sched_param(0))
                os.setpriority(os.PRIO_PROCESS, int(task.name), 0)


def measure(realtime: bool, edge_nice: int, options: argparse.Namespace) -> dict[str, Any]:
    """One case."""
    settings = {"PARVIS_REQUESTS_PER_S": "1000000"}
    with (
        folder() as place,
        servers.demo(place, options.edges, machine.all_cores(), settings) as demo,
        Watch(demo.run_dir) as watch,
    ):
        arrange(demo.run_dir, realtime, edge_nice)
        servers.wait_for(lambda: len(watch.samples) > 4, "samples of the calm")
        calm = len(watch.samples)
        clients = [
            multiprocessing.get_context("spawn").Process(
                target=hammer, args=(demo.port, options.seconds, edge_nice)
            )
            for _ in range(options.clients)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        during = watch.samples[calm:]
    return {
        "busy_cores": round(fmean(sample.busy_cores for sample in during[2:-2]), 2),
        "edge_cores": round(fmean(sample.cores.get("edge", 0.0) for sample in during[2:-2]), 2),
        "worst_tick_ms": round(max(sample.tick_lateness_ms for sample in during), 1),
        "late_ticks": during[-1].late_ticks - during[0].late_ticks,
        "ticks": round((during[-1].at_s - during[0].at_s) * 50),
    }


def main() -> None:
    """Measures all cases, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=15.0, help="how long the edges are kept busy")
    parser.add_argument("--clients", type=int, default=3)
    parser.add_argument("--edges", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    found = {name: measure(*case, options) for name, case in CASES.items()}
    if options.json:
        print(json.dumps({"machine": machine.describe(), "cases": found}))
        return
    print(machine.words(machine.describe()))
    print("\n| | cores used: edges, all | worst tick | ticks over 20 ms late |\n|---|--:|--:|--:|")
    for name, case in found.items():
        cores = f"{case['edge_cores']:.2f}, {case['busy_cores']:.2f}"
        late = f"{case['late_ticks']} of {case['ticks']:,}"
        print(f"| {name} | {cores} | {case['worst_tick_ms']:.1f} ms | {late} |")


if __name__ == "__main__":
    main()
