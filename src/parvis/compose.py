"""The composition root: the only module that may import everything.

Each `run_…` is the whole life of one process, from its settings to its end by SIGTERM or SIGINT. What one
process alone needs is imported there, so that an edge holds no WebRTC library, no codecs and no database: it
starts in a moment, and is small.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
import uvloop

from parvis.bus.leases_local import LocalLeases
from parvis.bus.local import LocalBus, LocalPublisher
from parvis.bus.local_reader import LocalReader
from parvis.bus.program_time import program_clock
from parvis.edge.service import serve_edge
from parvis.edge.spaces import PATTERNS
from parvis.ops import logs, process
from parvis.settings import (
    ArchiveSettings,
    BusSettings,
    CaptionerSettings,
    ControlSettings,
    EdgeSettings,
    StageSettings,
)

log = structlog.get_logger(__name__)

STAGE_NICE = -10
CONTROL_NICE = 0
EDGE_NICE = 5
ARCHIVE_NICE = 5
CAPTIONER_NICE = 10
"""A crowd at the edges must not make the mixer late, nor control: see docs/concepts/strain.md."""


def run_control(bus_settings: BusSettings, settings: ControlSettings) -> None:
    """The control process."""
    from parvis.api.service import serve_control

    logs.configure("control")
    process.become("control", nice=CONTROL_NICE)

    async def main() -> None:
        clock = program_clock(bus_settings.run_dir)
        bus = LocalBus(bus_settings.run_dir, "control")
        leases = LocalLeases(bus_settings.run_dir, clock)
        try:
            await serve_control(settings, bus, leases, clock)
        finally:
            leases.close()
            await bus.close()

    _run(main())


def run_stage(bus_settings: BusSettings, settings: StageSettings) -> None:
    """A stage process, with the programs of its Spaces."""
    from parvis.program.service import Program
    from parvis.stage.service import Stage

    logs.configure(settings.name)
    process.become(settings.name.replace("-", " "), nice=STAGE_NICE, realtime=True)

    async def main() -> None:
        clock = program_clock(bus_settings.run_dir)
        bus = LocalBus(bus_settings.run_dir, settings.name)
        leases = LocalLeases(bus_settings.run_dir, clock)

        def start_program(
            space: str, first_sequence: int, *, epoch: int, holds: Callable[[], bool]
        ) -> Program:
            return Program.start(
                bus,
                space,
                settings.name,
                first_sequence,
                epoch=epoch,
                holds=holds,
                opus_bps=settings.opus_bps,
            )

        try:
            await Stage(settings, bus, leases, clock, start_program).run()
        finally:
            leases.close()
            await bus.close()

    _run(main())


def run_edge(bus_settings: BusSettings, settings: EdgeSettings) -> None:
    """An edge process. No asyncio: one loop over file descriptors.

    SIGTERM ends this edge and sends its listeners on to the others, SIGINT or a second SIGTERM ends it now.
    SIGHUP says that the certificate was renewed.
    """
    logs.configure(settings.name)
    process.become(settings.name.replace("-", " "), nice=EDGE_NICE)
    process.raise_open_files()
    signals: list[int] = []
    renewals: list[int] = []

    def note(number: int, _frame: object) -> None:
        signals.append(number)

    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, note)
    signal.signal(signal.SIGHUP, lambda number, _: renewals.append(number))

    def renew() -> bool:
        return bool(renewals and renewals.pop())

    def stop() -> bool:
        return signal.SIGINT in signals or len(signals) > 1

    clock = program_clock(bus_settings.run_dir)
    publisher = LocalPublisher(bus_settings.run_dir, settings.name)
    reader = LocalReader(bus_settings.run_dir, *PATTERNS, replay=True)
    try:
        serve_edge(settings, reader, publisher, clock, stop, lambda: bool(signals), renew)
    finally:
        reader.close()
        publisher.close_publisher()


def run_captioner(bus_settings: BusSettings, settings: CaptionerSettings) -> None:
    """The captioner process. Its model works at idle priority; the rest of it costs next to nothing.

    Raises `UserError` `captions-unusable`.
    """
    from parvis.captions.recogniser import Whisper, model_folder
    from parvis.captions.service import Captioner

    logs.configure(settings.name)
    process.become(settings.name.replace("-", " "), nice=CAPTIONER_NICE)
    model = model_folder(settings.captions_model)

    async def main() -> None:
        clock = program_clock(bus_settings.run_dir)
        bus = LocalBus(bus_settings.run_dir, settings.name)
        try:
            await Captioner(settings.name, settings.languages, bus, clock, lambda: Whisper(model)).run()
        finally:
            await bus.close()

    _run(main())
    # The model may be thinking still, in threads of its own that nobody can stop.
    sys.stdout.flush()
    os._exit(0)


def run_archive(bus_settings: BusSettings, settings: ArchiveSettings) -> None:
    """The archive process. It believes the tokens that control signs, unless control says otherwise."""
    from parvis.archive.service import serve_archive
    from parvis.people.tokens import Tokens, load_or_make_key

    logs.configure("archive")
    process.become("archive", nice=ARCHIVE_NICE)
    process.raise_open_files()

    async def main() -> None:
        clock = program_clock(bus_settings.run_dir)
        tokens = Tokens(load_or_make_key(settings.data))
        bus = LocalBus(bus_settings.run_dir, "archive")

        def read_token(token: str) -> tuple[str, str]:
            claims = tokens.read(token, clock.wall_s())
            return claims.account_id, claims.session_id

        try:
            await serve_archive(settings, bus, clock, read_token)
        finally:
            await bus.close()

    _run(main())


def _run(main: Coroutine[Any, Any, None]) -> None:
    async def until_signalled() -> None:
        task = asyncio.ensure_future(main)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    uvloop.run(until_signalled())
    log.info("ended", pid=os.getpid())
