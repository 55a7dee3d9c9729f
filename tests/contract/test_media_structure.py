"""Init segments and parts as others read them: mp4box.js, pymp4 and FFmpeg.

None of the three shares code with the others or with us. Each is asked what it knows; where two know the
same thing, both are compared with the protocol (docs/protocol.md §3), so they agree with each other too.
Of the three only mp4box.js reads `prft` and `emsg`.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from pymp4.parser import MP4

from parvis.bus.messages import PartMessage
from parvis.clock import PART_SAMPLES, TICK_SAMPLES, part_start_s
from parvis.media.events import Event
from parvis.media.init import init_segment
from parvis.media.part import ntp_time
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition
from parvis.program.packager import ProgramEncoder
from tests.unit.program.sounds import SILK_LEAD_SAMPLES, Int16, lag_samples, music

FIRST = 5_561_234_567
PARTS = 5
EVENTS = (
    Event.of("state", state="live", title="Soirée budget", reason=None),
    Event.of("counts", listeners=3),
)
MP4BOX = Path(__file__).parent / "mp4box"


@dataclass(frozen=True)
class Stream:
    """What a listener gets, in a file, and what went into it."""

    rendition: Rendition
    path: Path
    sound: Int16
    parts: tuple[Part, ...]

    @property
    def data(self) -> bytes:
        return self.path.read_bytes()


@pytest.fixture(scope="module", params=list(Rendition))
def stream(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Stream:
    rendition: Rendition = request.param
    sound = music(PARTS * 0.32)
    encoder = ProgramEncoder("k3v9", FIRST)
    for event in EVENTS:
        encoder.add_event(event)
    messages: list[PartMessage] = []
    for tick in sound.reshape(-1, TICK_SAMPLES):
        messages += encoder.push(tick)
    messages += encoder.flush()
    bodies = [message.body for message in messages if message.rendition is rendition]
    path = tmp_path_factory.mktemp(rendition) / "stream.mp4"
    path.write_bytes(init_segment(rendition) + b"".join(bodies))
    parts = [item for item in PartReader(rendition).feed(b"".join(bodies)) if isinstance(item, Part)]
    assert len(parts) == PARTS
    return Stream(rendition, path, sound, tuple(parts))


def run(*arguments: str, data: bytes = b"") -> bytes:
    return subprocess.run(arguments, input=data, capture_output=True, check=True).stdout


# ---------------------------------------------------------------------- mp4box.js


@pytest.fixture(scope="module")
def by_mp4box(stream: Stream) -> dict[str, Any]:
    assert (MP4BOX / "node_modules").is_dir(), "run `npm ci` in tests/contract/mp4box (make test does)"
    found: dict[str, Any] = json.loads(run("node", str(MP4BOX / "inspect.mjs"), data=stream.data))
    return found


def test_mp4box_sees_one_mono_track_at_48_khz(stream: Stream, by_mp4box: dict[str, Any]) -> None:
    opus = stream.rendition is Rendition.OPUS
    assert by_mp4box["codec"] == ("Opus" if opus else "mp4a.40.2")
    assert by_mp4box["timescale"] == 48_000
    assert by_mp4box["audio"] == {"sample_rate": 48_000, "channel_count": 1, "sample_size": 16}
    assert by_mp4box["edits"] is None
    assert by_mp4box["brands"] == ["iso6", "iso6", "cmfc", "cmf2"] + ([] if opus else ["caac"])
    dops = {"Version": 0, "OutputChannelCount": 1, "PreSkip": 0, "InputSampleRate": 48_000}
    assert by_mp4box["dops"] == (dops if opus else None)


def test_mp4box_sees_the_boxes_of_the_protocol(stream: Stream, by_mp4box: dict[str, Any]) -> None:
    boxes = by_mp4box["boxes"]
    rest = ["prft", "moof", "mdat"] * (PARTS - 1)
    assert [box["type"] for box in boxes] == ["ftyp", "moov", "prft", "emsg", "emsg", "moof", "mdat", *rest]
    assert sum(box["size"] for box in boxes) == len(stream.data)


def test_mp4box_reads_the_clock_of_each_part(by_mp4box: dict[str, Any]) -> None:
    for sequence, box in enumerate((b for b in by_mp4box["boxes"] if b["type"] == "prft"), FIRST):
        assert (box["version"], box["flags"], box["ref_track_id"]) == (1, 24, 1)
        assert box["media_time"] == sequence * PART_SAMPLES
        # JavaScript has 53 of the 64 bits.
        assert float(box["ntp_timestamp"]) == float(ntp_time(sequence * 320))


def test_mp4box_reads_the_events(by_mp4box: dict[str, Any]) -> None:
    messages = [box for box in by_mp4box["boxes"] if box["type"] == "emsg"]
    assert [box["message"].encode() for box in messages] == [event.body for event in EVENTS]
    for box in messages:
        assert (box["version"], box["timescale"], box["event_duration"]) == (1, 48_000, 0)
        assert (box["scheme_id_uri"], box["value"]) == ("urn:parvis:event", "1")
        assert box["presentation_time"] == FIRST * PART_SAMPLES


def test_mp4box_reads_each_fragment(stream: Stream, by_mp4box: dict[str, Any]) -> None:
    fragments = [box for box in by_mp4box["boxes"] if box["type"] == "moof"]
    for part, box in zip(stream.parts, fragments, strict=True):
        assert box["sequence_number"] == part.sequence & 0xFFFFFFFF
        assert box["track_id"] == 1
        assert box["tfhd_flags"] == 0x020028
        assert box["default_sample_duration"] == stream.rendition.frame_samples
        assert box["default_sample_flags"] == 0x02000000
        assert box["base_media_decode_time"] == part.media_time
        assert box["data_offset"] == box["size"] + 8
        assert box["sample_size"] == [len(unit) for unit in part.access_units]


def test_mp4box_finds_each_access_unit_where_it_is(stream: Stream, by_mp4box: dict[str, Any]) -> None:
    frame, data = stream.rendition.frame_samples, stream.data
    units = [unit for part in stream.parts for unit in part.access_units]
    for index, (unit, sample) in enumerate(zip(units, by_mp4box["samples"], strict=True)):
        assert data[sample["offset"] : sample["offset"] + sample["size"]] == unit
        assert sample["dts"] == sample["cts"] == FIRST * PART_SAMPLES + index * frame
        assert (sample["duration"], sample["is_sync"]) == (frame, True)


# ---------------------------------------------------------------------- pymp4


def child(box: Any, *path: bytes) -> Any:
    for kind in path:
        box = next(inner for inner in box.children if inner.type == kind)
    return box


def test_pymp4_reads_the_init_segment(stream: Stream) -> None:
    _, moov = MP4.parse(init_segment(stream.rendition))
    assert (child(moov, b"mvhd").timescale, child(moov, b"mvhd").duration) == (48_000, 0)
    track = child(moov, b"trak")
    assert child(track, b"tkhd").track_ID == 1
    assert child(track, b"mdia", b"mdhd").timescale == 48_000
    assert child(track, b"mdia", b"hdlr").handler_type == b"soun"
    (entry,) = child(track, b"mdia", b"minf", b"stbl", b"stsd").entries
    assert entry.format == (b"Opus" if stream.rendition is Rendition.OPUS else b"mp4a")
    trex = child(moov, b"mvex", b"trex")
    assert (trex.track_ID, trex.default_sample_description_index) == (1, 1)


def test_pymp4_reads_each_fragment(stream: Stream) -> None:
    fragments = [box for box in MP4.parse(stream.data) if box.type == b"moof"]
    for part, moof in zip(stream.parts, fragments, strict=True):
        assert child(moof, b"mfhd").sequence_number == part.sequence & 0xFFFFFFFF
        traf = child(moof, b"traf")
        tfhd, tfdt, trun = (child(traf, kind) for kind in (b"tfhd", b"tfdt", b"trun"))
        assert tfhd.flags.default_base_is_moof
        assert tfhd.track_ID == 1
        assert tfhd.default_sample_duration == stream.rendition.frame_samples
        assert (tfdt.version, tfdt.baseMediaDecodeTime) == (1, part.media_time)
        assert trun.sample_count == stream.rendition.frames_per_part
        assert [sample.sample_size for sample in trun.sample_info] == [len(u) for u in part.access_units]


# ---------------------------------------------------------------------- FFmpeg


def probe(stream: Stream, *show: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("ffprobe", "-v", "error", "-of", "json", *show, str(stream.path)))
    return found


def test_ffprobe_sees_the_codec_and_the_time_of_the_first_sample(stream: Stream) -> None:
    (found,) = probe(stream, "-show_streams")["streams"]
    opus = stream.rendition is Rendition.OPUS
    assert (found["codec_name"], found.get("profile")) == (("opus", None) if opus else ("aac", "LC"))
    assert (found["sample_rate"], found["channels"], found["time_base"]) == ("48000", 1, "1/48000")
    assert found["start_pts"] == FIRST * PART_SAMPLES
    assert float(found["start_time"]) == pytest.approx(part_start_s(FIRST), abs=1e-6)
    assert found.get("initial_padding", 0) == 0


def test_ffprobe_finds_each_access_unit_at_its_time(stream: Stream) -> None:
    packets = probe(stream, "-show_packets")["packets"]
    frame = stream.rendition.frame_samples
    units = [unit for part in stream.parts for unit in part.access_units]
    expected = [(FIRST * PART_SAMPLES + n * frame, len(unit)) for n, unit in enumerate(units)]
    assert [(packet["pts"], int(packet["size"])) for packet in packets] == expected
    assert {packet["flags"][0] for packet in packets} == {"K"}


def test_ffmpeg_8_knows_the_duration_of_each_access_unit(stream: Stream) -> None:
    """The wheel's FFmpeg; Debian's leaves durations out of what it prints."""
    with av.open(str(stream.path)) as container:
        durations = [packet.duration for packet in container.demux() if packet.size]
    assert durations == [stream.rendition.frame_samples] * PARTS * stream.rendition.frames_per_part


def test_ffmpeg_decodes_every_sample_at_its_time_and_none_besides(stream: Stream) -> None:
    decoded = run("ffmpeg", "-v", "error", "-i", str(stream.path), "-f", "s16le", "-")
    heard = np.frombuffer(decoded, np.int16)
    assert len(heard) == PARTS * PART_SAMPLES
    lead = SILK_LEAD_SAMPLES if stream.rendition is Rendition.OPUS else 0
    assert -lead <= lag_samples(heard, stream.sound) <= 0
    frames = probe(stream, "-show_frames")["frames"]
    assert [frame["pts"] for frame in frames] == [
        FIRST * PART_SAMPLES + n * stream.rendition.frame_samples for n in range(len(frames))
    ]
    assert {frame["nb_samples"] for frame in frames} == {stream.rendition.frame_samples}


def test_ffmpeg_joins_in_the_middle_without_a_complaint(stream: Stream, tmp_path: Path) -> None:
    data = stream.data
    joined = tmp_path / "joined.mp4"
    joined.write_bytes(init_segment(stream.rendition) + data[data.index(b"prft", data.index(b"mdat")) - 4 :])
    report = subprocess.run(
        ["ffmpeg", "-v", "warning", "-i", str(joined), "-f", "s16le", "-"], capture_output=True, check=True
    )
    assert report.stderr == b""
    assert len(report.stdout) == 2 * (PARTS - 1) * PART_SAMPLES
