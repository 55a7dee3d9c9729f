"""`parvis up`: starts and supervises everything on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import ipaddress
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from parvis.bus.local_reader import LocalReader
from parvis.bus.messages import ProcessMessage
from parvis.bus.run_dir import prepare_run_dir
from parvis.certificate import Certificate
from parvis.errors import ParvisError, UserError
from parvis.ops import logs
from parvis.ops.pulse import Pulse
from parvis.ops.supervisor import Child, Supervisor

READY_PATIENCE_S = 60.0
WATCH_S = 0.5

HOST = Annotated[str, typer.Option(help="Address to listen on.")]
PORT = Annotated[int, typer.Option(help="TCP port of the edges: the share links.", min=1, max=65535)]
CONTROL_PORT = Annotated[
    int, typer.Option(help="TCP port of control: the studio and the API.", min=1, max=65535)
]
ARCHIVE_PORT = Annotated[
    int,
    typer.Option(
        help="TCP port of the archive: replays and feeds; 0 means control's and 1.", min=0, max=65535
    ),
]
DATA = Annotated[Path, typer.Option(help="Folder of everything that must survive a restart.")]
EDGES = Annotated[int, typer.Option(help="Edge processes; 0 means one a core.", min=0, max=64)]
DEFAULT_STAGES = 2
STAGES = Annotated[
    int, typer.Option(help="Stage processes: with two, one takes over when the other dies.", min=1, max=16)
]
JSON = Annotated[bool, typer.Option("--json", help="Print the links as one JSON object.")]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a Parvis on this machine listens and keeps its things."""

    host: str
    port: int
    control_port: int
    data: Path
    edges: int
    archive_port: int
    stages: int = DEFAULT_STAGES

    @property
    def edge_url(self) -> str:
        """Origin of the edges, as a browser on this machine reaches it."""
        return os.environ.get("PARVIS_PUBLIC_EDGE_URL") or _origin(self.host, self.port)

    @property
    def control_url(self) -> str:
        """Origin of control, as a browser on this machine reaches it."""
        return os.environ.get("PARVIS_PUBLIC_CONTROL_URL") or _origin(self.host, self.control_port)

    @property
    def archive_url(self) -> str:
        """Origin of the archive, as a browser on this machine reaches it."""
        return os.environ.get("PARVIS_PUBLIC_ARCHIVE_URL") or _origin(self.host, self.archive_port)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(up)


def up(
    host: HOST = "127.0.0.1",
    port: PORT = 8080,
    control_port: CONTROL_PORT = 8081,
    data: DATA = Path("data"),
    edges: EDGES = 0,
    archive_port: ARCHIVE_PORT = 0,
    stages: STAGES = DEFAULT_STAGES,
    as_json: JSON = False,
) -> None:
    """Start Parvis on this machine and keep it running until Ctrl-C."""
    place = Place(
        host,
        port,
        control_port,
        data,
        edges or os.cpu_count() or 1,
        archive_port or control_port + 1,
        stages,
    )

    async def ready() -> None:
        _print_links(place, as_json=as_json)

    run(place, ready)


def run(place: Place, ready: Callable[[], Awaitable[None]]) -> None:
    """Runs everything until SIGINT or SIGTERM; awaits `ready` in a task of its own once all processes answer.

    Raises `UserError` `port-in-use`, `already-running`, `data-unusable`, `certificate-unusable`.
    """
    logs.configure("supervisor")
    Certificate.of(os.environ.get("PARVIS_CERTIFICATE", ""), os.environ.get("PARVIS_KEY", ""))
    with _only_one(place.data):
        asyncio.run(_run(place, ready))


