"""Figures for Prometheus: control's own, and those that other processes send with their heartbeats.

A registry of its own, so that two controls in one process (tests) don't share counts. A gauge of a heartbeat
is shown as `parvis_{name}{process="…"}`.
"""

from __future__ import annotations

import re
from collections import Counter as Tally
from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from parvis.api.board import Board
from parvis.api.live import LiveState
from parvis.spaces.space import State

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_OWN: Final = frozenset({"parvis_spaces", "parvis_listeners", "parvis_process_up"})
_NOT_A_NAME = re.compile(r"[^a-zA-Z0-9_]")


class Metrics:
    """Counts requests and shows the rest as it stands."""

    def __init__(self, board: Board, live: LiveState) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "parvis_control_requests",
            "Requests answered, by route.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "parvis_control_request_seconds",
            "Time until an answer was complete, event streams left out.",
            ("route",),
            buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
            registry=self._registry,
        )
        self._registry.register(_Standing(board, live))

    def count(self, method: str, route: str, status: int, seconds: float, *, endless: bool) -> None:
        """One request. `route` is the template, never the address asked for: labels stay few."""
        self._requests.labels(method, route, str(status)).inc()
        if not endless:
            self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self._registry)


class _Standing(Collector):
    """What is read at the moment of asking."""

    def __init__(self, board: Board, live: LiveState) -> None:
        self._board = board
        self._live = live

    def collect(self) -> Iterator[Metric]:
        spaces = GaugeMetricFamily(
            "parvis_spaces", "Spaces by state; ended ones for a day.", labels=("state",)
        )
        tally = Tally(space.state for space in self._board.all())
        for state in State:
            spaces.add_metric((state.value,), tally[state])
        yield spaces
        yield GaugeMetricFamily("parvis_listeners", "Listeners now.", value=self._live.all_listeners())
        up = GaugeMetricFamily(
            "parvis_process_up", "1 while a process says that it lives.", labels=("process", "role")
        )
        gauges: dict[str, GaugeMetricFamily] = {}
        for process, alive in self._live.processes():
            up.add_metric((process.name, process.role), float(alive))
            for name, value in sorted(process.gauges.items()):
                metric = _metric_name(name)
                if alive and metric not in _OWN:
                    new = GaugeMetricFamily(metric, "From a heartbeat.", labels=("process",))
                    gauges.setdefault(metric, new).add_metric((process.name,), value)
        yield up
        yield from gauges.values()


def _metric_name(name: str) -> str:
    clean = _NOT_A_NAME.sub("_", name)
    return clean if clean.startswith("parvis_") else f"parvis_{clean}"
