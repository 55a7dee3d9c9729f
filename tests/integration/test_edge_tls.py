"""TLS ended at the edge: the same sound, the same limits, and a certificate that changes under way."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from parvis.clock import ManualClock
from parvis.edge.bursts import FINAL, Framing
from parvis.edge.cohorts import Cohort, Key
from parvis.edge.fanout import LINGER_S, QUIET, Fanout
from parvis.edge.tls import Secure
from parvis.errors import UserError
from parvis.media.reader import PartReader
from tests.certificates import Authority, serial
from tests.integration.test_edge_fanout import Numbers
from tests.parvis import PARVIS, Parvis, listen, summary, wait_until
from tests.unit.edge.world import Client, Listener, World, wait_for

STREAM = "/live/abc/stream.mp4"


class SecureClient(Client):
    """A client that speaks TLS."""

    def __init__(
        self,
        context: ssl.SSLContext,
        port: int,
        receive_buffer_bytes: int | None,
        timeout_s: float,
        source: str,
    ) -> None:
        super().__init__(port, receive_buffer_bytes, timeout_s, source)
        plain = self.socket
        try:
            self.socket = context.wrap_socket(plain, server_hostname="edge.test", suppress_ragged_eofs=False)
        except OSError:
            plain.close()
            raise


class SecureWorld(World):
    """A world whose edges have a certificate."""

    def __init__(self, tmp_path: Path) -> None:
        super().__init__(tmp_path)
        self.authority = Authority(tmp_path)
        self.issued = self.authority.issue()
        self.context = self.authority.client()

    def secure(self, **changes: object) -> AbstractContextManager[None]:
        """An edge with the certificate."""
        return self.edge(None, certificate=str(self.issued.certificate), key=str(self.issued.key), **changes)

    def connect(
        self,
        *,
        receive_buffer_bytes: int | None = None,
        timeout_s: float = 20.0,
        source: str = "127.0.0.1",
    ) -> Client:
        return SecureClient(self.context, self.port, receive_buffer_bytes, timeout_s, source)

    def plain(self) -> Client:
        return super().connect()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SecureWorld]:
    world = SecureWorld(tmp_path)
    world.stage.begin()
    world.stage.parts(10)
    yield world
    world.close()


def gauge(world: World, name: str) -> float:
    """A figure of the edge, without its prefix."""
    for line in world.get("/metrics").body.decode().splitlines():
        if line.startswith(f"parvis_edge_{name}{{"):
            return float(line.rpartition(" ")[2])
    raise AssertionError(name)


def ended(client: Client) -> bool:
    """Whether the other side lets it go, with an alert at most."""
    try:
        return len(client.rest()) <= 7
    except ConnectionResetError:
        return True


def test_sound_and_its_end_come_whole(world: SecureWorld) -> None:
    with world.secure(), world.connect() as client:
        world.until(STREAM, 200)
        listener = Listener(client)
        first = int(listener.response.headers["x-parvis-sequence"])
        for _ in range(5):
            listener.read_until(world.stage.part(unit=b"x" * 2_000))  # parts of more than one record
        last = world.stage.part(last=True)
        while listener.read():
            pass
        assert listener.sequences == list(range(first, last + 1))
        assert client.socket.recv(1) == b"", "a close_notify, and no broken end"


def test_links_say_https(world: SecureWorld) -> None:
    with world.secure(hsts_s=3600):
        world.until(STREAM, 200)
        response = world.get("/live/abc/space.json")
        links = json.loads(response.body)["links"]
        assert links["share"] == f"https://127.0.0.1:{world.port}/s/abc"
        assert links["studio"].startswith("https://")
        assert response.headers["strict-transport-security"] == "max-age=3600"


@pytest.mark.parametrize("request_line", ["GET /s/abc HTTP/1.1", "OPTIONS * HTTP/1.1"])
def test_plain_http_is_told_so(world: SecureWorld, request_line: str) -> None:
    with world.secure(), world.plain() as client:
        client.send(f"{request_line}\r\nHost: edge.test\r\n\r\n".encode())
        response = client.response()
        assert (response.status, json.loads(response.body)["code"]) == (400, "tls-required")
        assert client.rest() == b""


def test_what_is_neither_is_closed_and_counted(world: SecureWorld) -> None:
    with world.secure():
        with world.plain() as client:
            client.send(b"\x00\x01\x02\x03")
            assert ended(client)
        with world.plain() as client:
            client.send(b"\x16\x03\x01\x00\x04oops")
            assert ended(client)
        wait_for(lambda: gauge(world, "handshakes_failed_total") >= 2, "they are counted")


def test_who_does_not_shake_hands_runs_out_of_time_and_holds_nobody_up(world: SecureWorld) -> None:
    with (
        world.secure(handshake_timeout_s=1.0),
        world.connect() as client,
        ExitStack() as stack,
    ):
        world.until(STREAM, 200)
        honest = Listener(client)
        silent = [stack.enter_context(world.plain()) for _ in range(100)]
        for each in silent[::2]:
            each.send(b"\x16\x03\x01\x02")  # a handshake begins, and never goes on
        honest.read_until(world.stage.part())
        for each in silent:
            assert each.rest() == b""
        with world.connect() as other:
            Listener(other).read_until(world.stage.part())
        honest.read_until(world.stage.sequence)
        assert honest.sequences == list(range(honest.sequences[0], world.stage.sequence + 1)), "no gap"


def test_a_slow_listener_gets_whole_parts_and_holds_nobody_up(world: SecureWorld) -> None:
    with (
        world.secure(),
        world.connect() as client,
        world.connect(receive_buffer_bytes=2048) as slow,
    ):
        world.until(STREAM, 200)
        honest, laggard = Listener(client), Listener(slow)
        for _ in range(60):
            last = world.stage.part(unit=b"x" * 4_000)
            honest.read_until(last)
        wait_for(lambda: gauge(world, "laggards") == 1, "it lags")
        laggard.read_until(last)
        assert honest.sequences == list(range(honest.sequences[0], last + 1)), "no gap"
        missed = set(range(laggard.sequences[0], last + 1)) - set(laggard.sequences)
        assert len(missed) == gauge(world, "skipped_parts_total") > 0
        listener_parts = {part.sequence: part.access_units for part in honest.parts}
        assert all(listener_parts[part.sequence] == part.access_units for part in laggard.parts)


def test_limits_by_address_hold(world: SecureWorld) -> None:
    with world.secure(per_address=2), ExitStack() as stack:
        world.until(STREAM, 200)
        for _ in range(2):
            Listener(stack.enter_context(world.connect(source="127.0.0.66")))
        refused = world.get(STREAM, source="127.0.0.66")
        assert (refused.status, json.loads(refused.body)["code"]) == (503, "not-admitted")


def test_an_appointment_is_kept(world: SecureWorld) -> None:
    with world.secure(joins_per_s=1.0):
        world.until(STREAM, 200)
        with world.connect() as client:
            Listener(client)
            appointment = json.loads(world.get(STREAM).body)["appointment"]

            def admitted() -> bool:
                with world.connect() as again:
                    again.request(STREAM, X_Parvis_Appointment=appointment)
                    return again.head().status == 200

            wait_for(admitted, "its time comes")


def test_http_1_0_ends_with_a_close_notify(world: SecureWorld) -> None:
    with world.secure(), world.connect() as client:
        world.until(STREAM, 200)
        client.request(STREAM, version="1.0")
        response = client.head()
        assert response.status == 200
        last = world.stage.part(last=True)
        reader = PartReader()
        items = reader.feed(client.rest())  # raises where the end is ragged
        assert items[-1].sequence == last  # type: ignore[union-attr]


def test_an_edge_without_a_usable_certificate_does_not_start(world: SecureWorld) -> None:
    world.issued.key.write_bytes(b"no key")
    with pytest.raises(UserError, match="cannot use certificate and key"), world.secure():
        pass


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """Everybody believes it: clients of this process and those that it starts."""
    authority = Authority(tmp_path_factory.mktemp("authority"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(authority.file))
        yield authority


@pytest.fixture(scope="module")
def secure(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parvis]:
    """All of Parvis, with a certificate."""
    issued = authority.issue()
    environment = {
        "PARVIS_CERTIFICATE": str(issued.certificate), "PARVIS_KEY": str(issued.key), "PARVIS_HSTS_S": "60",
    }  # fmt: skip
    parvis = Parvis(tmp_path_factory.mktemp("parvis") / "data", edges=1, environment=environment)
    parvis.start()
    yield parvis
    assert parvis.stop() == 0


def shown(port: int, authority: Authority) -> int:
    """The serial number of the certificate that a newcomer sees there."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        authority.client().wrap_socket(plain, server_hostname="localhost") as line,
    ):
        return serial(line)


