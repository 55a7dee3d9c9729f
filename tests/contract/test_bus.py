"""One suite over every implementation of the bus port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from parvis.bus.local import LocalBus, LocalPublisher
from parvis.bus.port import Bus, Subscription
from parvis.bus.run_dir import prepare_run_dir
from parvis.errors import Conflict, Overloaded, Unavailable, UserError

pytestmark = pytest.mark.alone  # folders of tests that run side by side are too deep for a socket's name

Join = Callable[[str], Awaitable[Bus]]


@pytest.fixture(params=["local"])
async def join(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Join]:
    """Brings a process of a given name onto the bus; all leave at the end."""
    assert request.param == "local"
    there: list[Bus] = []

    async def come(name: str) -> Bus:
        bus = LocalBus(tmp_path / "run", name)
        there.append(bus)
        return bus

    yield come
    for bus in there:
        await bus.close()


async def take(subscription: Subscription, count: int) -> list[tuple[str, bytes]]:
    async with asyncio.timeout(10):
        return [await anext(subscription) for _ in range(count)]


async def until_heard(publisher: Bus, subscription: Subscription) -> None:
    """Publishes until the subscriber hears it, then drops what is left over."""
    async with asyncio.timeout(10):
        heard = asyncio.ensure_future(anext(subscription))
        while not heard.done():
            publisher.publish("part.hello", b"")
            await asyncio.sleep(0.01)
        publisher.publish("part.end", b"")
        while (await anext(subscription))[0] != "part.end":
            pass


async def test_publications_arrive_in_order_and_by_pattern(join: Join) -> None:
    stage, edge = await join("stage-1"), await join("edge-1")
    parts = edge.subscribe("part.")
    await until_heard(stage, parts)
    for number in range(500):
        stage.publish("space.a", b"not for the edge")
        stage.publish("part.a", str(number).encode())
    assert await take(parts, 500) == [("part.a", str(number).encode()) for number in range(500)]


async def test_a_late_subscriber_gets_what_is_retained_first(join: Join) -> None:
    stage = await join("stage-1")
    for number in range(10):
        stage.publish("part.a", str(number).encode(), retain=4)
    stage.publish("space.a", b"old", retain=1)
    stage.publish("space.a", b"new", retain=1)
    edge = await join("edge-1")
    got = await take(edge.subscribe("part.", "space.", replay=True), 5)
    assert sorted(got) == [
        ("part.a", b"6"),
        ("part.a", b"7"),
        ("part.a", b"8"),
        ("part.a", b"9"),
        ("space.a", b"new"),
    ]


async def test_nothing_falls_between_a_replay_and_what_is_new(join: Join) -> None:
    stage, edge = await join("stage-1"), await join("edge-1")
    said = 0

    async def speak() -> None:
        nonlocal said
        while True:
            for _ in range(5):
                said += 1
                stage.publish("part.a", str(said).encode(), retain=10_000)
            await asyncio.sleep(0.002)

    speaking = asyncio.create_task(speak())
    try:
        for _ in range(20):
            late = edge.subscribe("part.", replay=True)
            got = {int(payload) for _, payload in await take(late, said + 200)}
            assert sorted(set(range(1, max(got) + 1)) - got) == [], "a hole"
            await late.aclose()
    finally:
        speaking.cancel()


async def test_what_is_forgotten_is_not_replayed(join: Join) -> None:
    stage = await join("stage-1")
    stage.publish("space.a", b"a", retain=1)
    stage.publish("space.b", b"b", retain=1)
    stage.forget("space.a")
    edge = await join("edge-1")
    assert await take(edge.subscribe("space.", replay=True), 1) == [("space.b", b"b")]


async def test_a_restarted_publisher_is_found_and_replayed(join: Join) -> None:
    edge = await join("edge-1")
    spaces = edge.subscribe("space.", replay=True)
    first = await join("control")
    first.publish("space.a", b"1", retain=1)
    assert await take(spaces, 1) == [("space.a", b"1")]
    second = await join("control")  # the first was killed: its sockets are still there
    second.publish("space.a", b"2", retain=1)
    while (message := (await take(spaces, 1))[0]) == ("space.a", b"1"):
        pass
    assert message == ("space.a", b"2")


async def test_a_process_whose_sockets_were_removed_is_found_again(join: Join, tmp_path: Path) -> None:
    """By who cleans up temporary files, say. Nothing that is retained is missed, requests are answered."""
    stage, edge = await join("stage-1"), await join("edge-1")
    parts = edge.subscribe("part.", replay=True)
    said: set[bytes] = set()
    heard: set[bytes] = set()

    async def listen() -> None:
        async for _, payload in parts:
            heard.add(payload)

    async def say_until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                said.add(str(len(said)).encode())
                stage.publish("part.a", str(len(said) - 1).encode(), retain=10_000)
                await asyncio.sleep(0.01)

    async def answer(payload: bytes) -> bytes:
        return payload

    stage.serve("stage.stage-1", answer)
    listening = asyncio.create_task(listen())
    await say_until(lambda: bool(heard))
    for socket in (tmp_path / "run").glob("stage-1.*"):
        socket.unlink()
    await say_until(lambda: any((tmp_path / "run").glob("stage-1.*.pub")))
    assert await edge.request("stage.stage-1", b"there?", timeout_s=5) == b"there?"
    await say_until(lambda: said <= heard and len(said) > 1)
    await parts.aclose()
    await listening


async def test_a_process_whose_name_another_has_stays_away(
    join: Join, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parvis.bus.local.STANDING_LOOK_S", 0.0)
    first, _ = await join("control"), await join("control")
    [socket] = (tmp_path / "run").glob("control.*.pub")
    first.publish("space.a", b"{}")
    assert list((tmp_path / "run").glob("control.*.pub")) == [socket]


async def test_a_request_is_answered(join: Join) -> None:
    control, stage = await join("control"), await join("stage-1")

    async def shout(payload: bytes) -> bytes:
        return payload.upper()

    stage.serve("stage.stage-1", shout)
    answers = await asyncio.gather(
        *(control.request("stage.stage-1", f"n{n}".encode(), timeout_s=5) for n in range(20))
    )
    assert answers == [f"N{n}".encode() for n in range(20)]


async def test_errors_cross_the_bus_as_they_are(join: Join) -> None:
    control, stage = await join("control"), await join("stage-1")

    async def refuse(payload: bytes) -> bytes:
        if payload == b"full":
            raise Overloaded("stage-full", "The stage is full.", 7.5)
        if payload == b"bug":
            raise ValueError("not shown")
        raise Conflict("space-ended", "It is over.")

    stage.serve("stage.stage-1", refuse)
    with pytest.raises(Overloaded) as full:
        await control.request("stage.stage-1", b"full", timeout_s=5)
    assert (full.value.code, full.value.detail, full.value.retry_after_s) == (
        "stage-full",
        "The stage is full.",
        7.5,
    )
    with pytest.raises(Conflict):
        await control.request("stage.stage-1", b"", timeout_s=5)
    with pytest.raises(Unavailable) as bug:
        await control.request("stage.stage-1", b"bug", timeout_s=5)
    assert "not shown" not in bug.value.detail


async def test_a_request_finds_the_successor_of_a_killed_server(join: Join) -> None:
    control, first = await join("control"), await join("stage-1")
    asked = asyncio.Event()

    async def never(_payload: bytes) -> bytes:
        asked.set()
        await asyncio.Event().wait()
        return b""

    async def answer(payload: bytes) -> bytes:
        return payload

    first.serve("stage.stage-1", never)
    waiting = asyncio.create_task(control.request("stage.stage-1", b"again", timeout_s=10))
    await asked.wait()
    second = await join("stage-1")  # the first was killed: its sockets are still there
    second.serve("stage.stage-1", answer)
    assert await waiting == b"again"


async def test_nobody_to_ask_is_said_in_time(join: Join) -> None:
    control = await join("control")
    with pytest.raises(Unavailable):
        await control.request("stage.stage-9", b"", timeout_s=0.2)


async def test_a_subscription_that_is_closed_ends(join: Join) -> None:
    edge = await join("edge-1")
    parts = edge.subscribe("part.")
    waiting = asyncio.ensure_future(anext(parts))
    await asyncio.sleep(0)
    await parts.aclose()
    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_a_reader_needs_no_loop(join: Join, tmp_path: Path) -> None:
    publisher = LocalPublisher(tmp_path / "run", "edge-1")
    control = await join("control")
    counts = control.reader("edge.")
    got: list[tuple[str, bytes]] = []
    async with asyncio.timeout(10):
        while not got:
            publisher.publish("edge.edge-1", b"{}")
            got.extend(counts.drain())
            await asyncio.sleep(0.002)
    assert got[0] == ("edge.edge-1", b"{}")
    publisher.close_publisher()


def test_a_long_path_gets_a_short_stand_in(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 90) / "run"
    short = prepare_run_dir(deep)
    assert len(str(short)) < 60
    assert prepare_run_dir(deep) == short


def test_a_folder_of_others_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o755)
    with pytest.raises(UserError, match="chmod 700"):
        prepare_run_dir(tmp_path / "run")
