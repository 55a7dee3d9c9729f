"""Sound through the whole of it: spoken by WebRTC, heard at an edge by every door, measured."""

from __future__ import annotations

import asyncio
import re
import subprocess
import threading
import time
import wave
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import httpx
import numpy as np
import pytest

from parvis.cli.speak import write_wav
from parvis.clock import PARTS_PER_SEGMENT, part_start_s
from tests.integration.caller import Caller
from tests.integration.counted import Chunk
from tests.integration.signals import Int16, clicks, onsets, power_db, tone
from tests.parvis import Parvis, Person, listen, speak, summary, wait_until

CLICKS_S = [1.0, 2.5, 3.2, 5.9, 7.0]


@pytest.fixture
def host(parvis: Parvis) -> Person:
    return parvis.person("host")


@pytest.fixture
def space(host: Person) -> dict[str, Any]:
    made = host.post("spaces", {"title": "Sound"})
    return host.post(f"spaces/{made['id']}/start")


def read_wav(file: Path) -> Int16:
    with wave.open(str(file)) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (48_000, 1, 2)
        return np.frombuffer(wav.readframes(wav.getnframes()), np.int16)


def is_connected(parvis: Parvis, space: dict[str, Any]) -> bool:
    return any(speaker["connected"] for speaker in parvis.space_json(space["id"])["speakers"])


class Door:
    """Takes all that comes from a door, which FFmpeg then decodes; `sequence` is its first part."""

    def __init__(self, base: str, name: str) -> None:
        self._base, self._name = base, name
        self._taken = b""
        self.sequence = 0
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()
        wait_until(lambda: bool(self.sequence and self._taken))

    def sound(self) -> Int16:
        """All of it, at the end of the Space."""
        self._thread.join(60)
        assert not self._thread.is_alive()
        return decoded(self._taken)

    def _take(self) -> None:
        raise NotImplementedError


class Radio(Door):
    """`stream.aac` or `stream.ogg`."""

    headers: ClassVar[dict[str, str]] = {}

    def _take(self) -> None:
        with httpx.stream("GET", f"{self._base}/{self._name}", headers=self.headers, timeout=60) as stream:
            self.sequence = int(stream.headers["x-parvis-sequence"])
            self.interval_bytes = int(stream.headers.get("icy-metaint", "0"))
            for block in stream.iter_bytes():
                self._taken += block


class TitledRadio(Radio):
    """The same with titles in between, which are taken out."""

    headers: ClassVar[dict[str, str]] = {"Icy-MetaData": "1"}

    def sound(self) -> Int16:
        self._thread.join(60)
        assert not self._thread.is_alive()
        sound, at = b"", 0
        while at < len(self._taken):
            sound += self._taken[at : at + self.interval_bytes]
            at += self.interval_bytes
            at += 1 + 16 * self._taken[at] if at < len(self._taken) else 0
        return decoded(sound)


class Parts(Door):
    """LL-HLS as players take it: wait for the playlist with the next part, then take that part."""

    def _take(self) -> None:
        with httpx.Client(base_url=self._base, timeout=60) as player:
            self._taken = player.get(f"/{self._name}/init.mp4").content
            hint = self._hinted(player.get(f"/{self._name}.m3u8").raise_for_status().text)
            assert hint
            self.sequence = hint
            while hint:
                part, query = f"{self._name}/{hint}.part.m4s", f"_HLS_msn={hint // 6}&_HLS_part={hint % 6}"
                playlist = player.get(f"/{self._name}.m3u8?{query}").raise_for_status().text
                if f'URI="{part}"' in playlist:
                    self._taken += player.get(f"/{part}").raise_for_status().content
                following = self._hinted(playlist)
                assert following in (hint + 1, 0), (hint, following)
                hint = following

    def _hinted(self, playlist: str) -> int:
        """The part that comes next; 0 at the end."""
        hint = re.search(rf'PRELOAD-HINT:TYPE=PART,URI="{self._name}/(\d+)\.part', playlist)
        assert hint or "#EXT-X-ENDLIST" in playlist
        return int(hint[1]) if hint else 0


