"""Captions by people and by a machine, in a real Parvis: from what was said to those who listen.

The voice is espeak's.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from parvis.clock import PART_MS
from parvis.media.reader import Part, PartReader
from tests.parvis import Parvis, Person, speak, wait_until

TEXT = (
    "Good evening, and welcome to the town hall. "
    "Tonight we talk about the new bridge over the river. "
    "The work begins in the spring, and the road stays open."
)
HEARD_PARTS = 12
TEXT_BEFORE_S = 2.0
"""Silence before the voice, so that the sessions stand."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parvis]:
    parvis = Parvis(
        tmp_path_factory.mktemp("captions") / "data",
        edges=1,
        environment={"PARVIS_AUTOMATIC_CAPTIONS": "yes"},
    )
    parvis.start()
    yield parvis
    parvis.stop()


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The text as a WAV file, after a little silence."""
    folder = tmp_path_factory.mktemp("voice")
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "-w", folder / "v.wav", TEXT], check=True)
    quiet = f"adelay={int(TEXT_BEFORE_S * 1000)},aresample=48000,apad=pad_dur=4"
    said = folder / "said.wav"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", folder / "v.wav", "-af", quiet, "-ac", "1", said], check=True
    )
    return said


class Follower:
    """Reads `/live/{space}/events` in a process of its own, as anybody may."""

    def __init__(self, house: Parvis, space: str) -> None:
        self._process = subprocess.Popen(
            ["curl", "-sN", f"{house.edge}/live/{space}/events"], stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._text = b""

    def events(self, type: str) -> list[tuple[int, dict[str, Any]]]:
        """All of a type so far, each with the part in which it came."""
        assert self._process.stdout is not None
        self._text += self._process.stdout.read() or b""
        found = []
        for block in self._text.decode(errors="ignore").split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if fields.get("event") == type and fields.get("data", "").endswith("}"):
                found.append((int(fields.get("id", "0")), json.loads(fields["data"])))
        return found

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def captioned_space(house: Parvis, host: Person, captions: str, **more: Any) -> dict[str, Any]:
    space = host.post("spaces", {"title": "Town hall", "captions": captions, **more})
    host.post(f"spaces/{space['id']}/start")
    return space


def captioner_is_up(host: Person) -> None:
    wait_until(lambda: host.get("captioners")["languages"] == ["en"], patience_s=60)


def test_lines_of_people_reach_listeners_hls_and_the_replay(house: Parvis) -> None:
    host, writer, stranger = house.person("ana"), house.person("cap"), house.person("zoe")
    space = captioned_space(
        house, host, "human", language="en-GB", captioners=[writer.handle], recording="program"
    )
    path, live = f"spaces/{space['id']}/captions", f"{house.edge}/live/{space['id']}"
    follower = Follower(house, space["id"])
    wait_until(lambda: house.space_json(space["id"])["sequence"] is not None)
    began = house.space_json(space["id"])["sequence"]
    # Words of a second ago are then words of this Space.
    wait_until(lambda: house.space_json(space["id"])["sequence"] >= began + 8)
    try:
        assert stranger.api.post(path, json={"text": "Hello"}).json()["code"] == "no-seat"
        wrong = writer.post(path, {"text": "Good evening, Ana & fiends.", "ago_ms": 1000})
        right = writer.api.put(f"{path}/{wrong['id']}", json={"text": "Good evening, Ana & friends."}).json()
        assert (right["id"], right["start_ms"]) == (wrong["id"], wrong["start_ms"])
        gone = host.post(path, {"text": "This was never said."})
        host.api.put(f"{path}/{gone['id']}", json={"text": ""}).raise_for_status()
        assert (
            host.api.put(f"{path}/{wrong['id']}", json={"text": "Mine"}).json()["code"] == "caption-unknown"
        )

        def told() -> dict[str, str]:
            return {caption["id"]: caption["text"] for _, caption in follower.events("caption")}

        wait_until(lambda: told() == {wrong["id"]: "Good evening, Ana & friends.", gone["id"]: ""})
        for sequence, caption in follower.events("caption"):
            assert caption["start_ms"] <= sequence * PART_MS, "never ahead of its sound"
        assert 'LANGUAGE="en-GB"' in httpx.get(f"{live}/index.m3u8").text

        def shown() -> list[str]:
            listed = httpx.get(f"{live}/captions.m3u8").text
            segments = [httpx.get(f"{live}/{line}").text for line in re.findall(r"^\S+\.vtt$", listed, re.M)]
            return [line for text in segments for line in text.splitlines() if "friends" in line]

        wait_until(lambda: bool(shown()))
        assert set(shown()) == {"Good evening, Ana &amp; friends."}
    finally:
        follower.close()
    host.post(f"spaces/{space['id']}/end")
    replay = f"{house.archive}/replay/{space['id']}"
    wait_until(lambda: httpx.get(f"{replay}/replay.json").status_code == 200)
    captions = httpx.get(f"{replay}/captions.vtt").text
    assert "Good evening, Ana &amp; friends." in captions
    assert "fiends" not in captions
    assert "never" not in captions


def test_a_machine_captions_what_is_said(house: Parvis, voice: Path) -> None:
    """What it understands, and how well in time, is in tests/unit/captions: here the machine may be busy."""
    host = house.person("ana")
    captioner_is_up(host)
    space = captioned_space(house, host, "automatic")
    follower = Follower(house, space["id"])
    speaking = speak(host, space, voice, "--loop")
    try:
        wait_until(lambda: bool(follower.events("caption")), patience_s=90)
        sequence, caption = follower.events("caption")[0]
    finally:
        follower.close()
        speaking.terminate()
        speaking.wait()
    assert caption["start_ms"] <= sequence * PART_MS, "never ahead of its sound"
    assert (caption["lang"], caption["by"], caption["final"]) == ("en", None, True)
    understood = words(caption["text"])
    assert sum(word in words(TEXT) for word in understood) >= len(understood) / 2, caption


def test_a_captioner_that_hangs_harms_no_program(house: Parvis, voice: Path) -> None:
    host = house.person("ana")
    captioner_is_up(host)
    space = captioned_space(house, host, "automatic")
    follower = Follower(house, space["id"])
    speaking = speak(host, space, voice, "--loop")
    wait_until(lambda: bool(follower.events("levels")), patience_s=60)
    follower.close()
    hung = house.pid("captioner")
    os.kill(hung, signal.SIGSTOP)
    reader, parts = PartReader(), list[Part]()
    try:
        with httpx.stream("GET", f"{house.edge}/live/{space['id']}/stream.mp4", timeout=30) as stream:
            for chunk in stream.iter_raw():
                parts += [item for item in reader.feed(chunk) if isinstance(item, Part)]
                if len(parts) >= HEARD_PARTS:
                    break
    finally:
        with contextlib.suppress(ProcessLookupError):  # who watches may have killed it
            os.kill(hung, signal.SIGCONT)
        speaking.terminate()
        speaking.wait()
    sequences = [part.sequence for part in parts]
    assert sequences == list(range(sequences[0], sequences[0] + len(parts))), "no part is missing"
    assert len({part.access_units for part in parts}) > len(parts) // 2, "and it is the voice, not a stand-in"
