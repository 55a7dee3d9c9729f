"""Many Spaces: what Spaces that are announced, and that nobody is in, cost each process, and a live one.

The database is filled with scheduled Spaces, half of them without a time, half of them days ahead. Then
everything is started with a voice that speaks in a Space of its own (`parvis demo`), as after a restart. When
the stage has settled, each process is watched for a while: CPU, memory, and the lateness of the mixer, while
a few listeners hear the live Space.

    python -m bench.many_spaces [--spaces 0 5000 20000] [--for 15] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sqlite3
import time
from pathlib import Path
from typing import Any, Final

from bench import home, machine, servers
from bench.scene import finish_storm, folder, start_storm
from bench.watch import Watch
from parvis.store.database import DATABASE_FILE, database_url
from parvis.store.migrate import migrate

DAY_MS: Final = 86_400_000
LISTENERS: Final = 20
SETTLE_PATIENCE_S: Final = 150.0
IDLE_LOOKS: Final = 3
ROLES: Final = ("stage", "edge", "control", "archive")


async def fill(data: Path, total: int) -> None:
    """A database with so many scheduled Spaces."""
    url = database_url("", data)
    await migrate(url)
    if not total:
        return
    await home.fill(url, total)
    chance, now_ms = random.Random(1), int(time.time() * 1000)
    with sqlite3.connect(data / DATABASE_FILE) as database:
        database.execute(
            "UPDATE spaces SET state = 'scheduled', started_at_ms = NULL, ended_at_ms = NULL, "
            "starts_at_ms = NULL"
        )
        timed = [
            (now_ms + chance.randrange(DAY_MS, 30 * DAY_MS), home.space_id(n)) for n in range(0, total, 2)
        ]
        database.executemany("UPDATE spaces SET starts_at_ms = ?, auto_start = 1 WHERE id = ?", timed)
        database.execute("UPDATE listings SET phase = 'upcoming'")


def measure(total: int, for_s: float) -> dict[str, Any]:
    """All figures with so many scheduled Spaces."""
    with folder() as place:
        data = place / "data"
        data.mkdir()
        asyncio.run(fill(data, total))
        began_s = time.monotonic()
        with (
            servers.demo(place, 1, machine.all_cores()) as demo,
            Watch(demo.run_dir) as watch,
        ):
            sounds_s = time.monotonic() - began_s
            settle(watch)
            settled_s = time.monotonic() - began_s
            storm = start_storm(demo.share, place, listeners=LISTENERS, arrive=1, for_s=for_s)
            try:
                pids = {name: pid for name, pid in watch.processes().items() if name != "supervisor"}
                first = len(watch.samples)
                before = {name: machine.cpu_s(pid) for name, pid in pids.items()}
                then_s = time.monotonic()
                heard = finish_storm(storm)
                took_s = time.monotonic() - then_s
            finally:
                machine.stop(storm)
            used = {name: (machine.cpu_s(pid) - before[name]) / took_s for name, pid in pids.items()}
            samples = watch.samples[first:]
            return {
                "spaces": total,
                "sound_s": round(sounds_s, 1),
                "settled_s": round(settled_s, 1),
                "rooms": int(_rooms(watch)),
                "cores": {role: _sum(used, role, 3) for role in ROLES},
                "memory_mb": {
                    role: _sum({name: machine.rss_bytes(pid) / 1e6 for name, pid in pids.items()}, role, 0)
                    for role in ROLES
                },
                "tick_lateness_ms": round(max(sample.tick_lateness_ms for sample in samples), 1),
                "late_ticks": samples[-1].late_ticks - samples[0].late_ticks,
                "stalls": heard["sound"]["stalls"],
                "missing_parts": heard["sound"]["missing_parts"],
                "delay_ms": heard["delay_ms"],
            }


def settle(watch: Watch) -> None:
    """Waits until the stage takes no more Spaces, and the edges have caught up."""
    deadline_s, seen, calm = time.monotonic() + SETTLE_PATIENCE_S, -1.0, 0
    while calm < IDLE_LOOKS and time.monotonic() < deadline_s:
        time.sleep(2.0)
        rooms = _rooms(watch)
        calm = calm + 1 if rooms == seen else 0
        seen = rooms


def _rooms(watch: Watch) -> float:
    return sum(gauges.get("rooms", 0.0) for gauges in watch.gauges("stage"))


def _sum(by_name: dict[str, float], role: str, digits: int) -> float:
    return round(sum(value for name, value in by_name.items() if name.partition("-")[0] == role), digits)


def table(results: list[dict[str, Any]]) -> str:
    """For people."""
    heads = [
        "scheduled Spaces",
        "live sound after",
        "rooms",
        *(f"{role}: cores / MB" for role in ROLES),
        "worst tick ms late",
    ]
    lines = [f"| {' | '.join([*heads, 'stalls, missing parts'])} |", "|" + "--:|" * (len(heads) + 1)]
    for found in results:
        by_role = [f"{found['cores'][role]:.3f} / {found['memory_mb'][role]:.0f}" for role in ROLES]
        cells = [
            f"{found['spaces']:,}",
            f"{found['sound_s']} s",
            f"{found['rooms']:,}",
            *by_role,
            f"{found['tick_lateness_ms']}",
        ]
        cells.append(f"{found['stalls']}, {found['missing_parts']}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measures, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--spaces", type=int, nargs="+", default=[0, 5_000, 20_000])
    parser.add_argument("--for", type=float, default=15.0, dest="for_s", help="seconds each is watched")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    results = [measure(total, options.for_s) for total in options.spaces]
    markdown = table(results)
    if options.json:
        whole = {"machine": machine.describe(), "results": results, "markdown": markdown}
        print(json.dumps(whole, indent=1))
    else:
        print(f"{machine.words(machine.describe())}\n\n{markdown}")


if __name__ == "__main__":
    main()