def test_a_renewed_certificate_drops_nobody(secure: Parvis, authority: Authority) -> None:
    ana = secure.person()
    space = ana.post("spaces", {"title": "Renewed"})
    ana.post(f"spaces/{space['id']}/start")
    assert space["links"]["share"] == f"https://127.0.0.1:{secure.port}/s/{space['id']}"
    assert space["links"]["whip"].startswith(f"https://127.0.0.1:{secure.control_port}/")
    answer = httpx.get(f"{secure.control}/healthz")
    assert answer.headers["strict-transport-security"] == "max-age=60"
    wait_until(lambda: bool(secure.space_json(space["id"])["renditions"]))
    ear = listen(space, "--for", "8")
    wait_until(lambda: secure.space_json(space["id"])["counts"]["listeners"] == 1)
    before = shown(secure.port, authority)
    studio = {"Authorization": f"Bearer {ana.token}"}
    with httpx.stream(
        "GET", f"{secure.control}/api/v1/spaces/{space['id']}/events", headers=studio
    ) as events:
        lines = events.iter_lines()
        assert any("Renewed" in line for line in lines)
        renewed = authority.issue()
        os.kill(secure.pid("edge-1"), signal.SIGHUP)
        wait_until(lambda: shown(secure.port, authority) == renewed.serial != before)
        wait_until(lambda: shown(secure.control_port, authority) == renewed.serial)  # looked at every 10 s
        ana.patch(f"spaces/{space['id']}", {"title": "Said on the old connection"})
        assert any("Said on the old connection" in line for line in lines), "the studio's events have ended"
    told = summary(ear)
    assert (told["gaps"], told["repeats"], told["reconnects"]) == (0, 0, 0)


