"""Janus with its AudioBridge, in a process of its own: a conference bridge that nobody here wrote.

What is asked of it goes over its HTTP API. It leaves the loopback interface alone, so media goes to and fro
by this machine's own address, and does not leave it.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.parvis import free_ports, wait_until

FOLDERS = {
    "plugins": ("libjanus_audiobridge.so",),
    "transports": ("libjanus_http.so",),
    "events": (),
    "loggers": (),
}
PATIENCE_S = 30.0


class Janus:
    """A bridge that runs, with one room in it."""

    def __init__(self, url: str, pid: int) -> None:
        self._url = url
        self._api = httpx.Client(timeout=PATIENCE_S, trust_env=False)
        self.pid = pid

    def close(self) -> None:
        self._api.close()

    def room(self, **options: Any) -> int:
        """Makes a room at 48 kHz; its number."""
        made = self.handle().ask(request="create", sampling_rate=48_000, **options)
        return int(made["room"])

    def handle(self) -> Handle:
        """A way to ask the AudioBridge: one participant, or none."""
        session = self.send(self._url, janus="create")["data"]["id"]
        url = f"{self._url}/{session}"
        handle = self.send(url, janus="attach", plugin="janus.plugin.audiobridge")["data"]["id"]
        return Handle(self, url, f"{url}/{handle}")

    def send(self, url: str, **message: Any) -> dict[str, Any]:
        answer = self._api.post(url, json={"transaction": secrets.token_hex(6), **message})
        told: dict[str, Any] = answer.json()
        assert told["janus"] in ("success", "ack"), told
        return told

    def event(self, url: str) -> dict[str, Any]:
        """The next event of a session."""
        while True:
            told: dict[str, Any] = self._api.get(url, params={"maxev": 1}).json()
            [told] = told if isinstance(told, list) else [told]
            if told["janus"] == "event":
                return told


class Handle:
    """One handle of the AudioBridge."""

    def __init__(self, janus: Janus, session: str, url: str) -> None:
        self._janus = janus
        self._session = session
        self._url = url

    def ask(self, **body: Any) -> dict[str, Any]:
        """A request that is answered at once."""
        told = self._janus.send(self._url, janus="message", body=body)
        data: dict[str, Any] = told["plugindata"]["data"]
        assert "error" not in data, data
        return data

    def join(self, room: int, **options: Any) -> str:
        """Becomes a participant; Janus's offer, if `generate_offer` asks for one."""
        told = self._answered("joined", "id", request="join", room=room, **options)
        return str(told["jsep"]["sdp"]) if "jsep" in told else ""

    def configure(self, kind: str, sdp: str) -> str:
        """Gives the participant's offer, for Janus's answer; or its answer, for nothing."""
        told = self._answered("event", "result", {"type": kind, "sdp": sdp}, request="configure")
        return str(told["jsep"]["sdp"]) if "jsep" in told else ""

    def _answered(
        self, kind: str, key: str, jsep: dict[str, str] | None = None, **body: Any
    ) -> dict[str, Any]:
        """The event of that kind which has this key: others tell what the other participants do."""
        more = {"jsep": jsep} if jsep else {}
        self._janus.send(self._url, janus="message", body=body, **more)
        while True:
            told = self._janus.event(self._session)
            data = told["plugindata"]["data"]
            assert "error" not in data, data
            if data["audiobridge"] == kind and key in data:
                return told


@contextmanager
def janus(folder: Path) -> Iterator[Janus]:
    """Runs until the block ends."""
    program = shutil.which("janus")
    if not program:
        pytest.fail("janus is not installed: apt-get install -y --no-install-recommends janus")
    [port] = free_ports(1)
    log = folder / "janus.log"
    with log.open("w") as out:
        process = subprocess.Popen([program, "-F", str(_configured(folder, port))], stdout=out, stderr=out)
    url = f"http://127.0.0.1:{port}/janus"

    def answers() -> bool:
        assert process.poll() is None, log.read_text()[-4000:]
        try:
            return httpx.get(f"{url}/info", timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    try:
        wait_until(answers)
        running = Janus(url, process.pid)
        yield running
        running.close()
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _configured(folder: Path, port: int) -> Path:
    """A folder with all that Janus reads: the one plugin, the one transport."""
    [installed] = Path("/usr/lib").glob("*/janus")
    for name, files in FOLDERS.items():
        (folder / name).mkdir()
        for file in files:
            (folder / name / file).symlink_to(installed / name / file)
    places = "\n".join(f'{name}_folder = "{folder / name}"' for name in FOLDERS)
    (folder / "janus.jcfg").write_text(
        f"general: {{\n{places}\ndebug_level = 4\nsession_timeout = 0\n}}\nmedia: {{\nipv6 = false\n}}\n"
    )
    (folder / "janus.transport.http.jcfg").write_text(
        f'general: {{\nhttp = true\nport = {port}\nip = "127.0.0.1"\nhttps = false\n}}\n'
    )
    (folder / "janus.plugin.audiobridge.jcfg").write_text("general: {\n}\n")
    return folder