async def _run(place: Place, ready: Callable[[], Awaitable[None]]) -> None:
    run_dir = prepare_run_dir(place.data / "run")
    supervisor = Supervisor(run_dir, children(place))
    if not any(run_dir.glob("*.pid")):
        _check_port_free(place.host, place.port)
        _check_port_free(place.host, place.control_port)
        _check_port_free(place.host, place.archive_port)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)

    async def when_ready() -> None:
        await _until_ready(place)
        await ready()

    keeper = asyncio.create_task(supervisor.run())
    watcher = asyncio.create_task(_watch(run_dir, supervisor))
    announcer = asyncio.create_task(when_ready())
    stopper = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait((keeper, stopper), return_when=asyncio.FIRST_COMPLETED)
        if announcer.done() and not announcer.cancelled():
            announcer.result()
    finally:
        for task in (announcer, stopper, watcher, keeper):
            task.cancel()
        await asyncio.gather(announcer, stopper, watcher, keeper, return_exceptions=True)


async def _watch(run_dir: Path, supervisor: Supervisor) -> None:
    """Kills what lives and says nothing any more (`ops/pulse.py`)."""
    loop = asyncio.get_running_loop()
    pulse = Pulse(loop.time())
    reader = LocalReader(run_dir, "process.")
    try:
        while True:
            for _, payload in reader.drain():
                with contextlib.suppress(ParvisError):
                    message = ProcessMessage.decode(payload)
                    pulse.beat(message.name, message.pid, loop.time())
            for name in pulse.hung(supervisor.pids, loop.time()):
                supervisor.kill(name)
            await asyncio.sleep(WATCH_S)
    finally:
        reader.close()


def children(place: Place) -> list[Child]:
    """The processes of one machine, in the order in which they start."""
    environment = {
        "PARVIS_RUN_DIR": str((place.data / "run").absolute()),
        "PARVIS_PUBLIC_EDGE_URL": place.edge_url,
        "PARVIS_PUBLIC_CONTROL_URL": place.control_url,
        "PARVIS_PUBLIC_ARCHIVE_URL": place.archive_url,
        "PARVIS_DATA": str(place.data.absolute()),
        "PARVIS_HOST": place.host,
        "PARVIS_PORT": str(place.port),
        "PARVIS_EDGE_PORT": str(place.port),
        "PARVIS_CONTROL_PORT": str(place.control_port),
        "PARVIS_ARCHIVE_PORT": str(place.archive_port),
        "PARVIS_RTC_LOOPBACK": os.environ.get(
            "PARVIS_RTC_LOOPBACK", "yes" if _is_loopback(place.host) else "no"
        ),
    }
    if _is_loopback(place.host):  # everybody comes from the same address
        environment["PARVIS_PER_ADDRESS"] = os.environ.get("PARVIS_PER_ADDRESS", "0")
    stages = [f"stage-{number}" for number in range(1, place.stages + 1)]
    edges = [f"edge-{number}" for number in range(1, place.edges + 1)]
    return [
        Child(
            name,
            (sys.executable, "-m", "parvis", *_command(name)),
            environment,
            signal.SIGINT if name in edges else signal.SIGTERM,
        )
        for name in [*stages, "archive", "control", *edges]
    ]


def _command(name: str) -> tuple[str, ...]:
    """The archive is one; the others have a number."""
    return (name,) if name == "archive" else (name.split("-")[0], "--name", name)


async def _until_ready(place: Place) -> None:
    deadline_s = time.monotonic() + READY_PATIENCE_S
    # Asked by the address, which need not be the certificate's name: whether it answers is all that counts.
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:  # noqa: S501
        for port in (place.control_port, place.archive_port, place.port):
            origin = _origin(place.host, port)
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(f"{origin}/healthz", timeout=2)).status_code == 200:
                        break
                if time.monotonic() > deadline_s:
                    raise UserError("not-ready", f"{origin} does not answer; the log above says why.")
                await asyncio.sleep(0.1)


def _origin(host: str, port: int) -> str:
    scheme = "https" if os.environ.get("PARVIS_CERTIFICATE") else "http"
    return f"{scheme}://{_reachable(host)}:{port}"


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


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reachable(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
