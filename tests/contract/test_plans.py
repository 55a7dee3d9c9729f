"""Plans, standby sounds and recording through the API."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from parvis.api.times import parse_rfc3339, rfc3339
from parvis.bus.messages import SpaceMessage, StandbyMessage
from tests.contract.api_world import World, tone, world
from tests.contract.test_api_errors import check
from tests.contract.test_api_live import open_stream

pytestmark = pytest.mark.usefixtures("any_database")

OCTETS = {"Content-Type": "application/octet-stream"}


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def soon(w: World, seconds: float = 60) -> str:
    return rfc3339(int((w.clock.wall_s() + seconds) * 1000))


def published(w: World, space: str) -> SpaceMessage:
    return SpaceMessage.decode(w.bus.exchange.retained[f"space.{space}"][0])


async def test_on_air_by_itself(w: World) -> None:
    space = await w.space("ana", starts_at=soon(w))
    assert published(w, space).auto_start
    await w.connect(space, "ana", on_air=False)
    await w.pass_time(59, space, "ana", on_air=False)
    assert published(w, space).state == "scheduled"
    await w.pass_time(2, space, "ana", on_air=False)
    assert published(w, space).state == "scheduled", "the stage has not opened it"
    await w.connect(space, "ana", on_air=True)
    assert published(w, space).state == "live"


async def test_not_by_itself(w: World) -> None:
    space = await w.space("ana", starts_at=soon(w), auto_start=False)
    assert not published(w, space).auto_start
    await w.pass_time(61, space, "ana")
    assert published(w, space).state == "scheduled"
    assert not published(w, await w.space("ana")).auto_start, "without a time there is nothing to wait for"


async def test_the_host_is_absent_and_it_is_put_off(w: World) -> None:
    space = await w.space("ana", starts_at=soon(w), if_absent="postpone", postpone_s=120)
    before = published(w, space)
    stream = await open_stream(w, space, "ana")
    await w.pass_time(63, space, on_air=False)
    after = published(w, space)
    assert before.starts_at is not None
    assert after.starts_at is not None
    assert parse_rfc3339(after.starts_at) - parse_rfc3339(before.starts_at) == 120_000
    assert after.revision > before.revision
    assert await stream.next("notice") == {"code": "postponed", "starts_at": after.starts_at, "times": 1}
    for _ in range(2):
        await w.pass_time(121, space, on_air=False)
    used_up = published(w, space)
    assert used_up.if_absent == "hold", "the stage must know that it will not be put off again"
    await w.pass_time(121, space, on_air=False)
    assert published(w, space).starts_at == used_up.starts_at
    waiting = await stream.next("notice")
    while waiting["code"] == "postponed":
        waiting = await stream.next("notice")
    assert waiting == {"code": "host-awaited", "starts_at": used_up.starts_at, "times": 3}
    await w.connect(space, "ana")
    assert published(w, space).state == "live"


async def test_the_host_is_absent_and_somebody_acts(w: World) -> None:
    space = await w.space("ana", starts_at=soon(w), if_absent="acting")
    await w.seat(space, "ana", "cleo", "co-host")
    await w.connect(space, "cleo", on_air=False)
    await w.pass_time(61, space, "cleo", on_air=True)
    assert (published(w, space).state, published(w, space).acting_host) == ("live", "cleo")


async def test_recording_is_told_and_leads_to_a_replay(w: World) -> None:
    space = await w.space("ana", recording="program")
    ana = await w.person("ana")
    assert published(w, space).recording == "program"
    stream = await open_stream(w, space, "ana")
    assert (await stream.next("seats"))["recording"] == "program"
    await ana.post(f"/api/v1/spaces/{space}/start")
    changed = await ana.patch(f"/api/v1/spaces/{space}", json={"recording": "off"})
    assert changed.json()["links"]["replay"] is None
    assert (await stream.next("seats"))["recording"] == "off"
    ended = (await ana.post(f"/api/v1/spaces/{space}/end")).json()
    assert ended["links"]["replay"] == f"http://127.0.0.1:8082/replay/{space}", "some of it was recorded"
    check(await ana.patch(f"/api/v1/spaces/{space}", json={"recording": "tracks"}), 409, "space-ended")
    silent = await w.space("ana")
    await ana.post(f"/api/v1/spaces/{silent}/start")
    assert (await ana.post(f"/api/v1/spaces/{silent}/end")).json()["links"]["replay"] is None


# Standby sounds.


async def put(w: World, space: str, body: bytes, media_type: str = "audio/wav", who: str = "ana") -> Any:
    client = await w.person(who)
    url = f"/api/v1/spaces/{space}/standby-loop"
    return await client.put(url, content=body, headers={"Content-Type": media_type})


def heard(w: World, space: str) -> StandbyMessage:
    return StandbyMessage.decode(w.bus.exchange.retained[f"standby.{space}"][0])


def decoded(audio: bytes) -> tuple[str, int, int, np.ndarray[Any, np.dtype[np.float32]]]:
    with av.open(io.BytesIO(audio), "r") as container:
        stream = container.streams.audio[0]
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(stream)]
        context = stream.codec_context
        return context.name, context.sample_rate, stream.channels, np.concatenate(frames)


async def test_an_uploaded_sound_is_made_alike_and_published(w: World, tmp_path: Path) -> None:
    space = await w.space("ana", standby="loop")
    answer = await put(w, space, tone(2.0))
    assert answer.status_code == 200
    assert (answer.json()["revision"], answer.json()["duration_s"]) == (1, 2.0)
    message = heard(w, space)
    assert (message.revision, len(message.audio)) == (1, answer.json()["size_bytes"])
    name, rate_hz, channels, samples = decoded(message.audio)
    assert (name, rate_hz, channels) == ("opus", 48_000, 1)
    assert abs(len(samples) / 48_000 - 2.0) < 0.05
    spectrum = np.abs(np.fft.rfft(samples[:48_000]))
    assert abs(int(spectrum.argmax()) - 440) <= 1, "it is the sound that was sent"
    assert [file.name for file in (tmp_path / "standby").iterdir()] == [f"{space}.opus"]

    assert (await put(w, space, tone(3.0), "application/octet-stream")).json()["revision"] == 2
    ana = await w.person("ana")
    assert (await ana.get(f"/api/v1/spaces/{space}")).json()["standby_loop"] is True
    assert (await ana.delete(f"/api/v1/spaces/{space}/standby-loop")).status_code == 204
    assert (heard(w, space).revision, heard(w, space).audio) == (3, b"")
    assert list((tmp_path / "standby").iterdir()) == []
    assert (await ana.get(f"/api/v1/spaces/{space}")).json()["standby_loop"] is False
    assert (await ana.delete(f"/api/v1/spaces/{space}/standby-loop")).status_code == 204


async def test_after_a_restart_the_sound_is_there(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        space = await w.space("ana")
        await put(w, space, tone(1.5))
        audio = heard(w, space).audio
    async with world(tmp_path) as w:
        assert heard(w, space) == StandbyMessage(space, 1, audio)


async def test_sounds_that_are_refused(w: World) -> None:
    space = await w.space("ana")
    check(await put(w, space, tone(31.0)), 422, "audio-too-long")
    check(await put(w, space, tone(0.5)), 422, "audio-unreadable")
    check(await put(w, space, b""), 422, "audio-unreadable")
    check(await put(w, space, b"\x00" * 100_000), 422, "audio-unreadable")
    check(await put(w, space, tone(2.0)[:60]), 422, "audio-unreadable")
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n"
    check(await put(w, space, playlist), 422, "audio-unreadable")
    concat = b"ffconcat version 1.0\nfile /etc/hostname\n"
    check(await put(w, space, concat), 422, "audio-unreadable")
    check(await put(w, space, b"\x00" * 5_000_001), 413, "too-large")
    check(await put(w, space, tone(), "application/json"), 415, "media-type")
    await w.seat(space, "ana", "sam")
    check(await put(w, space, tone(), who="sam"), 403, "forbidden")
    await (await w.person("ana")).post(f"/api/v1/spaces/{space}/end")
    check(await put(w, space, tone()), 409, "space-ended")
    assert f"standby.{space}" not in w.bus.exchange.retained
