"""Requests whose answer is not there yet: reloads that wait for a part, and parts that were hinted.

RFC 8216bis §6.2.5.2 says who may wait, and for how long.

Rules:

- Who waits is a descriptor and a time in flat arrays, one pair of arrays for all who are to get the same. Its
  reader and what else a connection needs are given up meanwhile, and made anew with the answer.
- When the part comes, the answer is built once and written in slices, so that a loop which also writes bursts
  never waits long.
- Nobody waits longer than three target durations: then it is `503`.
- While somebody waits, only its hanging up is watched. What it sends meanwhile stays with the kernel.

Times are monotonic seconds.
"""

from __future__ import annotations

import select
from array import array
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, NamedTuple

from parvis.clock import Clock
from parvis.edge.answers import Answer, encode, problem
from parvis.edge.transport import Transport
from parvis.errors import Overloaded, ParvisError
from parvis.media.playlist import BLOCKED_AT_MOST_S

RETRY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Hold:
    """An answer that is built when `ready` says so. Those with the same `key` wait for the same; `answered`
    is told how many of them got it."""

    key: Hashable
    ready: Callable[[], bool]
    build: Callable[[], Answer]
    answered: Callable[[int], None] = lambda _: None


class How(NamedTuple):
    """How a connection goes on after its answer."""

    keep_alive: bool
    loopback: bool
    crowded: bool


class _Group:
    __slots__ = ("cursor", "fds", "hold", "how", "since_s")

    def __init__(self, hold: Hold, how: How) -> None:
        self.hold = hold
        self.how = how
        self.fds = array("i")
        self.since_s = array("d")
        self.cursor = 0
        """Those before it are answered, or gone."""


class Waiting:
    """Owns descriptors from when they are held until `answer` takes them, with the bytes for them.

    `dress` makes the last changes to an answer.
    """

    def __init__(
        self,
        epoll: select.epoll,
        clock: Clock,
        transport: Transport,
        *,
        dress: Callable[[Answer], Answer],
        answer: Callable[[int, bytes, How], None],
        on_close: Callable[[int], None],
    ) -> None:
        self._epoll = epoll
        self._clock = clock
        self._transport = transport
        self._dress = dress
        self._answer = answer
        self._on_close = on_close
        self._groups: dict[tuple[Hashable, How], _Group] = {}
        self._group_of: dict[int, _Group] = {}
        self._due: deque[tuple[_Group, bytes]] = deque()

    def __contains__(self, fd: int) -> bool:
        return fd in self._group_of

    def __len__(self) -> int:
        return len(self._group_of)

    @property
    def busy(self) -> bool:
        """Something is due to be written."""
        return bool(self._due)

    def hold(self, fd: int, hold: Hold, how: How) -> None:
        """Takes over a descriptor that the epoll watches."""
        group = self._groups.get((hold.key, how))
        if group is None:
            group = self._groups[hold.key, how] = _Group(hold, how)
        group.fds.append(fd)
        group.since_s.append(self._clock.monotonic_s())
        self._group_of[fd] = group
        self._epoll.modify(fd, select.EPOLLRDHUP)

    def look(self) -> None:
        """Call it when parts have come, or a program is over."""
        for key, group in list(self._groups.items()):
            if group.hold.ready():
                del self._groups[key]
                self._due.append((group, self._encoded(group)))

    def write(self, limit: int) -> None:
        """Answers at most `limit` of those whose answer is there."""
        while self._due and limit > 0:
            group, data = self._due[0]
            fds = group.fds[group.cursor : group.cursor + limit]
            limit -= len(fds)
            group.cursor += len(fds)
            group.hold.answered(sum(self._give(fd, group, data) for fd in fds))
            if group.cursor >= len(group.fds):
                self._due.popleft()

    def sweep(self) -> None:
        """Refuses who has waited too long. Call it about once a second."""
        late_s = self._clock.monotonic_s() - BLOCKED_AT_MOST_S
        for key, group in list(self._groups.items()):
            while group.cursor < len(group.fds) and group.since_s[group.cursor] <= late_s:
                group.cursor += 1
                self._give(group.fds[group.cursor - 1], group, self._refusal())
            if group.cursor >= len(group.fds):
                del self._groups[key]

    def on_event(self, fd: int, _mask: int) -> None:
        """What epoll says of a descriptor that is held: it hung up."""
        self.close(fd)

    def close(self, fd: int) -> None:
        """Closes one of our descriptors."""
        del self._group_of[fd]
        self._on_close(fd)
        self._epoll.unregister(fd)  # closing does that only when no forked process holds a copy
        self._transport.close(fd)

    def close_all(self) -> None:
        """Closes everything at once."""
        for fd in list(self._group_of):
            self.close(fd)

    def _give(self, fd: int, group: _Group, data: bytes) -> bool:
        if self._group_of.get(fd) is not group:  # it has left; its number may be another's
            return False
        del self._group_of[fd]
        self._answer(fd, data, group.how)
        return True

    def _encoded(self, group: _Group) -> bytes:
        try:
            answer = group.hold.build()
        except ParvisError as error:
            answer = problem(error)
        return b"".join(encode(self._dress(answer), self._clock.wall_s(), keep_alive=group.how.keep_alive))

    def _refusal(self) -> bytes:
        return b"".join(encode(self._dress(problem(late())), self._clock.wall_s(), keep_alive=False))


def late() -> Overloaded:
    """What is waited for does not come in time, or cannot be waited for here."""
    return Overloaded("playlist-late", "What you wait for has not come in time.", RETRY_S)
