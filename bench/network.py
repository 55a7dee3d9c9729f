"""A bad network on loopback: two UDP sockets that pass on what comes, and lose, delay or reorder RTP.

Hand-shakes (STUN, DTLS) get through, so that sessions begin; RTP and RTCP, which begin with 10 in binary (RFC
7983), have the network's faults, each way by itself. The same seed makes the same faults.
"""

from __future__ import annotations

import asyncio
import random
import re
from dataclasses import dataclass
from typing import cast

LATE_MS = 45.0
"""How much later a packet comes that is out of order: two packets of 20 ms overtake it."""


@dataclass(frozen=True, slots=True)
class Faults:
    """`loss` and `reordered` are chances, 0…1. `jitter_ms` is the most that a packet is delayed: each by
    another time, evenly spread, and none before the one sent earlier."""

    loss: float = 0.0
    jitter_ms: float = 0.0
    reordered: float = 0.0


class Relay(asyncio.DatagramProtocol):
    """One side of the network: what comes in here goes out at `twin` to the real peer behind it."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self._faults = faults
        self._chance = random.Random(seed)
        self._last_s = 0.0
        self.twin: Relay | None = None
        self.target: tuple[str, int] | None = None
        self.transport: asyncio.DatagramTransport | None = None
        self.packets = self.payload_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    @property
    def port(self) -> int:
        """The UDP port on which it listens."""
        assert self.transport is not None
        port: int = self.transport.get_extra_info("sockname")[1]
        return port

    def close(self) -> None:
        """Stops relaying."""
        assert self.transport is not None
        self.transport.close()

    def datagram_received(self, data: bytes, _from: object) -> None:
        if data[0] >> 6 != 2:
            self._pass(data)
            return
        self.packets += 1
        self.payload_bytes += len(data)
        faults, chance = self._faults, self._chance
        if chance.random() < faults.loss:
            return
        if chance.random() < faults.reordered:
            asyncio.get_running_loop().call_later(LATE_MS / 1000, self._pass, data)
        elif faults.jitter_ms:
            loop = asyncio.get_running_loop()
            self._last_s = max(self._last_s, loop.time() + chance.random() * faults.jitter_ms / 1000)
            loop.call_at(self._last_s, self._pass, data)
        else:
            self._pass(data)

    def _pass(self, data: bytes) -> None:
        twin = self.twin
        assert twin is not None
        assert twin.transport is not None
        if twin.target is not None and not twin.transport.is_closing():
            twin.transport.sendto(data, twin.target)


async def between(faults: Faults, seed: int) -> tuple[Relay, Relay]:
    """The two sides of a network, each of which sends on to the other's `target` once that is known."""
    loop = asyncio.get_running_loop()
    sides = []
    for _ in range(2):
        _, side = await loop.create_datagram_endpoint(
            lambda: Relay(faults, seed), local_addr=("127.0.0.1", 0)
        )
        sides.append(side)
    sides[0].twin, sides[1].twin = sides[1], sides[0]
    return sides[0], sides[1]


def candidate_of(sdp: str) -> tuple[str, int]:
    """A loopback candidate, or else any IPv4 one."""
    found = re.findall(r"a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host", sdp)
    best = next((pair for pair in found if pair[0].startswith("127.")), found[0])
    return best[0], int(best[1])


def through(sdp: str, side: Relay) -> str:
    """The description with one side of the network as its only candidate."""
    lines = [line for line in sdp.splitlines() if not line.startswith(("a=candidate", "a=end-of-candidates"))]
    lines.append(f"a=candidate:1 1 udp 2130706431 127.0.0.1 {side.port} typ host")
    lines.append("a=end-of-candidates")
    return "\r\n".join(lines) + "\r\n"
