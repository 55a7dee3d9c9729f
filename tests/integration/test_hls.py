"""LL-HLS from a real edge over real sockets, and as FFmpeg plays it."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from parvis.clock import PARTS_PER_SEGMENT
from parvis.media.events import Event
from parvis.media.init import init_segment
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition
from tests.unit.edge.world import Client, Response, World, program_message, space_message, wait_for

AAC = "/live/abc/aac.m3u8"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    # The first part begins a segment, whatever the time is.
    world.stage.sequence -= world.stage.sequence % PARTS_PER_SEGMENT + 1
    yield world
    world.close()


@pytest.fixture
def live(world: World) -> Iterator[World]:
    """A Space of four segments and two parts."""
    world.stage.begin()
    world.stage.parts(26)
    with world.edge():
        wait_for(lambda: world.get(AAC).body.count(b"#EXT-X-PART:") >= 20, "the edge has all parts")
        wait_for(lambda: hinted(world.get(AAC)) == world.stage.sequence + 1, "the newest, too")
        wait_for(
            lambda: f"LAST-PART={world.stage.sequence % 6}" in world.get(AAC).body.decode(),
            "in both renditions",
        )
        yield world


def hinted(answer: Response) -> int:
    """The part that a playlist says will come next; 0 at the end."""
    found = re.search(rb'PRELOAD-HINT:TYPE=PART,URI="\w+/(\d+)\.part', answer.body)
    return int(found[1]) if found else 0


def parts_in(body: bytes, rendition: Rendition = Rendition.AAC) -> list[int]:
    return [item.sequence for item in PartReader(rendition).feed(body) if isinstance(item, Part)]


def ask(client: Client, target: str) -> Response:
    client.request(target)
    return client.response()


def test_a_player_finds_renditions_segments_and_parts(live: World) -> None:
    index = live.get("/live/abc/index.m3u8")
    assert index.status == 200
    assert index.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert re.findall(rb"^\w+\.m3u8$", index.body, re.M) == [b"aac.m3u8", b"opus.m3u8"]
    playlist = live.get(AAC)
    assert playlist.headers["cache-control"] == "public, max-age=1"
    segments = re.findall(r"^aac/(\d+)\.m4s$", playlist.body.decode(), re.M)
    first = int(segments[0])
    assert [int(number) for number in segments] == list(range(first, first + 4))
    init = live.get("/live/abc/aac/init.mp4")
    assert init.body == init_segment(Rendition.AAC)
    for number in segments:
        segment = live.get(f"/live/abc/aac/{number}.m4s")
        assert parts_in(segment.body) == list(range(6 * int(number), 6 * int(number) + 6))
        assert segment.headers["cache-control"] == "public, max-age=86400, immutable"
    part = live.get(f"/live/abc/aac/{6 * first + 7}.part.m4s")
    assert parts_in(part.body) == [6 * first + 7]


def test_a_reload_waits_for_the_part_that_it_names(live: World) -> None:
    newest = live.stage.sequence
    segment, part = divmod(newest + 1, 6)
    with live.connect() as waiting, live.connect() as hint:
        waiting.request(f"{AAC}?_HLS_msn={segment}&_HLS_part={part}")
        hint.request(f"/live/abc/aac/{newest + 1}.part.m4s")
        wait_for(lambda: waits(live) == 2, "both wait")
        live.stage.part()
        answer = waiting.response()
        assert answer.status == 200
        assert answer.headers["cache-control"] == "public, max-age=12"
        assert hinted(answer) == newest + 2
        assert parts_in(hint.response().body) == [newest + 1]
        assert ask(waiting, AAC).status == 200, "the connection goes on"
        assert ask(hint, AAC).status == 200
    wait_for(lambda: waits(live) == 0, "nobody waits")


def waits(world: World) -> int:
    metrics = world.get("/metrics").body.decode()
    return int(re.search(r"parvis_edge_waiting\{.*\} (\d+)", metrics)[1])  # type: ignore[index]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("_HLS_part=1", 400),
        ("_HLS_msn=x", 400),
        ("_HLS_msn=99999999999", 400),
        ("_HLS_msn=1", 200),
        ("_HLS_msn=1&_HLS_part=3", 200),
        ("_HLS_skip=YES", 200),
        ("_HLS_other=1", 200),
    ],
)
def test_what_may_be_asked(live: World, query: str, status: int) -> None:
    assert live.get(f"{AAC}?{query}").status == status


def test_a_segment_number_more_than_two_ahead_is_refused(live: World) -> None:
    whole = (live.stage.sequence + 1) // 6 - 1
    assert live.get(f"{AAC}?_HLS_msn={whole + 3}").status == 400
    with live.connect() as client:
        client.request(f"{AAC}?_HLS_msn={whole + 2}")
        wait_for(lambda: waits(live) == 1, "it waits")
        live.stage.parts(10)
        assert client.response().status == 200


def test_who_hangs_up_while_waiting_is_forgotten(live: World) -> None:
    with live.connect() as client:
        client.request(f"/live/abc/aac/{live.stage.sequence + 1}.part.m4s")
        wait_for(lambda: waits(live) == 1, "it waits")
    wait_for(lambda: waits(live) == 0, "it is gone")
    live.stage.part()
    wait_for(lambda: hinted(live.get(AAC)) == live.stage.sequence + 1, "the edge goes on")


def test_what_was_asked_for_together_cannot_wait(live: World) -> None:
    with live.connect() as client:
        target = f"/live/abc/aac/{live.stage.sequence + 1}.part.m4s"
        client.send(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\nGET {AAC} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert client.response().status == 503


def test_who_waits_too_long_is_refused(live: World) -> None:
    with live.connect() as client:
        client.request(f"/live/abc/aac/{live.stage.sequence + 1}.part.m4s")
        answer = client.response()
        assert answer.status == 503
        assert b"playlist-late" in answer.body
        assert answer.headers["retry-after"] == "1"


def test_what_is_gone_or_far_away_is_not_there(live: World) -> None:
    newest = live.stage.sequence
    for name in (
        f"aac/{newest + 9}.part.m4s",
        f"aac/{newest - 50}.part.m4s",
        f"aac/{newest // 6 + 5}.m4s",
        "aac/1.m4s",
        "aac/x.m4s",
        "aac/1.mp4",
        "flac/init.mp4",
    ):
        assert live.get(f"/live/abc/{name}").status == 404, name
    assert live.get("/live/nope/index.m3u8").status == 404


def test_the_end_is_told_to_those_who_wait_and_those_who_come(live: World) -> None:
    segment, part = divmod(live.stage.sequence + 2, 6)
    with live.connect() as waiting, live.connect() as hint:
        waiting.request(f"{AAC}?_HLS_msn={segment}&_HLS_part={part}")
        hint.request(f"/live/abc/aac/{live.stage.sequence + 2}.part.m4s")
        wait_for(lambda: waits(live) == 2, "both wait")
        last = live.stage.part([Event.of("state", state="ended", title="x", reason=None)], last=True)
        live.stage.say(space_message(state="ended", revision=2))
        answer = waiting.response()
        assert answer.body.endswith(b"#EXT-X-ENDLIST\n")
        assert hint.response().status == 404
    final = live.get(f"/live/abc/aac/{last // 6}.m4s")
    assert parts_in(final.body) == list(range(last - last % 6, last + 1)), "the last segment is short"
    for query in ("_HLS_part=1", "_HLS_msn=99999999999", f"_HLS_msn={segment}&_HLS_part={part}"):
        answer = live.get(f"{AAC}?{query}")
        assert (answer.status, answer.body[-15:]) == (200, b"#EXT-X-ENDLIST\n"), (
            "nothing is asked after the end"
        )
    assert live.get("/live/abc/stream.mp4").status == 410


def test_a_space_that_has_not_begun_has_no_playlist(world: World) -> None:
    with world.edge():
        world.stage.say(space_message(state="scheduled"))
        answer = world.until("/live/abc/index.m3u8", 409)
        assert int(answer.headers["retry-after"]) >= 1


def test_the_first_segment_is_waited_for(world: World) -> None:
    world.stage.begin()
    world.stage.parts(3)
    with world.edge(), world.connect() as client:
        world.until("/live/abc/index.m3u8", 200)
        client.request(AAC)
        wait_for(lambda: waits(world) == 1, "it waits")
        world.stage.parts(3)
        assert b"#EXTINF:1.92" in client.response().body


def test_who_paused_for_a_while_finds_what_it_missed(live: World) -> None:
    first = int(re.findall(rb"^aac/(\d+)\.m4s$", live.get(AAC).body, re.M)[0])
    for _ in range(14):
        live.stage.parts(6)
        wait_for(lambda: hinted(live.get(AAC)) == live.stage.sequence + 1, "the edge has it")
    live.stage.parts(6 * 5)
    wait_for(lambda: hinted(live.get(AAC)) == live.stage.sequence + 1, "the edge has it")
    shown = [int(number) for number in re.findall(rb"^aac/(\d+)\.m4s$", live.get(AAC).body, re.M)]
    assert len(shown) == 14
    assert shown[0] > first + 5
    assert parts_in(live.get(f"/live/abc/aac/{first + 1}.m4s").body) == list(
        range(6 * first + 6, 6 * first + 12)
    )


def test_a_player_that_unpacks_gets_less(live: World) -> None:
    packed = live.get(AAC, Accept_Encoding="gzip, br")
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.body) == live.get(AAC).body
    assert len(packed.body) < len(live.get(AAC).body) / 3
    assert "content-encoding" not in live.get(AAC, Accept_Encoding="gzip;q=0").headers


def test_listeners_are_counted_by_the_sound_that_they_take(live: World) -> None:
    for sequence in range(live.stage.sequence - 14, live.stage.sequence + 1):
        for _ in range(4):
            live.get(f"/live/abc/aac/{sequence}.part.m4s")
    metrics = live.get("/metrics").body.decode()
    assert re.search(r"parvis_edge_hls_listeners\{.*\} 2\n", metrics)
    assert re.search(r"parvis_edge_listeners\{.*\} 2\n", metrics)


def test_too_many_requests_are_told_to_come_back(live: World) -> None:
    with live.edge(name="edge-2", requests_per_s=1.0):
        wait_for(lambda: live.get("/live/abc/space.json").status == 503, "the bucket is empty")
        answers = [live.get(f"/live/abc/aac/{live.stage.sequence}.part.m4s") for _ in range(40)]
        refused = next(answer for answer in answers if answer.status == 503)
        assert "retry-after" in refused.headers
        assert b"appointment" not in refused.body


def test_a_program_that_goes_on_after_a_hole_begins_after_it(world: World) -> None:
    world.stage.begin()
    world.stage.parts(12)
    with world.edge():
        wait_for(lambda: hinted(world.get(AAC)) == world.stage.sequence + 1, "the edge has it")
        world.stage.say(program_message(world.stage.sequence - 11, last_sequence=world.stage.sequence))
        wait_for(lambda: b"ENDLIST" in world.get(AAC).body, "the program is over")
        world.stage.sequence += 6
        world.stage.say(program_message(world.stage.sequence + 1))
        world.stage.parts(8)
        wait_for(lambda: hinted(world.get(AAC)) == world.stage.sequence + 1, "the next goes on")
        [segment] = re.findall(rb"^aac/(\d+)\.m4s$", world.get(AAC).body, re.M)
        assert int(segment) == (world.stage.sequence - 7) // 6
