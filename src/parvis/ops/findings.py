"""What is asked of a host, and what is found about it: the words of `parvis doctor`.

- `holds` is how many listeners the host holds by that limit alone; None where it limits something else, or
  where its value is unknown.
- Verdicts: *fine*; *raise it*, when it stands below what the load needs; *better*, when the load is held but
  something would be better otherwise; *unknown*. Only *raise it* makes the whole not fine.
- `change` is a line for a shell or a unit file where there is one, otherwise a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from parvis.media.rendition import Rendition


class Verdict(StrEnum):
    """What stands in the last column."""

    FINE = "fine"
    BETTER = "better"
    RAISE = "raise it"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Load:
    """What the host is asked to hold."""

    listeners: int = 1000
    arrive_s: float = 60.0
    """Time in which they come."""
    edges: int = 1
    connections_per_edge: int = 18_000
    """`PARVIS_MAX_CONNECTIONS`."""
    stretch: int = 1
    rendition: Rendition = Rendition.OPUS
    rtc_ports: tuple[int, int] = (0, 0)
    """First and last UDP port for WebRTC; 0 lets the system choose."""

    @property
    def arrivals_per_s(self) -> float:
        """Newcomers a second."""
        return self.listeners / self.arrive_s


@dataclass(frozen=True, slots=True)
class Served:
    """One door of Parvis: who listens where, with which certificate, under which name people come."""

    role: str
    host: str
    port: int
    certificate: str
    key: str
    public_url: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `limits` says in words what the value limits."""

    name: str
    value: str
    limits: str
    verdict: Verdict
    holds: int | None = None
    change: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All findings for one load."""

    load: Load
    findings: Sequence[Finding]

    @property
    def fine(self) -> bool:
        """Nothing stands below what the load needs."""
        return all(finding.verdict is not Verdict.RAISE for finding in self.findings)

    @property
    def binds(self) -> Finding | None:
        """The limit that is reached first."""
        limits = [finding for finding in self.findings if finding.holds is not None]
        return min(limits, key=lambda finding: finding.holds or 0, default=None)

    @property
    def unknown(self) -> list[str]:
        """Limits that could not be read, so that the first one to bind may be another."""
        return [finding.name for finding in self.findings if finding.verdict is Verdict.UNKNOWN]


def limited(name: str, value: str, limits: str, holds: int, load: Load, change: str) -> Finding:
    """A finding about listeners: fine, or to be raised by `change`."""
    if holds >= load.listeners:
        return Finding(name, value, limits, Verdict.FINE, holds)
    return Finding(name, value, limits, Verdict.RAISE, holds, change)


def unknown(name: str, limits: str) -> Finding:
    """A finding about something that could not be read."""
    return Finding(name, "unknown", limits, Verdict.UNKNOWN)


def round_up(number: int) -> int:
    """The next power of two: limits read better so."""
    return 1 << max(0, number - 1).bit_length()


def size(count: float) -> str:
    """Bytes for people."""
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


def words(three: tuple[int, int, int]) -> str:
    """As sysctl(8) shows them."""
    return "/".join(map(str, three))
