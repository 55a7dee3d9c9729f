"""`parvis rehearse`: the evening before the evening, with a crowd, planned faults and a verdict.

Exit codes: 0 ready, 1 not ready or not possible, 2 wrong usage. Standard output holds the result only.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import httpx
import structlog
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from parvis.cli.demo import VOICE
from parvis.cli.speak import read_sound
from parvis.configuration import DEFAULTS, Configuration
from parvis.errors import ParvisError, Unavailable, UserError
from parvis.ops.checks import examine
from parvis.ops.findings import Load
from parvis.ops.host import read_host
from parvis.settings import EdgeSettings, StageSettings
from parvis.storm.rehearsal.own import Own
from parvis.storm.rehearsal.script import Script
from parvis.storm.rehearsal.timeline import Timeline

if TYPE_CHECKING:  # the real import loads WebRTC, which --help need not wait for, and a fork must not meet
    from parvis.storm.rehearsal.director import Director, Step, Wanted
    from parvis.storm.rehearsal.evening import Evening
    from parvis.storm.rehearsal.result import Result

READY_S: Final = 120.0
LOOK_S: Final = 0.1
STEPS_BESIDE_FAULTS: Final = 4
NOT_PASSED_ON: Final = frozenset(
    {
        "PARVIS_PUBLIC_EDGE_URL", "PARVIS_PUBLIC_CONTROL_URL", "PARVIS_PUBLIC_ARCHIVE_URL",
        "PARVIS_DATABASE_URL", "PARVIS_ARCHIVE_URL", "PARVIS_DATA", "PARVIS_RUN_DIR",
        "PARVIS_CERTIFICATE", "PARVIS_KEY", "PARVIS_HSTS_S", "PARVIS_TRUSTED_PROXIES",
        "PARVIS_RTC_LOOPBACK", "PARVIS_RTC_PUBLIC_ADDRESS", "PARVIS_PER_ADDRESS",
        "PARVIS_TOKEN", "PARVIS_OPERATOR_TOKEN", "PARVIS_HOST",
    }
)  # fmt: skip
"""Settings that would lead a rehearsal out of its own folder, or away from loopback. All others count."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(rehearse)


def rehearse(
    listeners: Annotated[int, typer.Option(help="How many come.", min=1)] = 1_000,
    minutes: Annotated[
        float | None, typer.Option(help="How long: 2, or as long as the faults need.", min=0.1)
    ] = None,
    speakers: Annotated[int, typer.Option(help="Voices on stage; the first is the host.", min=1, max=12)] = 3,
    faults: Annotated[
        str, typer.Option(metavar="none|standard|hard|FILE", help="What goes wrong on purpose.")
    ] = "standard",
    url: Annotated[
        str | None, typer.Option(help="Control of a Parvis that runs; without, one is started for this.")
    ] = None,
    token: Annotated[
        list[str] | None,
        typer.Option(envvar="PARVIS_TOKEN", help="Of the host; again for the next speakers. Others sign up."),
    ] = None,
    edges: Annotated[
        int, typer.Option(help="Edges of the one started here; 0: one a core.", min=0, max=64)
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write the result with plots to this HTML file.")
    ] = None,
    i_own_this_target: Annotated[
        bool, typer.Option("--i-own-this-target", help="Allow a target that is not this machine.")
    ] = False,
) -> None:
    """Rehearse an evening: a crowd, speakers, planned faults; and say whether all is ready."""
    try:
        script = Script.parse(faults)
        possible, notes = script.possible(own=url is None, speakers=speakers)
        timeline = Timeline.of(possible, speakers, minutes)
    except UserError as error:
        raise typer.BadParameter(error.detail) from error
    if report is not None and not report.parent.is_dir():
        raise UserError("report-unwritable", f"there is no folder {report.parent}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))  # steps say what matters
    say = Console(stderr=True)
    with ExitStack() as stack:
        own, control = None, url or ""
        if url is None:
            own, control = stack.enter_context(_own_parvis(edges))
            notes += _not_rehearsed(_said())
        from parvis.storm.rehearsal.director import Wanted  # here, see above
        from parvis.storm.rehearsal.house import check_owned
        from parvis.storm.rehearsal.page import write_page
        from parvis.storm.rehearsal.result import Result

        origin = check_owned(control, owned=i_own_this_target)
        wanted = Wanted(listeners, speakers, timeline, list(token or []) if own is None else [])
        result = Result(origin, own is not None, listeners, speakers, script.name,
                        STEPS_BESIDE_FAULTS + len(possible), 0.0, [], notes=notes)  # fmt: skip
        began_s = time.monotonic()
        try:
            asyncio.run(_run(result, wanted, own, say, edges, owned=i_own_this_target))
        except KeyboardInterrupt:
            result.interrupted = True
        result.seconds = time.monotonic() - began_s
    if report is not None:
        write_page(result, report)
    if as_json:
        typer.echo(json.dumps(result.as_data(), ensure_ascii=False))
    else:
        _print(result)
    if not result.ready:
        raise typer.Exit(1)


async def _run(
    result: Result, wanted: Wanted, own: Own | None, say: Console, edges: int, *, owned: bool
) -> None:
    """Fills the result. Ends what was begun, also when it is cancelled."""
    from parvis.storm.rehearsal.director import Director
    from parvis.storm.rehearsal.evening import Evening
    from parvis.storm.rehearsal.house import House
    from parvis.storm.rehearsal.troupe import Troupe

    async with House(result.target) as house:
        evening = Evening(house, Troupe(read_sound(VOICE)), own, owned)
        director = Director(wanted, evening, _teller(say))
        rehearsal = asyncio.create_task(_when_ready(director, evening))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, rehearsal.cancel)
        try:
            await rehearsal
        except asyncio.CancelledError:
            result.interrupted = True
        except TimeoutError:
            result.failure = "accounts, Spaces, seats and the first sound took too long"
        except ParvisError as error:
            result.failure = error.detail
        finally:
            await director.close()
        result.steps, result.outcome = director.steps, director.outcome
        _examine(result, director, evening, wanted, edges)