class Monitor:
    """Listens by WHEP, and notes when each click comes. Leaves at the end of the block."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token
        self._heard: list[Chunk] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._listen()), daemon=True)

    def __enter__(self) -> Monitor:
        self._thread.start()
        wait_until(lambda: bool(self._heard))
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(60)

    def clicks_s(self) -> list[float]:
        """When they came, in Unix time."""
        ends = np.cumsum([len(chunk) for _, chunk in self._heard])
        offset_s = time.time() - time.monotonic()
        return [
            offset_s + self._heard[int(np.searchsorted(ends, int(second * 48_000), "right"))][0]
            for second in onsets(np.concatenate([chunk for _, chunk in self._heard]))
        ]

    async def _listen(self) -> None:
        async with Caller(self._url, self._token) as ear:
            await ear.call(await ear.offer("recvonly"))
            await ear.connected()
            while not self._over.is_set():
                self._heard += await ear.noted(0.25)


def decoded(data: bytes) -> Int16:
    """By FFmpeg, without a word of complaint."""
    command = ["ffmpeg", "-v", "warning", "-i", "-", "-f", "s16le", "-ac", "1", "-ar", "48000", "-"]
    ended = subprocess.run(command, input=data, capture_output=True, check=True)
    assert ended.stderr == b""
    return np.frombuffer(ended.stdout, np.int16)


def segments(parvis: Parvis, space: dict[str, Any], codec: str) -> tuple[int, Int16]:
    """All segments that an HLS playlist lists: sequence of the first part, and their sound."""
    base = f"{parvis.edge}/live/{space['id']}"
    names = re.findall(rf"^{codec}/(\d+)\.m4s$", httpx.get(f"{base}/{codec}.m3u8").text, re.M)
    assert names == [str(number) for number in range(int(names[0]), int(names[-1]) + 1)]
    files = ["init.mp4", *(f"{name}.m4s" for name in names)]
    data = b"".join(httpx.get(f"{base}/{codec}/{file}").raise_for_status().content for file in files)
    return PARTS_PER_SEGMENT * int(names[0]), decoded(data)


def test_clicks_come_out_of_every_door_at_the_right_program_times(
    parvis: Parvis, host: Person, space: dict[str, Any], tmp_path: Path
) -> None:
    write_wav(tmp_path / "clicks.wav", clicks(CLICKS_S, 9))
    wait_until(lambda: bool(parvis.space_json(space["id"])["renditions"]))
    monitor = parvis.person("monitor")
    host.patch(f"spaces/{space['id']}", {"monitors": [monitor.handle]})
    live = f"{parvis.edge}/live/{space['id']}"
    doors = {
        "stream.aac": Radio(live, "stream.aac"),
        "stream.aac with titles": TitledRadio(live, "stream.aac"),
        "stream.ogg": Radio(live, "stream.ogg"),
        "parts of opus": Parts(live, "opus"),
        "parts of aac": Parts(live, "aac"),
    }
    ears = {
        codec: listen(space, "--codec", codec, "--for", "14", "--out", str(tmp_path / f"{codec}.wav"))
        for codec in ("opus", "aac")
    }
    with Monitor(space["links"]["whep"], monitor.token) as monitoring:
        spoken = summary(speak(host, space, tmp_path / "clicks.wav"))
    began_s = datetime.fromisoformat(spoken["started_at"]).timestamp()
    playing = {}
    for codec, ear in ears.items():
        told = summary(ear)
        assert (told["gaps"], told["repeats"], told["rendition"]) == (0, 0, codec)
        playing[codec] = told["first_sequence"], read_wav(tmp_path / f"{codec}.wav")
        playing[f"{codec}.m3u8"] = segments(parvis, space, codec)
    host.post(f"spaces/{space['id']}/end")
    for name, door in doors.items():
        playing[name] = door.sequence, door.sound()
    heard_s = {
        name: [part_start_s(first) + second for second in onsets(sound)]
        for name, (first, sound) in playing.items()
    }
    for name, times in (heard_s | {"a monitor": monitoring.clicks_s()}).items():
        assert len(times) == len(CLICKS_S), name
        delays = [heard - began_s - sent for heard, sent in zip(times, CLICKS_S, strict=True)]
        # Mouth to program, or to a monitor: network, jitter buffers and mixer; never before it was said.
        assert min(delays) > 0, (name, delays)
        assert max(delays) < 0.6, (name, delays)
    for name, times in heard_s.items():
        apart = [abs(a - b) for a, b in zip(heard_s["opus"], times, strict=True)]
        assert max(apart) < 0.003, f"{name}: every door cuts at the same sample"


def test_ffmpeg_decodes_half_a_minute_without_an_error_or_a_gap(
    parvis: Parvis, host: Person, space: dict[str, Any], tmp_path: Path
) -> None:
    write_wav(tmp_path / "tone.wav", tone(700, 2))
    speaker = speak(host, space, tmp_path / "tone.wav", "--loop", "--for", "40")
    wait_until(lambda: is_connected(parvis, space))
    decoders = {}
    for codec in ("opus", "aac"):
        url = f"{parvis.edge}/live/{space['id']}/stream.mp4?codec={codec}"
        command = [
            "ffmpeg",
            "-v",
            "warning",
            "-xerror",
            "-t",
            "30",
            "-i",
            url,
            "-y",
            f"{tmp_path}/{codec}.wav",
        ]
        decoders[codec] = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    for codec, decoder in decoders.items():
        assert decoder.communicate(timeout=60)[1] == ""
        assert decoder.returncode == 0
        sound = read_wav(tmp_path / f"{codec}.wav")
        assert abs(len(sound) / 48_000 - 30) < 0.1
        for second in range(1, 29):
            heard_db = power_db(sound[second * 48_000 : (second + 1) * 48_000], 700)
            assert heard_db > -40, f"{codec}, second {second}"
    speaker.terminate()
    assert speaker.wait(20) == 0


def test_a_timeline_that_people_come_and_go_on_stays_whole(
    parvis: Parvis, host: Person, space: dict[str, Any], tmp_path: Path, long: bool
) -> None:
    """Stop, mute, leave, return: five minutes in the long form, half a minute in the short one."""
    rounds = 20 if long else 2
    write_wav(tmp_path / "tone.wav", tone(700, 4))
    wait_until(lambda: bool(parvis.space_json(space["id"])["renditions"]))
    seconds = rounds * 15
    ears = [listen(space, "--codec", codec, "--for", str(seconds)) for codec in ("opus", "aac")]
    me = f"spaces/{space['id']}/seats/{host.handle}"
    began_s = time.monotonic()
    for _ in range(rounds):
        speaker = speak(host, space, tmp_path / "tone.wav", "--loop", "--for", "60")
        wait_until(lambda: is_connected(parvis, space))
        assert host.patch(me, {"muted": True})["muted_by"] == "self"
        assert host.patch(me, {"muted": False})["muted_by"] is None
        speaker.kill()  # no goodbye: packets just stop
        speaker.wait()
        wait_until(lambda: not is_connected(parvis, space))
        again = speak(host, space, tmp_path / "tone.wav")
        assert summary(again)["seconds"] >= 4
    wait_until(lambda: time.monotonic() - began_s > seconds, patience_s=seconds + 30)
    for ear in ears:
        told = summary(ear)
        assert (told["gaps"], told["repeats"], told["reconnects"]) == (0, 0, 0)
        assert told["parts"] == told["last_sequence"] - told["first_sequence"] + 1
        assert told["seconds"] > seconds - 2


def test_three_speakers_are_all_in_the_program(
    parvis: Parvis, host: Person, space: dict[str, Any], tmp_path: Path
) -> None:
    invitation = host.post(f"spaces/{space['id']}/invitations", {"uses": 2})["link"].partition("invitation=")[
        2
    ]
    guests = [parvis.person(name) for name in ("ben", "cem")]
    for guest in guests:
        guest.post(f"spaces/{space['id']}/seats", {"invitation": invitation})
    speakers = []
    for person, frequency_hz in ((host, 500), (guests[0], 1200), (guests[1], 2600)):
        file = tmp_path / f"{frequency_hz}.wav"
        write_wav(file, tone(frequency_hz, 20))
        speakers.append(
            speak(person, space, file, "--for", "12", "--hear", str(tmp_path / f"{frequency_hz}-hears.wav"))
        )
    wait_until(lambda: sum(s["connected"] for s in parvis.space_json(space["id"])["speakers"]) == 3)
    summary(listen(space, "--for", "4", "--out", str(tmp_path / "program.wav")))
    program = read_wav(tmp_path / "program.wav")[-96_000:]
    assert min(power_db(program, hz) for hz in (500, 1200, 2600)) > -45
    for speaker in speakers:
        summary(speaker)
    for own in (500, 1200, 2600):
        heard = read_wav(tmp_path / f"{own}-hears.wav")[4 * 48_000 : 8 * 48_000]
        others = [power_db(heard, hz) for hz in (500, 1200, 2600) if hz != own]
        assert min(others) > -45
        assert power_db(heard, own) < min(others) - 35


def test_the_end_of_a_space_ends_its_streams(parvis: Parvis, host: Person, space: dict[str, Any]) -> None:
    wait_until(lambda: bool(parvis.space_json(space["id"])["renditions"]))
    ear = listen(space)
    wait_until(lambda: parvis.space_json(space["id"])["counts"]["listeners"] == 1)
    host.post(f"spaces/{space['id']}/end")
    assert summary(ear)["gaps"] == 0
    wait_until(lambda: parvis.space_json(space["id"])["state"] == "ended")
