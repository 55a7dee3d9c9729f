"""How quick is a line of 50,000 hands? List, search, call and the rest over the API: p50, p99, CPU time.

A whole control (API, database, bus) in this process, asked by HTTP without sockets; accounts and hands are
written into its tables, as if they had been raised before.

    python -m bench.hands [--hands 50000] [--times 100] [--database sqlite|postgresql] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

import httpx
import structlog
from argon2 import PasswordHasher
from sqlalchemy import insert
from tests.postgres import Postgres

from bench import machine
from bench.scene import folder
from parvis.api.app import create_app
from parvis.api.rates import Rates
from parvis.api.services import Services, build_services
from parvis.bus.leases_local import LocalLeases
from parvis.bus.local import LocalBus
from parvis.clock import SystemClock
from parvis.people.passwords import Passwords
from parvis.settings import ControlSettings
from parvis.spaces.hand import fold
from parvis.store.database import database_url, open_engine
from parvis.store.migrate import migrate
from parvis.store.tables import accounts
from parvis.store.tables_manners import hands

PASSWORD: Final = "correct horse battery"
BATCH: Final = 5_000
FIRST_NAMES: Final = ("Ana", "Béa", "Chloé", "Dmitri", "Élodie", "Farah", "Göran", "Hiro", "Inès", "João")
LAST_NAMES: Final = ("Martin", "Nguyễn", "Okafor", "Petit", "Quispe", "Rossi", "Sørensen", "Tanaka", "Ünal")
NOTES: Final = ("", "", "A question about the budget", "I was there", "About the trains", "Disagree")

Ask = Callable[[int], Awaitable[httpx.Response]]


async def fill(url: str, space: str, count: int) -> list[str]:
    """Writes accounts, each with a raised hand; the ids of the hands, oldest first."""
    engine = open_engine(url)
    now_ms = int(time.time() * 1000)
    draw = random.Random(7)
    ids = []
    for first in range(0, count, BATCH):
        people, raised = [], []
        for number in range(first, min(first + BATCH, count)):
            handle, name = f"p_{number}", f"{draw.choice(FIRST_NAMES)} {draw.choice(LAST_NAMES)} {number}"
            note = draw.choice(NOTES)
            people.append(
                {
                    "id": f"a-{number}",
                    "handle": handle,
                    "display_name": name,
                    "password_hash": "",
                    "created_at_ms": now_ms,
                }
            )
            raised.append(
                {
                    "id": f"h-{number}",
                    "space_id": space,
                    "account_id": f"a-{number}",
                    "note": note,
                    "raised_at_ms": now_ms + number,
                    "screened": number % 50 == 0,
                    "state": "raised",
                    "name_key": fold(name),
                    "words": fold(f"{handle} {name} {note}"),
                }
            )
            ids.append(f"h-{number}")
        async with engine.begin() as connection:
            await connection.execute(insert(accounts), people)
            await connection.execute(insert(hands), raised)
    await engine.dispose()
    return ids


async def sign_in(client: httpx.AsyncClient, handle: str) -> httpx.AsyncClient:
    """A client of a new account."""
    account = {"handle": handle, "password": PASSWORD}
    answer = await client.post("/api/v1/accounts", json={**account, "display_name": handle.title()})
    answer.raise_for_status()
    answer = await client.post("/api/v1/sessions", json=account)
    client.cookies.clear()
    client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
    return client


async def timed(ask: Ask, times: int) -> dict[str, float]:
    """p50 and p99 in ms of that many answers, which must be good, and the CPU time of one on average."""
    found = []
    used_s = time.process_time()
    for number in range(times):
        began_s = time.perf_counter()
        answer = await ask(number)
        found.append((time.perf_counter() - began_s) * 1000)
        assert answer.is_success, answer.text
    cuts = quantiles(found, n=100, method="inclusive")
    cpu_ms = (time.process_time() - used_s) * 1000 / times
    return {"p50_ms": round(cuts[49], 2), "p99_ms": round(cuts[98], 2), "cpu_ms": round(cpu_ms, 2)}


async def measure(options: argparse.Namespace, place: Path, url: str) -> dict[str, Any]:
    """All questions, one after the other."""
    settings = ControlSettings(data=place, database_url=url)
    url = database_url(settings.database_url, place)
    await migrate(url)
    clock = SystemClock()
    bus, leases = LocalBus(place / "run", "control"), LocalLeases(place / "run", clock)
    cheap = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    unlimited = Rates(**dict.fromkeys(Rates.__dataclass_fields__, "1000000 per minute"))
    services = build_services(settings, bus, leases, clock, passwords=cheap, rates=unlimited)
    try:
        return await questions(services, url, options)
    finally:
        await services.close()
        leases.close()
        await bus.close()


async def questions(services: Services, url: str, options: argparse.Namespace) -> dict[str, Any]:
    """What host and listeners ask."""

    def client() -> httpx.AsyncClient:
        transport = httpx.ASGITransport(create_app(services))
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8081")

    mark = f"{int(time.time())}"[-6:]
    host = await sign_in(client(), f"host_{mark}")
    listener = await sign_in(client(), f"listener_{mark}")
    made = await host.post("/api/v1/spaces", json={"title": "A long line", "max_speakers": 100})
    space = made.json()["id"]
    ids = await fill(url, space, options.hands)
    line = f"/api/v1/spaces/{space}/hands"
    middle = (await host.get(line, params={"limit": 100})).json()
    for _ in range(20):
        middle = (await host.get(line, params={"limit": 100, "cursor": middle["next"]})).json()

    async def listed(**query: Any) -> httpx.Response:
        return await host.get(line, params={"limit": 50, **query})

    async def called(number: int) -> httpx.Response:
        answer = await host.patch(f"{line}/{ids[number * 7]}", json={"state": "called"})
        seat = answer.json()["handle"]
        left = await host.delete(f"/api/v1/spaces/{space}/seats/{seat}")
        assert left.is_success, left.text
        return answer

    asked: dict[str, Ask] = {
        "first page, oldest": lambda _: listed(),
        "page in the middle": lambda _: listed(cursor=middle["next"]),
        "first page, newest": lambda _: listed(order="newest"),
        "first page, by name": lambda _: listed(order="name"),
        "only screened": lambda _: listed(screened=True),
        "search that finds many": lambda _: listed(search="sorensen"),
        "search that finds one": lambda n: listed(search=f"p_{options.hands - 1 - n}"),
        "search that finds nobody": lambda _: listed(search="nobody at all"),
        "raise": lambda n: listener.post(line, json={"note": f"again {n}"}),
        "one's own, at the end": lambda _: listener.get(f"{line}/mine"),
        "screen": lambda n: host.patch(f"{line}/{ids[-1 - n]}", json={"screened": True}),
        "call, and leave the seat": called,
    }
    return {name: await timed(ask, min(options.times, options.hands // 8)) for name, ask in asked.items()}


def run(kind: str, options: argparse.Namespace) -> dict[str, Any]:
    """All questions on one database."""
    with ExitStack() as stack:
        place, url = stack.enter_context(folder()), ""
        if kind == "postgresql":
            server = Postgres()
            stack.callback(server.remove)
            server.start()
            stack.callback(server.stop)
            url = server.new(migrated=False)
        return asyncio.run(measure(options, place, url))


def main() -> None:
    """Measures, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--hands", type=int, default=50_000)
    parser.add_argument("--times", type=int, default=100, help="how often each question is asked")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    found = {kind: run(kind, options) for kind in options.database or ("sqlite", "postgresql")}
    if options.json:
        print(
            json.dumps({"machine": machine.describe(), "hands": options.hands, "questions": found}, indent=2)
        )
        return
    print(machine.words(machine.describe()))
    for kind, questions_ in found.items():
        print(f"\n| {options.hands:,} hands raised, {kind} | p50 | p99 | CPU |\n|---|--:|--:|--:|")
        for name, figures in questions_.items():
            times = " | ".join(f"{figures[key]:.1f} ms" for key in ("p50_ms", "p99_ms", "cpu_ms"))
            print(f"| {name} | {times} |")


if __name__ == "__main__":
    main()
