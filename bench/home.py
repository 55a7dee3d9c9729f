"""What home, search and profiles cost with 100,000 Spaces: p50 and p99 of requests, on SQLite and PostgreSQL.

The database is filled as control would have filled it: 2,000 hosts, 400 live Spaces, 5,000 upcoming, the rest
past; titles of common and rare words. Then requests are asked one after another of control's own app, without
a network between. `home` is the page as strangers get it (made at most once a second), `list` a page of a
list somewhere in it, by its cursor; `search` asks for a word that a third of all Spaces have, for two words,
and for a rare one; `profile` is the page of a host. `cpu` is what control works for one, the database's own
process not counted.

Run: `python -m bench.home [--spaces N] [--database sqlite|postgresql] [--json]`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import structlog
from sqlalchemy import insert, text
from tests.inproc_bus import InprocBus
from tests.inproc_leases import OneStage
from tests.postgres import Postgres

from bench import machine
from parvis.api.app import create_app
from parvis.api.rates import Rates
from parvis.api.services import build_services
from parvis.clock import SystemClock
from parvis.settings import ControlSettings
from parvis.spaces.folding import fold_all
from parvis.store.database import database_url, open_engine
from parvis.store.migrate import migrate
from parvis.store.tables import accounts, seats, spaces
from parvis.store.tables_listing import listings

SPACES: Final = 100_000
HOSTS: Final = 2_000
LIVE: Final = 400
UPCOMING: Final = 5_000
BATCH: Final = 1_000
ROUNDS: Final = 300
CURSORS: Final = 40
COMMON: Final = ("budget", "council", "night")
WORDS: Final = (
    *("harbour", "choir", "harvest", "school", "river", "market", "library", "garden", "theatre", "station"),
    *(
        "climate",
        "housing",
        "water",
        "energy",
        "music",
        "cinema",
        "football",
        "cooking",
        "science",
        "history",
    ),
)
TEMPLATE: Final = '<html lang="en"><head><!--parvis:head--></head><body><!--parvis:body--></body></html>'
_ID: Final = "0123456789abcdefghjkmnpqrstvwxyz"


def space_id(number: int) -> str:
    """Ten characters that are different for each number."""
    made = ""
    for _ in range(10):
        number, digit = divmod(number, 32)
        made = _ID[digit] + made
    return made


def row(number: int, total: int, now_ms: int, chance: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """A Space and its listing."""
    title = f"{chance.choice(COMMON)} {chance.choice(WORDS)} {chance.choice(WORDS)} {number}".capitalize()
    created_ms = now_ms - (total - number) * 60_000
    state, phase, at_ms = "ended", "past", created_ms + 30_000
    starts_ms: int | None = created_ms
    if number >= total - LIVE:
        state, phase, at_ms = "live", "live", created_ms
    elif number >= total - LIVE - UPCOMING:
        state, phase = "scheduled", "upcoming"
        starts_ms = at_ms = now_ms + (number % 9_973) * 60_000
    owner = f"a{number % HOSTS}"
    topics = [chance.choice(WORDS)]
    space: dict[str, Any] = {
        "id": space_id(number),
        "revision": 1,
        "title": title,
        "description": "Everybody may listen, and ask at the end.",
        "language": "en",
        "state": state,
        "max_speakers": 10,
        "created_at_ms": created_ms,
        "starts_at_ms": starts_ms,
        "started_at_ms": None if state == "scheduled" else created_ms,
        "ended_at_ms": at_ms if state == "ended" else None,
        "peak_listeners": 0,
        "visibility": "public",
        "topics": topics,
    }
    words = fold_all((title, *topics, f"Host {number % HOSTS}", f"host_{number % HOSTS}"))
    return space, {"space_id": space["id"], "host_id": owner, "phase": phase, "at_ms": at_ms, "words": words}


def host(number: int) -> dict[str, Any]:
    """An account."""
    return {
        "id": f"a{number}",
        "handle": f"host_{number}",
        "display_name": f"Host {number}",
        "password_hash": "",
        "created_at_ms": 1,
    }


async def fill(url: str, total: int) -> float:
    """Fills the database; seconds that it took."""
    began_s, now_ms, chance = time.monotonic(), int(time.time() * 1000), random.Random(1)
    engine = open_engine(url)
    async with engine.connect() as connection:
        await connection.execution_options(parvis_writes=True)
        async with connection.begin():
            await connection.execute(insert(accounts), [host(n) for n in range(HOSTS)])
            for first in range(0, total, BATCH):
                rows = [row(n, total, now_ms, chance) for n in range(first, min(first + BATCH, total))]
                await connection.execute(insert(spaces), [space for space, _ in rows])
                sitting = [
                    {
                        "space_id": listing["space_id"],
                        "account_id": listing["host_id"],
                        "role": "host",
                        "taken_at_ms": 1,
                        "muted_by_self": False,
                        "muted_by_host": False,
                        "left_at_ms": None,
                        "removed": False,
                    }
                    for _, listing in rows
                ]
                await connection.execute(insert(seats), sitting)
                await connection.execute(insert(listings), [listing for _, listing in rows])
        async with connection.begin():
            await connection.execute(text("ANALYZE"))
    await engine.dispose()
    return time.monotonic() - began_s


@asynccontextmanager
async def control(url: str, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of control's app over this database."""
    pages = folder / "pages"
    pages.mkdir()
    (pages / "home.html").write_text(TEMPLATE)
    clock = SystemClock()
    settings = ControlSettings(data=folder, pages=pages, database_url=url)
    rates = Rates(**dict.fromkeys(Rates.__dataclass_fields__, "1000000 per minute"))
    services = build_services(settings, InprocBus(), OneStage(clock), clock, rates=rates)
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://control") as client:
        yield client
    await services.close()


