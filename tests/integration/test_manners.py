"""An evening with manners: a hand is called and speaks, chat and polls ride the parts, a ban ends a session.

Real processes: control, stages, edges, the bus between them, a speaker by WHIP.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from parvis.cli.speak import write_wav
from parvis.clock import PART_MS, PART_SAMPLES
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition
from parvis.program.decoders import Decoder
from tests.integration.signals import power_db, tone
from tests.parvis import Parvis, Person, speak, wait_until


class Ear:
    """Follows the events of a Space at an edge, as a hall does, from the moment it is made."""

    def __init__(self, port: int, space: str) -> None:
        self.events: list[dict[str, Any]] = []
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        request = f"GET /live/{space}/events HTTP/1.0\r\n\r\n"
        self._socket.sendall(request.encode())
        self._lines = self._socket.makefile("r", encoding="utf-8")
        self._thread = threading.Thread(target=self._listen, name="ear")
        self._thread.start()
        wait_until(lambda: bool(self.events))

    def of(self, type: str) -> list[dict[str, Any]]:
        return [event for event in list(self.events) if event["type"] == type]

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(30)
        self._lines.close()
        self._socket.close()

    def _listen(self) -> None:
        with suppress(OSError, ValueError):
            for line in self._lines:
                if line.startswith("data: "):
                    self.events.append(json.loads(line.removeprefix("data: ")))


HEARD_AFTER = 2
"""Parts that begin after the answer to a ban and may still hold the voice: 0.64 s of jitter buffer, mixing
and encoding."""


class Program:
    """Takes the parts of a Space as an edge sends them, from now on."""

    def __init__(self, parvis: Parvis, space: str) -> None:
        self.parts: list[Part] = []
        self._peer = socket.create_connection(("127.0.0.1", parvis.port), timeout=60)
        self._peer.sendall(f"GET /live/{space}/stream.mp4?codec=opus HTTP/1.0\r\n\r\n".encode())
        self._thread = threading.Thread(target=self._listen, name="program")

    @property
    def newest(self) -> int:
        return self.parts[-1].sequence if self.parts else 0

    def with_tone(self, frequency_hz: float) -> list[int]:
        """Sequences of the parts that hold it."""
        sound = Decoder(Rendition.OPUS).decode(unit for part in self.parts for unit in part.access_units)
        blocks = [sound[n * PART_SAMPLES : (n + 1) * PART_SAMPLES] for n in range(len(self.parts))]
        held = zip(self.parts, blocks, strict=True)
        return [part.sequence for part, block in held if power_db(block, frequency_hz) > -50]

    def __enter__(self) -> Program:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._peer.shutdown(socket.SHUT_RDWR)
        self._thread.join(30)
        self._peer.close()

    def _listen(self) -> None:
        reader = PartReader()
        with suppress(OSError), self._peer.makefile("rb") as stream:
            while stream.readline() not in (b"\r\n", b""):
                pass
            while data := stream.read1(65_536):
                self.parts += [item for item in reader.feed(data) if isinstance(item, Part)]


@pytest.fixture
def parvis(tmp_path: Path) -> Iterator[Parvis]:
    running = Parvis(tmp_path / "data", edges=2)
    running.start()
    yield running
    assert running.stop() == 0


@contextmanager
def ear(parvis: Parvis, space: str) -> Iterator[Ear]:
    listening = Ear(parvis.port, space)
    try:
        yield listening
    finally:
        listening.close()


def sessions(parvis: Parvis) -> float:
    """Sessions on all stages, as their heartbeats say."""
    lines = httpx.get(f"{parvis.control}/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("parvis_sessions{"))


def connected(person: Person, space: str) -> set[str]:
    return {seat["handle"] for seat in person.get(f"spaces/{space}/seats")["items"] if seat["connected"]}


def stream(parvis: Parvis, space: str, header: str = "") -> socket.socket:
    """Listens at one of the edges, once the answer has begun."""
    peer = socket.create_connection(("127.0.0.1", parvis.port), timeout=30)
    peer.sendall(f"GET /live/{space}/stream.mp4 HTTP/1.0\r\n{header}\r\n".encode())
    assert peer.recv(12, socket.MSG_WAITALL).endswith(b"200")
    peer.setblocking(False)
    return peer


def ended(peer: socket.socket) -> bool:
    """Takes what is there; whether that was all."""
    try:
        while data := peer.recv(65_536):
            assert data
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
    return True


def seen(found: Callable[[], list[Any]]) -> Any:
    """The first that comes."""
    wait_until(lambda: bool(found()))
    return found()[0]


def test_a_hand_is_called_speaks_and_is_banned(parvis: Parvis, tmp_path: Path) -> None:
    ana, zoe = parvis.person("ana"), parvis.person("zoe")
    space = ana.post("spaces", {"title": "Questions, please"})
    url = f"spaces/{space['id']}"
    ana.post(f"{url}/start")
    wait_until(lambda: parvis.space_json(space["id"])["renditions"] != [])
    assert parvis.space_json(space["id"])["links"]["api"] == f"{parvis.control}/api/v1"
    with ear(parvis, space["id"]) as hall:
        hand = zoe.post(f"{url}/hands", {"note": "A question about the budget"})
        assert hand["position"] == 1
        ana.patch(f"{url}/hands/{hand['id']}", {"state": "called"})
        wait_until(
            lambda: any(
                speaker["handle"] == zoe.handle for event in hall.of("stage") for speaker in event["speakers"]
            )
        )
        assert zoe.get(f"{url}/hands/mine")["state"] == "called"

        voice = tmp_path / "voice.wav"
        write_wav(voice, tone(440, 90))
        speaking = speak(zoe, space, voice)
        try:
            wait_until(lambda: connected(ana, space["id"]) == {zoe.handle})
            message = zoe.post(f"{url}/messages", {"text": "Here I am"})
            told = seen(lambda: hall.of("chat"))
            assert (told["id"], told["text"], told["role"]) == (message["id"], "Here I am", "speaker")

            badge = zoe.post(f"{url}/badge")["badge"]
            known = [stream(parvis, space["id"], f"X-Parvis-Badge: {badge}\r\n") for _ in range(4)]
            anonymous = [stream(parvis, space["id"]) for _ in range(4)]
            with Program(parvis, space["id"]) as program:
                wait_until(lambda: len(program.parts) > 4)
                ana.post(f"{url}/bans", {"handle": zoe.handle, "reason": "Enough."})
                banned = int(time.time() * 1000) // PART_MS
                wait_until(lambda: program.newest > banned + HEARD_AFTER + 4)
            held = program.with_tone(440)
            assert banned - 2 in held, "it is this voice that is heard"
            after = [sequence for sequence in held if sequence > banned]
            assert len(after) <= HEARD_AFTER, f"{after} after {banned}"
            wait_until(lambda: all(ended(one) for one in known))
            assert not any(ended(one) for one in anonymous), "nobody else is touched"
            for one in (*known, *anonymous):
                one.close()
            again = httpx.get(
                f"{parvis.edge}/live/{space['id']}/stream.mp4", headers={"X-Parvis-Badge": badge}
            )
            assert (again.status_code, again.json()["code"]) == (403, "banned")
            assert seen(lambda: hall.of("chat-gone"))["by"] == zoe.handle
            wait_until(lambda: sessions(parvis) == 0)
            assert speaking.wait(timeout=60) != 0, "it may not come back"
        finally:
            speaking.kill()
            speaking.wait()
        refused = zoe.api.post(f"{url}/hands")
        assert (refused.status_code, refused.json()["code"]) == (403, "banned")
        assert httpx.get(f"{parvis.edge}/live/{space['id']}/chat.json").json()["items"] == []


def test_reactions_and_a_poll_come_back_in_the_parts_and_survive_control(parvis: Parvis) -> None:
    ana = parvis.person("ana")
    space = ana.post("spaces", {"title": "Shall we?"})
    url, live = f"spaces/{space['id']}", f"{parvis.edge}/live/{space['id']}"
    ana.post(f"{url}/start")
    wait_until(lambda: parvis.space_json(space["id"])["renditions"] != [])
    with ear(parvis, space["id"]) as hall:
        for _ in range(5):
            assert httpx.post(f"{live}/reactions", content='{"emoji":"👏"}').status_code == 204
        wait_until(lambda: sum(event["counts"].get("👏", 0) for event in hall.of("reactions")) == 5)

        poll = ana.post(f"{url}/polls", {"question": "Go on?", "choices": ["Yes", "No"]})
        votes = f"{live}/polls/{poll['id']}/votes"
        seen(lambda: hall.of("poll"))

        def vote(choice: int, voter: str) -> bool:
            return httpx.post(votes, json={"choice": choice, "voter": voter * 20}).status_code == 204

        for choice, voter in ((0, "a"), (0, "b"), (1, "c")):
            wait_until(lambda choice=choice, voter=voter: vote(choice, voter))  # type: ignore[misc]
        wait_until(lambda: sum(hall.of("poll")[-1]["counts"]) >= 3)
        wait_until(lambda: sum(ana.get(f"{url}/polls")["items"][0]["counts"]) >= 3)

        killed = parvis.pid("control")
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: parvis.pid("control") not in (0, killed))
        wait_until(parvis.answers, patience_s=60)
        wait_until(lambda: ana.get(f"{url}/polls")["items"][0]["votes"] >= 3, patience_s=60)
        closed = ana.post(f"{url}/polls/{poll['id']}/close")
        assert (closed["state"], closed["counts"][1] >= 1) == ("closed", True)
        wait_until(lambda: hall.of("poll")[-1]["state"] == "closed")
        assert hall.of("poll")[-1]["votes"] >= 3
        wait_until(lambda: not vote(1, "d"))


def test_what_was_deleted_is_not_in_the_replay(parvis: Parvis) -> None:
    ana = parvis.person("ana")
    space = ana.post("spaces", {"title": "On record", "recording": "program"})
    url = f"spaces/{space['id']}"
    ana.post(f"{url}/start")
    wait_until(lambda: parvis.space_json(space["id"])["renditions"] != [])
    with ear(parvis, space["id"]) as hall:
        kept = ana.post(f"{url}/messages", {"text": "This stays"})
        gone = ana.post(f"{url}/messages", {"text": "This goes"})
        wait_until(lambda: len(hall.of("chat")) == 2)
        assert ana.api.delete(f"{url}/messages/{gone['id']}").status_code == 204
        assert seen(lambda: hall.of("chat-gone"))["id"] == gone["id"]
        pinned = ana.api.put(f"{url}/pinned", json={"message": kept["id"]})
        assert pinned.status_code == 200
        assert seen(lambda: hall.of("pin"))["text"] == "This stays"
    ana.post(f"{url}/end")
    replay = f"{parvis.archive}/replay/{space['id']}/chat.json"
    wait_until(lambda: httpx.get(replay).status_code == 200, patience_s=60)
    assert [line["text"] for line in httpx.get(replay).json()] == ["This stays"]
