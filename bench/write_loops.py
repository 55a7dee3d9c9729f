"""What writes the same bytes to many sockets for the least CPU: Python's loop, or something compiled.

One process writes a burst to each of its loopback connections, another reads them dry. The loops take turns
in the same process, on the same sockets, several rounds; the CPU time of the writing process is told, in µs a
write, as the median of the rounds.

- `edge`: the loop of `edge/fanout.py`: a flat array of descriptors, `os.write`, a `try` around each.
- `shared`: the same by `os.sendfile` from a memfd, as `edge/shared.py` has it for long bursts.
- `bare`: the same without holes, without comparing sizes and without a `try`.
- `ctypes`: `write` of the C library, called from Python for each.
- `compiled`: the whole loop in C, called once a burst by ctypes, the interpreter's lock let go meanwhile.

    python -m bench.write_loops [--listeners 10000] [--rounds 15] [--bytes 1500 6000 20000 40000] [--json]
"""

from __future__ import annotations

import argparse
import ctypes
import json
import multiprocessing
import os
import resource
import select
import socket
import statistics
import subprocess
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import machine

C_LOOP = """
#include <errno.h>
#include <unistd.h>
int write_all(const int *fds, int count, const char *data, long size, int *troubled) {
    int troubles = 0;
    for (int i = 0; i < count; i++)
        if (fds[i] >= 0 && write(fds[i], data, size) != size)
            troubled[troubles++] = i;
    return troubles;
}
"""
"""Who could not take everything is noted, as the edge must know it."""

Loop = Callable[["array[int]", bytes], None]


def edge_loop(fds: array[int], burst: bytes) -> None:
    """As `Fanout._write_slice` does it."""
    size, write = len(burst), os.write
    for fd in fds:
        if fd < 0:
            continue
        try:
            written = write(fd, burst)
        except BlockingIOError:
            written = 0
        if written != size:
            raise RuntimeError("the reader is too slow for a measurement")


def shared_loop(fds: array[int], burst: bytes) -> None:
    """As `Fanout._write_slice` does it for long bursts: from a file in memory, made anew each time."""
    size, file, sendfile = len(burst), os.memfd_create("burst"), os.sendfile
    os.write(file, burst)
    for fd in fds:
        if fd < 0:
            continue
        try:
            written = sendfile(fd, file, 0, size)
        except BlockingIOError:
            written = 0
        if written != size:
            raise RuntimeError("the reader is too slow for a measurement")
    os.close(file)


def bare_loop(fds: array[int], burst: bytes) -> None:
    """Nothing but writes."""
    write = os.write
    for fd in fds:
        write(fd, burst)


def ctypes_loop(fds: array[int], burst: bytes) -> None:
    """`write(2)` without Python's own checks."""
    write, size = ctypes.CDLL(None).write, len(burst)
    for fd in fds:
        write(fd, burst, size)


def compiled_loop(folder: Path) -> Loop:
    """Compiles the loop. Raises `CalledProcessError` without a C compiler."""
    source, library = folder / "loop.c", folder / "loop.so"
    source.write_text(C_LOOP)
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    write_all = ctypes.CDLL(str(library)).write_all

    def loop(fds: array[int], burst: bytes) -> None:
        troubled = array("i", bytes(4 * len(fds)))
        troubles = write_all(
            ctypes.c_void_p(fds.buffer_info()[0]),
            len(fds),
            burst,
            ctypes.c_long(len(burst)),
            ctypes.c_void_p(troubled.buffer_info()[0]),
        )
        if troubles:
            raise RuntimeError("the reader is too slow for a measurement")

    return loop


def sink(port: int, count: int) -> None:
    """Connects and reads for ever, looking every 4 ms as `sink.c` does. Killed at the end."""
    poller, buffer = select.epoll(), bytearray(1 << 18)
    for _ in range(count):
        peer = socket.create_connection(("127.0.0.1", port))
        peer.setblocking(False)
        poller.register(peer.detach(), select.EPOLLIN)
    while True:
        for fd, _ in poller.poll(maxevents=count):
            os.readv(fd, [buffer])
        time.sleep(0.004)


@contextmanager
def connections(count: int) -> Iterator[array[int]]:
    """So many connections to a process that reads."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 128 << 10)
        arguments = (listening.getsockname()[1], count)
        reader = multiprocessing.get_context("spawn").Process(target=sink, args=arguments)
        reader.start()
        fds = array("i")
        try:
            for _ in range(count):
                fds.append(listening.accept()[0].detach())
                os.set_blocking(fds[-1], False)
            yield fds
        finally:
            reader.kill()
            reader.join()
            for fd in fds:
                os.close(fd)


def cost_us(loop: Loop, fds: array[int], burst: bytes) -> float:
    """CPU µs of this process for one write of one round, the reader given time to read all after it."""
    before_s = time.process_time()
    loop(fds, burst)
    spent_s = time.process_time() - before_s
    time.sleep(0.15)
    return spent_s / len(fds) * 1e6


def main() -> None:
    """Measures, and prints a table or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--listeners", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--bytes", type=int, nargs="+", default=[1500, 6000, 20_000, 40_000])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder, connections(options.listeners) as fds:
        loops: dict[str, Loop] = {
            "edge": edge_loop,
            "shared": shared_loop,
            "bare": bare_loop,
            "ctypes": ctypes_loop,
            "compiled": compiled_loop(Path(folder)),
        }
        found: dict[int, dict[str, list[float]]] = {}
        for size in options.bytes:
            costs = found[size] = {name: [] for name in loops}
            for _ in range(options.rounds):
                for name, loop in loops.items():
                    costs[name].append(cost_us(loop, fds, bytes(size)))
    medians = {
        size: {name: round(statistics.median(c), 2) for name, c in of.items()} for size, of in found.items()
    }
    if options.json:
        print(json.dumps({"machine": machine.describe(), "listeners": len(fds), "us_per_write": medians}))
        return
    told = f"{len(fds):,} connections, median of {options.rounds}, µs a write"
    print(f"{machine.words(machine.describe())}; {told}")
    print("| bytes | " + " | ".join(loops) + " |\n|--:|" + "--:|" * len(loops))
    for size, of in medians.items():
        print(f"| {size:,} | " + " | ".join(f"{value:.2f}" for value in of.values()) + " |")


if __name__ == "__main__":
    main()
