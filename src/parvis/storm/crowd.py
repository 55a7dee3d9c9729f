"""The listeners of one process: connecting, reading, breaking off, coming back. Bare descriptors, no object
for each.

Rules:

- The fast path is a burst that everybody else got too, wanted next, by a player that is not dry: one `readv`
  into a buffer that is always the same, one comparison, three array slots. Everything else is `_heard`, by
  the whole rules.
- With `--skim` most bursts are only counted (`skim.py`); `read` gets what is left.
- Plain sockets are watched edge-triggered, so that one which has been read empty costs nothing until more
  comes (epoll(7)); how TLS is read, and why not so, is said in `lines.py`.
- Who is in the middle of a chunk has a `StreamReader` until it is out of it; nobody else has.
- A refusal is obeyed: see `habits.py`. A break is counted by who caused it.
"""

from __future__ import annotations

import random
import select
import socket
from array import array
from collections.abc import Callable
from enum import IntEnum
from typing import Final

from parvis.errors import RemoteProtocolError
from parvis.storm.counts import Report
from parvis.storm.habits import Habits
from parvis.storm.lines import lines_to
from parvis.storm.memo import Known, Memo
from parvis.storm.plan import Plan
from parvis.storm.players import HAMPERED, PART_S, Players, Trait
from parvis.storm.request import stream_request
from parvis.storm.schedule import Act, Schedule, Visit
from parvis.storm.skim import WHOLE_EVERY, Skim, begins_chunk
from parvis.storm.sockets import Dialler
from parvis.storm.target import Target
from parvis.storm.wire import Answer, Heard, PartBook, StreamReader, read_join

BUFFER_BYTES: Final = 262_144
"""More than the longest burst, 64 parts of AAC: 180 KB."""
KNOWN_BURSTS: Final = 64
KNOWN_JOINS: Final = 64
ANSWER_PATIENCE_S: Final = 30.0
SLOW_BYTES: Final = 1_500
SLOW_EVERY_S: Final = 1.0
"""12 kbit/s: less than any rendition."""

_GONE: Final = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR


class Stage(IntEnum):
    """How far a connection has come."""

    FREE = 0
    CONNECTING = 1
    ASKED = 2
    ADMITTED = 3
    LISTENING = 4


_LISTENING: Final = int(Stage.LISTENING)


