"""Verdicts on made-up hosts."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from parvis.ops import checks, cost
from parvis.ops.checks import CHECKS, examine
from parvis.ops.findings import Finding, Load, Verdict
from parvis.ops.host import Host

GB = 10**9

BIG = Host(
    cpu_model="Made-up 9000",
    cores=64.0,
    memory_bytes=256 * GB,
    memory_available_bytes=250 * GB,
    files_soft=1024,
    files_hard=1_048_576,
    files_max=9_000_000,
    files_used=2000,
    files_ceiling=1_048_576,
    local_ports=(32768, 60999),
    somaxconn=65535,
    syn_backlog=65535,
    syn_cookies=1,
    established_buckets=1_048_576,
    tcp_mem_pages=(5_000_000, 10_000_000, 20_000_000),
    tcp_rmem_bytes=(4096, 131_072, 6_291_456),
    tcp_wmem_bytes=(4096, 16_384, 4_194_304),
    send_buffer_max_bytes=4_194_304,
    congestion_control="bbr",
    congestion_available=("cubic", "bbr"),
    steal_share=0.0,
    clock_synchronised=True,
    clock_error_ms=2.0,
    links_mbps={"eth0": 100_000},
    disk_free_bytes=500 * GB,
    autogroup=1,
    realtime_priority=1,
)
CROWD = Load(listeners=600_000, edges=64, stretch=12, arrive_s=300)


def finding(name: str, host: Host, load: Load) -> Finding:
    return next(found for found in examine(host, load).findings if found.name == name)


def test_a_big_machine_holds_a_crowd() -> None:
    report = examine(BIG, CROWD)
    assert report.fine
    assert report.unknown == []
    assert [found.verdict for found in report.findings] == [Verdict.FINE] * len(CHECKS)
    assert report.binds is not None
    assert report.binds.holds == min(found.holds for found in report.findings if found.holds is not None)


def test_an_unknown_machine_is_said_to_be_unknown() -> None:
    report = examine(Host(), CROWD)
    assert report.fine
    assert report.binds is None
    known = {found.name for found in report.findings if found.verdict is not Verdict.UNKNOWN}
    assert known == {"nf_conntrack_max", "UDP ports for WebRTC"}


@pytest.mark.parametrize("field", [field.name for field in fields(Host) if field.default is None])
def test_any_one_thing_may_be_unknown(field: str) -> None:
    report = examine(replace(BIG, **{field: None}), CROWD)  # type: ignore[arg-type]
    assert len(report.findings) == len(CHECKS)


@pytest.mark.parametrize(
    ("change", "name", "command"),
    [
        ({"files_hard": 11_088}, "open files per process", "parvis up --edges 60"),
        ({"files_max": 600_000}, "fs.file-max", "sysctl -w fs.file-max=1048576"),
        ({"files_ceiling": 4096}, "fs.nr_open", "sysctl -w fs.nr_open=16384"),
        ({"somaxconn": 5}, "net.core.somaxconn", "sysctl -w net.core.somaxconn=1024"),
        (
            {"syn_backlog": 5, "syn_cookies": 0},
            "tcp_max_syn_backlog",
            "sysctl -w net.ipv4.tcp_max_syn_backlog=1024",
        ),
        (
            {"conntrack_max": 65_536, "conntrack_used": 10},
            "nf_conntrack_max",
            "sysctl -w net.netfilter.nf_conntrack_max=1048576, or notrack for the edges' port",
        ),
        ({"disk_free_bytes": 10**9}, "free disk", "free 2.0 GB or choose another folder with --data"),
    ],
)
def test_what_is_too_little_is_named_with_its_command(
    change: dict[str, int], name: str, command: str
) -> None:
    load = replace(CROWD, edges=40, arrive_s=10)
    host = replace(BIG, **change)  # type: ignore[arg-type]
    found = finding(name, host, load)
    assert (found.verdict, found.change) == (Verdict.RAISE, command)
    assert not examine(host, load).fine


def test_syn_cookies_take_who_finds_no_place() -> None:
    found = finding("tcp_max_syn_backlog", replace(BIG, syn_backlog=5, syn_cookies=1), CROWD)
    assert found.verdict is Verdict.FINE


def test_a_crowd_is_found_faster_in_a_large_table() -> None:
    found = finding("tcp_ehash_entries", replace(BIG, established_buckets=262_144), CROWD)
    assert found.verdict is Verdict.BETTER
    assert found.change == "thash_entries=1048576 on the kernel's command line"


def test_an_edge_holds_what_its_limit_and_its_setting_leave() -> None:
    load = Load(listeners=1, edges=3, connections_per_edge=18_000)
    assert finding("open files per process", replace(BIG, files_hard=1024), load).holds == 3 * (
        1024 - 64 - 128
    )
    assert finding("open files per process", replace(BIG, files_hard=10**6), load).holds == 3 * 18_000


def test_more_than_the_most_edges_can_hold_asks_for_a_higher_limit() -> None:
    load = Load(listeners=1_000_000, edges=64, connections_per_edge=8_000)
    found = finding("open files per process", BIG, load)
    assert found.change == "LimitNOFILE=16713 in the unit, and PARVIS_MAX_CONNECTIONS=15625"


def test_socket_memory_counts_pages_on_the_way() -> None:
    host = replace(BIG, tcp_mem_pages=(750, 1000, 1500))
    assert finding("net.ipv4.tcp_mem", host, Load(listeners=1000)).holds == 1000
    found = finding("net.ipv4.tcp_mem", host, Load(listeners=2000))
    assert found.verdict is Verdict.RAISE
    assert found.change == 'sysctl -w net.ipv4.tcp_mem="1500 2000 3000"'


def test_cores_hold_what_the_measured_cost_says() -> None:
    host = replace(BIG, cores=2.0)
    found = finding("cores", host, Load(stretch=12))
    assert found.holds == int(2 * cost.BUSY_SHARE * cost.listeners_per_core(12))
    over = Load(listeners=(found.holds or 0) + 1, stretch=12)
    assert finding("cores", host, over).change == "3 cores, here or on more machines"


def test_too_many_at_once_are_too_many_joins() -> None:
    found = finding("joins", replace(BIG, cores=1.0), Load(listeners=600_000, arrive_s=1))
    assert found.verdict is Verdict.RAISE
    assert found.holds is None


def test_the_network_is_often_what_binds() -> None:
    report = examine(replace(BIG, links_mbps={"eth0": 1000, "eth1": None}), CROWD)
    assert report.binds is not None
    assert report.binds.name == "network"
    assert report.binds.holds == int(1e9 * cost.LINK_SHARE / cost.wire_bps(CROWD.rendition, CROWD.stretch))
    assert report.binds.change is not None


def test_connection_tracking_that_follows_none_costs_nothing() -> None:
    host = replace(BIG, conntrack_max=65_536, conntrack_used=0)
    assert finding("nf_conntrack_max", host, Load()).verdict is Verdict.FINE
    found = finding("nf_conntrack_max", host, CROWD)
    assert (found.verdict, found.holds) == (Verdict.BETTER, None)


def test_advice_does_not_fail_a_machine() -> None:
    host = replace(
        BIG,
        clock_synchronised=False,
        governors=("powersave",),
        congestion_control="cubic",
        congestion_available=("cubic",),
        send_buffer_max_bytes=65_536,
    )
    report = examine(host, CROWD)
    assert report.fine
    changes = {found.name: found.change for found in report.findings if found.verdict is Verdict.BETTER}
    assert changes == {
        "clock": "apt-get install chrony",
        "CPU time": "cpupower frequency-set -g performance",
        "congestion control": "modprobe tcp_bbr && sysctl -w net.ipv4.tcp_congestion_control=bbr",
        "net.core.wmem_max": "sysctl -w net.core.wmem_max=262144",
    }


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"steal_share": 0.05}, Verdict.BETTER),
        ({"steal_share": None}, Verdict.UNKNOWN),
        ({"governors": ("performance",)}, Verdict.FINE),
    ],
)
def test_cpu_time(change: dict[str, float], verdict: Verdict) -> None:
    host = replace(BIG, **change)  # type: ignore[arg-type]
    assert finding("CPU time", host, CROWD).verdict is verdict


def test_a_clock_that_may_be_far_off_is_said() -> None:
    found = finding("clock", replace(BIG, clock_error_ms=2 * checks.CLOCK_LIMIT_MS), CROWD)
    assert found.verdict is Verdict.BETTER


def test_a_range_of_ports_must_hold_a_full_stage() -> None:
    assert finding("UDP ports for WebRTC", BIG, replace(CROWD, rtc_ports=(40_000, 40_999))).verdict == "fine"
    found = finding("UDP ports for WebRTC", BIG, replace(CROWD, rtc_ports=(40_000, 40_010)))
    assert (found.verdict, found.change) == (Verdict.RAISE, "PARVIS_RTC_PORT_MAX=40025")
