"""Replays over HTTP: ranges, decisions and their limits, clips, feeds, the object store, deletion."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import numpy as np
import pytest

from parvis.bus.manners import BanMessage
from parvis.bus.messages import RING_PARTS
from parvis.clock import PART_SAMPLES
from parvis.media.boxes import HEADER_BYTES
from parvis.program.encoders import Samples
from tests.integration.archive_world import OPERATOR, PARTS, STUDIO, ArchiveWorld, archive
from tests.unit.archive.makers import FIRST, SPACE, program, space_message

ANYBODY: dict[str, str] = {}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ArchiveWorld]:
    async with archive(tmp_path / "data") as running:
        yield running


def heard(data: bytes, file: Path) -> Samples:
    """What ffmpeg hears; any complaint fails."""
    file.write_bytes(data)
    decoder = ["-c:a", "libopus"] if file.suffix == ".opus" else []
    command = [
        "ffmpeg",
        "-v",
        "warning",
        "-xerror",
        *decoder,
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


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def bodies_of(parts: slice) -> list[bytes]:
    """Sound of these parts, as it would be found in a file that still holds it."""
    return [part.body[part.body.index(b"mdat") + HEADER_BYTES :][:200] for part in program(PARTS)[1][parts]]


async def test_a_replay_is_there_once_the_space_has_ended(world: ArchiveWorld) -> None:
    assert code_of(await world.http.get(f"{world.replay}/replay.json")) == (404, "replay-unknown")
    await world.record(ended=False)
    async with asyncio.timeout(20):
        while (answer := await world.http.get(f"{world.replay}/replay.json")).status_code == 404:
            await asyncio.sleep(0.05)
    assert code_of(answer) == (503, "replay-not-ready")
    assert int(answer.headers["Retry-After"]) >= 1
    await world.record()
    told = await world.ready()
    assert (told["parts"], told["lost_parts"], told["duration_s"]) == (PARTS, 0, PARTS * 0.32)
    assert told["links"]["share"] == f"http://edge.example/s/{SPACE}"
    assert [turn["handle"] for turn in told["turns"]] == ["ana", "ben"]
    page = await world.http.get(world.replay, headers={"Accept": "text/html,*/*"})
    assert (page.status_code, page.headers["Location"]) == (303, told["links"]["share"])
    assert (await world.http.get(world.replay)).json() == told


async def test_any_range_is_the_bytes_of_the_file(world: ArchiveWorld) -> None:
    """Asked by curl, byte by byte compared."""
    await world.record()
    whole = await world.sound()
    url = f"{world.settings.archive_origin}{world.replay}/audio.m4a"
    size = len(whole)
    for asked, start, end in (
        ("0-0", 0, 0), ("0-", 0, size - 1), ("100-299", 100, 299), ("-17", size - 17, size - 1),
        (f"{size - 1}-", size - 1, size - 1), (f"70000-{size * 2}", 70_000, size - 1),
    ):  # fmt: skip
        command = ["curl", "-s", "-i", "-r", asked, url]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        head, _, body = (await process.communicate())[0].partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 206")
        assert f"content-range: bytes {start}-{end}/{size}".encode() in head.lower()
        assert body == whole[start : end + 1]


async def test_conditions_heads_and_downloads(world: ArchiveWorld) -> None:
    await world.record()
    url = f"{world.replay}/audio.opus"
    whole = await world.http.get(url)
    etag, size = whole.headers["ETag"], len(whole.content)
    assert (whole.headers["Accept-Ranges"], whole.headers["Content-Type"]) == ("bytes", "audio/ogg")
    head = await world.http.head(url)
    assert (head.status_code, head.content, int(head.headers["Content-Length"])) == (200, b"", size)
    assert (await world.http.get(url, headers={"If-None-Match": etag})).status_code == 304
    past = await world.http.get(url, headers={"Range": f"bytes={size}-"})
    assert code_of(past) == (416, "range-unsatisfiable")
    assert past.headers["Content-Range"] == f"bytes */{size}"
    some = {"Range": "bytes=5-9"}
    assert (await world.http.get(url, headers={**some, "If-Range": etag})).status_code == 206
    changed = await world.http.get(url, headers={**some, "If-Range": '"other"'})
    assert (changed.status_code, changed.content) == (200, whole.content)
    several = await world.http.get(url, headers={"Range": "bytes=0-1,5-9"})
    assert (several.status_code, several.content) == (200, whole.content)
    download = await world.http.get(url, params={"download": "1"})
    assert download.headers["Content-Disposition"] == 'attachment; filename="Budget-night.opus"'
    told = await world.ready()
    assert {one["name"]: one["bytes"] for one in told["audio"]}["opus"] == size


async def test_pages_of_the_edge_may_read_and_no_other_site_may_decide(world: ArchiveWorld) -> None:
    await world.record()
    there = await world.http.get(f"{world.replay}/replay.json", headers={"Origin": "http://edge.example"})
    assert there.headers["Access-Control-Allow-Origin"] == "*"
    asked = await world.http.options(f"{world.replay}/audio.m4a", headers={"Origin": "http://edge.example"})
    assert asked.status_code == 204
    assert "Range" in asked.headers["Access-Control-Allow-Headers"]
    cookie = {"Cookie": f"parvis_session={world.token('ana')}"}
    foreign = await world.http.patch(
        world.replay, json={}, headers={**cookie, "Origin": "http://evil.example"}
    )
    assert code_of(foreign) == (403, "cross-origin")
    studio = await world.http.patch(world.replay, json={}, headers={**cookie, "Origin": STUDIO})
    assert studio.status_code == 200
    assert studio.headers["Access-Control-Allow-Origin"] == STUDIO
    assert studio.headers["Access-Control-Allow-Credentials"] == "true"


@pytest.mark.parametrize(
    ("method", "path", "body", "who", "expected"),
    [
        ("PATCH", "", {}, None, "not-signed-in"),
        ("PATCH", "", {}, "stranger", "no-seat"),
        ("PATCH", "", {}, "ben", "forbidden"),
        ("PATCH", "", {"public": 1}, "ana", "input-invalid"),
        ("PATCH", "", {"pubic": True}, "ana", "input-invalid"),
        ("PATCH", "", {"trim": {"from_s": 3}}, "ana", "input-invalid"),
        ("PATCH", "", {"trim": {"from_s": 3, "to_s": 1}}, "ana", "time-invalid"),
        ("DELETE", "", {}, "ben", "forbidden"),
        ("POST", "/cuts", {"from_s": 0, "to_s": 1}, "ben", "forbidden"),
        ("POST", "/cuts", {"from_s": 99, "to_s": 100}, "ana", "time-invalid"),
        ("POST", "/cuts", {"from_s": True, "to_s": 2}, "ana", "input-invalid"),
        ("POST", "/cuts", {"from_s": 0, "to_s": 1, "request": "x"}, "ana", "request-unknown"),
        ("POST", "/removal-requests", {"from_s": 0, "to_s": 1}, "stranger", "no-seat"),
        ("GET", "/removal-requests", None, None, "not-signed-in"),
        ("POST", "/clips", {"from_s": 0, "to_s": 1}, "stranger", "no-seat"),
        ("POST", "/clips", {"from_s": 0, "to_s": 1, "title": "\u202e"}, "ben", "input-invalid"),
        ("GET", "/tracks/ben.opus", None, "ben", "forbidden"),
        ("GET", "/captions.vtt", None, None, "not-found"),
        ("PUT", "", {}, "ana", "method-not-allowed"),
        ("GET", "/nothing", None, None, "not-found"),
    ],
)  # fmt: skip
async def test_who_may_not_do_what(
    world: ArchiveWorld, method: str, path: str, body: Any, who: str | None, expected: str
) -> None:
    await world.record()
    headers = world.as_(who) if who else ANYBODY
    answer = await world.http.request(method, f"{world.replay}{path}", json=body, headers=headers)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == expected
    assert answer.status_code == answer.json()["status"] >= 400


async def test_a_token_that_expired_or_is_not_ours_is_nobody(world: ArchiveWorld) -> None:
    await world.record()
    for token in (world.token("ana", valid_s=-1), world.token("ana")[:-4] + "AAAA", "x" * 5_000):
        answer = await world.http.delete(world.replay, headers={"Authorization": f"Bearer {token}"})
        assert code_of(answer) == (401, "not-signed-in")


async def test_a_body_that_is_too_large_is_refused(world: ArchiveWorld) -> None:
    await world.record()
    answer = await world.http.patch(world.replay, content=b"[" * 100_000, headers=world.as_("ana"))
    assert code_of(answer) == (413, "too-large")


async def test_a_cut_is_gone_from_every_file(world: ArchiveWorld, tmp_path: Path) -> None:
    await world.record()
    clip = await world.http.post(
        f"{world.replay}/clips",
        json={"from_s": 1, "to_s": 5, "title": "The promise"},
        headers=world.as_("ben"),
    )
    assert clip.status_code == 201
    asked = await world.http.post(
        f"{world.replay}/removal-requests",
        json={"from_s": 3.2, "to_s": 4.8, "reason": "My address was said."},
        headers=world.as_("ben"),
    )
    assert asked.status_code == 201
    seen = (await world.http.get(f"{world.replay}/removal-requests", headers=world.as_("ana"))).json()[
        "items"
    ]
    assert seen == [asked.json()]
    assert (seen[0]["handle"], seen[0]["from_s"], seen[0]["state"]) == ("ben", 3.2, "open")
    before = await world.sound()
    cut = await world.http.post(
        f"{world.replay}/cuts",
        json={"from_s": 3.2, "to_s": 4.8, "request": seen[0]["id"]},
        headers=world.as_("ana"),
    )
    assert cut.status_code == 202
    told = await world.ready()
    assert (told["silenced_s"], told["duration_s"], told["lost_parts"]) == (1.6, PARTS * 0.32, 0)
    after = await world.sound()
    assert before != after
    for name in ("audio.m4a", "audio.opus"):
        samples = heard(await world.sound(name), tmp_path / name)
        assert len(samples) == PARTS * PART_SAMPLES
        assert np.abs(samples[10 * PART_SAMPLES + 2_048 : 15 * PART_SAMPLES]).max() < 40
        assert np.abs(samples[20 * PART_SAMPLES : 21 * PART_SAMPLES]).max() > 2_000
    sound = (await world.http.get(clip.json()["audio"][0]["url"])).content
    in_clip = heard(sound, tmp_path / "clip.m4a")
    assert np.abs(in_clip[8 * PART_SAMPLES : 12 * PART_SAMPLES]).max() < 40
    gone = bodies_of(slice(22, 28))
    files = [file for file in world.folder.rglob("*") if file.is_file()]
    assert len(files) > 10
    for file in files:
        assert not any(body in file.read_bytes() for body in gone), file
    done = (await world.http.get(f"{world.replay}/removal-requests", headers=world.as_("ben"))).json()
    assert done["items"][0]["state"] == "done"


async def test_a_request_can_be_declined(world: ArchiveWorld) -> None:
    await world.record()
    asked = await world.http.post(
        f"{world.replay}/removal-requests", json={"from_s": 0, "to_s": 1}, headers=world.as_("ben")
    )
    url = f"{world.replay}/removal-requests/{asked.json()['id']}"
    assert (await world.http.delete(url, headers=world.as_("ana"))).status_code == 204
    seen = (await world.http.get(f"{world.replay}/removal-requests", headers=world.as_("ben"))).json()
    assert seen["items"][0]["state"] == "declined"


async def test_a_trim_can_be_taken_back(world: ArchiveWorld) -> None:
    await world.record()
    trim = {"trim": {"from_s": 1.6, "to_s": 9.6}}
    assert (await world.http.patch(world.replay, json=trim, headers=world.as_("ana"))).status_code == 200
    assert (await world.ready())["duration_s"] == 8.0
    assert (
        await world.http.patch(world.replay, json={"trim": None}, headers=world.as_("ana"))
    ).status_code == 200
    assert (await world.ready())["duration_s"] == PARTS * 0.32


async def test_a_private_replay_is_unknown_to_others(world: ArchiveWorld) -> None:
    await world.record()
    answer = await world.http.patch(world.replay, json={"public": False}, headers=world.as_("ana"))
    assert answer.json() == {"public": False, "ready": True}
    assert code_of(await world.http.get(f"{world.replay}/audio.m4a")) == (404, "replay-unknown")
    seen = await world.http.get(f"{world.replay}/audio.m4a", headers=world.as_("ben"))
    assert seen.status_code == 200
    for accounts, expected in ((("acc-ben",), 404), ((), 200)):
        ban = BanMessage(SPACE, accounts)
        world.bus.publish(ban.subject, ban.encode(), retain=1)
        async with asyncio.timeout(20):
            while (
                await world.http.get(f"{world.replay}/chat.json", headers=world.as_("ben"))
            ).status_code != expected:
                await asyncio.sleep(0.02)
    assert code_of(await world.http.get("/feeds/ana.xml")) == (404, "feed-unknown")


async def test_a_clip_is_a_short_replay_of_its_own(world: ArchiveWorld, tmp_path: Path) -> None:
    await world.record()
    made = await world.http.post(
        f"{world.replay}/clips",
        json={"from_s": 3.2, "to_s": 6.4, "title": "The promise"},
        headers=world.as_("ben"),
    )
    clip = made.json()
    assert (clip["by"], clip["duration_s"], clip["title"]) == ("ben", 3.2, "The promise")
    shown = (await world.http.get(f"/clip/{clip['id']}")).json()
    page = await world.http.get(f"/clip/{clip['id']}", headers={"Accept": "text/html,*/*"})
    assert page.status_code == 303
    assert page.headers["location"].endswith(f"/s/{shown['space']['id']}#clip={clip['id']}")
    assert shown["space"] == {"id": SPACE, "title": "Budget night", "host": "ana"}
    assert (await world.http.get(f"{world.replay}/clips")).json()["items"] == [clip]
    whole = heard(await world.sound("audio.opus"), tmp_path / "whole.opus")
    excerpt = heard((await world.http.get(f"/clip/{clip['id']}/audio.opus")).content, tmp_path / "clip.opus")
    assert len(excerpt) == 10 * PART_SAMPLES
    # A decoder that begins in the middle needs a moment to be in step.
    assert (
        np.abs(whole[10 * PART_SAMPLES : 20 * PART_SAMPLES][-48_000:].astype(int) - excerpt[-48_000:]).max()
        < 200
    )
    assert code_of(await world.http.delete(f"/clip/{clip['id']}", headers=world.as_("stranger")))[0] == 403
    assert (await world.http.delete(f"/clip/{clip['id']}", headers=world.as_("ben"))).status_code == 204
    assert code_of(await world.http.get(f"/clip/{clip['id']}")) == (404, "clip-unknown")


async def test_the_feed_tells_the_exact_length(world: ArchiveWorld) -> None:
    await world.record()
    answer = await world.http.get("/feeds/ana.xml")
    assert answer.headers["Content-Type"].startswith("application/rss+xml")
    enclosure = ET.fromstring(answer.content).find("channel/item/enclosure")
    assert enclosure is not None
    sound = await world.http.get(enclosure.attrib["url"])
    assert int(enclosure.attrib["length"]) == len(sound.content)


async def test_tracks_are_for_the_host(world: ArchiveWorld, tmp_path: Path) -> None:
    await world.record(tracks=True)
    (track,) = (await world.ready())["tracks"]
    answer = await world.http.get(track["url"], headers=world.as_("ana"))
    assert len(heard(answer.content, tmp_path / "ben.opus")) == PARTS * PART_SAMPLES


async def test_deleted_means_deleted(tmp_path: Path) -> None:
    place = tmp_path / "store"
    async with archive(tmp_path / "data", archive_url=place.as_uri()) as world:
        await world.record()
        await until_stored(place)
        assert (await world.http.delete(world.replay, headers=world.as_("ana"))).status_code == 204
        assert code_of(await world.http.get(f"{world.replay}/replay.json")) == (410, "replay-deleted")
        async with asyncio.timeout(20):
            while [file for file in place.rglob("*") if file.is_file()]:
                await asyncio.sleep(0.05)
            while [file.name for file in world.folder.iterdir()] != ["tombstone.json"]:
                await asyncio.sleep(0.05)
        await world.record(ended=False)  # the bus brings it once more
        assert code_of(await world.http.get(f"{world.replay}/replay.json")) == (410, "replay-deleted")
    async with archive(tmp_path / "data", world.bus) as again:
        assert code_of(await again.http.get(f"{again.replay}/audio.m4a")) == (410, "replay-deleted")
        assert [file.name for file in again.folder.iterdir()] == ["tombstone.json"]


async def test_the_operator_may_delete_and_nothing_is_deleted_while_it_is_recorded(
    world: ArchiveWorld,
) -> None:
    await world.record(ended=False)
    operator = {"Authorization": f"Bearer {OPERATOR}"}
    async with asyncio.timeout(20):
        while (answer := await world.http.delete(world.replay, headers=operator)).status_code == 404:
            await asyncio.sleep(0.05)
    assert code_of(answer) == (409, "space-not-ended")
    await world.record()
    assert (await world.http.delete(world.replay, headers=operator)).status_code == 204


async def until_stored(place: Path) -> None:
    async with asyncio.timeout(30):
        while not (place / SPACE / "replay.json").exists():
            await asyncio.sleep(0.05)


async def test_the_store_alone_is_enough(tmp_path: Path) -> None:
    """The local sound is given up once the store has it; all goes on, a cut too."""
    place = tmp_path / "store"
    async with archive(tmp_path / "data", archive_url=place.as_uri(), archive_keep_local=False) as world:
        await world.record()
        await until_stored(place)
        async with asyncio.timeout(20):
            while list(world.folder.rglob("*.m4a")) or (world.folder / "parts").exists():
                await asyncio.sleep(0.05)
        whole = await world.sound()
        assert whole == (place / SPACE / "audio.m4a").read_bytes()
        some = await world.http.get(f"{world.replay}/audio.m4a", headers={"Range": "bytes=1000-1999"})
        assert some.content == whole[1000:2000]
        cut = await world.http.post(
            f"{world.replay}/cuts", json={"from_s": 0, "to_s": 3}, headers=world.as_("ana")
        )
        assert cut.status_code == 202
        assert (await world.ready())["silenced_s"] == 3.2
        samples = heard(await world.sound(), tmp_path / "cut.m4a")
        assert np.abs(samples[4_096 : 9 * PART_SAMPLES]).max() < 40
        async with asyncio.timeout(20):
            while any(
                body in file.read_bytes() for file in files_in(place) for body in bodies_of(slice(4, 10))
            ):
                await asyncio.sleep(0.05)


def files_in(place: Path) -> list[Path]:
    return [file for file in place.rglob("*") if file.is_file()]


async def test_a_store_that_is_away_is_tried_again_and_nothing_is_lost(tmp_path: Path) -> None:
    place = tmp_path / "store"
    async with archive(tmp_path / "data", archive_url=place.as_uri(), archive_keep_local=False) as world:
        shutil.rmtree(place)
        place.write_bytes(b"in the way")
        await world.record()
        async with asyncio.timeout(20):
            while b"parvis_replay_failures 0.0" in (await world.http.get("/metrics")).content:
                await asyncio.sleep(0.05)
        assert len(await world.sound()) > 10_000
        place.unlink()
        await until_stored(place)


async def test_a_replay_that_was_being_made_is_made_after_a_restart(tmp_path: Path) -> None:
    async with archive(tmp_path / "data") as world:
        await world.record()
        before = await world.sound()
    record = json.loads((world.folder / "record.json").read_bytes())
    (world.folder / "record.json").write_text(json.dumps(record | {"built": 0}))
    shutil.rmtree(world.folder / "replay.1")
    async with archive(tmp_path / "data") as again:
        await again.ready()
        assert await again.sound() == before


async def test_who_asks_too_often_waits(tmp_path: Path) -> None:
    async with archive(tmp_path / "data", archive_reads_per_minute=20) as world:
        answers = [await world.http.get("/feeds/nobody.xml") for _ in range(25)]
    assert code_of(answers[-1]) == (429, "too-many-requests")
    assert int(answers[-1].headers["Retry-After"]) >= 1


async def test_behind_a_proxy_each_client_counts_for_itself(tmp_path: Path) -> None:
    proxy, other = "127.0.0.9", "127.0.0.10"
    async with archive(tmp_path / "data", archive_reads_per_minute=20, trusted_proxies=proxy) as world:
        for source, status in ((proxy, 404), (other, 429)):
            transport = httpx.AsyncHTTPTransport(local_address=source)
            async with httpx.AsyncClient(base_url=world.http.base_url, transport=transport) as http:
                for client in range(25):
                    told = {"X-Forwarded-For": f"192.0.2.{client}"}
                    answer = await http.get("/feeds/nobody.xml", headers=told)
            assert answer.status_code == status, source


@pytest.mark.parametrize("number", [20, PARTS - 1])
async def test_what_the_bus_lost_on_the_way_is_asked_for_again(world: ArchiveWorld, number: int) -> None:
    """A part that its publisher retains but that never came, as happens around a reconnection."""
    message, parts, _ = program(PARTS)
    wanted = space_message()
    world.bus.publish(wanted.subject, wanted.encode(), retain=1)
    world.bus.publish(message.subject, message.encode(), retain=1)
    gone = FIRST + number
    for part in parts:
        if part.sequence == gone:
            kept = world.bus.exchange.retained.setdefault(part.subject, deque(maxlen=RING_PARTS))
            kept.append(part.encode())
        else:
            world.bus.publish(part.subject, part.encode(), retain=RING_PARTS)
    over = space_message(revision=2, state="ended")
    world.bus.publish(over.subject, over.encode(), retain=1)
    await world.on_disk(gone)
    assert (await world.ready())["lost_parts"] == 0
