from __future__ import annotations

import ipaddress
import os
import select
import socket

import pytest

from parvis.storm.sockets import LISTENERS_PER_SOURCE, Dialler, reset, sources
from parvis.storm.target import Target


def target_of(server: socket.socket) -> Target:
    return Target.of(f"http://127.0.0.1:{server.getsockname()[1]}/s/abc")


def test_workers_share_no_address() -> None:
    target = Target.of("http://127.0.0.1/s/abc")
    taken = [source for worker in range(60) for source in sources(target, worker, 2 * LISTENERS_PER_SOURCE)]
    assert len(taken) == 120
    assert len(set(taken)) == 120
    assert all(ipaddress.ip_address(source).is_loopback for source in taken)
    assert taken[0] == "127.0.1.1"


def test_elsewhere_the_system_chooses() -> None:
    assert sources(Target.of("http://192.0.2.1/s/abc", owned=True), 0, 10) == ()
    assert sources(Target.of("http://[::1]/s/abc"), 0, 10) == ()


def test_connections_come_from_the_addresses_in_turn() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        dialler = Dialler(target_of(server), ("127.0.7.1", "127.0.8.1"))
        fds = [dialler.dial(dialler.next_source()) for _ in range(4)]
        peers = sorted(server.accept()[1][0] for _ in range(4))
        assert peers == ["127.0.7.1", "127.0.7.1", "127.0.8.1", "127.0.8.1"]
        for fd in fds:
            assert not os.get_blocking(fd)
            os.close(fd)


def test_slow_listeners_have_a_small_buffer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        sizes = []
        for slow in (False, True):
            with socket.socket(fileno=Dialler(target_of(server), ()).dial(0, slow=slow)) as peer:
                sizes.append(peer.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
    assert sizes[1] <= 8_192 < sizes[0]


def test_a_reset_is_seen_as_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        fd = Dialler(target_of(server), ()).dial(0)
        peer, _ = server.accept()
        reset(fd)
        with peer:
            select.select([peer], [], [], 10)
            with pytest.raises(ConnectionResetError):
                peer.recv(1)
