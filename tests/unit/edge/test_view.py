import pytest

from parvis.bus.audience import AttendanceMessage
from parvis.bus.messages import SeatState
from parvis.clock import part_start_s
from parvis.edge.spaces import SpaceRecord
from parvis.edge.view import Origins, rfc3339, space_fields
from parvis.media.events import Event
from parvis.media.rendition import Rendition
from tests.unit.edge.world import part_message, program_message, space_message

FIRST = 5_625_000_000
NOW_S = part_start_s(FIRST + 1)
ORIGINS = Origins("https://edge.example", "https://studio.example", "https://archive.example")


def running() -> SpaceRecord:
    record = SpaceRecord("abc", 0.0)
    record.take_program(program_message(FIRST))
    speakers = [
        {
            "handle": "ana",
            "display_name": "Ana",
            "role": "host",
            "connected": True,
            "muted": False,
            "avatar": None,
        },
    ]
    events = [
        Event.of("state", state="live", title="By the stage", reason=None),
        Event.of("stage", speakers=speakers),
        Event.of("counts", listeners=1234),
    ]
    for rendition in Rendition:
        record.take_part(part_message(FIRST, rendition, events), NOW_S, 0.0)
    list(record.advance(NOW_S, 0.0))
    return record


def test_a_live_space() -> None:
    record = running()
    record.take_space(space_message(), 0.0)
    record.attendance = AttendanceMessage("abc", 1_200, 5_000)
    assert space_fields(record, ORIGINS, NOW_S) == {
        "id": "abc",
        "title": "Budget night",
        "description": "What it costs",
        "language": "en",
        "state": "live",
        "host": {"handle": "ana", "display_name": "Ana"},
        "speakers": [
            {
                "handle": "ana",
                "display_name": "Ana",
                "role": "host",
                "connected": True,
                "muted": False,
                "avatar": None,
            }
        ],
        "visibility": "public",
        "topics": [],
        "cover": None,
        "end_reason": None,
        "recording": False,
        "captions": "off",
        "acting_host": None,
        "hands": "open",
        "stage_locked": False,
        "chat": {"mode": "open", "slow_s": 0, "links": False},
        "handed_to": None,
        "counts": {"listeners": 1234, "peak_listeners": 1234, "total_listeners": 5_000},
        "created_at": "2026-11-22T14:00:00.000Z",
        "starts_at": None,
        "started_at": "2026-11-22T14:30:00.000Z",
        "ended_at": None,
        "now": rfc3339(NOW_S),
        "part_ms": 320,
        "sequence": FIRST,
        "renditions": [
            {
                "name": "opus",
                "mime": 'audio/mp4; codecs="opus"',
                "bitrate_bps": 32000,
                "stream": "/live/abc/stream.mp4?codec=opus",
            },
            {
                "name": "aac",
                "mime": 'audio/mp4; codecs="mp4a.40.2"',
                "bitrate_bps": 64000,
                "stream": "/live/abc/stream.mp4?codec=aac",
            },
        ],
        "edges": [],
        "links": {
            "share": "https://edge.example/s/abc",
            "studio": "https://studio.example/studio/abc",
            "hls": "https://edge.example/live/abc/index.m3u8",
            "aac": "https://edge.example/live/abc/stream.aac",
            "ogg": "https://edge.example/live/abc/stream.ogg",
            "m3u": "https://edge.example/live/abc/listen.m3u",
            "embed": "https://edge.example/embed/abc",
            "calendar": "https://studio.example/api/v1/spaces/abc/calendar.ics",
            "preview": "https://studio.example/previews/abc.png",
            "home": "https://studio.example/",
            "api": "https://studio.example/api/v1",
            "chat": "https://edge.example/live/abc/chat.json",
            "replay": None,
        },
    }


def test_a_space_without_a_program() -> None:
    record = SpaceRecord("abc", 0.0)
    seats = (SeatState("ana", "Ana", "host"), SeatState("tom", "Tom", "speaker", "host"))
    record.take_space(space_message(state="scheduled", seats=seats), 0.0)
    fields = space_fields(record, ORIGINS, NOW_S)
    nobody = {"listeners": 0, "peak_listeners": 0, "total_listeners": 0}
    assert (fields["sequence"], fields["renditions"], fields["counts"]) == (None, [], nobody)
    assert fields["speakers"] == [
        {
            "handle": "ana",
            "display_name": "Ana",
            "role": "host",
            "connected": False,
            "muted": False,
            "avatar": None,
        },
        {
            "handle": "tom",
            "display_name": "Tom",
            "role": "speaker",
            "connected": False,
            "muted": True,
            "avatar": None,
        },
    ]


@pytest.mark.parametrize(
    ("state", "recorded", "expected"),
    [
        ("ended", True, "https://archive.example/replay/abc"),
        ("ended", False, None),
        ("live", True, None),
    ],
)
def test_a_replay_is_there_when_it_was_recorded_and_is_over(
    state: str, recorded: bool, expected: str | None
) -> None:
    record = SpaceRecord("abc", 0.0)
    record.take_space(space_message(state=state, recorded=recorded), 0.0)
    assert space_fields(record, ORIGINS, NOW_S)["links"]["replay"] == expected


def test_a_program_without_its_space_tells_what_it_knows() -> None:
    fields = space_fields(running(), ORIGINS, NOW_S)
    assert (fields["title"], fields["state"]) == ("By the stage", "live")
    assert fields["host"] == {"handle": "ana", "display_name": "Ana"}
    assert fields["created_at"] == rfc3339(part_start_s(FIRST))


def test_a_host_without_a_seat_is_called_by_handle() -> None:
    record = SpaceRecord("abc", 0.0)
    record.take_space(space_message(seats=()), 0.0)
    assert space_fields(record, ORIGINS, NOW_S)["host"] == {"handle": "ana", "display_name": "ana"}


def test_times_have_milliseconds() -> None:
    assert rfc3339(1_795_000_000.12) == "2026-11-18T11:06:40.120Z"
