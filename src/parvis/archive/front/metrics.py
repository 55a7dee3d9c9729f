"""Figures for Prometheus: requests, bytes, and how recording goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counts requests; `gauges` is asked at each look."""

    def __init__(self, gauges: Callable[[], Mapping[str, float]]) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "parvis_archive_requests",
            "Requests answered, by route.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._sent = Counter("parvis_archive_sent_bytes", "Bytes of sound sent.", registry=self._registry)
        self._registry.register(_Gauges(gauges))

    def count(self, method: str, route: str, status: int) -> None:
        """One request. `route` is the template: labels stay few."""
        self._requests.labels(method, route, str(status)).inc()

    def sent(self, count: int) -> None:
        """Bytes of sound that went out."""
        self._sent.inc(count)

    def text(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self._registry)


class _Gauges(Collector):
    def __init__(self, gauges: Callable[[], Mapping[str, float]]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        for name, value in sorted(self._gauges().items()):
            yield GaugeMetricFamily(f"parvis_{name}", "Of the archive.", value=value)
