"""One edge: a listening socket, the bus, everybody who is connected, and one epoll loop over all of them.

Rules:

- One thread, no coroutines: what is due is done in turns, each of bounded length. While bursts are being
  written, a turn takes few events and accepts few connections, so arrivals never starve those who listen.
- Where long bursts are given, nothing is urgent to the millisecond: the edge naps between turns (`nap_s`), so
  that one waking serves several arrivals and both renditions. Most of what a lone arrival costs among many
  processes is the waking.
- There is room for `capacity` connections. Some more are taken for a short time, for one answer each; beyond
  that newcomers wait in the backlog.
- Twice a second the edge looks at itself (`load.py`), and decides what gives way (`strain.py`).
- With a certificate everybody shakes hands first (`tls.py`), and is a connection like any other from then on.
- An edge that is to end closes its door first, so that newcomers go to the other edges of the port, and then
  its listeners one after the other over `drain_s`, so that those who come back are no herd.
"""

from __future__ import annotations

import os
import select
import socket
import time
from dataclasses import replace
from typing import Final

import structlog

from parvis.bus.port import Reader
from parvis.certificate import LOOK_S as RENEW_S
from parvis.certificate import Certificate
from parvis.clock import Clock
from parvis.edge.addresses import Addresses
from parvis.edge.admission import Admission
from parvis.edge.answers import Answer
from parvis.edge.appointments import Appointments
from parvis.edge.badges import Badges
from parvis.edge.carrier import Carrier
from parvis.edge.connections import Connections
from parvis.edge.crowd import Crowd
from parvis.edge.door import Door
from parvis.edge.drain import Drain
from parvis.edge.fanout import Fanout
from parvis.edge.hall import Pages
from parvis.edge.hls import Lines
from parvis.edge.http import Request
from parvis.edge.metrics import exposition
from parvis.edge.passes import Passes
from parvis.edge.proxies import Proxies
from parvis.edge.relief import LOOK_S, Relief
from parvis.edge.routes import Front, Join
from parvis.edge.sockets import is_loopback, listen
from parvis.edge.spaces import Spaces
from parvis.edge.tls import Handshakes, Secure
from parvis.edge.transport import Plain
from parvis.edge.view import Origins
from parvis.edge.waiting import Hold, Waiting
from parvis.errors import RemoteProtocolError
from parvis.settings import EdgeSettings

TURN_S: Final = 0.05
"""Longest wait for events."""
WRITES_PER_TURN: Final = 1024
ANSWERS_PER_TURN: Final = 256
EVENTS_PER_TURN: Final = 256
EVENTS_PER_BUSY_TURN: Final = 64
ACCEPTS_PER_TURN: Final = 64
ACCEPTS_PER_BUSY_TURN: Final = 16
NAP_S_PER_PART: Final = 0.00625
"""Of the stretch that newcomers get: 200 ms at the longest."""
NAP_FROM_STRETCH: Final = 6
ADVANCE_S: Final = 0.02
"""How often deadlines are looked at while the bus is quiet."""

log = structlog.get_logger(__name__)


