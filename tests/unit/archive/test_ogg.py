"""Ogg Opus files, as another demuxer reads them."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import av
import pytest

from parvis.archive.ogg import write_ogg
from parvis.archive.source import SILENCE
from parvis.media.rendition import Rendition
from tests.unit.archive.makers import decoded


@pytest.mark.parametrize("count", [1, 49, 50, 51, 1_000])
def test_another_demuxer_gets_the_same_packets(tmp_path: Path, count: int) -> None:
    packets = [SILENCE[Rendition.OPUS] + bytes(number % 700) for number in range(count)]
    out = io.BytesIO()
    write_ogg(out, packets, serial=7, tags=["TITLE=é"])
    file = tmp_path / "x.opus"
    file.write_bytes(out.getvalue())
    with av.open(str(file)) as container:
        got = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
        assert got == packets
        assert container.duration == count * 20_000


@pytest.mark.parametrize("rendition", list(Rendition))
def test_the_stand_in_for_an_unknown_silence_is_silent(rendition: Rendition) -> None:
    assert not decoded(rendition, [SILENCE[rendition]] * 20).any()


def test_ffmpeg_has_nothing_to_say(tmp_path: Path) -> None:
    file = tmp_path / "x.opus"
    with file.open("wb") as out:
        write_ogg(out, [SILENCE[Rendition.OPUS]] * 200, serial=1)
    told = subprocess.run(
        ["ffmpeg", "-v", "warning", "-xerror", "-i", str(file), "-f", "null", "-"],
        capture_output=True,
        check=True,
    )
    assert told.stderr == b""
