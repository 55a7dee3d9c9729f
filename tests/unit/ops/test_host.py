"""Reading a machine: a made-up one out of files, and the real one."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from parvis.ops.host import Host, read_host

MEMINFO = "MemTotal:    16000000 kB\nMemFree: 1000000 kB\nMemAvailable:   12000000 kB\nHugePages_Total: 0"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(
        tmp_path,
        {
            "proc/cpuinfo": "processor\t: 0\nmodel name\t: Made-up 9000\nmodel name\t: Other",
            "proc/meminfo": MEMINFO,
            "proc/stat": "cpu  700 0 200 1000 50 0 10 40 30 0\ncpu0 1 2 3",
            "proc/sys/kernel/osrelease": "6.1.0-made-up",
            "proc/sys/fs/file-nr": "1200\t0\t500000",
            "proc/sys/fs/file-max": "500000",
            "proc/sys/fs/nr_open": "1048576",
            "proc/sys/net/core/somaxconn": "4096",
            "proc/sys/net/core/wmem_max": "212992",
            "proc/sys/net/ipv4/ip_local_port_range": "32768\t60999",
            "proc/sys/net/ipv4/tcp_max_syn_backlog": "512",
            "proc/sys/net/ipv4/tcp_syncookies": "1",
            "proc/sys/net/ipv4/tcp_ehash_entries": "-262144",
            "proc/sys/net/ipv4/tcp_mem": "1000\t2000\t3000",
            "proc/sys/net/ipv4/tcp_wmem": "4096\t16384\t4194304",
            "proc/sys/net/ipv4/tcp_congestion_control": "cubic",
            "proc/sys/net/ipv4/tcp_available_congestion_control": "reno cubic bbr",
            "proc/sys/net/netfilter/nf_conntrack_max": "65536",
            "proc/sys/net/netfilter/nf_conntrack_count": "17",
            "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave",
            "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "powersave",
            "sys/class/net/lo/operstate": "unknown",
            "sys/class/net/lo/speed": "1",
            "sys/class/net/eth0/operstate": "up",
            "sys/class/net/eth0/speed": "10000",
            "sys/class/net/eth1/operstate": "up",
            "sys/class/net/eth1/speed": "-1",
            "sys/class/net/eth2/operstate": "down",
            "sys/class/net/eth2/speed": "1000",
        },
    )
    return tmp_path


def test_a_machine_is_read_out_of_its_files(root: Path) -> None:
    host = read_host(root, root)
    assert host.cpu_model == "Made-up 9000"
    assert host.kernel == "6.1.0-made-up"
    assert (host.memory_bytes, host.memory_available_bytes) == (16_384_000_000, 12_288_000_000)
    assert (host.files_max, host.files_used, host.files_ceiling) == (500_000, 1200, 1_048_576)
    assert host.local_ports == (32768, 60999)
    assert (host.somaxconn, host.syn_backlog, host.syn_cookies) == (4096, 512, 1)
    assert host.established_buckets == 262_144
    assert host.tcp_mem_pages == (1000, 2000, 3000)
    assert host.tcp_wmem_bytes == (4096, 16384, 4_194_304)
    assert host.send_buffer_max_bytes == 212_992
    assert host.congestion_control == "cubic"
    assert host.congestion_available == ("reno", "cubic", "bbr")
    assert (host.conntrack_max, host.conntrack_used) == (65_536, 17)
    assert host.governors == ("powersave",)
    assert host.steal_share == 40 / 2000
    assert host.links_mbps == {"eth0": 10_000, "eth1": None}
    assert host.disk_free_bytes is not None
    assert host.disk_free_bytes > 0


def test_what_is_not_there_is_unknown(tmp_path: Path) -> None:
    host = read_host(tmp_path, tmp_path)
    assert host.tcp_rmem_bytes is None
    assert host.conntrack_max is None
    assert host.steal_share is None
    assert host.memory_bytes is None
    assert host.files_hard is None
    assert host.clock_synchronised is None
    assert host.links_mbps == {}


@pytest.mark.parametrize("text", ["", "many", "1 2", "1 2 3 4", "1 two 3"])
def test_nonsense_is_unknown_too(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"proc/sys/net/ipv4/tcp_mem": text, "proc/sys/net/core/somaxconn": text})
    host = read_host(tmp_path, tmp_path)
    assert host.tcp_mem_pages is None
    assert host.somaxconn is None


def test_a_container_has_what_its_control_group_leaves_it(root: Path) -> None:
    write(root, {"sys/fs/cgroup/memory.max": "2000000000", "sys/fs/cgroup/memory.current": "500000000"})
    host = read_host(root, root)
    assert (host.memory_bytes, host.memory_available_bytes) == (2_000_000_000, 1_500_000_000)


def test_a_control_group_without_a_limit_takes_nothing(root: Path) -> None:
    write(root, {"sys/fs/cgroup/memory.max": "max"})
    assert read_host(root, root).memory_bytes == 16_384_000_000


def test_a_folder_that_is_not_made_yet_has_the_room_of_the_one_above(tmp_path: Path) -> None:
    assert read_host(tmp_path / "not" / "yet", tmp_path).disk_free_bytes is not None


def test_this_machine_can_be_read(tmp_path: Path) -> None:
    host = read_host(tmp_path)
    assert isinstance(host, Host)
    assert host.files_hard == resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert host.cores is not None
    assert 0 < host.cores <= (os.cpu_count() or 1)
    assert host.kernel == os.uname().release
    assert host.clock_synchronised in (True, False, None)
    assert (host.clock_error_ms is None) == (not host.clock_synchronised)
