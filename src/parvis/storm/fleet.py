"""The workers of a storm: forked, gathered, ended. The parent does nothing else, so that it stays responsive.

Rules:

- Workers are forked before anything that starts a thread, share what they can of the parent's memory, and
  begin at the same moment.
- A worker that ends without its final report is missed: the result says so, and the verdict is bad.
- SIGUSR1 is passed on to the workers: a herd (`worker.py`).
- Ctrl-C and SIGTERM end a storm early, with its summary. The second one ends it without.
"""

from __future__ import annotations

import gc
import http.client
import json
import os
import selectors
import signal
import ssl
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from types import FrameType
from typing import Final

from parvis.errors import NotFound, Unavailable, UserError
from parvis.storm.counts import Counts, Report
from parvis.storm.hls_worker import HlsWorker
from parvis.storm.plan import Plan
from parvis.storm.sockets import sources
from parvis.storm.target import Target
from parvis.storm.worker import FRAME, Worker, become_worker

SAMPLE_EVERY_S: Final = 0.5
MUSTER_S: Final = 0.2
"""From the first fork to the first arrival, at least."""
PREFLIGHT_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Sample:
    """A storm at one moment. `counts` are all until now; the rest is of the last half second."""

    at_s: float
    counts: Counts
    bytes_per_s: float
    delay_p50_ms: float | None
    delay_p99_ms: float | None
    stall_max_ms: float | None = None
    """The longest silence that ended."""


@dataclass(slots=True)
class Outcome:
    """A storm that is over. `missed_workers` ended without a final report."""

    plan: Plan
    target: Target
    workers: int
    report: Report
    seconds: float
    peak_connected: int
    interrupted: bool
    missed_workers: int
    samples: list[Sample] = field(default_factory=list)


def server_offset_s(target: Target) -> float:
    """The server's Unix time minus this machine's monotonic clock; asks for space.json, so the Space must
    exist.

    On this machine the clock is the same one, and nothing is estimated. Raises `NotFound` or `UserError` as
    the server says, `UserError` `certificate-untrusted`, `Unavailable` `unreachable`.
    """
    connection = http.client.HTTPConnection(*target.address, timeout=PREFLIGHT_TIMEOUT_S)
    try:
        connection.connect()
        if target.tls is not None:
            connection.sock = target.tls.wrap_socket(connection.sock, server_hostname=target.host)
        asked_s = time.monotonic()
        connection.request("GET", f"{target.live}/space.json", headers={"Host": target.authority})
        answer = connection.getresponse()
        answered_s = time.monotonic()
        body = answer.read(1 << 20)
    except ssl.SSLCertVerificationError as error:
        reason = (
            f"{target.authority}: {error.verify_message}. Say --ca FILE if it has an authority of its own"
        )
        raise UserError("certificate-untrusted", reason) from error
    except (OSError, http.client.HTTPException) as error:
        reason = f"{target.authority} does not answer: {error}"
        raise Unavailable("unreachable", reason, PREFLIGHT_TIMEOUT_S) from error
    finally:
        connection.close()
    fields: dict[str, str] = {}
    try:
        parsed = json.loads(body)
        fields = parsed if isinstance(parsed, dict) else {}
    except ValueError:
        pass
    if answer.status != 200:
        kind = NotFound if answer.status == 404 else UserError
        code = str(fields.get("code", f"http-{answer.status}"))
        raise kind(code, str(fields.get("detail") or f"{target.url} answers {answer.status}"))
    if not target.loopback:
        try:
            return datetime.fromisoformat(fields["now"]).timestamp() - (asked_s + answered_s) / 2
        except (KeyError, TypeError, ValueError):
            pass  # the two clocks are then taken to agree
    return time.time() - time.monotonic()


