"""Writes bursts to cohorts: one write a listener, and nothing else for those who keep up.

Rules:

- Bursts that are due are written in slices, so that a loop which also accepts and answers never waits long,
  and in the order in which they began.
- A cohort that has fallen behind gets all that is due in one burst: strain is heard as delay, not as silence.
- When a socket takes less than the whole burst, its listener becomes a *laggard*: the remainder is kept for
  it alone and is finished before anything else, so that every part arrives whole. Then it goes on at the
  newest burst, and the parts between are skipped and counted. One that takes nothing for
  `laggard_timeout_s` is let go.
- A source that is over is ended with its last chunk, a half-close, and a close when the peer has closed too
  or after 5 s.
- What a listener sends after its request means nothing; after 4 KiB of it the listener is let go.
- What a transport takes only as a whole (`transport.py`) is offered again as it was.
- Who gets bursts of which length is for `pacing.py` to say; it is asked at every boundary.

Times are monotonic seconds.
"""

from __future__ import annotations

import os
import select
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from parvis.clock import Clock
from parvis.edge.bursts import FINAL, MAX_STRETCH
from parvis.edge.cohorts import EVENTS, Cohort, Cohorts
from parvis.edge.onward import Onward
from parvis.edge.pacing import Pacing
from parvis.edge.shared import share
from parvis.edge.strain import LATE_FROM_S, window_s
from parvis.edge.transport import Plain, Transport

LINGER_S: Final = 5.0
JUNK_LIMIT_BYTES: Final = 4096

QUIET: Final = select.EPOLLIN | select.EPOLLRDHUP
"""What is watched of a listener who keeps up."""
WAITING: Final = QUIET | select.EPOLLOUT
_GONE: Final = select.EPOLLHUP | select.EPOLLERR
_NOTHING: Final = memoryview(b"")


@dataclass(slots=True)
class FanoutCounts:
    """Totals since the start."""

    bursts: int = 0
    """Writes of a burst to one listener."""
    sent_bytes: int = 0
    """Bytes of those bursts."""
    left: int = 0
    """Listeners who are gone, for whatever reason."""
    skipped_parts: int = 0
    """Parts that one listener did not get, because it or this process was too slow."""
    let_go: int = 0
    """Laggards that took nothing for too long, and listeners that talked too much."""


class _Laggard:
    """A listener whose socket is full. It has everything up to `position` once `remainder` is taken."""

    __slots__ = ("cohort", "final", "moved_at_s", "position", "remainder")

    def __init__(self, cohort: Cohort, remainder: memoryview, position: int, now_s: float) -> None:
        self.cohort = cohort
        self.remainder = remainder
        self.position = position
        self.moved_at_s = now_s
        self.final = False


