"""What the receive window of a listener does to the price of a long burst: packets, and CPU on both sides.

TCP sends no packet of more than half the largest window that the other side has offered. Linux offers 64 KB
at first, so that a burst of 60 KB goes out as two packets, each of which is looked up, queued and
acknowledged. A listener that asks for more room before it connects gets one.

One process writes a burst to each of its loopback connections by `sendfile`, as `edge/shared.py` does, then
reads them all dry, some rounds; the median is told. It counts the packets of the whole machine (netstat):
nothing else may send.

    python -m bench.packets [--listeners 500] [--rounds 15] [--bytes 30000 60000] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench import machine
from parvis.storm.sockets import RECEIVE_BUFFER_BYTES

SEND_BUFFER_BYTES = 131_072


class Row(NamedTuple):
    """One size of burst with one buffer. `buffer` 0 is what the system gives."""

    bytes: int
    buffer: int
    packets: float
    write_us: float
    read_us: float


@contextmanager
def connections(count: int, buffer_bytes: int) -> Iterator[tuple[list[socket.socket], list[socket.socket]]]:
    """Pairs that are connected: those that write, and those that read."""
    writers: list[socket.socket] = []
    readers: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        try:
            for _ in range(count):
                reader = socket.socket()
                readers.append(reader)
                if buffer_bytes:
                    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
                reader.connect(listening.getsockname())
                writers.append(listening.accept()[0])
            yield writers, readers
        finally:
            for peer in (*writers, *readers):
                peer.close()


def measure(count: int, rounds: int, size: int, buffer_bytes: int) -> Row:
    """Writes and reads a burst of `size` bytes `rounds` times. CPU in µs a listener."""
    into = bytearray(size)
    file = os.memfd_create("burst")
    try:
        os.write(file, os.urandom(size))
        with connections(count, buffer_bytes) as (writers, readers):
            found = []
            for _ in range(rounds):
                sent, began_s = packets(), cpu_s()
                for peer in writers:
                    if os.sendfile(peer.fileno(), file, 0, size) != size:
                        raise RuntimeError("a socket did not take a whole burst")
                wrote_s = cpu_s()
                for peer in readers:
                    left = size
                    while left:
                        left -= peer.recv_into(into, left, socket.MSG_TRUNC)
                found.append((packets() - sent, wrote_s - began_s, cpu_s() - wrote_s))
    finally:
        os.close(file)
    sent, write_s, read_s = (statistics.median(column) for column in zip(*found, strict=True))
    return Row(
        size,
        buffer_bytes,
        round(sent / count, 2),
        round(write_s / count * 1e6, 1),
        round(read_s / count * 1e6, 1),
    )


def packets() -> int:
    """Packets with data that this machine has sent by TCP."""
    lines = Path("/proc/self/net/netstat").read_text("ascii").splitlines()
    names, values = (line.split() for line in lines[:2])
    return int(values[names.index("TCPOrigDataSent")])


def cpu_s() -> float:
    """CPU seconds of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Reads the options, measures, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--listeners", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--bytes", type=int, nargs="+", default=[30_000, 60_000])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [
        measure(options.listeners, options.rounds, size, buffer_bytes)
        for size in options.bytes
        for buffer_bytes in (0, RECEIVE_BUFFER_BYTES)
    ]
    if options.json:
        print(json.dumps({"machine": machine.describe(), "rows": [row._asdict() for row in rows]}, indent=1))
        return
    print(f"{machine.words(machine.describe())}\n")
    print("| bytes | receive buffer asked for | packets | write, CPU µs | read, CPU µs |")
    print("|--:|--:|--:|--:|--:|")
    for row in rows:
        asked = f"{row.buffer:,}" if row.buffer else "none"
        print(f"| {row.bytes:,} | {asked} | {row.packets} | {row.write_us} | {row.read_us} |")


if __name__ == "__main__":
    main()
