"""Replays at a real S3 server (`s3rver`, which checks signatures): stored, read by range, deleted, and what
happens while the server is away."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.archive_world import ArchiveWorld, archive
from tests.parvis import free_ports
from tests.unit.archive.makers import SPACE

S3RVER = Path(__file__).parent / "s3" / "node_modules" / "s3rver" / "bin" / "s3rver.js"
KEY = "S3RVER"
"""The key and the secret that this server knows."""
BUCKET = "replays"


class S3:
    """The server. Objects are in a folder, and still there after `kill -9`."""

    def __init__(self, folder: Path) -> None:
        assert S3RVER.exists(), "run `npm ci` in tests/integration/s3 (make test does)"
        self.folder = folder
        folder.mkdir()
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self._command = [
            "node", str(S3RVER), "--directory", str(folder), "--address", "127.0.0.1", "--port", str(port),
            "--configure-bucket", BUCKET,
        ]  # fmt: skip
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout is not None
        while b"listening" not in self.process.stdout.readline():
            assert self.process.poll() is None, "s3rver does not start"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def objects(self) -> dict[str, bytes]:
        """What is stored of the Space, by name."""
        top, end = self.folder / BUCKET / "evening" / SPACE, "._S3rver_object"
        files = [file for file in top.rglob(f"*{end}") if file.is_file()]
        return {str(file.relative_to(top)).removesuffix(end): file.read_bytes() for file in files}


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    server = S3(tmp_path / "s3")
    for name, value in {
        "AWS_ENDPOINT": server.url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": KEY,
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    yield server
    server.kill()


AT_S3: dict[str, Any] = {"archive_url": f"s3://{BUCKET}/evening", "archive_allow_http": True}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


async def failures(world: ArchiveWorld) -> float:
    """How often something could not be stored."""
    text = (await world.http.get("/metrics")).text
    return float(next(line for line in text.splitlines() if line.startswith("parvis_replay_failures "))[23:])


async def test_a_replay_lives_at_s3_and_is_deleted_there(tmp_path: Path, s3: S3) -> None:
    async with archive(tmp_path / "data", archive_keep_local=False, **AT_S3) as world:
        await world.record()
        await until(lambda: "replay.json" in s3.objects() and not list(world.folder.rglob("*.m4a")))
        stored = s3.objects()
        assert {"audio.m4a", "audio.opus", "chapters.json", "replay.json"} <= set(stored)
        assert any(name.startswith("parts/opus.") for name in stored)
        assert await world.sound() == stored["audio.m4a"]
        some = await world.http.get(f"{world.replay}/audio.opus", headers={"Range": "bytes=1000-1999"})
        assert (some.status_code, some.content) == (206, stored["audio.opus"][1000:2000])

        s3.kill()
        away = await world.http.get(f"{world.replay}/audio.m4a", headers={"Range": "bytes=0-99"})
        assert (away.status_code, away.json()["code"]) == (503, "store-away")
        assert int(away.headers["Retry-After"]) > 0
        assert (await world.http.get(f"{world.replay}/replay.json")).status_code == 200
        s3.start()
        assert await world.sound() == stored["audio.m4a"]

        assert (await world.http.delete(world.replay, headers=world.as_("ana"))).status_code == 204
        await until(lambda: not s3.objects())


async def test_a_server_that_is_killed_while_it_is_given_a_replay_gets_all_of_it_later(
    tmp_path: Path, s3: S3
) -> None:
    async with archive(tmp_path / "data", **AT_S3) as world:
        os.kill(s3.process.pid, signal.SIGSTOP)  # it takes the connection, and never answers
        await world.record()
        s3.kill()
        async with asyncio.timeout(60):
            while not await failures(world):
                await asyncio.sleep(0.05)
        sound = await world.sound()  # from here
        s3.start()
        while not s3.objects():
            await asyncio.sleep(0.002)
        s3.kill()  # between two objects, or in the middle of one
        s3.start()
        await until(lambda: "replay.json" in s3.objects())
        assert s3.objects()["audio.m4a"] == sound
        local = {
            str(file.relative_to(world.folder)): file.read_bytes()
            for file in (world.folder / "parts").iterdir()
        }
        assert {name: s3.objects()[name] for name in local} == local
