"""Control as a process: tables brought up to date, services built, the watch and the server run.

Cancelled, it ends event streams, lets requests finish for at most 3 s, and closes the database. What was
published stays on the bus as long as the bus does.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final

import structlog
import uvicorn

from parvis.api.app import create_app
from parvis.api.services import Services, build_services
from parvis.api.watch import Watch
from parvis.bus.leases import Leases
from parvis.bus.port import Bus
from parvis.bus.sessions import SESSIONS, SessionReply, SessionRequest
from parvis.certificate import LOOK_S, Certificate
from parvis.clock import Clock
from parvis.errors import UserError
from parvis.intake import Intake, bound_waiting
from parvis.settings import ControlSettings
from parvis.store.database import database_url
from parvis.store.migrate import migrate

log = structlog.get_logger(__name__)

_GRACE_S: Final = 3


async def serve_control(
    settings: ControlSettings,
    bus: Bus,
    leases: Leases,
    clock: Clock,
    *,
    listener: socket.socket | None = None,
) -> None:
    """Runs control until cancelled. `listener` is a socket to take instead of host and port.

    Raises `UserError` `setting-invalid` for a database, a data folder or an address that can't be used,
    `certificate-unusable` for a certificate.
    """
    certificate = Certificate.of(settings.certificate, settings.key)
    await migrate(database_url(settings.database_url, settings.data))
    listener = listener or _listen(settings.host, settings.control_port)
    bound_waiting(listener)
    services = build_services(settings, bus, leases, clock)
    try:
        await services.restore()

        async def session_holds(payload: bytes) -> bytes:
            session = SessionRequest.decode(payload).session
            return SessionReply(await services.people.holds(session)).encode()

        bus.serve(SESSIONS, session_holds)
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(Watch(services, bus).run(), name="control: watch")
            renewal = group.create_task(_renew(certificate), name="control: certificate")
            try:
                await _serve(services, listener, certificate)
            finally:
                watch.cancel()
                renewal.cancel()
    finally:
        listener.close()
        await services.close()


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
        timeout_graceful_shutdown=_GRACE_S,
        forwarded_allow_ips=services.settings.trusted_proxies or None,
        ssl_context_factory=(lambda _config, _default: certificate.context) if certificate else None,
    )
    server = _Server(config)
    address = listener.getsockname()
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="control: http")
    log.info("control is up", host=address[0], port=address[1])
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        services.closing.set()
        services.live.wake_all()
        await serving
        log.info("control is down")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=socket.SOMAXCONN)
    except OSError as error:
        raise UserError(
            "setting-invalid", f"Control can't listen on {host}:{port}: {error.strerror}"
        ) from error