class Fanout:
    """Owns every descriptor that is joined, until it closes it."""

    def __init__(
        self,
        epoll: select.epoll,
        clock: Clock,
        laggard_timeout_s: float,
        *,
        on_close: Callable[[int], None] = lambda _: None,
        transport: Transport | None = None,
    ) -> None:
        self.cohorts = Cohorts()
        self.pacing = Pacing()
        self.counts = FanoutCounts()
        self.lateness_s = 0.0
        """How long the last burst took from being ready until its last listener had it."""
        self.late_share = 0.0
        """The same for the slowest burst since this was last set to 0, as a share of the time that it had
        (`window_s`); 0 if none took longer than `LATE_FROM_S`."""
        self.size = 0
        """Descriptors owned."""
        self._on_close = on_close
        self._transport = transport or Plain()
        self._epoll = epoll
        self._clock = clock
        self._laggard_timeout_s = laggard_timeout_s
        self._due: deque[Cohort] = deque()
        self._laggards: dict[int, _Laggard] = {}
        self._lingering: dict[int, float] = {}
        self._junk_bytes: dict[int, int] = {}

    def __contains__(self, fd: int) -> bool:
        return self.cohorts.of(fd) is not None or fd in self._laggards or fd in self._lingering

    @property
    def busy(self) -> bool:
        """Something is due to be written."""
        return bool(self._due)

    @property
    def laggards(self) -> int:
        """Listeners whose socket is full now."""
        return len(self._laggards)

    def listeners(self) -> dict[str, int]:
        """Listeners to sound, by Space."""
        counts = self.cohorts.listeners()
        for laggard in self._laggards.values():
            key = laggard.cohort.key
            if key.source != EVENTS:
                counts[key.space] = counts.get(key.space, 0) + 1
        return counts

    def join(self, fd: int, cohort: Cohort, first: bytes) -> None:
        """Takes over a non-blocking descriptor that the epoll watches for `QUIET`. `first` is what it gets
        at once; with it, it has everything up to the cohort's position."""
        self.size += 1
        try:
            written = self._transport.write(fd, first)
        except BlockingIOError:
            written = 0
        except OSError:
            self._release(fd)
            return
        if written == len(first):
            self.cohorts.add(cohort, fd)
        else:
            self._lag(fd, cohort, memoryview(first)[written:], cohort.position)

    def wake(self, space: str, name: str) -> None:
        """A source has something new, or is over."""
        for cohort in self.cohorts.fed_by(space, name):
            if not cohort.writing:
                self._go_on(cohort)

    def write(self, limit: int) -> None:
        """Writes what is due to at most `limit` listeners."""
        while self._due and limit > 0:
            cohort = self._due[0]
            limit -= self._write_slice(cohort, limit)
            if cohort.cursor >= cohort.end:
                self._due.popleft()
                self._settle(cohort)
                if not self._due:
                    self.pacing.settle_all(self.cohorts)

    def on_event(self, fd: int, mask: int) -> None:
        """What epoll says of a descriptor that was joined."""
        if mask & _GONE:
            self.close(fd)
            return
        if mask & (select.EPOLLIN | select.EPOLLRDHUP) and not self._listen(fd):
            return
        if mask & select.EPOLLOUT and fd in self._laggards:
            self._catch_up(fd, self._laggards[fd])

    def sweep(self) -> None:
        """Lets go who has taken nothing for too long. Call it about once a second."""
        now_s = self._clock.monotonic_s()
        late = [
            fd
            for fd, laggard in self._laggards.items()
            if now_s - laggard.moved_at_s >= self._laggard_timeout_s
        ]
        self.counts.let_go += len(late)
        for fd in late + [fd for fd, until_s in self._lingering.items() if now_s >= until_s]:
            self.close(fd)

    def close(self, fd: int) -> None:
        """Closes a descriptor that was joined, wherever it stands. Raises `KeyError` for any other."""
        if self.cohorts.remove(fd) is None and not self._unlag(fd):
            del self._lingering[fd]
        self._release(fd)

    def dismiss(self, count: int) -> None:
        """Closes so many, without a last chunk: to a client that means "come back"."""
        for cohort in list(self.cohorts):
            while count > 0 and len(cohort):
                self.close(next(fd for fd in reversed(cohort.fds) if fd >= 0))
                count -= 1
        for fd in [*self._laggards, *self._lingering][: max(0, count)]:
            self.close(fd)

    def close_all(self) -> None:
        """Closes everybody without a last chunk: to a client that means "come back", not "it is over"."""
        self._due.clear()
        fds = [fd for cohort in self.cohorts for fd in cohort.fds if fd >= 0]
        for fd in [*fds, *self._laggards, *self._lingering]:
            self.close(fd)

    def _settle(self, cohort: Cohort) -> None:
        """A cohort's burst is written."""
        lateness_s = self.lateness_s = self._clock.monotonic_s() - cohort.began_s
        if lateness_s > LATE_FROM_S:
            self.late_share = max(self.late_share, lateness_s / window_s(cohort.key.stretch))
        self.cohorts.settle(cohort)
        source = cohort.source
        if isinstance(source, Onward) and cohort.position >= source.start:
            cohort.source = source.after
            self.cohorts.arrive(cohort)
        if cohort.move is not None:
            self.pacing.settle(self.cohorts, cohort)
        self._go_on(cohort)

    def _go_on(self, cohort: Cohort) -> None:
        """Begins the cohort's next burst if one is due. It writes none now."""
        source, stretch = cohort.source, cohort.key.stretch
        if source.newest - cohort.position < stretch and not source.over:
            return  # as for most cohorts at most parts
        while True:
            behind = source.oldest - 1 - cohort.position
            if behind > 0:
                cohort.position += -(-behind // stretch) * stretch
                self._skip(cohort, behind * len(cohort))
            ready = source.newest - cohort.position
            most = MAX_STRETCH // stretch * stretch
            count = min(ready if source.over else ready // stretch * stretch, most)
            if count <= 0:
                break
            if len(cohort):
                first = cohort.position + 1
                burst = source.burst(first, count, cohort.key.framing, self.pacing.notice(cohort, first))
                cohort.begin(burst, cohort.position + count, self._clock.monotonic_s())
                self._due.append(cohort)
                return
            cohort.position += count
        if source.over:
            self._end(cohort)

    def _end(self, cohort: Cohort) -> None:
        if not cohort.closing and len(cohort):
            cohort.begin(FINAL[cohort.key.framing], cohort.position, self._clock.monotonic_s())
            self._due.append(cohort)
        else:
            self.cohorts.discard(cohort)
        cohort.closing = True
        self.pacing.forget(cohort)

    def _write_slice(self, cohort: Cohort, limit: int) -> int:
        burst = cohort.burst
        assert burst is not None
        fds = cohort.fds[cohort.cursor : min(cohort.cursor + limit, cohort.end)]
        if cohort.cursor == 0 and self._transport.shares and not cohort.closing:
            cohort.shared = share(burst, cohort.end)
        cohort.cursor += len(fds)
        if cohort.closing:
            for fd in fds:
                if fd >= 0:
                    self._say_goodbye(fd, cohort, burst)
            return len(fds)
        self.counts.bursts += len(fds)
        size, write, shared = len(burst), self._transport.write, cohort.shared
        self.counts.sent_bytes += size * len(fds)
        for fd in fds:
            if fd < 0:
                continue
            try:
                written = write(fd, burst) if shared < 0 else os.sendfile(fd, shared, 0, size)
            except BlockingIOError:
                written = 0
            except OSError:
                self.close(fd)
                continue
            if written != size:
                self.cohorts.remove(fd)
                if written or self._transport.whole:
                    self._lag(fd, cohort, memoryview(burst)[written:], cohort.position)
                else:  # nothing of it is out: it may be skipped as a whole
                    self._lag(fd, cohort, _NOTHING, cohort.before)
        return len(fds)

    def _lag(self, fd: int, cohort: Cohort, remainder: memoryview, position: int) -> None:
        self._laggards[fd] = _Laggard(cohort, remainder, position, self._clock.monotonic_s())
        cohort.laggards += 1
        self._epoll.modify(fd, WAITING)

    def _unlag(self, fd: int) -> bool:
        laggard = self._laggards.pop(fd, None)
        if laggard is not None:
            laggard.cohort.laggards -= 1
        return laggard is not None

    def _catch_up(self, fd: int, laggard: _Laggard) -> None:
        """Writes to a laggard whose socket has room, until it is full again or has caught up."""
        while True:
            if laggard.remainder:
                try:
                    written = self._transport.write(fd, laggard.remainder)
                except BlockingIOError:
                    if self._transport.whole:  # there was room, so some of it is out
                        laggard.moved_at_s = self._clock.monotonic_s()
                    return
                except OSError:
                    self.close(fd)
                    return
                laggard.moved_at_s = self._clock.monotonic_s()
                laggard.remainder = laggard.remainder[written:]
                if laggard.remainder:
                    return
            if laggard.final:
                self._unlag(fd)
                self._linger(fd)
                return
            if not self._refill(laggard):
                break
        self._unlag(fd)
        self._epoll.modify(fd, QUIET)
        self.cohorts.add(laggard.cohort, fd)

    def _refill(self, laggard: _Laggard) -> bool:
        """Gives a laggard its next bytes, the newest burst or the end; False when it has everything."""
        cohort = laggard.cohort
        if laggard.position < cohort.position:
            newest_burst = cohort.position - cohort.key.stretch + 1
            first = max(newest_burst, laggard.position + 1, cohort.source.oldest)
            count = cohort.position - first + 1
            self._skip(cohort, min(first - 1, cohort.position) - laggard.position)
            laggard.position = cohort.position
            if count > 0:
                self.counts.bursts += 1
                laggard.remainder = memoryview(cohort.source.burst(first, count, cohort.key.framing))
                return True
        if cohort.closing:
            laggard.final = True
            laggard.remainder = memoryview(FINAL[cohort.key.framing])
            return True
        return False

    def _skip(self, cohort: Cohort, parts: int) -> None:
        if cohort.key.source != EVENTS:
            self.counts.skipped_parts += parts

    def _say_goodbye(self, fd: int, cohort: Cohort, final: bytes) -> None:
        self.cohorts.remove(fd)
        try:
            written = self._transport.write(fd, final) if final else 0
        except BlockingIOError:
            written = 0
        except OSError:
            self._release(fd)
            return
        if written == len(final):
            self._linger(fd)
            return
        self._lag(fd, cohort, memoryview(final)[written:], cohort.position)
        self._laggards[fd].final = True

    def _linger(self, fd: int) -> None:
        self._lingering[fd] = self._clock.monotonic_s() + LINGER_S
        self._epoll.modify(fd, QUIET)
        self._transport.shut(fd)

    def _listen(self, fd: int) -> bool:
        """Reads what a listener says and forgets it; False when it has left or had to."""
        try:
            junk = self._transport.read(fd, JUNK_LIMIT_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            junk = b""
        if junk:
            self._junk_bytes[fd] = self._junk_bytes.get(fd, 0) + len(junk)
            if self._junk_bytes[fd] <= JUNK_LIMIT_BYTES:
                return True
            self.counts.let_go += 1
        self.close(fd)
        return False

    def _release(self, fd: int) -> None:
        """The last thing that is done to a descriptor: from here on its number may be another's.

        It is taken from the epoll by hand: closing does that only when no forked process holds a copy.
        """
        self._junk_bytes.pop(fd, None)
        self.size -= 1
        self.counts.left += 1
        self._on_close(fd)
        self._epoll.unregister(fd)
        self._transport.close(fd)
