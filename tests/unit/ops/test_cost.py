"""From listeners to cores, bits and money."""

from __future__ import annotations

import pytest

from parvis.edge import sockets
from parvis.media.rendition import Rendition
from parvis.ops import cost
from parvis.ops.cost import Prices, bill


def test_the_edge_asks_for_the_send_buffer_that_is_counted_with() -> None:
    assert sockets.SEND_BUFFER_BYTES == cost.SEND_BUFFER_BYTES


def test_a_send_buffer_takes_the_longest_burst() -> None:
    assert cost.part_bytes(Rendition.AAC) * 32 < cost.SEND_BUFFER_BYTES


def test_a_longer_burst_costs_less_cpu_but_never_nothing() -> None:
    prices = [cost.cpu_us(stretch) for stretch in range(1, 33)]
    assert prices == sorted(prices, reverse=True)
    assert prices[0] == pytest.approx(cost.LISTENER_CPU_US + cost.WRITE_CPU_US / 0.32)
    assert prices[-1] > cost.LISTENER_CPU_US


def test_a_part_is_its_sound_and_a_little_more() -> None:
    assert cost.part_bytes(Rendition.OPUS) == 1280 + cost.PART_OVERHEAD_BYTES
    assert cost.part_bytes(Rendition.AAC) == 2560 + cost.PART_OVERHEAD_BYTES


def test_the_wire_carries_headers_for_each_packet() -> None:
    part = cost.part_bytes(Rendition.OPUS)
    assert cost.wire_bps(Rendition.OPUS, 1) == (part + 2 * cost.PACKET_OVERHEAD_BYTES) * 8 / 0.32
    assert cost.wire_bps(Rendition.OPUS, 12) < cost.wire_bps(Rendition.OPUS, 1)


def test_buffers_are_whole_pages_of_those_who_have_something_on_the_way() -> None:
    assert cost.buffer_pages(Rendition.OPUS, 1, 4096) == 1
    assert cost.buffer_pages(Rendition.OPUS, 8, 4096) == 6 / 8
    assert cost.buffer_pages(Rendition.OPUS, 1, 65_536) == 1


def test_a_bill_has_machines_for_cores_or_for_bits_whichever_is_more() -> None:
    few_cores = bill(100_000, 1, stretch=12, cores_per_machine=64, gbps_per_machine=1)
    assert few_cores.machines == -(-few_cores.gbps // cost.LINK_SHARE)
    few_bits = bill(100_000, 1, stretch=1, cores_per_machine=1, gbps_per_machine=1000)
    assert few_bits.machines == -(-few_bits.cores // 1)


def test_a_bill_is_machines_for_hours_and_bytes_that_went_out() -> None:
    found = bill(1000, 2, prices=Prices(machine_hour=3, gigabyte=5))
    assert found.machines == 1
    bytes_out = 1000 * cost.wire_bps(Rendition.OPUS, 1) / 8 * 7200
    assert found.gigabytes == pytest.approx(bytes_out / 1e9)
    assert found.cost == pytest.approx(1 * 3 * 2 + found.gigabytes * 5)


def test_nobody_still_needs_a_machine() -> None:
    assert bill(0, 1).machines == 1
