"""How long is a message on its way from who writes it to those who read it, while others listen?

Starts `parvis demo` and a storm of listeners; then people write at an even pace, each with an account of
their own, over control's API, and *ears* follow the Space's events at the edges (SSE), as halls do that are
not heard. Delay is from the moment before the request is sent to the moment at which an ear has the message.
A message waits for the end of the part that it rides in: 160 ms on average. Who listens reads it with the
sound, later by their burst.

    python -m bench.chat [--listeners 2000] [--ears 100] [--rate 4] [--seconds 20] [--edges 2] [--json]
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import quantiles
from typing import Any, Final

import httpx

from bench import machine, servers
from bench.scene import finish_storm, folder, start_storm
from bench.watch import Watch

PASSWORD: Final = "correct horse battery"
EACH_S: Final = 4.0
"""One account writes no more often: it may write 20 messages a minute."""
SETTLE_S: Final = 6.0
LATE_S: Final = 5.0
SETTINGS: Final = {"PARVIS_PER_ADDRESS": "0"}


class Ears:
    """Event streams, read in a thread: when each message came to each of them."""

    def __init__(self, demo: servers.Demo, count: int) -> None:
        self.heard: dict[str, list[float]] = {}
        self._selector = selectors.DefaultSelector()
        self._rest: dict[socket.socket, bytes] = {}
        request = f"GET /live/{demo.space}/events HTTP/1.0\r\n\r\n".encode()
        for _ in range(count):
            peer = socket.create_connection(("127.0.0.1", demo.port), 30)
            peer.sendall(request)
            self._selector.register(peer, selectors.EVENT_READ)
            self._rest[peer] = b""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="ears")
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        for peer in self._rest:
            peer.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            for key, _ in self._selector.select(0.2):
                peer: socket.socket = key.fileobj  # type: ignore[assignment]
                data = peer.recv(65_536)
                now_s = time.monotonic()
                *lines, self._rest[peer] = (self._rest[peer] + data).split(b"\n")
                for line in lines:
                    if line.startswith(b"data: ") and b'"type":"chat"' in line.replace(b" ", b""):
                        text = json.loads(line.removeprefix(b"data: "))["text"]
                        self.heard.setdefault(text, []).append(now_s)
                if not data:
                    self._selector.unregister(peer)


def writers(demo: servers.Demo, count: int) -> list[httpx.Client]:
    """So many people, signed in."""

    def one(number: int) -> httpx.Client:
        api = httpx.Client(
            base_url=f"http://127.0.0.1:{demo.control_port}/api/v1/",
            headers={"X-Forwarded-For": f"10.0.{number // 250}.{number % 250 + 1}"},
            timeout=30,
        )
        account = {"handle": f"w_{number}", "password": PASSWORD}
        api.post("accounts", json={**account, "display_name": f"Writer {number}"}).raise_for_status()
        token = api.post("sessions", json=account).raise_for_status().json()["token"]
        api.headers["Authorization"] = f"Bearer {token}"
        return api

    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(one, range(count)))


def write(demo: servers.Demo, people: list[httpx.Client], rate: float, seconds: float) -> dict[str, Any]:
    """Writes at an even pace; when each message was sent, how long control took, and what it said."""
    sent: dict[str, float] = {}
    took_ms: list[float] = []
    statuses: dict[int, int] = {}

    def one(number: int) -> None:
        text = f"message {number}"
        sent[text] = began_s = time.monotonic()
        api = people[number % len(people)]
        answer = api.post(f"spaces/{demo.space}/messages", json={"text": text})
        took_ms.append((time.monotonic() - began_s) * 1000)
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1

    from_s = time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        for number in range(int(rate * seconds)):
            time.sleep(max(0.0, from_s + number / rate - time.monotonic()))
            threads.submit(one, number)
    return {"sent": sent, "took_ms": took_ms, "statuses": statuses}


def cuts(values: list[float]) -> dict[str, float]:
    """p50 and p99."""
    found = quantiles(values, n=100, method="inclusive")
    return {"p50": round(found[49], 1), "p99": round(found[98], 1)}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """One run."""
    with (
        folder() as place,
        servers.demo(place, options.edges, machine.all_cores(), SETTINGS) as demo,
        Watch(demo.run_dir) as watch,
    ):
        people = writers(demo, max(2, round(options.rate * EACH_S)))
        stay_s = SETTLE_S + options.seconds + LATE_S + 6.0
        storm = start_storm(demo.share, place, listeners=options.listeners, arrive=SETTLE_S / 2, for_s=stay_s)
        watch.add_load(storm.pid)
        try:
            servers.wait_for(lambda: watch.listeners >= 0.95 * options.listeners, "the listeners")
            ears = Ears(demo, options.ears)
            time.sleep(1.0)
            written = write(demo, people, options.rate, options.seconds)
            time.sleep(LATE_S)
            ears.close()
            sound = finish_storm(storm)
        finally:
            machine.stop(storm)
    sent = written["sent"]
    delays_ms = [
        (at_s - sent[text]) * 1000 for text, times in ears.heard.items() if text in sent for at_s in times
    ]
    return {
        "messages": len(sent),
        "statuses": written["statuses"],
        "control_ms": cuts(written["took_ms"]),
        "delay_ms": cuts(delays_ms),
        "read": round(len(delays_ms) / (options.ears * len(sent)), 4),
        "stalls": sound["sound"]["stalls"],
        "missing_parts": sound["sound"]["missing_parts"],
    }


def main() -> None:
    """Measures, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--listeners", type=int, default=2_000)
    parser.add_argument("--ears", type=int, default=100, help="event streams that are timed")
    parser.add_argument("--rate", type=float, default=4.0, help="messages a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--edges", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    found = measure(options)
    if options.json:
        print(json.dumps({"machine": machine.describe(), "listeners": options.listeners, **found}, indent=2))
        return
    print(machine.words(machine.describe()))
    print(f"\n| {options.listeners:,} listeners, {options.rate:g} messages a second | |\n|---|--:|")
    for name, value in (
        ("control takes a message, p50 and p99", "{p50} ms, {p99} ms".format(**found["control_ms"])),
        ("written to read, p50 and p99", "{p50} ms, {p99} ms".format(**found["delay_ms"])),
        ("read by those who follow", f"{found['read']:.2%}"),
        ("stalls, parts missing", f"{found['stalls']:,}, {found['missing_parts']:,}"),
    ):
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
