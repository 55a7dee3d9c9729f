"""How many reactions does an edge take in while people listen, and does the sound notice?

Starts `parvis demo` with its edges and a storm of listeners, twice: once in peace, once while clients post
reactions as fast as the edges answer, each with one request under way on a connection that stays open. Beside
what listeners heard it tells what was posted, and how near the sums on the bus came to it.

    python -m bench.reactions [--listeners 2000] [--seconds 20] [--clients 2] [--edges 1] [--json]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import selectors
import socket
import threading
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import fmean, quantiles
from typing import Any, Final

from bench import machine, servers
from bench.scene import finish_storm, folder, start_storm
from bench.watch import Sample, Watch
from parvis.bus.local_reader import LocalReader
from parvis.bus.manners import CrowdMessage
from parvis.edge.reactions import EMOJI

CONNECTIONS: Final = 64
"""Of each client, each from an address of its own."""
SETTLE_S: Final = 6.0
SETTINGS: Final = {"PARVIS_PER_ADDRESS": "0", "PARVIS_REACTIONS_PER_ADDRESS_S": "0"}


def clap(number: int, port: int, space: str, seconds: float, told: Connection) -> None:
    """One client: posts for so long, then tells statuses and a sample of answer times in ms."""
    requests = []
    for emoji in EMOJI:
        body = json.dumps({"emoji": emoji}, ensure_ascii=False).encode()
        head = f"POST /live/{space}/reactions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        requests.append(head.encode() + body)
    selector = selectors.DefaultSelector()
    sent_s: dict[socket.socket, float] = {}
    for index in range(CONNECTIONS):
        peer = socket.create_connection(("127.0.0.1", port), 30, (f"127.0.{number + 1}.{index + 1}", 0))
        selector.register(peer, selectors.EVENT_READ, peer)
        sent_s[peer] = time.monotonic()
        peer.sendall(requests[index % len(requests)])
    statuses: Counter[int] = Counter()
    times_ms: list[float] = []
    until_s, count = time.monotonic() + seconds, 0
    while sent_s:
        for key, _ in selector.select(5.0):
            peer = key.data
            answer = peer.recv(65_536)
            now_s = time.monotonic()
            statuses[int(answer[9:12]) if answer else 0] += 1
            count += 1
            if count % 50 == 0:
                times_ms.append((now_s - sent_s[peer]) * 1000)
            if answer and now_s < until_s:
                sent_s[peer] = now_s
                peer.sendall(requests[count % len(requests)])
            else:
                selector.unregister(peer)
                peer.close()
                del sent_s[peer]
        if time.monotonic() > until_s + 30:
            break
    told.send((dict(statuses), times_ms))


class Sums:
    """What the edges say of reactions on the bus, added up in a thread."""

    def __init__(self, run_dir: Path) -> None:
        self.total = 0
        self._reader = LocalReader(run_dir, "crowd.")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="sums", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hears what is still on its way, and ends."""
        time.sleep(1.0)
        self._over.set()
        self._thread.join()
        self._reader.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            for _, payload in self._reader.drain():
                message = CrowdMessage.decode(payload)
                self.total += sum(sum(counts.values()) for counts in message.reactions.values())
            time.sleep(0.05)


def react(demo: servers.Demo, options: argparse.Namespace) -> dict[str, Any]:
    """All clients at once."""
    sums, context = Sums(demo.run_dir), multiprocessing.get_context("spawn")
    time.sleep(1.0)
    clients = []
    for number in range(options.clients):
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=clap, args=(number, demo.port, demo.space, options.seconds, there))
        process.start()
        clients.append((process, here))
    statuses: Counter[int] = Counter()
    times_ms: list[float] = []
    for process, here in clients:
        found, sampled = here.recv()
        statuses.update(found)
        times_ms += sampled
        process.join()
    sums.close()
    cuts = quantiles(times_ms, n=100, method="inclusive")
    return {
        "statuses": dict(statuses),
        "per_s": round(statuses[204] / options.seconds),
        "answer_ms": {"p50": round(cuts[49], 2), "p99": round(cuts[98], 2)},
        "on_the_bus": sums.total,
        "sum_over_sent": round(sums.total / max(1, statuses[204]), 4),
    }


def measure(options: argparse.Namespace, *, reacting: bool) -> dict[str, Any]:
    """One run."""
    with (
        folder() as place,
        servers.demo(place, options.edges, machine.all_cores(), SETTINGS) as demo,
        Watch(demo.run_dir) as watch,
    ):
        stay_s = SETTLE_S + options.seconds + 10.0
        storm = start_storm(demo.share, place, listeners=options.listeners, arrive=SETTLE_S / 2, for_s=stay_s)
        watch.add_load(storm.pid)
        try:
            servers.wait_for(lambda: watch.listeners >= 0.95 * options.listeners, "the listeners")
            from_s = watch.now_s()
            posted = react(demo, options) if reacting else None
            if not reacting:
                time.sleep(options.seconds)
            until_s = watch.now_s()
            heard = finish_storm(storm)
        finally:
            machine.stop(storm)
    during = [sample for sample in watch.samples if from_s <= sample.at_s <= until_s]
    return {"heard": heard, "posted": posted, "server": _server(during)}


def _server(during: list[Sample]) -> dict[str, float]:
    return {
        "edge_cores": round(fmean(sample.cores.get("edge", 0.0) for sample in during), 2),
        "burst_lateness_ms": round(max(sample.burst_lateness_ms for sample in during), 1),
        "tick_lateness_ms": round(max(sample.tick_lateness_ms for sample in during), 1),
        "late_ticks": during[-1].late_ticks - during[0].late_ticks,
        "skipped_parts": during[-1].skipped_parts - during[0].skipped_parts,
    }


def main() -> None:
    """Measures both runs, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--listeners", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long reactions are posted")
    parser.add_argument("--clients", type=int, default=2, help="processes that post")
    parser.add_argument("--edges", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    runs = {"in peace": measure(options, reacting=False), "with reactions": measure(options, reacting=True)}
    if options.json:
        print(
            json.dumps(
                {"machine": machine.describe(), "listeners": options.listeners, "runs": runs}, indent=2
            )
        )
        return
    print(machine.words(machine.describe()))
    print(f"\n| {options.listeners:,} listeners | {' | '.join(runs)} |\n|---|--:|--:|")
    rows: dict[str, list[str]] = {}
    for run in runs.values():
        heard, server, posted = run["heard"], run["server"], run["posted"]
        figures = {
            "stalls": f"{heard['sound']['stalls']:,}",
            "parts missing": f"{heard['sound']['missing_parts']:,}",
            "thrown out": f"{heard['listeners']['dropped']:,}",
            "latest burst": f"{server['burst_lateness_ms']:.1f} ms",
            "latest tick of the mixer": f"{server['tick_lateness_ms']:.1f} ms",
            "cores of the edges": f"{server['edge_cores']:.2f}",
            "reactions a second": f"{posted['per_s']:,}" if posted else "–",
            "answered, p50 and p99": "{p50} ms, {p99} ms".format(**posted["answer_ms"]) if posted else "–",
            "sum on the bus / posted": f"{posted['sum_over_sent']:.3f}" if posted else "–",
        }
        for name, value in figures.items():
            rows.setdefault(name, []).append(value)
    for name, values in rows.items():
        print(f"| {name} | {' | '.join(values)} |")


if __name__ == "__main__":
    main()