async def timed(rounds: int, ask: Callable[[int], Any]) -> dict[str, float]:
    """p50 and p99 of a request, and what this process worked for one, ms."""
    times: list[float] = []
    worked_s = 0.0
    for number in range(rounds + 5):
        before_s = time.process_time()
        began_s = time.perf_counter()
        answer = await ask(number)
        took_ms = (time.perf_counter() - began_s) * 1000
        assert answer.status_code == 200, answer.text
        if number >= 5:
            times.append(took_ms)
            worked_s += time.process_time() - before_s
    cuts = statistics.quantiles(times, n=100)
    cpu_ms = worked_s * 1000 / rounds
    return {"p50_ms": round(cuts[49], 1), "p99_ms": round(cuts[98], 1), "cpu_ms": round(cpu_ms, 1)}


async def measure(url: str, folder: Path, rounds: int) -> dict[str, dict[str, float]]:
    """All figures over a database that is filled."""
    async with control(url, folder) as client:
        path = "/api/v1/listings"
        cursors: list[str] = []
        query: dict[str, Any] = {"phase": "past", "limit": 50}
        while len(cursors) < CURSORS:
            page = (await client.get(path, params=query)).json()
            assert page["next"] is not None, "too few Spaces to page through"
            cursors.append(page["next"])
            query["cursor"] = page["next"]
        asks: dict[str, Callable[[int], Any]] = {
            "home": lambda _: client.get("/"),
            "list, live": lambda _: client.get(path, params={"phase": "live"}),
            "list, upcoming": lambda _: client.get(path, params={"phase": "upcoming"}),
            "list, past, by cursor": lambda n: client.get(
                path, params={"phase": "past", "cursor": cursors[n % len(cursors)]}
            ),
            "search, a common word": lambda n: client.get("/api/v1/search", params={"q": COMMON[n % 3]}),
            "search, two words": lambda n: client.get(
                "/api/v1/search", params={"q": f"{COMMON[n % 3]} {WORDS[n % len(WORDS)]}"}
            ),
            "search, one Space": lambda n: client.get("/api/v1/search", params={"q": f"{n * 37 % SPACES}"}),
            "search, nothing": lambda n: client.get("/api/v1/search", params={"q": f"nowhere{n}"}),
            "profile": lambda n: client.get(f"/@host_{n % HOSTS}"),
        }
        return {name: await timed(rounds, ask) for name, ask in asks.items()}


async def run(kind: str, total: int, rounds: int) -> dict[str, Any]:
    """Fills one database and measures."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parvis-home-")))
        url = database_url("", folder)
        if kind == "postgresql":
            server = Postgres()
            stack.callback(server.remove)
            server.start()
            stack.callback(server.stop)
            url = server.new(migrated=False)
        await migrate(url)
        fill_s = await fill(url, total)
        figures = await measure(url, folder, rounds)
        return {"database": kind, "spaces": total, "fill_s": round(fill_s, 1), "requests": figures}


def main() -> None:
    """Measures, and prints a table or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--spaces", type=int, default=SPACES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    kinds = arguments.database or ["sqlite", "postgresql"]
    results = []
    for kind in kinds:
        result = asyncio.run(run(kind, arguments.spaces, arguments.rounds))
        results.append(result)
        if arguments.json:
            continue
        print(f"\n{result['database']}, {result['spaces']:,} Spaces, filled in {result['fill_s']} s")
        for name, found in result["requests"].items():
            figures = "   ".join(f"{figure[:-3]} {value:7.1f} ms" for figure, value in found.items())
            print(f"  {name:24} {figures}", flush=True)
    if arguments.json:
        print(json.dumps({"machine": machine.describe(), "results": results}, indent=2))


if __name__ == "__main__":
    main()
