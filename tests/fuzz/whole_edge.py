"""A whole edge for fuzzing, in this thread and with real descriptors: each input is a client's visit.

The edge is the real one, from `accept` to `close`; only the bus is a list of messages, the clock is moved by
hand, and the door is a Unix socket, which needs no ports. A visit sends its bytes in two pieces, shuts its
half and goes. Then the edge must hold nothing of it, and must not have met a bug of its own.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from parvis.bus.messages import PartMessage, ProgramMessage, SpaceMessage
from parvis.clock import ManualClock, part_start_s
from parvis.edge.appointments import Appointments
from parvis.edge.server import Edge
from parvis.media.rendition import Rendition
from parvis.settings import EdgeSettings
from tests.unit.edge.world import part_message, program_message, space_message

FIRST: Final = 5_625_000_000
PARTS: Final = 24
STEP_S: Final = 0.05
"""How far the clock goes for a visit: limits by rate recover, deadlines pass."""
MOST_TURNS: Final = 12

_STATUS: Final = re.compile(rb"HTTP/1\.1 (\d{3}) ")


class _Door(socket.socket):
    """A Unix socket whose callers come from an address."""

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        peer, _ = super().accept()
        return peer, ("203.0.113.7", 40_000)


class _Bus:
    """What the edge reads: nothing after the beginning."""

    dropped = 0

    def __init__(self, messages: list[tuple[str, bytes]]) -> None:
        self._messages = messages
        self._fd = os.eventfd(0)

    def fileno(self) -> int:
        """Never readable."""
        return self._fd

    def drain(self) -> Iterator[tuple[str, bytes]]:
        """Everything, once."""
        messages, self._messages = self._messages, []
        return iter(messages)

    def close(self) -> None:
        """Closes the descriptor."""
        os.close(self._fd)


class WholeEdge:
    """A live Space of 24 parts, one that is scheduled, one that has ended."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(part_start_s(FIRST + PARTS))
        messages: list[SpaceMessage | ProgramMessage | PartMessage] = [
            space_message(),
            program_message(FIRST),
            space_message("later", state="scheduled", starts_at="2036-11-22T20:00:00Z"),
            space_message("over", state="ended"),
            space_message("members", visibility="members"),
            *(part_message(FIRST + n, kind) for n in range(PARTS) for kind in Rendition),
        ]
        self._address = str(folder / "door")
        door = _Door(socket.AF_UNIX, socket.SOCK_STREAM)
        door.setblocking(False)
        door.bind(self._address)
        self.edge = Edge(
            EdgeSettings(data=folder, per_address=0, joins_per_s=100, header_limit_bytes=2_048),
            door,
            _Bus([(message.subject, message.encode()) for message in messages]),
            self.clock,
            Appointments(bytes(32), 1),
            capacity=100,
            spare=10,
        )
        self.edge.learn()
        self.edge.listen()

    def visit(self, data: bytes) -> list[int]:
        """The statuses that a client gets who sends this."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect(self._address)
            at = len(data) * (data[-1] if data else 0) // 256
            self._send(client, data[:at])
            self._send(client, data[at:])
            client.shutdown(socket.SHUT_WR)
            self.edge.turn()
            answer = self._heard(client)
        self.clock.advance(STEP_S)
        for _ in range(MOST_TURNS):
            if not self.edge.gauges()["parvis_edge_connections"]:
                break
            self.edge.turn()
        assert self.edge.gauges()["parvis_edge_connections"] == 0, "who has gone is held"
        statuses = [int(status) for status in _STATUS.findall(answer)]
        assert 500 not in statuses, "the edge met a bug of its own"
        assert len(statuses) <= len(data) // 14 + 1
        return statuses

    def _send(self, client: socket.socket, piece: bytes) -> None:
        if piece:
            with contextlib.suppress(BrokenPipeError):  # the edge has hung up, as it may
                client.sendall(piece)
            self.edge.turn()

    @staticmethod
    def _heard(client: socket.socket) -> bytes:
        client.setblocking(False)
        answer = b""
        try:
            while piece := client.recv(65_536):
                answer += piece
        except (BlockingIOError, ConnectionResetError):
            pass
        return answer


@cache
def the_edge() -> WholeEdge:
    """One for all inputs, as in life."""
    return WholeEdge(Path(tempfile.mkdtemp(prefix="parvis-fuzz-")))


def edge(data: bytes) -> None:
    """A client of an edge, whatever it sends."""
    the_edge().visit(data)