class Edge:
    """One edge process. `turn` does a bounded amount of work; call it for ever, then `close`.

    `capacity` is how many connections there is room for, `spare` how many more get one short answer.
    """

    def __init__(
        self,
        settings: EdgeSettings,
        listening: socket.socket,
        reader: Reader,
        clock: Clock,
        appointments: Appointments,
        *,
        capacity: int,
        spare: int,
        certificate: Certificate | None = None,
    ) -> None:
        now_s = clock.monotonic_s()
        self.spaces = Spaces()
        self.passes = Passes(self.spaces, clock, settings.data, settings.pass_verifier)
        self.badges = Badges(self.passes.verify, clock)
        self._settings = settings
        self._listening = listening
        self._reader = reader
        self._clock = clock
        self._capacity = capacity
        self._spare = spare
        self._epoll = select.epoll()
        self._addresses = Addresses(settings.per_address)
        self._proxies = Proxies(settings.trusted_proxies, self._addresses)
        self._certificate = certificate
        transport = Plain() if certificate is None else Secure()
        self.fanout = Fanout(
            self._epoll, clock, settings.laggard_timeout_s, on_close=self._leave, transport=transport
        )
        self._admission = Admission(
            appointments,
            now_s,
            capacity=capacity,
            joins_per_s=settings.joins_per_s,
            requests_per_s=settings.requests_per_s,
        )
        self.crowd = Crowd(
            settings.name,
            reactions_per_address_s=settings.reactions_per_address_s,
            voters_per_address=settings.voters_per_address,
            votes_per_s=settings.requests_per_s,
            now_s=now_s,
            key=appointments.derived(b"votes"),
        )
        origins = _origins(settings)
        self._lines = Lines(self.spaces, origins.edge)
        front = Front(
            name=settings.name,
            spaces=self.spaces,
            lines=self._lines,
            pages=Pages(settings.pages),
            passes=self.passes,
            badges=self.badges,
            crowd=self.crowd,
            origins=origins,
            metrics_token=settings.metrics_token,
            clock=clock,
            metrics=lambda: exposition(settings.name, self.gauges()),
            stretch=lambda: self._door.concession.newcomers,
        )
        self._door = Door(front, self.fanout, self._admission, self._addresses, clock, capacity)
        self._relief = Relief(
            settings,
            now_s,
            fanout=self.fanout,
            spaces=self.spaces,
            admission=self._admission,
            door=self._door,
        )
        self.connections = Connections(
            self._epoll,
            clock,
            header_limit_bytes=settings.header_limit_bytes,
            timeout_s=settings.request_timeout_s,
            respond=self._respond,
            join=self._door.join,
            hold=lambda fd, hold, how: self._waiting.hold(fd, hold, how),
            on_close=self._leave,
            transport=transport,
        )
        self._waiting = Waiting(
            self._epoll,
            clock,
            transport,
            dress=self._dress,
            answer=self.connections.go_on,
            on_close=self._leave,
        )
        self._handshakes: Handshakes | None = None
        if certificate is not None:
            assert isinstance(transport, Secure)
            self._handshakes = Handshakes(
                self._epoll,
                clock,
                certificate.context,
                transport,
                timeout_s=settings.handshake_timeout_s,
                done=self._take,
                refuse=self._refuse_plain,
                on_close=self._leave,
            )
        self._accepting = False
        self._accept_at_s = float("inf")
        self._renewed_at_s = now_s
        self._carrier = Carrier(self.spaces, self.fanout, self._lines, origins.edge, self._door.counts.joined)
        self._rested = False
        # What one of many edges takes from another is no work of either: see load.py.
        self._worked_s = time.thread_time if settings.shares_cores else clock.monotonic_s
        self._drain: Drain | None = None
        self._advanced_at_s = self._swept_at_s = now_s
        self._epoll.register(reader.fileno(), select.EPOLLIN)

    def listen(self) -> None:
        """Opens the door. Raises `UserError` `port-in-use`."""
        listen(self._listening)
        self._accept_again()

    def learn(self) -> int:
        """Reads what the bus has now; the number of messages."""
        return self._read_bus()

    def turn(self) -> None:
        """Waits for events at most `TURN_S`, and not at all while bursts are due; then does a bounded
        amount."""
        busy = self.fanout.busy or self._waiting.busy
        if self._rested and not busy and (nap := nap_s(self._door.concession.newcomers)):
            time.sleep(nap)
        events = self._epoll.poll(0 if busy else TURN_S, EVENTS_PER_BUSY_TURN if busy else EVENTS_PER_TURN)
        began_s = self._worked_s()
        knocking = False
        if self._handshakes is not None:
            self._handshakes.allow(busy=busy)
        requests = self.connections.requests
        for fd, mask in events:
            if fd == self._listening.fileno():
                knocking = True
            elif fd != self._reader.fileno():
                self._on_event(fd, mask)
        answered_s = self._worked_s()
        self._read_bus()
        self.fanout.write(WRITES_PER_TURN)
        self._waiting.write(ANSWERS_PER_TURN)
        wrote_s = self._worked_s()
        all_in = not knocking or self._accept(ACCEPTS_PER_BUSY_TURN if self.fanout.busy else ACCEPTS_PER_TURN)
        behind = self._handshakes is not None and self._handshakes.behind
        self._rested = all_in and not behind and len(events) < EVENTS_PER_BUSY_TURN
        self._relief.load.add_front(
            answered_s - began_s + self._worked_s() - wrote_s, self.connections.requests - requests
        )
        self._relief.load.add_rest(wrote_s - answered_s)
        now_s = self._clock.monotonic_s()
        if self._drain is not None:
            self.fanout.dismiss(self._drain.due(now_s))
        if now_s >= self._accept_at_s:
            self._accept_again()
        if now_s - self._swept_at_s >= LOOK_S:
            self._sweep(now_s)

    def renew(self) -> None:
        """Looks now whether the certificate was renewed."""
        if self._certificate is not None:
            self._renewed_at_s = self._clock.monotonic_s()
            self._certificate.renew()

    def drain(self, over_s: float) -> None:
        """Closes the door, then everybody within `over_s`, at an even pace. Who knocked is still let in and
        sent on. Call `turn` until `drained`."""
        assert self._drain is None
        self._door.closing = True
        self._accept(self._spare)
        self._pause()
        self._listening.close()
        self._drain = Drain(self._clock.monotonic_s(), over_s, self.fanout.size)

    @property
    def drained(self) -> bool:
        """Everybody has been sent on."""
        return self._drain is not None and self.fanout.size == 0

    def gauges(self) -> dict[str, float]:
        """All figures, by their names in `metrics.py`."""
        fanout, feeds = self.fanout, [feed for space in self.spaces.stirring for feed in space.feeds.values()]
        admission, door, concession = self._admission.counts, self._door.counts, self._door.concession
        handshakes = self._handshakes.gauges() if self._handshakes is not None else {}
        return (
            handshakes
            | self.crowd.gauges()
            | {
                "parvis_edge_listeners": sum(self.listeners().values()),
                "parvis_edge_hls_listeners": sum(self._lines.listeners(self._clock.monotonic_s()).values()),
                "parvis_edge_hls_parts_total": self._lines.sent_parts,
                "parvis_edge_waiting": len(self._waiting),
                "parvis_edge_connections": self._held,
                "parvis_edge_laggards": fanout.laggards,
                "parvis_edge_spaces": sum(space.running for space in self.spaces.stirring),
                "parvis_edge_burst_lateness_ms": round(fanout.lateness_s * 1000, 3),
                "parvis_edge_busy_share": round(self._relief.load.busy_share, 3),
                "parvis_edge_strain_level": self._relief.level,
                "parvis_edge_stretch": concession.newcomers,
                "parvis_edge_closed": int(concession.closed),
                "parvis_edge_joins_per_s": round(self._admission.joins_per_s, 1),
                "parvis_edge_bursts_total": fanout.counts.bursts,
                "parvis_edge_skipped_parts_total": fanout.counts.skipped_parts,
                "parvis_edge_let_go_total": fanout.counts.let_go,
                "parvis_edge_stand_ins_total": sum(feed.counts.stand_ins for feed in feeds),
                "parvis_edge_late_parts_total": sum(feed.counts.late for feed in feeds),
                "parvis_edge_jumped_parts_total": sum(feed.counts.jumped for feed in feeds),
                "parvis_edge_carried_total": self._carrier.carried,
                "parvis_edge_requests_total": self.connections.requests,
                "parvis_edge_joins_total": admission.joins,
                "parvis_edge_resumed_total": admission.resumed,
                "parvis_edge_not_admitted_total": door.not_admitted,
                "parvis_edge_over_address_total": door.over_address,
                "parvis_edge_appointments_total": admission.given,
                "parvis_edge_appointments_kept_total": admission.kept,
                "parvis_edge_appointments_void_total": admission.void,
                "parvis_edge_bus_dropped_total": self._reader.dropped,
                "parvis_edge_bus_malformed_total": self.spaces.malformed,
                "parvis_edge_pass_refused_total": self.passes.refused,
                "parvis_edge_fenced_total": self.spaces.fenced,
            }
        )

    def listeners(self) -> dict[str, int]:
        """Listeners to sound, by Space; those of HLS are an estimate (`hls.py`)."""
        counts = self.fanout.listeners()
        for space, count in self._lines.listeners(self._clock.monotonic_s()).items():
            counts[space] = counts.get(space, 0) + count
        return counts

    def joined(self) -> dict[str, int]:
        """Who began to listen here, by Space, as long as a Space is remembered; without HLS, which has no
        beginning."""
        joined = self._door.counts.joined
        for space in [space for space in joined if self.spaces.is_forgotten(space)]:
            del joined[space]
        return dict(joined)

    def close(self) -> None:
        """Closes every connection without a last chunk: listeners come back, to another edge if need be."""
        self._listening.close()
        if self._handshakes is not None:
            self._handshakes.close_all()
        self.connections.close_all()
        self._waiting.close_all()
        self.fanout.close_all()
        self._epoll.close()

    def _on_event(self, fd: int, mask: int) -> None:
        owner: Connections | Fanout | Handshakes | Waiting = self.fanout
        if fd in self.connections:
            owner = self.connections
        elif fd in self._waiting:
            owner = self._waiting
        if self._handshakes is not None and fd in self._handshakes:
            owner = self._handshakes
        try:
            owner.on_event(fd, mask)
        except Exception:  # a bug that one connection meets must not end the others
            log.exception("connection failed", fd=fd, mask=mask)
            if fd in owner:
                owner.close(fd)

    def _read_bus(self) -> int:
        now_s, at_s, count = self._clock.program_s(), self._clock.monotonic_s(), 0
        for subject, payload in self._reader.drain():
            self.spaces.take(subject, payload, now_s, at_s)
            count += 1
        if count or at_s - self._advanced_at_s >= ADVANCE_S:
            self._advanced_at_s = at_s
            if self.spaces.giving:
                self._carrier.look(at_s)
            if self.spaces.voiding:
                self._end_voided()
            while self.spaces.counted:
                self.crowd.hear(self.spaces.counted.popleft(), at_s)
            news = self.spaces.advance(now_s, at_s)
            for space, name in news:
                self.fanout.wake(space, name)
            if news:
                self._lines.look(at_s)
                self._waiting.look()
        return count

    def _end_voided(self) -> None:
        """Ends the streams of those whose pass is good no more, and of who is banned; who comes back is told
        why."""
        records = self.spaces.voiding
        for fd in {*self.passes.voided(records), *self.badges.banned(records)}:
            self.fanout.close(fd)
        self.spaces.voiding.clear()

    def _accept(self, limit: int) -> bool:
        """Takes up to `limit` newcomers; whether nobody is left at the door who may come in."""
        for _ in range(limit):
            held = self._held
            if held >= self._capacity + self._spare:
                self._pause()
                return True
            if self._handshakes is not None and not self._handshakes.room(self._clock.monotonic_s()):
                self._pause()
                self._accept_at_s = self._clock.monotonic_s() + TURN_S
                return True
            try:
                peer, address = self._listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return True
            except OSError as error:
                log.warning("cannot accept", error=str(error))
                self._pause()
                return True
            fd = peer.detach()
            self._addresses.enter(fd, address[0])
            if self._proxies.trusts(address[0]):
                self._addresses.hide(fd)
                self._proxies.enter(fd)
            if self._addresses.far_over(fd):
                self._door.counts.over_address += 1
                self._leave(fd)
                os.close(fd)
                continue
            os.set_blocking(fd, False)
            door = self.connections if self._handshakes is None else self._handshakes
            door.take(fd, loopback=is_loopback(address[0]), crowded=held >= self._capacity)
            self._on_event(fd, select.EPOLLIN)  # the request is there already: see sockets.py
        return False

    @property
    def _held(self) -> int:
        """Connections, of whatever kind."""
        shaking = 0 if self._handshakes is None else len(self._handshakes)
        return self.fanout.size + len(self.connections) + len(self._waiting) + shaking

    def _take(self, fd: int, loopback: bool, crowded: bool) -> None:
        """Hands are shaken."""
        self.connections.take(fd, loopback=loopback, crowded=crowded)

    def _refuse_plain(self, fd: int, loopback: bool, crowded: bool) -> None:
        """Somebody speaks plain HTTP where TLS is spoken."""
        self.connections.take(fd, loopback=loopback, crowded=crowded)
        detail = "This port speaks HTTPS: the address must begin with https://."
        self.connections.refuse(fd, RemoteProtocolError("tls-required", detail))

    def _respond(self, fd: int, request: Request) -> Answer | Join | Hold:
        self._proxies.reveal(fd, request)
        response = self._door.respond(fd, request)
        return self._dress(response) if isinstance(response, Answer) else response

    def _dress(self, answer: Answer) -> Answer:
        if not self._settings.hsts_s:
            return answer
        hsts = ("Strict-Transport-Security", f"max-age={self._settings.hsts_s}")
        return replace(answer, headers=(*answer.headers, hsts))

    def _leave(self, fd: int) -> None:
        """A descriptor is about to be closed."""
        self.passes.leave(fd)
        self.badges.leave(fd)
        self._addresses.leave(fd)
        self._proxies.leave(fd)

    def _pause(self) -> None:
        """Leaves newcomers in the backlog until the next sweep."""
        if self._accepting:
            self._accepting = False
            self._epoll.unregister(self._listening.fileno())

    def _accept_again(self) -> None:
        if not self._accepting and self._drain is None:
            self._accepting = True
            self._accept_at_s = float("inf")
            self._epoll.register(self._listening.fileno(), select.EPOLLIN)

    def _sweep(self, now_s: float) -> None:
        self._swept_at_s = now_s
        if self._handshakes is not None:
            self._handshakes.sweep()
        if now_s - self._renewed_at_s >= RENEW_S:
            self.renew()
        self.connections.sweep()
        self._waiting.sweep()
        self.fanout.sweep()
        for space in self.fanout.cohorts.followed():
            self.spaces.stir(space)
        self._accept_again()
        self._relief.look(now_s)
        if self._handshakes is not None:
            load, target_share = self._relief.load, self._settings.busy_target
            self._handshakes.adapt(target_share - load.writing_share, strained=load.busy_share > target_share)


def nap_s(stretch: int) -> float:
    """How long to sleep between turns when newcomers get bursts of `stretch` parts."""
    return stretch * NAP_S_PER_PART if stretch >= NAP_FROM_STRETCH else 0.0


def _origins(settings: EdgeSettings) -> Origins:
    scheme = "https" if settings.certificate else "http"
    edge = settings.public_edge_url or f"{scheme}://{_reachable(settings.host)}:{settings.port}"
    control = settings.public_control_url or f"{scheme}://{_reachable(settings.host)}:8081"
    archive = settings.public_archive_url or f"{scheme}://{_reachable(settings.host)}:8082"
    return Origins(edge.rstrip("/"), control.rstrip("/"), archive.rstrip("/"))


def _reachable(host: str) -> str:
    if host in ("", "0.0.0.0", "::"):  # noqa: S104
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