def test_a_storm_hears_everything(secure: Parvis, authority: Authority) -> None:
    ana = secure.person()
    space = ana.post("spaces", {"title": "Storm"})
    ana.post(f"spaces/{space['id']}/start")
    wait_until(lambda: bool(secure.space_json(space["id"])["renditions"]))
    storm = [*PARVIS, "storm", space["links"]["share"], "--json"]
    crowd = ["--listeners", "60", "--arrive", "1", "--for", "4", "--slow", "0.05", "--lossy", "0.05"]
    heard = subprocess.run(
        [*storm, *crowd, "--codec", "aac"], capture_output=True, text=True, timeout=60, check=False
    )
    assert heard.returncode == 0, heard.stdout + heard.stderr
    told = json.loads(heard.stdout)
    assert told["listeners"]["admitted"] == 60
    assert told["streams"]["malformed"] == 0
    stranger = {name: value for name, value in os.environ.items() if name != "SSL_CERT_FILE"}
    doubted = subprocess.run(storm, capture_output=True, text=True, timeout=60, check=False, env=stranger)
    assert doubted.returncode == 1
    assert "[certificate-untrusted]" in doubted.stderr
    for belief in (("--ca", str(authority.file)), ("--insecure",)):
        few = [*storm, *belief, "--listeners", "3", "--arrive", "burst", "--for", "2"]
        assert subprocess.run(few, capture_output=True, timeout=60, check=False, env=stranger).returncode == 0