async def _when_ready(director: Director, evening: Evening) -> None:
    """Waits for a Parvis that was just started."""
    if evening.own is not None:
        try:
            async with asyncio.timeout(READY_S):
                await _until_up(evening.own, (evening.house.origin, evening.own.edge_origin))
        except TimeoutError:
            reason = f"the Parvis under rehearsal did not answer within {READY_S:.0f} s of its start"
            raise Unavailable("not-ready", reason, 5.0) from None
    elif not await evening.house.answers():
        raise Unavailable("server-away", f"control ({evening.house.origin}) does not answer", 5.0)
    await director.run()


async def _until_up(own: Own, origins: tuple[str, ...]) -> None:
    """Returns when control and the edges answer; the caller bounds it. Raises `Unavailable`
    `parvis-ended`."""
    async with httpx.AsyncClient(trust_env=False, timeout=2.0) as client:
        for origin in origins:
            while True:
                own.check_alive()
                with suppress(httpx.TransportError):
                    if (await client.get(f"{origin}/healthz")).status_code == httpx.codes.OK:
                        break
                await asyncio.sleep(LOOK_S)


def _examine(result: Result, director: Director, evening: Evening, wanted: Wanted, edges: int) -> None:
    """What doctor says of this machine, if it is this machine that was rehearsed."""
    from parvis.storm.rehearsal.machine import Machine

    outcome = director.outcome
    if evening.own is None and (outcome is None or not outcome.target.loopback):
        return
    configuration = Configuration.load()
    stage = configuration.settings("stage", StageSettings())
    load = Load(
        listeners=wanted.listeners,
        arrive_s=wanted.timeline.full_s,
        edges=edges or os.cpu_count() or 1,
        connections_per_edge=configuration.settings("edge", EdgeSettings()).max_connections,
        stretch=director.stretch,
        rtc_ports=(stage.rtc_port_min, stage.rtc_port_max),
    )
    host = read_host(Path.cwd())
    gauges = evening.own.gauges if evening.own else None
    result.machine = Machine(examine(host, load), host.cores, gauges)


@contextmanager
def _own_parvis(edges: int) -> Iterator[tuple[Own, str]]:
    """(a Parvis in a temporary folder, the address of its control)."""
    ports = _free_ports(3)
    with tempfile.TemporaryDirectory(prefix="parvis-rehearsal-") as folder:
        data = Path(folder) / "data"
        command = [
            sys.executable, "-m", "parvis", "up", "--json", "--data", str(data), "--port", str(ports[0]),
            "--control-port", str(ports[1]), "--archive-port", str(ports[2]), "--edges", str(edges),
        ]  # fmt: skip
        kept = {
            name: said for name, said in _said().items() if name.removesuffix("_FILE") not in NOT_PASSED_ON
        }
        environment = {**kept, "PARVIS_CONFIG": ""}
        own = Own(command, data, environment, f"http://127.0.0.1:{ports[0]}")
        try:
            own.start()
            yield own, f"http://127.0.0.1:{ports[1]}"
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends within its time, and nothing is left
            own.stop()


def _said() -> dict[str, str]:
    """The environment, and below it what the file says, of all processes together."""
    configuration = Configuration.load()
    said: dict[str, str] = {}
    for process in DEFAULTS:
        said |= configuration.from_file(process)
    return {**said, **os.environ}


def _not_rehearsed(environment: Mapping[str, str]) -> list[str]:
    if "PARVIS_CERTIFICATE" not in environment:
        return []
    return ["TLS was not rehearsed: this Parvis spoke plain HTTP. With it a join costs an edge 0.4 ms more."]


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _teller(say: Console) -> Callable[[Step, bool], None]:
    """Says each step as it begins, where there is a terminal, and as it is over."""
    from parvis.storm.rehearsal.page import clock

    def tell(step: Step, over: bool) -> None:
        head = Text(f"{clock(step.at_s):>6}  ", "dim")
        if not over:
            if say.is_terminal:
                say.print(head + Text(f"… {step.title}", "dim"))
            return
        said = "; ".join([step.said, *step.reasons] if step.said else step.reasons)
        mark = Text("✓ ", "green") if step.passed else Text("✗ ", "bold red")
        say.print(head + mark + Text(step.title) + Text(f": {said}" if said else "", "dim"), soft_wrap=True)

    return tell


def _print(result: Result) -> None:
    from parvis.storm.rehearsal.page import clock

    console = Console()
    table = Table(
        title=f"Rehearsal with {result.listeners:,} listeners", title_justify="left", box=SIMPLE_HEAD
    )
    for name in ("at", "step", "silence", "ran dry", "came back", "as before after"):
        table.add_column(name, justify="left" if name == "step" else "right", no_wrap=name != "step")
    for step in result.steps:
        measured = step.measured
        table.add_row(
            clock(step.at_s),
            Text(step.title, "" if step.passed else "bold red"),
            "–" if measured.silence_s is None else f"{measured.silence_s:.1f} s",
            f"{measured.stalls:,}",
            f"{measured.returned:,}",
            "–" if measured.back_s is None else f"{measured.back_s:.1f} s",
        )
    console.print(table)
    first, *rest = result.sentences
    console.print(Text(first, "bold green" if result.ready else "bold red"))
    data = result.as_data()
    for sentence in [*rest, *data["notes"]]:
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)
    if data["advice"]:
        console.print("[bold]To change[/bold]")
    for line in data["advice"]:
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
