"""A recording becomes a replay: containers checked by ffprobe and ffmpeg, sound by sample."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parvis.archive.build import build
from parvis.clock import PART_SAMPLES
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition
from parvis.program.encoders import Samples
from tests.unit.archive.makers import FIRST, SPACE, decoded, ended_record, program, recorded

PARTS = 12


def ffprobe(file: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", str(file)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert told.stderr == ""
    parsed: dict[str, Any] = json.loads(told.stdout)
    return parsed


def ffmpeg(file: Path, *options: str) -> Samples:
    """What an independent player hears. Any complaint fails."""
    command = [
        "ffmpeg",
        "-v",
        "warning",
        "-xerror",
        *options,
        "-i",
        str(file),
        "-f",
        "s16le",
        "-ac",
        "1",
        "-",
    ]
    told = subprocess.run(command, capture_output=True, check=True)
    assert told.stderr == b"", told.stderr
    return np.frombuffer(told.stdout, np.int16)


def units_of(rendition: Rendition) -> list[tuple[bytes, ...]]:
    units = []
    for message in program(PARTS)[1]:
        if message.rendition is rendition:
            (part,) = PartReader(rendition).feed(message.body)
            assert isinstance(part, Part)
            units.append(part.access_units)
    return units


@pytest.fixture
def replay(tmp_path: Path) -> Path:
    made = build(recorded(tmp_path, program(PARTS)[1], ended_record()), ended_record())
    assert made is not None
    return made


def replay_json(folder: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((folder / "replay.json").read_bytes())
    return parsed


@pytest.mark.parametrize(
    ("name", "rendition"), [("audio.m4a", Rendition.AAC), ("audio.opus", Rendition.OPUS)]
)
def test_the_file_holds_the_very_sound_that_listeners_got(
    replay: Path, name: str, rendition: Rendition
) -> None:
    told = ffprobe(replay / name)
    (stream,) = told["streams"]
    assert stream["codec_name"] == str(rendition)
    assert float(told["format"]["duration"]) == PARTS * PART_SAMPLES / 48_000
    decoder = (
        "libopus" if rendition is Rendition.OPUS else "aac"
    )  # FFmpeg's own Opus decoder rounds otherwise
    heard = ffmpeg(replay / name, "-c:a", decoder)
    expected = decoded(rendition, [unit for units in units_of(rendition) for unit in units])
    assert len(heard) == len(expected) == PARTS * PART_SAMPLES
    # The same codec library decodes both; its rounding to 16 bits is not ours.
    assert np.abs(heard.astype(np.int32) - expected).max() <= 2


def test_a_player_can_seek_to_the_second(replay: Path) -> None:
    whole = ffmpeg(replay / "audio.m4a")
    tail = ffmpeg(replay / "audio.m4a", "-ss", "2.56")
    assert abs(len(tail) - (len(whole) - int(2.56 * 48_000))) <= 1_024
    assert np.corrcoef(tail[4_800:24_000], whole[-len(tail) :][4_800:24_000])[0, 1] > 0.99


def test_moov_stands_before_the_sound_and_names_it(replay: Path) -> None:
    data = (replay / "audio.m4a").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert ffprobe(replay / "audio.m4a")["format"]["tags"]["title"] == "Budget night"
    assert ffprobe(replay / "audio.opus")["streams"][0]["tags"]["TITLE"] == "Budget night"


def test_replay_json_says_what_is_there(replay: Path) -> None:
    told = replay_json(replay)
    assert (told["id"], told["title"], told["parts"], told["lost_parts"]) == (SPACE, "Budget night", PARTS, 0)
    assert told["duration_s"] == PARTS * 0.32
    assert told["host"] == {"handle": "ana", "display_name": "Ana"}
    assert [speaker["handle"] for speaker in told["speakers"]] == ["ana", "ben"]
    for audio in told["audio"]:
        data = (replay / audio["url"].rsplit("/", 1)[1]).read_bytes()
        assert audio["bytes"] == len(data)
        assert audio["sha256"] == hashlib.sha256(data).hexdigest()
    assert len(told["waveform"]) == PARTS
    assert told["captions"] is told["chat"] is None


def test_what_never_came_is_silent_in_time_and_said(tmp_path: Path) -> None:
    gone = {FIRST + 3, FIRST + 4}
    parts = [part for part in program(PARTS)[1] if part.sequence not in gone]
    parts = [part for part in parts if (part.sequence, part.rendition) != (FIRST + 8, Rendition.AAC)]
    made = build(recorded(tmp_path, parts, ended_record()), ended_record())
    assert made is not None
    told = replay_json(made)
    assert (told["parts"], told["lost_parts"]) == (PARTS, 3)
    assert {audio["name"]: audio["lost_parts"] for audio in told["audio"]} == {"aac": 3, "opus": 2}
    for name in ("audio.m4a", "audio.opus"):
        heard = ffmpeg(made / name)
        assert len(heard) == PARTS * PART_SAMPLES
        # The first silent part still holds the sound's tail.
        assert np.abs(heard[4 * PART_SAMPLES + 2_000 : 5 * PART_SAMPLES]).max() < 40
        assert np.abs(heard[6 * PART_SAMPLES : 7 * PART_SAMPLES]).max() > 2_000


def test_a_tail_that_never_came_is_lost_too(tmp_path: Path) -> None:
    parts = [part for part in program(PARTS)[1] if part.sequence < FIRST + 10]
    made = build(recorded(tmp_path, parts, ended_record()), ended_record())
    assert made is not None
    assert (replay_json(made)["parts"], replay_json(made)["lost_parts"]) == (PARTS, 2)


def test_a_cut_is_silent_and_not_lost(tmp_path: Path) -> None:
    record = replace(ended_record(), cuts=((FIRST + 2, FIRST + 5),), version=2)
    made = build(recorded(tmp_path, program(PARTS)[1], record), record)
    assert made is not None
    told = replay_json(made)
    assert (told["lost_parts"], told["silenced_s"], told["duration_s"]) == (0, 1.28, PARTS * 0.32)
    heard = ffmpeg(made / "audio.m4a")
    assert np.abs(heard[2 * PART_SAMPLES + 2_048 : 6 * PART_SAMPLES]).max() < 40
    assert b'"levels"' not in b"".join(
        line for line in (made / "events.jsonl").read_bytes().splitlines() if str(FIRST + 3).encode() in line
    )


def test_a_trim_and_a_pause_are_left_out(tmp_path: Path) -> None:
    record = replace(ended_record(), trim=(FIRST + 1, FIRST + 10), pauses=((FIRST + 4, FIRST + 6),))
    made = build(recorded(tmp_path, program(PARTS)[1], record), record)
    assert made is not None
    told = replay_json(made)
    assert told["ranges"] == [[FIRST + 1, FIRST + 3], [FIRST + 7, FIRST + 10]]
    assert (told["parts"], told["lost_parts"]) == (7, 0)
    assert float(ffprobe(made / "audio.opus")["format"]["duration"]) == pytest.approx(7 * 0.32)


def test_nothing_recorded_makes_nothing(tmp_path: Path) -> None:
    folder = recorded(tmp_path, [], ended_record())
    assert build(folder, ended_record()) is None
    assert not list(folder.glob("*replay*"))


def test_twice_gives_the_same(tmp_path: Path, replay: Path) -> None:
    before = {file.name: file.read_bytes() for file in replay.iterdir()}
    again = build(replay.parent, ended_record())
    assert again == replay
    assert {file.name: file.read_bytes() for file in replay.iterdir()} == before
