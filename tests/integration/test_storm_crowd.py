"""What a storm says of servers that keep their word, and of those that break it in one known way."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import pytest

from parvis.clock import PART_MS
from parvis.storm import crowd, habits, sockets
from parvis.storm.curve import Curve
from parvis.storm.fleet import Fleet, Outcome, Sample, server_offset_s
from parvis.storm.plan import Limits, Plan
from parvis.storm.summary import verdict_of
from parvis.storm.target import Target
from tests.integration.program_server import ProgramServer, Stream
from tests.parvis import wait_until

LISTENERS = 6


def storm(server: ProgramServer, *, hold_s: float = 1.5, files: int = 20_000, **options: Any) -> Outcome:
    """A storm of six, all at once. Stalls are forgiven: a busy machine may bring them about too."""
    plan = Plan(
        **{
            "listeners": LISTENERS,
            "arrive": Curve.parse("burst"),
            "hold_s": hold_s,
            "limits": Limits(stalled_share=1.0),
            **options,
        }
    )
    target = Target.of(server.url)
    fleet = Fleet(plan, target, files_per_process=files, offset_s=server_offset_s(target))
    return fleet.run(lambda _: None)


async def calm(stream: Stream) -> None:
    await stream.begin()
    await stream.go_on()


def test_a_good_server_passes_and_everything_is_counted() -> None:
    with ProgramServer(calm) as server:
        outcome = storm(server)
    counts = outcome.report.counts
    assert verdict_of(outcome).reasons == ()
    assert (counts.arrived, counts.admitted, outcome.peak_connected) == (6, 6, 6)
    assert (counts.gaps, counts.repeats, counts.dropped, counts.malformed) == (0, 0, 0, 0)
    assert counts.connected == counts.joining == counts.waiting == 0
    assert counts.parts >= 6 * 3 + counts.bursts
    assert counts.bursts == outcome.report.delay.total > 0
    assert outcome.report.join.total == 6
    assert counts.cpu_us > 0
    assert outcome.missed_workers == 0


def test_many_processes_share_a_crowd() -> None:
    with ProgramServer(calm) as server:
        outcome = storm(server, listeners=25, files=64 + 10)
    assert outcome.workers == 3
    assert outcome.report.counts.admitted == 25
    assert verdict_of(outcome).passed


def test_a_gap_is_found_in_every_listener() -> None:
    async def skipping(stream: Stream) -> None:
        await stream.begin()
        await stream.burst()
        stream.next += 2
        await stream.go_on()

    with ProgramServer(skipping) as server:
        outcome = storm(server, hold_s=2.5)
    counts = outcome.report.counts
    assert (counts.gaps, counts.missing_parts, counts.gapped_listeners) == (6, 12, 6)
    assert not verdict_of(outcome).passed


def test_a_repeat_is_found() -> None:
    async def stuttering(stream: Stream) -> None:
        await stream.begin()
        await stream.burst()
        stream.next -= 1
        await stream.go_on()

    with ProgramServer(stuttering) as server:
        outcome = storm(server)
    assert outcome.report.counts.repeats == 6
    assert outcome.report.counts.gaps == 0


def test_a_silence_longer_than_what_is_held_is_a_stall() -> None:
    async def pausing(stream: Stream) -> None:
        await stream.begin()
        await asyncio.sleep(3 * PART_MS / 1000 + 0.5)
        await stream.go_on()

    with ProgramServer(pausing) as server:
        outcome = storm(server, hold_s=3.0, limits=Limits())
    counts = outcome.report.counts
    assert counts.stalled_listeners == 6
    assert counts.gaps == 0
    assert outcome.report.stall.total == counts.stalls
    assert not verdict_of(outcome).passed


def test_who_is_dropped_comes_back_where_it_was() -> None:
    async def dropping(stream: Stream) -> None:
        await stream.begin()
        if stream.visit < LISTENERS:
            await stream.burst()
            return
        await stream.go_on()

    with ProgramServer(dropping) as server:
        outcome = storm(server, hold_s=3.0)
        wanted = sorted(int(stream.query["from"]) for stream in server.streams[LISTENERS:])
        left = sorted(stream.next for stream in server.streams[:LISTENERS])
    counts = outcome.report.counts
    assert (counts.dropped, counts.dropped_listeners, counts.returned) == (6, 6, 6)
    assert counts.gaps == counts.repeats == 0
    assert wanted == left
    assert counts.admitted == 6


def test_in_a_herd_all_break_at_once_and_go_on_where_they_were() -> None:
    herds = 0

    def herd_once(sample: Sample) -> None:
        nonlocal herds
        if not herds and sample.counts.bursts >= 2 * LISTENERS:
            herds += 1
            os.kill(os.getpid(), signal.SIGUSR1)

    with ProgramServer(calm) as server:
        plan = Plan(LISTENERS, Curve.parse("burst"), hold_s=4.0)
        target = Target.of(server.url)
        fleet = Fleet(plan, target, files_per_process=20_000, offset_s=server_offset_s(target))
        counts = fleet.run(herd_once).report.counts
        again = server.streams[LISTENERS:]
    assert (counts.cut, counts.returned, counts.dropped) == (6, 6, 0)
    assert counts.gaps == counts.repeats == 0
    assert len(again) == 6
    assert all("from" in stream.query for stream in again)


def test_without_reconnecting_the_dropped_stay_away() -> None:
    async def dropping(stream: Stream) -> None:
        await stream.begin()

    with ProgramServer(dropping) as server:
        outcome = storm(server, hold_s=30.0, reconnect_share=0.0)
    assert len(server.streams) == 6
    assert (outcome.report.counts.dropped, outcome.report.counts.returned) == (6, 0)
    assert outcome.seconds < 30


def test_the_last_chunk_is_a_good_end_and_ends_the_storm() -> None:
    async def ending(stream: Stream) -> None:
        await stream.begin()
        await stream.burst()
        stream.end()

    with ProgramServer(ending) as server:
        outcome = storm(server, hold_s=60.0)
    counts = outcome.report.counts
    assert (counts.ended, counts.dropped) == (6, 0)
    assert verdict_of(outcome).passed
    assert outcome.seconds < 60


def test_appointments_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(habits, "APPOINTMENT_SPREAD_S", 0.3)
    monkeypatch.setattr(sockets, "LISTENERS_PER_SOURCE", 2)

    async def busy(stream: Stream) -> None:
        if "x-parvis-appointment" in stream.headers:
            await calm(stream)
            return
        at = (datetime.now(UTC) + timedelta(seconds=0.5)).isoformat(timespec="milliseconds")
        stream.refuse(503, 1, code="not-admitted", appointment=f"ticket-{stream.visit}", at=at, ahead=3)

    with ProgramServer(busy) as server:
        outcome = storm(server, hold_s=3.0)
        given = {(f"ticket-{stream.visit}", stream.source) for stream in server.streams[:LISTENERS]}
        presented = {
            (stream.headers.get("x-parvis-appointment"), stream.source)
            for stream in server.streams[LISTENERS:]
        }
    counts = outcome.report.counts
    assert (counts.refused, counts.appointments_given, counts.appointments_kept) == (6, 6, 6)
    assert counts.admitted == 6
    assert presented == given
    assert len({source for _, source in given}) == 3
    assert verdict_of(outcome).passed


def test_who_knows_no_appointment_follows_retry_after_and_gives_up() -> None:
    async def full(stream: Stream) -> None:
        at = (datetime.now(UTC) + timedelta(seconds=60)).isoformat()
        stream.refuse(503, 0, code="not-admitted", appointment="ticket", at=at)

    with ProgramServer(full) as server:
        outcome = storm(server, hold_s=30.0, appointment_share=0.0)
    counts = outcome.report.counts
    assert (counts.refused, counts.gave_up, counts.admitted) == (18, 6, 0)
    assert all("x-parvis-appointment" not in stream.headers for stream in server.streams)
    assert verdict_of(outcome).reasons == ("nobody was admitted",)
    assert outcome.seconds < 30


def test_a_rejection_is_noted_in_words() -> None:
    async def gone(stream: Stream) -> None:
        stream.refuse(410, code="space-ended", detail="It is over.")

    with ProgramServer(gone) as server:
        outcome = storm(server, hold_s=30.0)
    assert outcome.report.counts.rejected == 6
    assert outcome.report.notes == ["answered 410 space-ended It is over."]


def test_a_stream_that_makes_no_sense_is_malformed() -> None:
    async def broken(stream: Stream) -> None:
        await stream.begin()
        stream.write(b"4\r\nnope\r\n")
        await stream.go_on()

    with ProgramServer(broken) as server:
        outcome = storm(server, hold_s=30.0)
    assert outcome.report.counts.malformed == 6
    assert not verdict_of(outcome).passed


def test_bursts_of_several_parts_are_counted_as_such() -> None:
    async def stretched(stream: Stream) -> None:
        await stream.begin(stretch=4)
        while True:
            await stream.burst(4)

    with ProgramServer(stretched) as server:
        outcome = storm(server, hold_s=4.0)
    counts = outcome.report.counts
    assert counts.gaps == 0
    assert counts.bursts > 6
    assert counts.parts == 6 * 3 + 4 * counts.bursts


def test_lossy_listeners_break_off_and_come_back_without_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(habits, "LOSSY_MEAN_S", 0.3)
    with ProgramServer(calm) as server:
        outcome = storm(server, hold_s=3.0, lossy_share=1.0)
    counts = outcome.report.counts
    assert counts.cut > 6
    assert counts.returned > 0
    assert counts.hampered == 6
    assert counts.dropped == counts.hampered_missing_parts == 0
    assert verdict_of(outcome).passed


def test_slow_listeners_hear_something_and_are_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "SLOW_EVERY_S", 0.2)
    monkeypatch.setattr(crowd, "SLOW_BYTES", 200)
    with ProgramServer(calm) as server:
        outcome = storm(server, hold_s=4.0, slow_share=1.0, listeners=2)
    counts = outcome.report.counts
    assert (counts.admitted, counts.hampered, counts.malformed) == (2, 2, 0)
    assert counts.parts > 0
    assert counts.bytes <= 2 * 200 * (outcome.seconds / 0.2 + 1)
    assert counts.bursts == outcome.report.join.total == 0
    assert verdict_of(outcome).passed


def test_a_worker_that_dies_is_missed() -> None:
    plan = Plan(listeners=4, arrive=Curve.parse("burst"), hold_s=30.0)
    with ProgramServer(calm) as server:
        target = Target.of(server.url)
        fleet = Fleet(plan, target, files_per_process=20_000, offset_s=server_offset_s(target))

        def kill(sample: Sample) -> None:
            if sample.counts.connected == 4:
                for child in psutil.Process().children():
                    if child.cmdline()[0].startswith("parvis: storm"):
                        child.send_signal(signal.SIGKILL)

        outcome = fleet.run(kill)
    assert outcome.missed_workers == 1
    assert "ended before their time" in " ".join(verdict_of(outcome).reasons)
    assert not [child for child in psutil.Process().children() if child.status() == psutil.STATUS_ZOMBIE]


def test_storms_leave_no_descriptor_behind() -> None:
    with ProgramServer(calm) as server:
        storm(server, hold_s=0.2)
        before = psutil.Process().num_fds()
        for _ in range(3):
            storm(server, hold_s=0.2)
        # The server's ends may close later.
        wait_until(lambda: psutil.Process().num_fds() <= before + 6)
