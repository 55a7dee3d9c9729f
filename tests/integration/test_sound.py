"""Sound through the whole of it: spoken by WebRTC, heard at an edge by every door, measured."""

from __future__ import annotations

import re
import subprocess
import threading
import time
import wave
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from parvis.cli.speak import write_wav
from parvis.clock import PARTS_PER_SEGMENT, part_start_s
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


class Radio:
    """Takes all that comes from a radio door, which FFmpeg then decodes."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._taken = b""
        self._thread = threading.Thread(target=self._take, daemon=True)
        self.sequence = 0
        self._thread.start()
        wait_until(lambda: bool(self._taken))

    def sound(self) -> Int16:
        """All of it, at the end of the Space."""
        self._thread.join(60)
        assert not self._thread.is_alive()
        return decoded(self._taken)

    def _take(self) -> None:
        with httpx.stream("GET", self._url, timeout=60) as stream:
            self.sequence = int(stream.headers["x-parvis-sequence"])
            for block in stream.iter_bytes():
                self._taken += block


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
    radios = {
        name: Radio(f"{parvis.edge}/live/{space['id']}/{name}") for name in ("stream.aac", "stream.ogg")
    }
    ears = {
        codec: listen(space, "--codec", codec, "--for", "14", "--out", str(tmp_path / f"{codec}.wav"))
        for codec in ("opus", "aac")
    }
    spoken = summary(speak(host, space, tmp_path / "clicks.wav"))
    began_s = datetime.fromisoformat(spoken["started_at"]).timestamp()
    heard_s = {}
    playing = {}
    for codec, ear in ears.items():
        told = summary(ear)
        assert (told["gaps"], told["repeats"], told["rendition"]) == (0, 0, codec)
        playing[codec] = told["first_sequence"], read_wav(tmp_path / f"{codec}.wav")
        playing[f"{codec}.m3u8"] = segments(parvis, space, codec)
    host.post(f"spaces/{space['id']}/end")
    for name, radio in radios.items():
        playing[name] = radio.sequence, radio.sound()
    for door, (first, sound) in playing.items():
        heard_s[door] = [part_start_s(first) + second for second in onsets(sound)]
        assert len(heard_s[door]) == len(CLICKS_S), door
        delays = [heard - began_s - sent for heard, sent in zip(heard_s[door], CLICKS_S, strict=True)]
        # Mouth to program: network, jitter buffers and mixer; never before it was said.
        assert min(delays) > 0, (door, delays)
        assert max(delays) < 0.6, (door, delays)
    for door, times in heard_s.items():
        apart = [abs(a - b) for a, b in zip(heard_s["opus"], times, strict=True)]
        assert max(apart) < 0.003, f"{door}: every door cuts at the same sample"


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