class Fleet:
    """The workers of one storm."""

    def __init__(self, plan: Plan, target: Target, *, files_per_process: int, offset_s: float) -> None:
        self._plan = plan
        self._target = target
        self._offset_s = offset_s
        pushed, by_hls = plan.crews(files_per_process), plan.hls_crews(files_per_process)
        self._crews: list[tuple[int, type[Worker | HlsWorker]]] = [
            *((crew, Worker) for crew in pushed),
            *((crew, HlsWorker) for crew in by_hls),
        ]
        self._reports: dict[int, Report] = {}
        self._pipes: dict[int, bytearray] = {}
        self._stop_write = -1
        self._pids: list[int] = []
        self._stops = 0
        self._sampled = (0.0, Report())

    @property
    def workers(self) -> int:
        """How many processes there are to be."""
        return len(self._crews)

    def run(self, on_sample: Callable[[Sample], None]) -> Outcome:
        """Runs the storm to its end; `on_sample` is told twice a second. Leaves no process behind."""
        begins_s = time.monotonic() + MUSTER_S + 0.02 * self.workers
        self._start(begins_s)
        handlers = {
            number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)
        }
        handlers[signal.SIGUSR1] = signal.signal(signal.SIGUSR1, self._on_herd)
        samples: list[Sample] = []
        peak = 0
        try:
            with selectors.DefaultSelector() as selector:
                for fd in self._pipes:
                    selector.register(fd, selectors.EVENT_READ)
                due_s = time.monotonic() + SAMPLE_EVERY_S
                while self._pipes and self._stops < 2:
                    for key, _ in selector.select(max(0.0, due_s - time.monotonic())):
                        if not self._receive(key.fd):
                            selector.unregister(key.fd)
                            del self._pipes[key.fd]
                            os.close(key.fd)
                    if time.monotonic() >= due_s:
                        due_s += SAMPLE_EVERY_S
                        samples.append(self._sample(time.monotonic() - begins_s))
                        peak = max(peak, samples[-1].counts.connected)
                        on_sample(samples[-1])
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            self._end()
        report = self._total()
        return Outcome(
            self._plan,
            self._target,
            self.workers,
            report,
            time.monotonic() - begins_s,
            max(peak, report.counts.connected),
            self._stops > 0,
            sum(not self._reports[fd].final for fd in self._reports),
            samples,
        )

    def _start(self, begins_s: float) -> None:
        stop_read, self._stop_write = os.pipe()
        largest = max(crew for crew, _ in self._crews)
        gc.collect()
        gc.freeze()  # or every collection in a worker would copy what it shares
        parent = os.getpid()
        for index, (crew, kind) in enumerate(self._crews):
            report_read, report_write = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(self._stop_write)
                for fd in (*self._pipes, report_read):
                    os.close(fd)
                self._work(parent, index, crew, kind, largest, begins_s, stop_read, report_write)
            self._pids.append(pid)
            os.close(report_write)
            self._pipes[report_read] = bytearray()
            self._reports[report_read] = Report()
        os.close(stop_read)

    def _work(
        self,
        parent: int,
        index: int,
        crew: int,
        kind: type[Worker | HlsWorker],
        largest: int,
        begins_s: float,
        stop_fd: int,
        report_fd: int,
    ) -> None:
        """Never returns."""
        status = 1
        try:
            become_worker(parent, index)
            kind(
                self._plan,
                self._target,
                index=index,
                crew=crew,
                crews=self.workers,
                sources=sources(self._target, index, largest),
                begins_s=begins_s,
                offset_s=self._offset_s,
                stop_fd=stop_fd,
                report_fd=report_fd,
            ).run()
            status = 0
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(status)

    def _receive(self, fd: int) -> bool:
        """Takes what a worker says; False at its end."""
        data = os.read(fd, 1 << 16)
        pending = self._pipes[fd]
        pending += data
        while len(pending) >= FRAME.size:
            (size,) = FRAME.unpack_from(pending)
            if len(pending) < FRAME.size + size:
                break
            self._reports[fd] = Report.decode(bytes(pending[FRAME.size : FRAME.size + size]))
            del pending[: FRAME.size + size]
        return bool(data)

    def _sample(self, at_s: float) -> Sample:
        report = self._total()
        before_s, before = self._sampled
        self._sampled = at_s, report
        received = report.counts.bytes - before.counts.bytes
        delay = report.delay.since(before.delay)
        return Sample(
            at_s,
            report.counts,
            received / max(at_s - before_s, 1e-3),
            delay.percentile(50),
            delay.percentile(99),
            report.stall.since(before.stall).percentile(100),
        )

    def _total(self) -> Report:
        total = Report()
        for report in self._reports.values():
            total.add(report)
        return total

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as signal(2) calls it
        self._stops += 1
        self._let_go()

    def _on_herd(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as signal(2) calls it
        for pid in self._pids:  # none has been waited for: they are ours, be they over or not
            os.kill(pid, signal.SIGUSR1)

    def _let_go(self) -> None:
        if self._stop_write >= 0:
            os.close(self._stop_write)
            self._stop_write = -1

    def _end(self) -> None:
        self._let_go()
        for fd in self._pipes:
            os.close(fd)
        hurried = bool(self._pipes)
        self._pipes.clear()
        for pid in self._pids:
            if hurried:
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        gc.unfreeze()
