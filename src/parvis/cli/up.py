"""`parvis up`: starts and supervises everything on this machine.

Signals: SIGINT and SIGTERM end all in order. SIGHUP reads the settings again and starts each process anew,
one after the other (`ops/rolling.py`): listeners are sent on, a Space goes to the other stage. Then the
supervisor itself starts anew and adopts them: that is also how a new version is taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Annotated

import httpx
import structlog
import typer
from rich.console import Console

from parvis.bus.program_time import begin_anew, program_clock
from parvis.bus.run_dir import prepare_run_dir
from parvis.cli.options import CONFIG
from parvis.cli.place import Place
from parvis.errors import UserError
from parvis.ops import logs
from parvis.ops.notify import Notifier
from parvis.ops.rolling import roll
from parvis.ops.supervisor import Supervisor, anything_runs
from parvis.ops.watch import Watch

READY_PATIENCE_S = 60.0

HOST = Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")]
PORT = Annotated[
    int | None,
    typer.Option(help="TCP port of the edges: the share links. [default: 8080]", min=1, max=65535),
]
CONTROL_PORT = Annotated[
    int | None,
    typer.Option(help="TCP port of control: the studio and the API. [default: 8081]", min=1, max=65535),
]
ARCHIVE_PORT = Annotated[
    int | None,
    typer.Option(
        help="TCP port of the archive: replays and feeds; 0, the default, means control's and 1.",
        min=0,
        max=65535,
    ),
]
DATA = Annotated[
    Path | None, typer.Option(help="Folder of everything that must survive a restart. [default: data]")
]
EDGES = Annotated[
    int | None, typer.Option(help="Edge processes; 0, the default, means one a core.", min=0, max=64)
]
STAGES = Annotated[
    int | None,
    typer.Option(
        help="Stage processes: with two, the default, one takes over when the other dies.", min=1, max=16
    ),
]
JSON = Annotated[bool, typer.Option("--json", help="Print the links as one JSON object.")]

log = structlog.get_logger(__name__)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(up)


def up(
    host: HOST = None,
    port: PORT = None,
    control_port: CONTROL_PORT = None,
    data: DATA = None,
    edges: EDGES = None,
    archive_port: ARCHIVE_PORT = None,
    stages: STAGES = None,
    config: CONFIG = None,
    as_json: JSON = False,
) -> None:
    """Start Parvis on this machine and keep it running until Ctrl-C."""
    options = {
        "host": host,
        "port": port,
        "control_port": control_port,
        "archive_port": archive_port,
        "data": data,
        "edges": edges,
        "stages": stages,
    }

    def read() -> Place:
        return Place.of(config, options)

    place = read()

    async def ready() -> None:
        _print_links(place, as_json=as_json)

    if run(place, ready, read):
        os.execv(sys.executable, [sys.executable, "-m", "parvis", *sys.argv[1:]])  # noqa: S606 - ourselves


def run(place: Place, ready: Callable[[], Awaitable[None]], again: Callable[[], Place] | None = None) -> bool:
    """Runs everything until SIGINT or SIGTERM; awaits `ready` in a task of its own once all processes answer.

    `again` reads the settings anew at SIGHUP; True: all has been started again by them, still runs, and
    this process is to be. Raises `UserError` `port-in-use`, `already-running`, `data-unusable`.
    """
    logs.configure("supervisor")
    notifier = Notifier.taken_from()
    with _only_one(place.data):
        if not asyncio.run(_run(place, ready, again, notifier)):
            return False
    os.environ.update(notifier.variables())
    return True


async def _run(
    place: Place,
    ready: Callable[[], Awaitable[None]],
    again: Callable[[], Place] | None,
    notifier: Notifier,
) -> bool:
    run_dir = prepare_run_dir(place.run_dir)
    supervisor = Supervisor(run_dir, place.children(), reaps=True)
    if not any(run_dir.glob("*.pid")):
        for host, port in place.addresses:
            _check_port_free(host, port)
    if not anything_runs(run_dir):
        begin_anew(run_dir)
    clock = program_clock(run_dir)
    stopping, reloading, done, failed = (asyncio.Event() for _ in range(4))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    if again is not None:
        loop.add_signal_handler(signal.SIGHUP, reloading.set)
    watch = Watch(run_dir, supervisor, clock)

    async def when_ready() -> None:
        await _until_ready(place)
        notifier.ready(f"runs; studio at {place.control_url}/")
        try:
            await ready()
        except Exception:
            failed.set()
            raise

    async def when_told() -> None:
        while again is not None:
            await reloading.wait()
            reloading.clear()
            if await _reload(place, again, supervisor, watch, notifier):
                done.set()

    keeper = asyncio.create_task(supervisor.run())
    ends = [keeper, *(asyncio.create_task(event.wait()) for event in (stopping, done, failed))]
    others = [asyncio.create_task(each) for each in (watch.run(), when_ready(), when_told(), _pat(notifier))]
    announcer = others[1]
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if announcer.done() and not announcer.cancelled():
            announcer.result()
    finally:
        if done.is_set() and not stopping.is_set():
            supervisor.leave()
        else:
            notifier.stopping()
        for task in (*others, *ends):
            task.cancel()
        await asyncio.gather(*others, *ends, return_exceptions=True)
    return done.is_set() and not stopping.is_set()


async def _reload(
    place: Place, again: Callable[[], Place], supervisor: Supervisor, watch: Watch, notifier: Notifier
) -> bool:
    """Starts each process anew by new settings. False: the settings can't be used, or a process does not come
    back with them; what has not been started anew goes on as it was."""
    try:
        new = again()
        fixed = ("data", "run_dir", "edges", "stages", "automatic_captions")
        changed = [name for name in fixed if getattr(new, name) != getattr(place, name)]
        if changed:
            raise UserError(
                "setting-invalid", f"{', '.join(changed)}: another value needs an end and a start"
            )
    except UserError as error:
        log.error("the new settings are not taken, the old ones stay", error=error.detail)  # noqa: TRY400
        return False
    log.info("starting every process anew, one after the other")
    if not await roll(new.children(), supervisor, watch, notifier.status):
        return False
    log.info("every process was started anew")
    return True


async def _pat(notifier: Notifier) -> None:
    """As long as this loop runs, the service manager hears of it."""
    while notifier.every_s is not None:
        notifier.alive()
        await asyncio.sleep(notifier.every_s)


async def _until_ready(place: Place) -> None:
    """Some of it may take long: a database that is away comes back, and everything else runs meanwhile."""
    deadline_s = time.monotonic() + READY_PATIENCE_S
    # Asked by the address, which need not be the certificate's name: whether it answers is all that counts.
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:  # noqa: S501
        for origin in place.origins:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(f"{origin}/healthz", timeout=2)).status_code == 200:
                        break
                if time.monotonic() > deadline_s:
                    log.error("does not answer yet; the log above says why", origin=origin)
                    deadline_s += READY_PATIENCE_S
                await asyncio.sleep(0.1)


def _print_links(place: Place, *, as_json: bool) -> None:
    console = Console()
    if as_json:
        console.print_json(
            data={
                "studio": f"{place.control_url}/",
                "share": f"{place.edge_url}/s/",
                "archive": place.archive_url,
            }
        )
        console.file.flush()
        return
    console.print()
    console.print("[bold]Parvis runs.[/bold]")
    console.print(f"  Studio (host and speak)   [link]{place.control_url}/[/link]")
    console.print(f"  Share links begin with    {place.edge_url}/s/")
    console.print("  Ctrl-C ends it.")
    console.print()


@contextlib.contextmanager
def _only_one(data: Path) -> Iterator[None]:
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (data / "lock").open("w")
    except OSError as error:
        raise UserError("data-unusable", f"cannot use the data folder {data}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError("already-running", f"a Parvis runs already with the data folder {data}") from None
        yield


def _check_port_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = f"cannot listen on {host}:{port}: {error.strerror}"
            raise UserError("port-in-use", reason) from error