class Crowd:
    """Owns every descriptor that it opens. `now_s` gives Unix time by the server's clock."""

    def __init__(
        self,
        plan: Plan,
        target: Target,
        dialler: Dialler,
        slots: int,
        report: Report,
        rng: random.Random,
        now_s: Callable[[], float],
    ) -> None:
        self.epoll = select.epoll()
        self.schedule = Schedule()
        self.players = Players(slots, report)
        self._habits = Habits(plan, rng, self.schedule, self.players, report)
        self._target = target
        self._dialler = dialler
        self._lines = lines_to(target)
        self._skim = Skim(target.family, slots) if plan.skim and target.tls is None else None
        self._report = report
        self._counts = report.counts
        self._now_s = now_s
        self._request = stream_request(target)
        self._buffer = bytearray(BUFFER_BYTES)
        self._bursts = Memo(KNOWN_BURSTS)
        self._joins = Memo(KNOWN_JOINS)
        self._book = PartBook(target.rendition)
        self._stage = bytearray(slots)
        self._since_s = array("d", bytes(8 * slots))
        self._readers: dict[int, StreamReader] = {}
        self._joining: dict[int, Visit] = {}
        self._leaving_fd = 0
        self._herd_fd = 0

    @property
    def size(self) -> int:
        """Connections open, admitted or not."""
        return self._counts.connected + len(self._joining)

    @property
    def over(self) -> bool:
        """Nobody is here and nobody comes back."""
        return self.size == 0 and self.schedule.coming_back == 0

    def arrive(self) -> None:
        """One more listener."""
        self._connect(self._habits.newcomer())

    def read(self, events: list[tuple[int, int]]) -> None:
        """What epoll says of descriptors of this crowd."""
        if self._skim is not None:
            events = self._count(self._skim, events)
        readv, buffers, buffer = self._lines.readv, [self._buffer], self._buffer
        following, dry_at_s = self.players.next, self.players.dry_at_s
        find, only_in = self._bursts.find, select.EPOLLIN
        startswith = buffer.startswith
        now_s = self._now_s()
        known, run = self._bursts.last, 0
        for fd, mask in events:
            if mask != only_in:
                self._unusual(fd, mask, now_s)
                continue
            try:
                size = readv(fd, buffers)
            except BlockingIOError:
                continue
            except OSError:
                self._lost(fd, now_s)
                continue
            if size != known.size or not startswith(known.data):
                found = find(buffer, size)
                if found is None:
                    self._read_on(fd, size, now_s)
                    continue
                self._account(known.first, known.next, known.size, run, now_s)
                known, run = found, 0
            if following[fd] == known.first and now_s <= dry_at_s[fd]:
                following[fd] = known.next
                dry_at_s[fd] += known.seconds
                run += 1
            elif self._stage[fd] == _LISTENING and following[fd] > 0:
                self._heard(fd, known.heard, size, now_s)
            else:
                self._read_on(fd, size, now_s)
        self._account(known.first, known.next, known.size, run, now_s)

    def _count(self, skim: Skim, events: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Counts the bursts that are known; returns what must be read."""
        buffer, takes, expected = self._buffer, skim.takes, skim.expected.get
        following, dry_at_s = self.players.next, self.players.dry_at_s
        only_in, throw_away, most = select.EPOLLIN, socket.MSG_TRUNC, BUFFER_BYTES
        now_s = self._now_s()
        rest: list[tuple[int, int]] = []
        last, run = self._bursts.last, 0
        for event in events:
            fd, mask = event
            known, take = expected(following[fd]), takes[fd]
            if known is None or take is None or mask != only_in or not (fd + known.number) % WHOLE_EVERY:
                rest.append(event)
                continue
            try:
                size = take(buffer, most, throw_away)
            except BlockingIOError:
                continue
            except OSError:
                self._lost(fd, now_s)
                continue
            if size != known.size or now_s > dry_at_s[fd]:
                self._guess(skim, fd, known, size, now_s)
                continue
            following[fd] = known.next
            dry_at_s[fd] += known.seconds
            if known is last:
                run += 1
            else:
                self._account(last.first, last.next, last.size, run, now_s)
                last, run = known, 1
        self._account(last.first, last.next, last.size, run, now_s)
        return rest

    def act(self, limit: int) -> bool:
        """Does up to `limit` things that are due; True when there may be more."""
        for _ in range(limit):
            now_s = self._now_s()
            entry = self.schedule.due(now_s)
            if entry is None:
                return False
            if entry.visit is not None:
                self._connect(entry.visit)
            elif self._stage[entry.fd] and self._since_s[entry.fd] == entry.token:
                if entry.act is Act.READ_SLOWLY:
                    self._read_slowly(entry.fd, now_s)
                else:
                    self._break_off(entry.fd, now_s)
        return True

    def give_up_waiting(self) -> None:
        """Closes connections that got no answer in time. Call it about once a second."""
        now_s = self._now_s()
        late = [fd for fd in self._joining if now_s - self._since_s[fd] > ANSWER_PATIENCE_S]
        for fd in late:
            self._unanswered(fd, now_s, f"no answer within {ANSWER_PATIENCE_S:.0f} s")

    def leave(self, count: int) -> None:
        """Up to `count` listeners hang up, admitted or not. Nobody comes back any more."""
        now_s = self._now_s()
        while (entry := self.schedule.due(float("inf"))) is not None:
            if entry.visit is not None:
                self.players.settle_away(entry.visit, now_s)
        while count > 0 and self._leaving_fd < len(self._stage):
            fd = self._leaving_fd
            if self._stage[fd]:
                self.players.settle(fd, now_s)
                self._close(fd)
                count -= 1
            self._leaving_fd += 1

    def herd(self, limit: int) -> bool:
        """Up to `limit` more listeners lose their connection, and come back as they do; True when there may
        be more. Who comes back gets a low descriptor, and so is not met twice."""
        now_s = self._now_s()
        while limit > 0 and self._herd_fd < len(self._stage):
            if self._stage[self._herd_fd] >= Stage.ADMITTED:
                self._break_off(self._herd_fd, now_s)
                limit -= 1
            self._herd_fd += 1
        if self._herd_fd < len(self._stage):
            return True
        self._herd_fd = 0
        return False

    def _connect(self, visit: Visit) -> None:
        now_s = self._now_s()
        slow = bool(visit.flags & Trait.SLOW)
        if visit.source < 0:
            visit = visit._replace(source=self._dialler.next_source())
        try:
            fd = self._dialler.dial(visit.source, slow=slow)
        except OSError as error:
            self._habits.unanswered(visit, f"cannot connect: {error.strerror}", now_s)
            return
        self._stage[fd] = Stage.CONNECTING
        self._since_s[fd] = now_s
        self._joining[fd] = visit
        self.players.seat(fd, visit, now_s)
        if not self._ask(fd, now_s):
            self.epoll.register(fd, self._lines.watch | select.EPOLLOUT | select.EPOLLET)
        elif self._stage[fd] == Stage.ASKED and not slow:
            self.epoll.register(fd, self._lines.watch)

    def _ask(self, fd: int, now_s: float) -> bool:
        """Writes the request; False when the connection does not stand yet."""
        visit = self._joining[fd]
        request = self._request
        if visit.next or visit.appointment:
            request = stream_request(self._target, first=visit.next, appointment=visit.appointment)
        try:
            written = self._lines.write(fd, request)
        except BlockingIOError:
            return False
        except OSError as error:
            self._unanswered(fd, now_s, f"cannot connect: {error.strerror}")
            return True
        if written != len(request):  # a fresh socket has room for a request
            self._unanswered(fd, now_s, "the request was not taken")
            return True
        self._stage[fd] = Stage.ASKED
        if visit.flags & Trait.SLOW:
            self.schedule.touch(now_s, Act.READ_SLOWLY, fd, self._since_s[fd])
        return True

    def _unusual(self, fd: int, mask: int, now_s: float) -> None:
        """Anything but "there is something to read"."""
        if self._stage[fd] == Stage.FREE:
            return
        if self._stage[fd] == Stage.CONNECTING:
            if not self._ask(fd, now_s) or self._stage[fd] != Stage.ASKED:
                return
            if self._joining[fd].flags & Trait.SLOW:
                self.epoll.unregister(fd)
            else:
                self.epoll.modify(fd, self._lines.watch)
            return
        while self._stage[fd]:
            try:
                size = self._lines.readv(fd, [self._buffer])
            except BlockingIOError:
                return
            except OSError:
                size = 0
            if size == 0 and not mask & (_GONE | select.EPOLLIN):
                return
            self._read_on(fd, size, now_s)

    def _read_on(self, fd: int, size: int, now_s: float) -> None:
        """Takes what is in the buffer, and what is still in the socket if that did not hold all."""
        self._feed(fd, size, now_s)
        while size == BUFFER_BYTES and self._stage[fd]:
            try:
                size = self._lines.readv(fd, [self._buffer])
            except BlockingIOError:
                return
            except OSError:
                size = 0
            self._feed(fd, size, now_s)

    def _feed(self, fd: int, size: int, now_s: float) -> None:
        """`size` bytes in the buffer are for this listener; 0 is the end of the connection."""
        if size == 0:
            self._lost(fd, now_s)
            return
        if self._skim is not None and fd in self._skim.unsure:
            self._regain(self._skim, fd, bytes(memoryview(self._buffer)[:size]), now_s)
            return
        fresh = self._stage[fd] < Stage.ADMITTED
        memo = self._joins if fresh else self._bursts
        reader = self._readers.pop(fd, None)
        whole = reader is None
        if reader is None:
            known = memo.find(self._buffer, size)
            if known is not None:
                self._heard(fd, known.heard, size, now_s)
                return
            reader = StreamReader(self._book, fresh=fresh)
        data = bytes(memoryview(self._buffer)[:size])
        if fresh and whole and (plain := read_join(data, self._book)) is not None:
            memo.keep(data, plain)
            self._heard(fd, plain, size, now_s)
            return
        try:
            heard = reader.feed(data)
        except RemoteProtocolError as error:
            self._malformed(fd, now_s, error.detail)
            return
        if not reader.idle:
            self._readers[fd] = reader
        elif whole:
            known = memo.keep(data, heard)
            if self._skim is not None:
                self._skim.learn(known)
        self._heard(fd, heard, size, now_s)

    def _guess(self, skim: Skim, fd: int, known: Known, size: int, now_s: float) -> None:
        """`size` bytes were thrown away where `known` was expected, or it came too late."""
        if size == 0:
            self._lost(fd, now_s)
            return
        chain = skim.explain(known.first, size)
        for burst in chain:
            self._heard(fd, burst.heard, burst.size, now_s)
        if not chain:
            self._counts.bytes += size
            skim.unsure[fd] = known, size
            self.players.believe(fd, known.seconds, now_s)
            self.players.next[fd] = -known.first

    def _regain(self, skim: Skim, fd: int, data: bytes, now_s: float) -> None:
        """What comes after bytes that nothing explained, read whole."""
        known, came = skim.unsure.pop(fd)
        believed = known.heard.runs[0]
        if not begins_chunk(data):
            missing = known.size - came
            if missing > len(data):
                self._counts.bytes += len(data)
                skim.unsure[fd] = known, came + len(data)
                return
            if missing > 0:  # else it is malformed, as the reader will say
                self.players.confirm(fd, believed)
                self._counts.bytes += missing
                self._counts.bursts += 1
                data = data[missing:]
                if not data:
                    return
        reader = StreamReader(self._book, fresh=False)
        try:
            heard = reader.feed(data)
        except RemoteProtocolError as error:
            self._malformed(fd, now_s, error.detail)
            return
        if not reader.idle:
            self._readers[fd] = reader
        if self.players.next[fd] < 0 and heard.runs and heard.runs[0].first == known.next:
            self.players.confirm(fd, believed)  # of another size, but nothing was left out
        self._heard(fd, heard, len(data), now_s)

    def _heard(self, fd: int, heard: Heard, size: int, now_s: float) -> None:
        counts, players = self._counts, self.players
        counts.bytes += size
        if heard.answer is not None:
            if heard.answer.status != 200:
                visit = self._joining[fd]
                self._close(fd)
                self._habits.refused(visit, heard.answer, now_s)
                return
            self._admit(fd, heard.answer, now_s)
        players.take(fd, heard, now_s)
        if heard.runs:
            if self._stage[fd] == Stage.ADMITTED:
                self._stage[fd] = Stage.LISTENING
            elif not players.flags[fd] & Trait.SLOW:
                counts.bursts += 1
                self._report.delay.add((now_s - heard.runs[-1].next * PART_S) * 1000)
        if heard.over:
            counts.ended += 1
            self._close(fd)
            return
        following = abs(players.next[fd])
        players.next[fd] = -following if fd in self._readers else following

    def _account(self, first: int, following: int, size: int, times: int, now_s: float) -> None:
        """So many listeners took the same burst by the fast path."""
        if not times:
            return
        counts = self._counts
        counts.bursts += times
        counts.parts += times * (following - first)
        counts.bytes += times * size
        self._report.delay.add((now_s - following * PART_S) * 1000, times)

    def _admit(self, fd: int, answer: Answer, now_s: float) -> None:
        counts, players = self._counts, self.players
        visit = self._joining.pop(fd)
        self._stage[fd] = Stage.ADMITTED
        if self._skim is not None and not visit.flags & Trait.SLOW:
            self._skim.enter(fd)
        players.stretch[fd] = answer.stretch
        counts.connected += 1
        counts.appointments_kept += bool(visit.appointment)
        counts.returned += bool(visit.next)
        if not visit.flags & Trait.ADMITTED:
            players.flags[fd] |= Trait.ADMITTED
            counts.admitted += 1
            counts.hampered += bool(visit.flags & HAMPERED)
        if visit.flags & Trait.LOSSY:
            wait_s = self._habits.breaks_off_in_s()
            self.schedule.touch(now_s + wait_s, Act.BREAK_OFF, fd, self._since_s[fd])

    def _lost(self, fd: int, now_s: float) -> None:
        """The connection has ended, and nobody on this side wanted it to."""
        if self._stage[fd] < Stage.ADMITTED:
            self._unanswered(fd, now_s, "closed without an answer")
            return
        counts, players = self._counts, self.players
        if players.flags[fd] & HAMPERED:
            counts.hampered_dropped += 1
        else:
            counts.dropped += 1
            counts.dropped_listeners += not players.flags[fd] & Trait.DROPPED
            players.flags[fd] |= Trait.DROPPED
        self._go_away(fd, now_s)

    def _break_off(self, fd: int, now_s: float) -> None:
        """This listener's network is gone."""
        self._counts.cut += 1
        self._go_away(fd, now_s, rudely=True)

    def _malformed(self, fd: int, now_s: float, detail: str) -> None:
        """The stream makes no sense. The listener hangs up for good."""
        self._counts.malformed += 1
        self._habits.note(f"malformed: {detail}")
        self.players.settle(fd, now_s)
        self._close(fd)

    def _go_away(self, fd: int, now_s: float, *, rudely: bool = False) -> None:
        """Closes, and leaves it to the listener's habits what comes next."""
        visit = self.players.visit(fd)
        self._close(fd, rudely=rudely)
        self._habits.broken(visit, now_s)

    def _unanswered(self, fd: int, now_s: float, why: str) -> None:
        visit = self._joining[fd]
        self._close(fd)
        self._habits.unanswered(visit, why, now_s)

    def _read_slowly(self, fd: int, now_s: float) -> None:
        self.schedule.touch(now_s + SLOW_EVERY_S, Act.READ_SLOWLY, fd, self._since_s[fd])
        try:
            size = self._lines.readv(fd, [memoryview(self._buffer)[:SLOW_BYTES]])
        except BlockingIOError:
            return
        except OSError:
            size = 0
        self._feed(fd, size, now_s)

    def _close(self, fd: int, *, rudely: bool = False) -> None:
        if self._stage[fd] >= Stage.ADMITTED:
            self._counts.connected -= 1
        self._joining.pop(fd, None)
        self._readers.pop(fd, None)
        self._stage[fd] = Stage.FREE
        self.players.clear(fd)
        if self._skim is not None:
            self._skim.leave(fd)
        if rudely:
            self._lines.reset(fd)
        else:
            self._lines.close(fd)