def test_listen_doubts_and_believes_as_it_is_told(
    secure: Parvis, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = secure.person()
    space = ana.post("spaces", {"title": "Belief"})
    ana.post(f"spaces/{space['id']}/start")
    wait_until(lambda: bool(secure.space_json(space["id"])["renditions"]))
    monkeypatch.delenv("SSL_CERT_FILE")
    assert summary(listen(space, "--for", "2", "--ca", str(authority.file)))["parts"] > 0
    assert summary(listen(space, "--for", "2", "--insecure"))["parts"] > 0
    assert listen(space, "--for", "2").wait(30) == 1


def test_parvis_up_says_what_is_wrong_with_a_certificate(tmp_path: Path) -> None:
    environment = {**os.environ, "PARVIS_CERTIFICATE": str(tmp_path / "none.pem")}
    command = [*PARVIS, "up", "--data", str(tmp_path / "data")]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert told.returncode == 1
    assert "[certificate-unusable]" in told.stderr


class SecureSquare:
    """A fan-out over TLS, turn by turn, and the other ends of its sockets."""

    def __init__(self, tmp_path: Path) -> None:
        self.epoll = select.epoll()
        self.clock = ManualClock()
        self.transport = Secure()
        self.fanout = Fanout(self.epoll, self.clock, 30.0, transport=self.transport)
        self.source = Numbers()
        self.cohort: Cohort = self.fanout.cohorts.get(Key("abc", "opus", Framing.CHUNKED), self.source)
        authority = Authority(tmp_path)
        issued = authority.issue()
        self._server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._server.load_cert_chain(issued.certificate, issued.key)
        self._client = authority.client()

    def join(self, *, narrow: bool = False) -> ssl.SSLSocket:
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setblocking(False)
        line = self._server.wrap_socket(ours, server_side=True, do_handshake_on_connect=False)
        peer = self._client.wrap_socket(theirs, server_hostname="edge.test", do_handshake_on_connect=False)
        waiting = [peer, line]
        while waiting:
            for end in list(waiting):
                try:
                    end.do_handshake()
                    waiting.remove(end)
                except ssl.SSLWantReadError:
                    pass
        if narrow:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
        self.transport.adopt(line)
        self.epoll.register(line.fileno(), QUIET)
        self.fanout.join(line.fileno(), self.cohort, b"H")
        return peer

    def advance(self) -> None:
        self.source.newest += 1
        self.fanout.wake("abc", "opus")
        self.fanout.write(1000)

    def drain(self, peer: ssl.SSLSocket) -> bytes:
        """Reads until nobody lags and nothing comes."""
        got = b""
        while True:
            try:
                more = peer.recv(65536)
            except ssl.SSLWantReadError:
                events = [event for event in self.epoll.poll(0) if event[1] & select.EPOLLOUT]
                for fd, mask in events:
                    self.fanout.on_event(fd, mask)
                if not events:
                    return got
                continue
            if not more:
                return got
            got += more


@pytest.fixture
def square(tmp_path: Path) -> Iterator[SecureSquare]:
    square = SecureSquare(tmp_path)
    yield square
    square.fanout.close_all()
    square.epoll.close()


@pytest.mark.parametrize("size", [100, 10_000, 50_000])
def test_a_full_socket_gets_each_burst_whole_or_not_at_all(square: SecureSquare, size: int) -> None:
    square.source.size = size
    peer, other = square.join(narrow=True), square.join()
    others = b""
    for _ in range(40):
        square.advance()
        square.source.oldest += 1
        others += square.drain(other) if size < 50_000 else b""
    assert square.fanout.laggards >= 1
    got = square.drain(peer)
    square.advance()
    got += square.drain(peer)
    expected = {number: b"%x\r\n%b\r\n" % (size, square.source.part(number)) for number in range(100, 141)}
    numbers = [int(piece.partition(b">")[0]) for piece in got.split(b"<")[1:]]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 140
    assert got == b"H" + b"".join(expected[number] for number in numbers)
    peer.close()
    other.close()


def test_a_slow_taker_of_a_long_burst_is_not_let_go(square: SecureSquare) -> None:
    """A burst that is still not through after the timeout is no reason, as long as some of it goes."""
    square.source.size = 200_000
    peer = square.join(narrow=True)
    square.advance()
    assert square.fanout.laggards == 1
    taken = 0
    while square.fanout.laggards and taken < 1_000_000:
        square.clock.advance(20.0)
        with suppress(ssl.SSLWantReadError):
            taken += len(peer.recv(16_384))
        for fd, mask in square.epoll.poll(0):
            square.fanout.on_event(fd, mask)
        square.fanout.sweep()
        assert square.fanout.size == 1
    square.clock.advance(100.0)
    square.fanout.sweep()
    assert (square.fanout.size, square.fanout.counts.let_go) == (1, 0)
    peer.close()


def test_a_laggard_gets_the_last_chunk_and_a_close_notify(square: SecureSquare) -> None:
    square.source.size = 20_000
    peer = square.join(narrow=True)
    for _ in range(5):
        square.advance()
    square.source.over = True
    square.advance()
    got = square.drain(peer)
    assert got.endswith(b"\r\n" + FINAL[Framing.CHUNKED])
    assert b"<105>" in got
    square.clock.advance(LINGER_S)
    square.fanout.sweep()
    assert square.fanout.size == 0
    peer.close()


def test_what_listeners_say_is_ignored_up_to_a_limit(square: SecureSquare) -> None:
    peer = square.join()
    peer.send(b"x" * 4_096)
    for fd, mask in square.epoll.poll(1):
        square.fanout.on_event(fd, mask)
    assert square.fanout.size == 1
    peer.send(b"x")
    for fd, mask in square.epoll.poll(1):
        square.fanout.on_event(fd, mask)
    assert (square.fanout.size, square.fanout.counts.let_go) == (0, 1)
    peer.close()
