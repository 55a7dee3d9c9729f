"""LL-HLS from a real edge over real sockets, and as FFmpeg plays it."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from parvis.bus.messages import Handoff
from parvis.clock import PART_SAMPLES, PARTS_PER_SEGMENT, part_start_s
from parvis.edge.view import rfc3339
from parvis.media.events import Event
from parvis.media.init import init_segment
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition
from tests.integration.broadcast import Broadcast, ffmpeg, levels_of, place_of
from tests.unit.edge.world import (
    Client,
    Response,
    World,
    part_message,
    program_message,
    space_message,
    wait_for,
)

AAC = "/live/abc/aac.m3u8"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    # The first part begins a segment, whatever the time is, and is ahead of it, so that nothing is overdue.
    world.stage.sequence += 299 - world.stage.sequence % PARTS_PER_SEGMENT
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


def test_what_left_the_playlist_is_there_at_an_edge_where_nobody_played(live: World) -> None:
    """A player's next connection may be taken by another edge."""
    first = int(re.findall(rb"^aac/(\d+)\.m4s$", live.get(AAC).body, re.M)[0])

    def at_both_edges(target: str, method: str, good: Callable[[Response], bool]) -> dict[str, Response]:
        answers: dict[str, Response] = {}

        def asked() -> bool:
            with live.connect() as client:
                name = json.loads(ask(client, "/healthz").body)["name"]
                client.request(target, method)
                answer = client.response(head_only=method == "HEAD")
                if good(answer):
                    answers[name] = answer
            return len(answers) == 2

        wait_for(asked, f"both edges answer {target} well")
        return answers

    with live.edge(name="edge-2"):
        for _ in range(6):
            newest = live.stage.parts(26)
            here = f"/live/abc/stream.mp4?from={newest}"
            at_both_edges(here, "HEAD", lambda answer: answer.headers["x-parvis-sequence"] == str(newest))  # noqa: B023
        for rendition in Rendition:
            target = f"/live/abc/{rendition}/{first + 2}.m4s"
            answers = at_both_edges(target, "GET", lambda answer: answer.status in (200, 404))
            assert [answer.status for answer in answers.values()] == [200, 200], answers
            one, other = answers.values()
            assert one.body == other.body
            assert parts_in(one.body, rendition) == list(range(6 * first + 12, 6 * first + 18))


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


def playing(world: World, space: str, rendition: str, sequence: int) -> bool:
    return hinted(world.get(f"/live/{space}/{rendition}.m3u8")) == sequence + 1


def handed(space: str, to: str, start: int, **changes: str) -> Handoff:
    at = rfc3339(part_start_s(start) + 0.001)
    return Handoff(f"{space}-{to}-{start}", to, "", f"The room {to}", "More room", "ana", at, **changes)


@pytest.mark.parametrize("rendition", ["aac", "opus"])
def test_ffmpeg_hears_every_sample_and_goes_over_into_another_space(world: World, rendition: str) -> None:
    broadcast = Broadcast(world, 80, {"abc": 1.0, "xyz": 0.5})
    with world.edge():
        last = broadcast.send(30)
        for space in ("abc", "xyz"):
            wait_for(lambda: playing(world, space, rendition, last), "the edge has all parts")  # noqa: B023
        player = ffmpeg(f"http://127.0.0.1:{world.port}/live/abc/{rendition}.m3u8", "-live_start_index", "-3")
        wait_for(lambda: served(world) >= 3, "it plays")
        over = broadcast.first + 40
        world.stage.say(space_message("abc", revision=2, handoffs=(handed("abc", "xyz", over),)))
        world.until("/live/abc/stream.mp4", 307)
        last = broadcast.send(40)
        wait_for(lambda: playing(world, "abc", rendition, last), "the numbers run on")
        told = world.get(f"/live/abc/{rendition}.m3u8").body.decode()
        assert f'ID="handoff-{over}"' in told
        assert 'X-TO="xyz"' in told
        broadcast.end()
        heard = player.heard(may_say="duplicated MOOV")
    joined = 30 - 18
    assert len(heard) == (70 - joined) * PART_SAMPLES, "nothing missing, nothing added"
    assert abs(place_of(heard[PART_SAMPLES:], broadcast.sound) - (joined + 1) * PART_SAMPLES) <= 3
    levels = levels_of(heard[PART_SAMPLES:], broadcast.sound, first=joined + 1)
    seam = 40 - joined - 1
    assert all(0.9 < level < 1.1 for level in levels[:seam])
    assert all(0.45 < level < 0.55 for level in levels[seam + 1 :])


