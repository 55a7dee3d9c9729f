"""What listeners cost: measured constants, and the way from listeners to cores, memory, bits and money.

The constants come from what `bench/listeners_per_core.py` printed on the machine that
docs/operations/capacity.md names, where they stand beside those of other servers. Rules:

- The CPU of an edge is a price for each write and a price for each listener, nothing for each byte: 4 KB and
  16 KB cost the kernel about the same.
- On loopback the receiver's TCP work is charged to the sender. A real network card costs interrupts instead.
  So the figures are the order of magnitude, and edges are planned for `BUSY_SHARE` of the cores.
- A burst is taken to be on its way for less than one part's time, so that of a stretch of k, one in k
  listeners has bytes on the way. Kernel buffers are whole pages, and hold about twice what is in them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from parvis.clock import PART_MS
from parvis.media.rendition import Rendition

WRITE_CPU_US: Final = 6.2
"""One burst to one listener."""
LISTENER_CPU_US: Final = 0.8
"""One listener for one second, beside its bursts."""
JOIN_CPU_US: Final = 90.0
"""One newcomer, from its connection to its first sound."""
PROCESS_BYTES: Final = 300
"""Memory of the edge for one listener."""
KERNEL_BYTES: Final = 4_200
"""Kernel memory for one idle connection, the server's end."""

BUSY_SHARE: Final = 0.7
"""Of all cores, what edges may use when full: the rest is for the stage, control, and a bad second."""
LINK_SHARE: Final = 0.8
"""Of a network interface's speed."""
PART_OVERHEAD_BYTES: Final = 250
"""What a part holds beside sound: boxes, events."""
PACKET_BYTES: Final = 1448
"""Payload of a TCP segment on Ethernet."""
PACKET_OVERHEAD_BYTES: Final = 90
"""Ethernet, IP and TCP headers of a segment, and the acknowledgement's share."""
BUFFER_FACTOR: Final = 2
"""Kernel memory for a byte on its way."""
SEND_BUFFER_BYTES: Final = 131_072
"""What an edge asks for each listener's socket."""


def burst_s(stretch: int) -> float:
    """Sound in one burst."""
    return stretch * PART_MS / 1000


def part_bytes(rendition: Rendition) -> int:
    """Mean size of a part at the nominal bit rate."""
    return rendition.bitrate_bps * PART_MS // 8000 + PART_OVERHEAD_BYTES


def cpu_us(stretch: int) -> float:
    """CPU µs that an edge uses for one listener in one second."""
    return LISTENER_CPU_US + WRITE_CPU_US / burst_s(stretch)


def listeners_per_core(stretch: int) -> float:
    """Listeners that use up one core whole."""
    return 1e6 / cpu_us(stretch)


def wire_bps(rendition: Rendition, stretch: int) -> float:
    """Bits a second of one listener on Ethernet, headers and acknowledgements included."""
    payload = part_bytes(rendition) * stretch
    packets = math.ceil(payload / PACKET_BYTES)
    return (payload + packets * PACKET_OVERHEAD_BYTES) * 8 / burst_s(stretch)


def buffer_pages(rendition: Rendition, stretch: int, page_bytes: int) -> float:
    """Pages of socket buffers for one listener, the mean over all of them."""
    return math.ceil(part_bytes(rendition) * stretch * BUFFER_FACTOR / page_bytes) / stretch


def memory_bytes(rendition: Rendition, stretch: int, page_bytes: int) -> float:
    """Memory for one listener: edge, kernel objects, buffers."""
    return PROCESS_BYTES + KERNEL_BYTES + buffer_pages(rendition, stretch, page_bytes) * page_bytes


@dataclass(frozen=True, slots=True)
class Prices:
    """What a provider asks, in one currency. The defaults are an example, not a quotation."""

    machine_hour: float = 0.10
    """One machine for an hour."""
    gigabyte: float = 0.01
    """Traffic that goes out, for 10⁹ bytes."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What an event needs and costs."""

    cores: float
    machines: int
    gbps: float
    gigabytes: float
    cost: float


def bill(
    listeners: int,
    hours: float,
    *,
    stretch: int = 1,
    rendition: Rendition = Rendition.OPUS,
    cores_per_machine: int = 2,
    gbps_per_machine: float = 1.0,
    prices: Prices | None = None,
) -> Bill:
    """Machines for so many listeners: whichever is more of what the cores and what the network ask for."""
    prices = prices or Prices()
    cores = listeners / listeners_per_core(stretch) / BUSY_SHARE
    gbps = listeners * wire_bps(rendition, stretch) / 1e9
    machines = max(1, math.ceil(cores / cores_per_machine), math.ceil(gbps / (gbps_per_machine * LINK_SHARE)))
    gigabytes = gbps / 8 * 3600 * hours
    cost = machines * prices.machine_hour * hours + gigabytes * prices.gigabyte
    return Bill(cores, machines, gbps, gigabytes, cost)
