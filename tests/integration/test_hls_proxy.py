"""A crowd of HLS players behind nginx, as deploy/ configures it: the edge is asked once for each part."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from parvis.spaces.pass_text import Claims, load_or_make_keys, sign
from tests.certificates import Authority
from tests.integration.test_proxies import DEPLOY, PLACES, program
from tests.unit.edge.world import World, free_port, wait_for

PLAYERS = 1000
MEMBERS = 20
PARTS = 6


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


@contextmanager
def nginx(world: World, folder: Path) -> Iterator[int]:
    """The sample in front of the world's edge, without TLS; its port."""
    issued, port = Authority(folder).issue(), free_port()
    changes = {
        "listen 443 ssl http2": f"listen 127.0.0.1:{port}",
        "/etc/parvis/tls.crt": str(issued.certificate),
        "/etc/parvis/tls.key": str(issued.key),
        "/var/cache/nginx/parvis": str(folder / "cache"),
        "127.0.0.1:8080": f"127.0.0.1:{world.port}",
        "worker_processes auto": "worker_processes 1",
        "worker_connections 50000": "worker_connections 4000",
        "worker_rlimit_nofile 100000": "worker_rlimit_nofile 8000",
        "http {\n": "http {\n" + "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in PLACES),
    }
    text = (DEPLOY / "nginx.conf").read_text()
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    file = folder / "nginx.conf"
    file.write_text(text)
    said = f"daemon off; pid {folder}/pid;" + (" user root;" if os.geteuid() == 0 else "")
    log = folder / "error.log"
    command = [
        program("nginx", "nginx-light"),
        "-p",
        str(folder),
        "-c",
        str(file),
        "-e",
        str(log),
        "-g",
        said,
    ]
    process = subprocess.Popen(command)
    try:
        wait_for(log.parent.joinpath("pid").exists, "nginx runs")
        yield port
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        process.wait(20)


class Player:
    """A client of the playlist and its parts, on two connections, as players are."""

    def __init__(self) -> None:
        self.got: list[int] = []

    async def play(self, port: int, first: int, count: int) -> None:
        reload, fetch = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for sequence in range(first, first + count):
            playlist = f"/live/abc/aac.m3u8?_HLS_msn={sequence // 6}&_HLS_part={sequence % 6}"
            text, sound = await asyncio.gather(
                ask(*reload, playlist), ask(*fetch, f"/live/abc/aac/{sequence}.part.m4s")
            )
            assert f"aac/{sequence}.part.m4s".encode() in text
            assert sound[4:8] == b"prft"
            self.got.append(sequence)
        for _, writer in (reload, fetch):
            writer.close()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str) -> bytes:
    """The body of a 200, by its length or in chunks."""
    writer.write(f"GET {target} HTTP/1.1\r\nHost: listen.example.org\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    assert head.startswith("http/1.1 200"), head
    length = re.search(r"content-length: (\d+)", head)
    assert length, head
    return await reader.readexactly(int(length[1]))


def gauge(world: World, name: str) -> int:
    found = re.search(rf"parvis_edge_{name}\{{.*\}} (\d+)", world.get("/metrics").body.decode())
    assert found, name
    return int(found[1])


def test_the_edge_is_asked_once_for_each_part(world: World, tmp_path: Path) -> None:
    world.stage.begin()
    newest = world.stage.parts(20)
    with world.edge(), nginx(world, tmp_path) as port:
        wait_for(
            lambda: f"{newest}.part".encode() in world.get("/live/abc/aac.m3u8").body, "all parts are there"
        )
        players = [Player() for _ in range(PLAYERS)]
        before = gauge(world, "requests_total")
        asked = []

        async def crowd() -> None:
            tasks = [asyncio.create_task(player.play(port, newest + 1, PARTS)) for player in players]
            for number in range(PARTS):
                while not all(len(player.got) == number for player in players):
                    assert not any(task.done() for task in tasks)
                    await asyncio.sleep(0.01)
                while await asyncio.to_thread(gauge, world, "waiting") < 2:
                    asked.append(1)
                    await asyncio.sleep(0.05)
                asked.append(1)
                await asyncio.to_thread(world.stage.part)
            await asyncio.wait_for(asyncio.gather(*tasks), 60)

        asyncio.run(crowd())
        assert all(player.got == list(range(newest + 1, newest + 1 + PARTS)) for player in players)
        requests = gauge(world, "requests_total") - before - len(asked) - 1
        assert requests == 2 * PARTS, "a playlist and a part, each once, for a thousand players"


def test_members_wait_beside_each_other_and_not_for_each_other(world: World, tmp_path: Path) -> None:
    """What is answered to a pass is not kept: with the cache's lock they would come one after the other."""
    shown = sign(Claims("p1", "abc", MEMBERS, 0, None), load_or_make_keys(world.settings.data))
    world.stage.begin(visibility="members")
    newest = world.stage.parts(20)
    with world.edge(), nginx(world, tmp_path) as port:
        target = f"/live/abc/aac.m3u8?_HLS_msn={(newest + 1) // 6}&_HLS_part={(newest + 1) % 6}&pass={shown}"
        now = f"/live/abc/aac.m3u8?pass={shown}"
        wait_for(lambda: f"{newest}.part".encode() in world.get(now).body, "all parts are there")

        async def crowd() -> list[bytes]:
            lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MEMBERS)]
            tasks = [asyncio.create_task(ask(*line, target)) for line in lines]
            everybody = partial(wait_for, lambda: gauge(world, "waiting") == MEMBERS, "all wait at the edge")
            await asyncio.to_thread(everybody)
            await asyncio.to_thread(world.stage.part)
            answers = await asyncio.wait_for(asyncio.gather(*tasks), 20)
            for _, writer in lines:
                writer.close()
            return answers

        answers = asyncio.run(crowd())
        assert all(f"aac/{newest + 1}.part.m4s?pass={shown}".encode() in text for text in answers)
        assert gauge(world, "waiting") == 0
        assert world.get(now.partition("?")[0]).status == 403
        with socket.create_connection(("127.0.0.1", port), timeout=20) as stranger:
            stranger.sendall(
                f"GET {target.partition('&pass')[0]} HTTP/1.0\r\nHost: listen.example.org\r\n\r\n".encode()
            )
            assert stranger.recv(64).startswith(b"HTTP/1.1 403"), "nothing of it was kept for others"
