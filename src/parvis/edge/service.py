"""Runs one edge until it is told to stop, and says once a second how it is."""

from __future__ import annotations

import gc
import os
import resource
import time
from collections.abc import Callable
from typing import Final

import structlog

from parvis.bus.messages import EdgeMessage, ProcessMessage
from parvis.bus.port import Publisher, Reader
from parvis.clock import Clock
from parvis.edge.server import RESERVED_DESCRIPTORS, Edge, open_socket
from parvis.settings import EdgeSettings

REPORT_S: Final = 1.0
QUIET_BUS_S: Final = 0.2
"""When the bus has said nothing for so long, its replay is in."""
LEARNING_S: Final = 1.5
"""When so much is on air that the bus is never quiet, this must do."""

log = structlog.get_logger(__name__)


def serve_edge(
    settings: EdgeSettings, reader: Reader, publisher: Publisher, clock: Clock, stop: Callable[[], bool]
) -> None:
    """Serves until `stop()` is true, which is asked at least every 50 ms when the machine keeps up.

    `reader` must follow `spaces.PATTERNS` with replay; it and `publisher` are used from this thread alone
    and stay open. Raises `UserError` `port-in-use` or `address-invalid` before anything is served. However
    it ends, every connection is closed.
    """
    listening = open_socket(settings.host, settings.port)
    capacity = _capacity(settings.max_connections)
    edge = Edge(settings, listening, reader, clock, capacity)
    gc.freeze()  # what exists now lives as long as the process: no need to look through it again
    reported_at_s = float("-inf")
    try:
        _learn(edge, clock, stop)
        edge.listen()
        log.info("edge listens", host=settings.host, port=settings.port, capacity=capacity)
        while not stop():
            edge.turn()
            now_s = clock.monotonic_s()
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
    listeners = EdgeMessage(name, edge.fanout.listeners())
    health = ProcessMessage(name, "edge", os.getpid(), edge.gauges())
    publisher.publish(listeners.subject, listeners.encode(), retain=1)
    publisher.publish(health.subject, health.encode(), retain=1)


def _capacity(wanted: int) -> int:
    """How many connections this process can hold, after asking for as many descriptors as it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return wanted
    capacity = max(1, min(wanted, hard - RESERVED_DESCRIPTORS))
    if capacity < wanted:
        log.warning(
            "fewer connections than set: the limit of open files is low", limit=hard, capacity=capacity
        )
    return capacity
