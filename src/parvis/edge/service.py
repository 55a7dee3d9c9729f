"""Runs one edge until it is told to stop, and says once a second how it is."""

from __future__ import annotations

import gc
import os
import resource
import secrets
import sys
import time
from collections.abc import Callable
from typing import Final

import structlog

from parvis.bus.messages import EdgeMessage, PassUseMessage, ProcessMessage
from parvis.bus.port import Publisher, Reader
from parvis.certificate import Certificate
from parvis.clock import PART_MS, Clock, sequence_at
from parvis.edge.appointment_key import appointment_key
from parvis.edge.appointments import Appointments
from parvis.edge.server import Edge
from parvis.edge.sockets import open_socket
from parvis.settings import EdgeSettings

REPORT_S: Final = 1.0
CROWD_S: Final = PART_MS / 1000
RESERVED_DESCRIPTORS: Final = 64
"""Kept free for the bus and files."""
QUIET_BUS_S: Final = 0.2
"""When the bus has said nothing for so long, its replay is in."""
LEARNING_S: Final = 1.5
"""When so much is on air that the bus is never quiet, this must do."""

log = structlog.get_logger(__name__)


def serve_edge(
    settings: EdgeSettings,
    reader: Reader,
    publisher: Publisher,
    clock: Clock,
    stop: Callable[[], bool],
    drain: Callable[[], bool] = lambda: False,
    renew: Callable[[], bool] = lambda: False,
) -> None:
    """Serves until `stop()` is true; from when `drain()` is true it lets nobody in and sends its listeners on
    over `settings.drain_s`, then ends. When `renew()` is true, it looks at once whether its certificate was
    renewed. All are asked at least every 50 ms when the machine keeps up.

    `reader` must follow `spaces.PATTERNS` with replay; it and `publisher` are used from this thread alone
    and stay open. Raises `UserError` `port-in-use`, `address-invalid`, `setting-invalid`, `data-unusable` or
    `certificate-unusable` before anything is served. However it ends, every connection is closed.
    """
    appointments = Appointments(
        appointment_key(settings.appointment_key, settings.data), secrets.randbits(32)
    )
    certificate = Certificate.of(settings.certificate, settings.key)
    listening = open_socket(settings.host, settings.port)
    capacity, spare = capacities(settings.max_connections, settings.spare_connections, _open_files())
    edge = Edge(
        settings,
        listening,
        reader,
        clock,
        appointments,
        capacity=capacity,
        spare=spare,
        certificate=certificate,
    )
    gc.freeze()  # what exists now lives as long as the process: no need to look through it again
    reported_at_s = crowd_at_s = float("-inf")
    try:
        _learn(edge, clock, stop)
        edge.listen()
        log.info("edge listens", host=settings.host, port=settings.port, capacity=capacity)
        if capacity < settings.max_connections:
            log.warning("fewer connections than set: the limit of open files is low", capacity=capacity)
        draining = False
        while not (stop() or edge.drained):
            if drain() and not draining:
                draining = True
                log.info("edge drains", listeners=edge.fanout.size, over_s=settings.drain_s)
                edge.drain(settings.drain_s)
            if renew():
                edge.renew()
            edge.turn()
            now_s = clock.monotonic_s()
            if now_s - crowd_at_s >= CROWD_S:
                crowd_at_s = now_s
                _tell_crowd(edge, publisher, clock)
            if now_s - reported_at_s >= REPORT_S:
                reported_at_s = now_s
                _report(edge, settings.name, publisher)
    finally:
        edge.close()
        log.info("edge closed")


def _learn(edge: Edge, clock: Clock, stop: Callable[[], bool]) -> None:
    """Lets the replay of the bus come in before the door opens: a restarted edge must not tell those who come
    back that their Space is unknown."""
    now_s = clock.monotonic_s()
    quiet_from_s, until_s = now_s, now_s + LEARNING_S
    while now_s < min(quiet_from_s + QUIET_BUS_S, until_s) and not stop():
        if edge.learn():
            quiet_from_s = now_s
        time.sleep(0.01)
        now_s = clock.monotonic_s()


def _report(edge: Edge, name: str, publisher: Publisher) -> None:
    listeners = EdgeMessage(name, edge.listeners(), edge.crowd.life, edge.joined())
    health = ProcessMessage(name, "edge", os.getpid(), edge.gauges())
    publisher.publish(listeners.subject, listeners.encode(), retain=1)
    publisher.publish(health.subject, health.encode(), retain=1)
    used = edge.passes.used()
    if used or edge.passes.told:
        told = PassUseMessage(name, used)
        publisher.publish(told.subject, told.encode(), retain=1)
        edge.passes.told = bool(used)
    present = edge.badges.message(name)
    if present is not None:
        publisher.publish(present.subject, present.encode(), retain=1)


def _tell_crowd(edge: Edge, publisher: Publisher, clock: Clock) -> None:
    for message in edge.crowd.messages(sequence_at(clock.program_s()), clock.monotonic_s()):
        publisher.publish(message.subject, message.encode(), retain=1)


def capacities(wanted: int, spare: int, files: int) -> tuple[int, int]:
    """How many connections this process can hold, and how many more for one short answer each, with so many
    open files. Where these are few, an eighth is spared."""
    spare = min(spare, files // 8)
    return max(1, min(wanted, files - RESERVED_DESCRIPTORS - spare)), spare


def _open_files() -> int:
    """The limit of open files, after raising it as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return sys.maxsize if hard == resource.RLIM_INFINITY else hard