def served(world: World) -> int:
    """Segments of sound that somebody has taken, by the count of parts."""
    found = re.search(r"parvis_edge_hls_parts_total\{.*\} (\d+)", world.get("/metrics").body.decode())
    return int(found[1]) // 6 if found else 0


def test_those_who_wait_go_over_and_a_return_takes_them_along(world: World) -> None:
    for space in ("abc", "xyz"):
        world.stage.begin(space)
    sounds = {"abc": b"\x01abc\x0e", "xyz": b"\x01xyz\x0e"}

    def send(count: int) -> int:
        for _ in range(count):
            sequence = world.stage.sequence = world.stage.sequence + 1
            for space, unit in sounds.items():
                for rendition in Rendition:
                    world.stage.say_part(part_message(sequence, rendition, unit=unit, space=space))
        return world.stage.sequence

    def sound_of(sequence: int) -> bytes:
        body = world.get(f"/live/abc/aac/{sequence}.part.m4s").body
        [part] = [item for item in PartReader(Rendition.AAC).feed(body) if isinstance(item, Part)]
        return part.access_units[0]

    with world.edge(), world.connect() as waiting:
        last = send(20)
        for space in ("abc", "xyz"):
            wait_for(lambda: playing(world, space, "aac", last), "the edge has all parts")  # noqa: B023
        over = last + 3
        world.stage.say(space_message("abc", revision=2, handoffs=(handed("abc", "xyz", over),)))
        world.until("/live/abc/stream.mp4", 307)
        waiting.request(f"{AAC}?_HLS_msn={over // 6}&_HLS_part={over % 6}")
        last = send(8)
        assert hinted(waiting.response()) >= over + 1
        wait_for(lambda: playing(world, "abc", "aac", last), "the numbers run on")
        assert [sound_of(over - 1), sound_of(over)] == [sounds["abc"], sounds["xyz"]]
        back = last + 4
        going_back = handed("xyz", "abc", back, only_from="abc")
        world.stage.say(space_message("abc", revision=3, handoffs=()))
        world.stage.say(space_message("xyz", revision=3, handoffs=(going_back,)))
        world.until("/live/abc/stream.mp4", 200)
        last = send(12)
        wait_for(lambda: playing(world, "abc", "aac", last), "the numbers run on")
        assert [sound_of(back - 1), sound_of(back)] == [sounds["xyz"], sounds["abc"]]
        assert world.get("/live/xyz/aac.m3u8").status == 200


def test_who_comes_after_a_handoff_hears_where_the_audience_is(world: World) -> None:
    broadcast = Broadcast(world, 40, {"abc": 1.0, "xyz": 0.5})
    with world.edge():
        last = broadcast.send(20)
        wait_for(lambda: playing(world, "xyz", "aac", last), "the edge has all parts")
        over = last + 2
        world.stage.say(space_message("abc", revision=2, handoffs=(handed("abc", "xyz", over),)))
        world.until("/live/abc/stream.mp4", 307)
        last = broadcast.send(18)
        wait_for(lambda: playing(world, "xyz", "aac", last), "the edge has all parts")
        assert playing(world, "abc", "aac", last)
        for sequence, space in ((over - 1, "abc"), (over + 1, "xyz")):
            part = f"aac/{sequence}.part.m4s"
            assert world.get(f"/live/abc/{part}").body == world.get(f"/live/{space}/{part}").body
        assert f'ID="handoff-{over}"' in world.get(AAC).body.decode()


def test_an_audience_that_went_to_another_parvis_is_sent_after_it(world: World) -> None:
    world.stage.begin()
    world.stage.parts(8)
    with world.edge():
        world.until(AAC, 200)
        gone = Handoff("h", "", "https://other.example/s/k3v9", "There", "", "ana", "2026-01-01T00:00:00Z")
        world.stage.say(space_message(revision=2, handoffs=(gone,)))
        answer = world.until(f"{AAC}?_HLS_skip=YES", 307)
        there = "https://other.example/live/k3v9/aac.m3u8?_HLS_skip=YES&via=abc"
        assert answer.headers["location"] == there
