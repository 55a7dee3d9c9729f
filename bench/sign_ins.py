"""Sign-ins a second: control as a process, over HTTP, on SQLite and on PostgreSQL, beside bare Argon2id.

A sign-in is one password check (Argon2id, 64 MiB, 3 passes), a read and a write. Control runs two checks at
once at most, so that a crowd at the door takes nothing from the stage; the floor is as many checks in as many
threads without anything around them. Each client comes from an address of its own (`X-Forwarded-For`, which
control believes of loopback), else the limits would answer. Wrong passwords should cost the same.

    python -m bench.sign_ins [--json] [--seconds 10] [--accounts 100] [--at-once 16]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from tests.parvis import free_ports, wait_until
from tests.postgres import Postgres

from bench import machine
from parvis.people.passwords import MAX_AT_ONCE

PASSWORD = "correct horse battery"


def floor(seconds: float) -> float:
    """Bare checks a second in as many threads as control uses."""
    hasher = PasswordHasher()
    encoded = hasher.hash(PASSWORD)
    ends_s = time.monotonic() + seconds

    def check(_: int) -> int:
        done = 0
        while time.monotonic() < ends_s:
            hasher.verify(encoded, PASSWORD)
            done += 1
        return done

    began_s = time.monotonic()
    with ThreadPoolExecutor(MAX_AT_ONCE) as threads:
        done = sum(threads.map(check, range(MAX_AT_ONCE)))
    return done / (time.monotonic() - began_s)


@contextmanager
def control(folder: Path, database_url: str) -> Iterator[str]:
    """The origin of a control that runs on this database."""
    [port] = free_ports(1)
    environment = {
        **os.environ,
        "PARVIS_DATA": str(folder),
        "PARVIS_RUN_DIR": str(folder / "run"),
        "PARVIS_CONTROL_PORT": str(port),
        "PARVIS_DATABASE_URL": database_url,
    }
    (folder / "run").mkdir(mode=0o700, parents=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "parvis", "control"], env=environment, stderr=subprocess.DEVNULL
    )
    origin = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{origin}/healthz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    try:
        wait_until(answers, patience_s=180)
        yield origin
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def address(number: int) -> dict[str, str]:
    """The header of a client from an address of its own."""
    return {"X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}


async def measure(origin: str, seconds: float, accounts: int, at_once: int, password: str) -> dict[str, Any]:
    """Sign-ins a second, and how long each took, with so many at once."""
    took_s: list[float] = []
    statuses: dict[int, int] = {}
    ends_s = time.monotonic() + seconds

    async def one(client: httpx.AsyncClient, number: int) -> None:
        while time.monotonic() < ends_s:
            number += at_once
            body = {"handle": f"h{number % accounts}", "password": password}
            began_s = time.monotonic()
            answer = await client.post("/api/v1/sessions", json=body, headers=address(number))
            took_s.append(time.monotonic() - began_s)
            statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1

    began_s = time.monotonic()
    async with httpx.AsyncClient(base_url=origin, timeout=60) as client:
        await asyncio.gather(*(one(client, number) for number in range(at_once)))
    elapsed_s = time.monotonic() - began_s
    return {
        "per_second": round(len(took_s) / elapsed_s, 1),
        "p50_ms": round(statistics.median(took_s) * 1000),
        "p99_ms": round(statistics.quantiles(took_s, n=100)[98] * 1000),
        "statuses": statuses,
    }


def sign_up(origin: str, accounts: int) -> None:
    """Makes the accounts."""

    def one(number: int) -> int:
        body = {"handle": f"h{number}", "password": PASSWORD, "display_name": "H"}
        return httpx.post(
            f"{origin}/api/v1/accounts", json=body, headers=address(number), timeout=60
        ).status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(one, range(accounts))) == {201}


def on(database_url: str, options: argparse.Namespace) -> Mapping[str, Any]:
    """Good and wrong sign-ins on one database."""
    with tempfile.TemporaryDirectory() as folder, control(Path(folder), database_url) as origin:
        sign_up(origin, options.accounts)
        sizes = (options.seconds, options.accounts, options.at_once)
        good = asyncio.run(measure(origin, *sizes, PASSWORD))
        wrong = asyncio.run(measure(origin, *sizes, "wrong horse"))
    assert set(good["statuses"]) == {201}, good
    assert set(wrong["statuses"]) == {401}, wrong
    return {"good": good, "wrong": wrong}


def main() -> None:
    """Reads the options, measures, and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=16)
    options = parser.parse_args()
    server = Postgres()
    try:
        server.start()
        server.make_template()
        floor_per_second = round(floor(options.seconds), 1)
        found = {"sqlite": on("", options), "postgresql": on(server.new(), options)}
    finally:
        server.stop()
        server.remove()
    rows = ["| | sign-ins a second | p50 | p99 |", "|---|---|---|---|"]
    rows.append(f"| bare Argon2id, {MAX_AT_ONCE} threads | {floor_per_second} | | |")
    for name, kinds in found.items():
        for kind, one in kinds.items():
            figures = f"{one['per_second']} | {one['p50_ms']} ms | {one['p99_ms']} ms"
            rows.append(f"| {name}, {kind} password | {figures} |")
    result = {
        "machine": machine.describe(),
        "floor_per_second": floor_per_second,
        **found,
        "markdown": "\n".join(rows),
    }
    print(json.dumps(result, indent=2) if options.json else result["markdown"])


if __name__ == "__main__":
    main()
