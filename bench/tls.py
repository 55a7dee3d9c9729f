"""What TLS costs: ended at the edge, or by HAProxy or nginx in front of a plain edge, beside no TLS at all.

All run on the first core, the edge together with the proxy before it; stage, control and the crowd take the
others. The crowd is `parvis storm`, which checks every part and has a full handshake for each listener.
Proxies run with the configurations of `deploy/`. The certificate is ECDSA P-256; nobody comes with a ticket.

Handshakes alone are made by openssl s_time(1); a server's rate is what it would do with the whole core.

    python -m bench.tls [--listeners 2000] [--for 8] [--arrive 4] [--stretch 3 12] [--json]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench import machine, servers
from bench.machine import Reading
from bench.servers import ROOT, Demo, wait_for
from parvis.certificate import trusting
from parvis.clock import PART_MS

IDLE_S = 1.0
HANDSHAKES_S = 3
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where listeners come (`origin`), whose edge counts them (`edge`), who is charged (`pids`)."""

    origin: str
    edge: str
    pids: list[int]


@dataclass(frozen=True, slots=True)
class Pem:
    """A certificate that signs itself, and its key; `both` in one file."""

    certificate: Path
    key: Path
    both: Path

    @classmethod
    def make(cls, folder: Path) -> Pem:
        """By openssl(1)."""
        made = cls(folder / "tls.crt", folder / "tls.key", folder / "tls.pem")
        command = [
            servers.program("openssl"), "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(made.key),
            "-out", str(made.certificate),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
        made.both.write_bytes(made.certificate.read_bytes() + made.key.read_bytes())
        return made


@contextlib.contextmanager
def edge(demo: Demo, stretch: int, pem: Pem | None) -> Iterator[Place]:
    """An edge alone on its core, with a certificate or without."""
    settings = {"PARVIS_TARGET_BUSY_SHARE": "1"}
    if pem is not None:
        settings |= {"PARVIS_CERTIFICATE": str(pem.certificate), "PARVIS_KEY": str(pem.key)}
    with servers.edge(demo, stretch, settings) as server:
        origin = f"{'https' if pem else 'http'}://127.0.0.1:{server.port}"
        yield Place(origin, origin, server.pids)


@contextlib.contextmanager
def behind(name: str, folder: Path, demo: Demo, stretch: int, pem: Pem) -> Iterator[Place]:
    """A plain edge, and a proxy in front of it on the same core."""
    with servers.edge(demo, stretch) as server:
        port = machine.free_port()
        command = PROXIES[name](folder, port, server.port, pem)
        process = machine.start(command, str(machine.server_core()), folder / f"{name}.log")
        origin = f"https://127.0.0.1:{port}"
        try:
            wait_for(lambda: reachable(f"{origin}/healthz"), name)
            yield Place(
                origin,
                f"http://127.0.0.1:{server.port}",
                [*server.pids, *machine.with_children(process.pid)],
            )
        finally:
            machine.stop(process)


def haproxy(folder: Path, port: int, to: int, pem: Pem) -> list[str]:
    """deploy/haproxy.cfg; on one core it takes one thread."""
    changes = {
        "bind :443": f"bind 127.0.0.1:{port}",
        "/etc/parvis/tls.pem": str(pem.both),
        "127.0.0.1:8080": f"127.0.0.1:{to}",
        "maxconn 50000": "maxconn 9000",
    }
    return [servers.program("haproxy"), "-db", "-f", str(sample("haproxy.cfg", folder, changes))]


def nginx(folder: Path, port: int, to: int, pem: Pem) -> list[str]:
    """deploy/nginx.conf with one worker."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {folder}/nginx-{kind};\n" for kind in kinds)
    changes = {
        "worker_processes auto": "worker_processes 1",
        "worker_rlimit_nofile 100000": "worker_rlimit_nofile 20000",
        "worker_connections 50000": "worker_connections 19000",
        "http {\n": f"http {{\n{places}",
        "listen 443": f"listen 127.0.0.1:{port}",
        "/etc/parvis/tls.crt": str(pem.certificate),
        "/etc/parvis/tls.key": str(pem.key),
        "/var/cache/nginx/parvis": str(folder / "nginx-cache"),
        "127.0.0.1:8080": f"127.0.0.1:{to}",
    }
    user = "user root;" if os.geteuid() == 0 else ""
    said = f"daemon off; pid {folder}/nginx.pid; {user}"
    return [
        servers.program("nginx"), "-p", str(folder), "-e", str(folder / "nginx.log"), "-g", said,
        "-c", str(sample("nginx.conf", folder, changes)),
    ]  # fmt: skip


PROXIES: dict[str, Callable[[Path, int, int, Pem], list[str]]] = {"HAProxy": haproxy, "nginx": nginx}


def sample(name: str, folder: Path, changes: dict[str, str]) -> Path:
    """A configuration of deploy/, changed. Raises `ValueError` when it does not hold what is to change."""
    text = (ROOT / "deploy" / name).read_text()
    for old, new in changes.items():
        if old not in text:
            raise ValueError(f"{name} does not hold {old!r}")
        text = text.replace(old, new)
    file = folder / name
    file.write_text(text)
    return file


def fetch(url: str) -> str:
    """What it answers, whoever it is. Raises `OSError`."""
    trust: ssl.SSLContext = trusting(insecure=True)
    with urllib.request.urlopen(url, timeout=10, context=trust) as answer:
        body: bytes = answer.read()
    return body.decode()


def reachable(url: str) -> bool:
    """It answers 200."""
    with contextlib.suppress(OSError):
        return bool(fetch(url))
    return False


def listeners(place: Place) -> int:
    """Who hears sound at the edge."""
    found = re.search(
        r"^parvis_edge_listeners\{.*\} ([0-9.]+)$", fetch(f"{place.edge}/metrics"), re.MULTILINE
    )
    return int(float(found[1])) if found else 0


def crowd(place: Place, space: str, count: int, arrive_s: float, for_s: float, log: Path) -> dict[str, Any]:
    """Lets a storm listen; CPU in µs of the processes that are charged, memory in bytes a listener."""
    idle = Reading.of(place.pids)
    time.sleep(IDLE_S)
    before, began_s = Reading.of(place.pids), time.monotonic()
    idle_cores = (before.cpu_s - idle.cpu_s) / IDLE_S
    command = [
        sys.executable, "-m", "parvis", "storm", f"{place.origin}/s/{space}", "--json",
        "--listeners", str(count), "--arrive", str(arrive_s), "--for", str(for_s + PATIENCE_S),
        *(["--insecure"] if place.origin.startswith("https") else []),
    ]  # fmt: skip
    storm = machine.start(command, machine.other_cores(), log, stdout=subprocess.PIPE)
    try:
        until_s = time.monotonic() + arrive_s + PATIENCE_S
        while listeners(place) < count:  # seldom asked: a question is a handshake
            if time.monotonic() > until_s:
                raise TimeoutError(f"{count} listeners did not come; see {log}")
            time.sleep(0.5)
        joined, joined_s = Reading.of(place.pids), time.monotonic()
        time.sleep(for_s)
        after, after_s = Reading.of(place.pids), time.monotonic()
    finally:
        said = machine.stop(storm)
    told = json.loads(said)
    cores = (after.cpu_s - joined.cpu_s) / (after_s - joined_s)
    # While they come, half of them are there on average.
    join_s = joined.cpu_s - before.cpu_s - (cores - idle_cores) * (joined_s - began_s) / 2
    listener_us = max(0.01, (cores - idle_cores) / count * 1e6)
    return {
        "listener_us": listener_us,
        "idle_cores": idle_cores,
        "listeners_per_core": (1 - idle_cores) / listener_us * 1e6,
        "join_cpu_us": (join_s - idle_cores * (joined_s - began_s)) / count * 1e6,
        "rss_bytes": (after.rss_bytes - before.rss_bytes) / count,
        "slab_bytes": (after.slab_bytes - before.slab_bytes) / count,
        "join_ms": told["join_ms"],
        "stalls": told["sound"]["stalls"],
        "missing_parts": told["sound"]["missing_parts"],
        "dropped": told["streams"]["dropped"],
    }


def handshakes(place: Place) -> dict[str, float]:
    """Full TLS 1.3 handshakes, one after the other: CPU µs of one, how many a core would do in a second."""
    before = Reading.of(place.pids)
    ended = subprocess.run(
        ["taskset", "-c", machine.other_cores(), servers.program("openssl"), "s_time", "-new", "-tls1_3",
         "-connect", place.origin.removeprefix("https://"), "-time", str(HANDSHAKES_S)],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    after = Reading.of(place.pids)
    found = re.search(r"^(\d+) connections in \d+ real seconds", ended.stdout, re.MULTILINE)
    if not found or not int(found[1]):
        raise RuntimeError(f"openssl s_time made no handshakes: {ended.stdout[-300:]}{ended.stderr[-300:]}")
    cpu_us = (after.cpu_s - before.cpu_s) / int(found[1]) * 1e6
    return {"handshake_cpu_us": cpu_us, "handshakes_per_core": 1e6 / cpu_us}


def run(count: int, arrive_s: float, for_s: float, stretches: list[int]) -> dict[str, Any]:
    """All cases: `{"machine", "listeners", "cases": […]}`."""
    cases = []
    with tempfile.TemporaryDirectory(prefix="parvis-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        pem = Pem.make(folder)
        demo = stack.enter_context(servers.demo(folder))
        for stretch in stretches:
            starts: dict[str, Callable[[], AbstractContextManager[Place]]] = {
                "Parvis, plain": partial(edge, demo, stretch, None),
                "Parvis, TLS at the edge": partial(edge, demo, stretch, pem),
                **{f"{proxy}, TLS, before Parvis": partial(behind, proxy, folder, demo, stretch, pem)
                   for proxy in PROXIES},
            }  # fmt: skip
            for server, start in starts.items():
                print(f"{server}, {stretch * PART_MS} ms, {count:,} listeners …", file=sys.stderr, flush=True)
                with start() as place:
                    hands = handshakes(place) if place.origin.startswith("https") else {}
                    found = crowd(place, demo.space, count, arrive_s, for_s, folder / "storm.log")
                cases.append({"server": server, "burst_ms": stretch * PART_MS, **found, **hands})
    return {"machine": machine.describe(), "listeners": count, "cases": cases}


def table(result: dict[str, Any]) -> str:
    """The result in Markdown."""
    lines = [
        f"{machine.words(result['machine'])}; {result['listeners']:,} listeners, 32 kbit/s, ECDSA P-256.",
        "",
        "| server | sound in a write | CPU µs a listener-second | listeners per core | CPU µs a join "
        "| first sound p50 / p99 ms | full handshakes per core and second | process bytes a listener "
        "| trouble |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for case in result["cases"]:
        hands = f"{case['handshakes_per_core']:,.0f}" if "handshakes_per_core" in case else ""
        lines.append(
            f"| {case['server']} | {case['burst_ms'] / 1000:.2f} s | {case['listener_us']:.2f} "
            f"| {case['listeners_per_core']:,.0f} | {case['join_cpu_us']:,.0f} "
            f"| {case['join_ms']['p50']:,.0f} / {case['join_ms']['p99']:,.0f} | {hands} "
            f"| {case['rss_bytes']:,.0f} | {case['stalls'] + case['missing_parts'] + case['dropped']:,} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--listeners", type=int, default=2_000)
    parser.add_argument(
        "--arrive", dest="arrive_s", type=float, default=4.0, help="seconds in which they come"
    )
    parser.add_argument("--for", dest="for_s", type=float, default=8.0, help="seconds measured in each case")
    parser.add_argument("--stretch", type=int, nargs="+", default=[3, 12], help="parts in a burst")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    result = run(options.listeners, options.arrive_s, options.for_s, options.stretch)
    said = table(result)
    print(json.dumps(result | {"markdown": said}, indent=2) if options.json else said)


if __name__ == "__main__":
    main()
