"""What one listener costs an edge, beside the bare `os.write` loop that is its floor. Same run, same machine.

Three processes: a server, a sink that holds all connections and reads them dry, and this one, which plays
the stage. First the server is a bare loop over descriptors (accept, then one `os.write` of the same burst
to each, every 320 ms), then a real edge with requests, rings and epoll. What is compared is the server's
CPU time for each listener and second.

    .venv/bin/python bench/edge_fanout.py --listeners 5000 --seconds 10
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import platform
import select
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil

from parvis.bus.local import LocalBus, LocalPublisher
from parvis.bus.local_reader import LocalReader
from parvis.bus.messages import RING_PARTS, PartMessage, ProgramMessage, ProgramRendition, SpaceMessage
from parvis.clock import PART_MS, SystemClock, sequence_at
from parvis.edge.bursts import Framing, frame
from parvis.edge.service import serve_edge
from parvis.edge.spaces import PATTERNS
from parvis.media.init import init_segment
from parvis.media.part import build_part
from parvis.media.rendition import Rendition
from parvis.settings import EdgeSettings

OPUS_UNIT = os.urandom(80)
"""An access unit of 20 ms at 32 kbit/s."""


def part_body(sequence: int) -> bytes:
    """A part of the usual size, 1.5 kB."""
    return build_part(Rendition.OPUS, sequence, [OPUS_UNIT] * Rendition.OPUS.frames_per_part)


def bare_server(port: int, listeners: int, ready: Connection) -> None:
    """The floor: nothing but accepts and writes. Killed when it has been measured."""
    with socket.create_server(("127.0.0.1", port), backlog=4096) as listening:
        ready.send("listening")
        fds = []
        for _ in range(listeners):
            fd = listening.accept()[0].detach()
            os.set_blocking(fd, False)
            fds.append(fd)
        for fd in fds:
            os.read(fd, 4096)
        ready.send("joined")
        burst = frame([part_body(0)], Framing.CHUNKED)
        due_s = time.monotonic()
        while True:
            due_s += PART_MS / 1000
            time.sleep(max(0.0, due_s - time.monotonic()))
            for fd in fds:
                try:  # noqa: SIM105 - `suppress` would cost as much as the rest of the loop
                    os.write(fd, burst)
                except BlockingIOError:
                    pass


def edge_server(port: int, run_dir: Path) -> None:
    """A real edge. Killed when it has been measured."""
    reader = LocalReader(run_dir, *PATTERNS, replay=True)
    publisher = LocalPublisher(run_dir, "edge-1")
    settings = EdgeSettings(port=port, per_address=0, data=run_dir, joins_per_s=100_000)
    serve_edge(settings, reader, publisher, SystemClock(), lambda: False)


def sink(port: int, listeners: int, joined: Connection) -> None:
    """Connects everybody, says so, and reads for ever; on request it says how many bytes came."""
    request = b"GET /live/bench/stream.mp4 HTTP/1.1\r\nHost: bench\r\n\r\n"
    poller = select.epoll()
    for _ in range(listeners):
        peer = socket.create_connection(("127.0.0.1", port))
        peer.sendall(request)
        peer.setblocking(False)
        poller.register(peer.detach(), select.EPOLLIN)
    poller.register(joined.fileno(), select.EPOLLIN)
    joined.send("joined")
    buffer, total = bytearray(1 << 16), 0
    while True:
        for fd, _ in poller.poll():
            if fd == joined.fileno():
                joined.recv()
                joined.send(total)
            else:
                total += os.readv(fd, [buffer])


def received(pipe: Connection) -> int:
    """Bytes that the sink has read so far."""
    pipe.send("how many?")
    count: int = pipe.recv()
    return count


async def play_stage(run_dir: Path, measured: asyncio.Event) -> None:
    """A Space and its parts, in time, until `measured`."""
    bus = LocalBus(run_dir, "stage-1")
    clock = SystemClock()
    first = sequence_at(clock.program_s())
    program = ProgramRendition(Rendition.OPUS, init_segment(Rendition.OPUS), b"\xf8\xff\xfe")
    when = "2026-11-22T14:00:00.000Z"
    space = SpaceMessage("bench", 1, "Bench", "", "en", "live", "ana", when, None, when, None)
    messages = (space, ProgramMessage("bench", "stage-1", first, None, (program,)))
    for message in messages:
        bus.publish(message.subject, message.encode(), retain=1)
    sequence = first
    while not measured.is_set():
        part = PartMessage("bench", Rendition.OPUS, sequence, part_body(sequence))
        bus.publish(part.subject, part.encode(), retain=RING_PARTS)
        sequence += 1
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(measured.wait(), (sequence + 1) * PART_MS / 1000 - clock.program_s())
    await bus.close()


@contextlib.contextmanager
def child(target: Callable[..., None], *arguments: object) -> Iterator[BaseProcess]:
    """A process that is killed at the end of the block."""
    process = multiprocessing.get_context("spawn").Process(target=target, args=arguments)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def cpu_s(process: BaseProcess) -> float:
    """CPU seconds, user and system."""
    times = psutil.Process(process.pid).cpu_times()
    return float(times.user + times.system)


def measure(server: BaseProcess, pipe: Connection, listeners: int, seconds: float) -> dict[str, float]:
    """Lets the crowd listen for that long."""
    pipe.recv()
    time.sleep(2 * PART_MS / 1000)
    bytes_before, cpu_before_s, began_s = received(pipe), cpu_s(server), time.monotonic()
    time.sleep(seconds)
    elapsed_s, cpu_spent_s = time.monotonic() - began_s, cpu_s(server) - cpu_before_s
    read = received(pipe) - bytes_before
    return {
        "cpu_us_per_listener_second": round(cpu_spent_s / listeners / elapsed_s * 1e6, 2),
        "cpu_us_per_write": round(cpu_spent_s / listeners / elapsed_s * 1e6 * PART_MS / 1000, 2),
        "listeners_per_core": round(listeners * elapsed_s / cpu_spent_s),
        "kbit_per_listener_second": round(read * 8 / 1000 / listeners / elapsed_s, 1),
    }


def measure_bare(listeners: int, seconds: float) -> dict[str, float]:
    """The floor."""
    port = free_port()
    ours, theirs = multiprocessing.Pipe()
    pipe, sinks = multiprocessing.Pipe()
    with child(bare_server, port, listeners, theirs) as server:
        ours.recv()
        with child(sink, port, listeners, sinks):
            return measure(server, pipe, listeners, seconds)


async def measure_edge(listeners: int, seconds: float) -> dict[str, float]:
    """The edge, fed by a stage on this process's loop."""
    port, measured = free_port(), asyncio.Event()
    pipe, sinks = multiprocessing.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder) / "run"
        stage = asyncio.create_task(play_stage(run_dir, measured))
        try:
            with child(edge_server, port, run_dir) as server:
                await asyncio.to_thread(wait_until_running, port)
                with child(sink, port, listeners, sinks):
                    return await asyncio.to_thread(measure, server, pipe, listeners, seconds)
        finally:
            measured.set()
            await stage


def wait_until_running(port: int) -> None:
    """Until the edge has a program to join."""
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as peer:
            peer.sendall(b"HEAD /live/bench/stream.mp4 HTTP/1.0\r\n\r\n")
            if b" 200 " in peer.recv(64):
                return
        time.sleep(0.05)


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    """Measures both, the bare loop before and after the edge, and prints JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--listeners", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    before = measure_bare(options.listeners, options.seconds)
    edge = asyncio.run(measure_edge(options.listeners, options.seconds))
    after = measure_bare(options.listeners, options.seconds)
    floor_us = (before["cpu_us_per_listener_second"] + after["cpu_us_per_listener_second"]) / 2
    result = {
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}, sink on the same machine",
        "listeners": options.listeners,
        "seconds": options.seconds,
        "bare_before": before,
        "edge": edge,
        "bare_after": after,
        "edge_over_bare": round(edge["cpu_us_per_listener_second"] / floor_us, 3),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
