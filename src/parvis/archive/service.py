"""The archive as a process: recorder, keeper and server, run together until cancelled.

Cancelled, it lets requests finish for at most 3 s and writes what waits. What it did not get to is on the bus
for 30 s, and the next archive takes it from there.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from typing import Final

import structlog
import uvicorn

from parvis.archive.clips import clips_of
from parvis.archive.front.app import create_app
from parvis.archive.front.metrics import Metrics
from parvis.archive.front.rates import Rates
from parvis.archive.front.services import Services
from parvis.archive.front.sessions import Read, Sessions
from parvis.archive.keeper import Keeper
from parvis.archive.library import Library
from parvis.archive.recorder import PATTERNS, Recorder
from parvis.archive.store import Store
from parvis.bus.messages import ProcessMessage
from parvis.bus.port import Bus
from parvis.certificate import LOOK_S, Certificate
from parvis.clock import Clock
from parvis.errors import UserError
from parvis.intake import Intake, bound_waiting
from parvis.settings import ArchiveSettings

log = structlog.get_logger(__name__)

HEARTBEAT_INTERVAL_S: Final = 1.0
REFILL_INTERVAL_S: Final = 1.0
REFILL_PATIENCE_S: Final = 2.0
MAX_REQUESTS: Final = 2_000
"""Requests at once; more get 503 from the server itself."""
_GRACE_S: Final = 3


async def serve_archive(
    settings: ArchiveSettings,
    bus: Bus,
    clock: Clock,
    read_token: Read,
    *,
    listener: socket.socket | None = None,
) -> None:
    """Runs the archive until cancelled. `read_token` gives account and session of a token; `listener` is a
    socket to take instead of host and port.

    Raises `UserError`: `setting-invalid` for a folder, a store or an address that can't be used,
    `certificate-unusable`.
    """
    certificate = Certificate.of(settings.certificate, settings.key)
    store = (
        Store(settings.archive_url, allow_http=settings.archive_allow_http) if settings.archive_url else None
    )
    library = Library(settings.folder)
    listener = listener or _listen(settings.host, settings.archive_port)
    bound_waiting(listener)
    try:
        await asyncio.to_thread(_restore, library)
        keeper: Keeper
        recorder = Recorder(
            library,
            bus,
            clock,
            lambda space: keeper.wake(space),
            fsync=settings.archive_fsync,
            memory_s=settings.archive_memory_s,
        )
        keeper = Keeper(library, store, recorder.save, keep_local=settings.archive_keep_local)

        def gauges() -> dict[str, float]:
            replays = sum(record.finished and record.built > 0 for record in library.all())
            return {**recorder.gauges(), "replays": float(replays), "replay_failures": float(keeper.failures)}

        services = Services(
            settings=settings,
            clock=clock,
            library=library,
            keeper=keeper,
            store=store,
            save=recorder.save,
            sessions=Sessions(bus, clock, read_token),
            rates=Rates(
                clock,
                reads_per_minute=settings.archive_reads_per_minute,
                writes_per_minute=settings.archive_writes_per_minute,
            ),
            metrics=Metrics(gauges),
            clip_spaces=await asyncio.to_thread(_clips, library),
            spaces=recorder.spaces,
        )
        await recorder.restore()
        async with asyncio.TaskGroup() as tasks:
            background = [
                tasks.create_task(_read(bus, recorder), name="archive: bus"),
                tasks.create_task(_refill(bus, recorder), name="archive: refill"),
                tasks.create_task(recorder.run(), name="archive: disk"),
                tasks.create_task(keeper.run(), name="archive: keeper"),
                tasks.create_task(_beat(bus, gauges), name="archive: heartbeat"),
                tasks.create_task(_renew(certificate), name="archive: certificate"),
            ]
            try:
                await _serve(services, listener, certificate)
            finally:
                for task in background:
                    task.cancel()
    finally:
        listener.close()


def _restore(library: Library) -> None:
    try:
        library.restore()
    except OSError as error:
        raise UserError(
            "setting-invalid", f"The archive can't use the folder {library.root}: {error.strerror}"
        ) from error


def _clips(library: Library) -> dict[str, str]:
    return {
        clip.id: record.space.id
        for record in library.all()
        for clip in clips_of(library.folder(record.space.id))
    }


async def _read(bus: Bus, recorder: Recorder) -> None:
    subscription = bus.subscribe(*PATTERNS, replay=True)
    try:
        async for subject, payload in subscription:
            recorder.take(subject, payload)
    finally:
        await subscription.aclose()


async def _refill(bus: Bus, recorder: Recorder) -> None:
    """Asks the bus again for what is missing.

    A publication may be lost around a reconnection, or by a full queue, while its publisher still retains it.
    """
    while True:
        await asyncio.sleep(REFILL_INTERVAL_S)
        wanting = recorder.wanting()
        if not wanting:
            continue
        log.info("asking the bus again for missing parts", spaces=wanting)
        subscription = bus.subscribe(*(f"part.{space}." for space in wanting), replay=True)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REFILL_PATIENCE_S):
                    async for subject, payload in subscription:
                        recorder.take(subject, payload)
        finally:
            await subscription.aclose()


async def _beat(bus: Bus, gauges: Callable[[], dict[str, float]]) -> None:
    while True:
        beat = ProcessMessage("archive", "archive", os.getpid(), gauges())
        bus.publish(beat.subject, beat.encode(), retain=1)
        await asyncio.sleep(HEARTBEAT_INTERVAL_S)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: who cancels us knows better."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _renew(certificate: Certificate | None) -> None:
    """Looks at the certificate's files from time to time, until cancelled."""
    while certificate is not None:
        await asyncio.sleep(LOOK_S)
        certificate.renew()


async def _serve(services: Services, listener: socket.socket, certificate: Certificate | None) -> None:
    hsts_s = services.settings.hsts_s
    config = uvicorn.Config(
        create_app(services),
        headers=[("Strict-Transport-Security", f"max-age={hsts_s}")] if hsts_s else [],
        access_log=False,
        log_config=None,
        lifespan="off",
        ws="none",
        http=Intake,
        server_header=False,
        backlog=socket.SOMAXCONN,
        limit_concurrency=MAX_REQUESTS,
        timeout_graceful_shutdown=_GRACE_S,
        forwarded_allow_ips=services.settings.trusted_proxies or None,
        ssl_context_factory=(lambda _config, _default: certificate.context) if certificate else None,
    )
    server = _Server(config)
    address = listener.getsockname()
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="archive: http")
    log.info("the archive is up", host=address[0], port=address[1], folder=str(services.library.root))
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving
        log.info("the archive is down")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=socket.SOMAXCONN)
    except OSError as error:
        raise UserError(
            "setting-invalid", f"The archive can't listen on {host}:{port}: {error.strerror}"
        ) from error
