"""Whether a host holds so many listeners, and exactly what to change where it does not. Pure arithmetic.

Each check is one small function in `CHECKS`, from a `Host` and a `Load` to a `Finding` (`findings.py` says
what those mean). What listeners cost comes from `cost.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from parvis.media.rendition import Rendition
from parvis.ops import cost
from parvis.ops.findings import Finding, Load, Report, Verdict, limited, round_up, size, unknown, words
from parvis.ops.host import Host

RESERVED_PER_EDGE: Final = 1_088
"""Open files that an edge keeps for itself and for connections that get one short answer; fewer where its
limit is low."""
RESERVED_FILES: Final = 10_000
"""Open files that the rest of the system keeps."""
LONGEST_TURN_S: Final = 0.5
"""An edge that writes to a full house takes newcomers so much later at worst; they wait in the backlog."""
MAX_EDGES: Final = 64
SESSIONS_PER_SPACE: Final = 13
STEAL_LIMIT: Final = 0.02
CLOCK_LIMIT_MS: Final = 100.0
DISK_LIMIT_BYTES: Final = 2 * 10**9


def examine(host: Host, load: Load) -> Report:
    """Every check, in the order in which they are shown."""
    return Report(load, [check(host, load) for check in CHECKS])


def files_per_process(host: Host, load: Load) -> Finding:
    """RLIMIT_NOFILE: an edge raises its soft limit to the hard one by itself."""
    name, limits = "open files per process", "listeners in one edge, one file each"
    if host.files_hard is None:
        return unknown(name, limits)
    reserved = min(RESERVED_PER_EDGE, 64 + host.files_hard // 8)
    each = max(0, min(host.files_hard - reserved, load.connections_per_edge))
    value = f"hard {host.files_hard:,}, soft {host.files_soft or 0:,}; {load.edges} edges of {each:,}"
    edges = math.ceil(load.listeners / each) if each else MAX_EDGES + 1
    if edges <= MAX_EDGES:
        change = f"parvis up --edges {edges}"
    else:
        need = math.ceil(load.listeners / load.edges)
        change = f"LimitNOFILE={need + RESERVED_PER_EDGE} in the unit, and PARVIS_MAX_CONNECTIONS={need}"
    return limited(name, value, limits, each * load.edges, load, change)


def files_ceiling(host: Host, load: Load) -> Finding:
    """`fs.nr_open`: as far as a unit can raise the limit of a process."""
    name, limits = "fs.nr_open", "how far open files per process can be raised"
    if host.files_ceiling is None:
        return unknown(name, limits)
    need = math.ceil(load.listeners / MAX_EDGES) + RESERVED_PER_EDGE
    short = host.files_ceiling < need
    verdict = Verdict.RAISE if short else Verdict.FINE
    change = f"sysctl -w fs.nr_open={round_up(need)}" if short else None
    return Finding(name, f"{host.files_ceiling:,}", limits, verdict, None, change)


def files_of_system(host: Host, load: Load) -> Finding:
    """`fs.file-max`, less what is open."""
    name, limits = "fs.file-max", "open files of all processes together"
    if host.files_max is None:
        return unknown(name, limits)
    used = host.files_used or 0
    holds = max(0, host.files_max - used - RESERVED_FILES)
    need = round_up(load.listeners + used + RESERVED_FILES)
    return limited(
        name, f"{host.files_max:,}, {used:,} used", limits, holds, load, f"sysctl -w fs.file-max={need}"
    )


def local_ports(host: Host, _load: Load) -> Finding:
    """Ports of outgoing connections: no matter for an edge."""
    name = "local ports"
    limits = "only load clients, and a proxy before the edges on this machine"
    if host.local_ports is None:
        return unknown(name, limits)
    first, last = host.local_ports
    count = last - first + 1
    value = f"{first} to {last}: {count:,} connections from one address to one port"
    return Finding(name, value, limits, Verdict.FINE)


def backlog(host: Host, load: Load) -> Finding:
    """`net.core.somaxconn`: newcomers who wait until an edge turns to them."""
    name, limits = "net.core.somaxconn", "newcomers who wait while an edge writes"
    if host.somaxconn is None:
        return unknown(name, limits)
    need = math.ceil(load.arrivals_per_s * LONGEST_TURN_S / load.edges)
    value = f"{host.somaxconn:,} an edge; {load.arrivals_per_s:,.0f} arrivals/s need {need:,}"
    if host.somaxconn >= need:
        return Finding(name, value, limits, Verdict.FINE)
    return Finding(name, value, limits, Verdict.RAISE, None, f"sysctl -w net.core.somaxconn={round_up(need)}")


def syn_backlog(host: Host, load: Load) -> Finding:
    """`net.ipv4.tcp_max_syn_backlog`; with SYN cookies nobody is lost beyond it."""
    name, limits = "tcp_max_syn_backlog", "connections half made, for a round trip each"
    if host.syn_backlog is None:
        return unknown(name, limits)
    cookies = host.syn_cookies in (1, 2)
    need = math.ceil(load.arrivals_per_s * LONGEST_TURN_S / load.edges)
    value = f"{host.syn_backlog:,}, SYN cookies {'on' if cookies else 'off'}"
    if cookies or host.syn_backlog >= need:
        return Finding(name, value, limits, Verdict.FINE)
    change = f"sysctl -w net.ipv4.tcp_max_syn_backlog={round_up(need)}"
    return Finding(name, value, limits, Verdict.RAISE, None, change)


def established(host: Host, load: Load) -> Finding:
    """`tcp_ehash_entries`: connections that share a bucket are gone through for each packet of theirs."""
    name, limits = "tcp_ehash_entries", "finding the connection of a packet"
    if host.established_buckets is None:
        return unknown(name, limits)
    value = f"{host.established_buckets:,} buckets"
    if host.established_buckets >= load.listeners:
        return Finding(name, value, limits, Verdict.FINE)
    change = f"thash_entries={round_up(load.listeners)} on the kernel's command line"
    return Finding(name, value, limits, Verdict.BETTER, None, change)


def socket_memory(host: Host, load: Load) -> Finding:
    """`net.ipv4.tcp_mem`: at its second figure the kernel begins to shrink buffers."""
    name, limits = "net.ipv4.tcp_mem", "bursts on their way, all sockets together"
    if host.tcp_mem_pages is None:
        return unknown(name, limits)
    pages = cost.buffer_pages(load.rendition, load.stretch, host.page_bytes)
    low, pressure, most = host.tcp_mem_pages
    share = ""
    if host.memory_bytes:
        share = f", {pressure * host.page_bytes / host.memory_bytes:.0%} of memory"
    value = (
        f"pressure at {size(pressure * host.page_bytes)}{share}; refused at {size(most * host.page_bytes)}"
    )
    need = math.ceil(load.listeners * pages)
    three = f"{max(low, need * 3 // 4)} {need} {max(most, need * 3 // 2)}"
    change = f'sysctl -w net.ipv4.tcp_mem="{three}"'
    return limited(name, value, limits, int(pressure / pages), load, change)


def socket_buffers(host: Host, _load: Load) -> Finding:
    """`net.core.wmem_max` caps the send buffer that an edge asks for, which must take its longest burst."""
    name, limits = "net.core.wmem_max", "a burst that one write takes whole"
    if host.send_buffer_max_bytes is None:
        return unknown(name, limits)
    value = f"{host.send_buffer_max_bytes:,}; an edge asks for {cost.SEND_BUFFER_BYTES:,}"
    if host.tcp_wmem_bytes and host.tcp_rmem_bytes:
        value += f"; tcp_wmem {words(host.tcp_wmem_bytes)}, tcp_rmem {words(host.tcp_rmem_bytes)}"
    if host.send_buffer_max_bytes >= cost.SEND_BUFFER_BYTES:
        return Finding(name, value, limits, Verdict.FINE)
    change = f"sysctl -w net.core.wmem_max={2 * cost.SEND_BUFFER_BYTES}"
    return Finding(name, value, limits, Verdict.BETTER, None, change)


def conntrack(host: Host, load: Load) -> Finding:
    """`nf_conntrack_max`: beyond it the kernel drops newcomers' first packets."""
    name, limits = "nf_conntrack_max", "connections that the firewall follows"
    if host.conntrack_max is None:
        return Finding(name, "not loaded", limits, Verdict.FINE)
    used = host.conntrack_used or 0
    need = round_up(load.listeners + used)
    change = f"sysctl -w net.netfilter.nf_conntrack_max={need}, or notrack for the edges' port"
    if used == 0:  # loaded, but no rule asks for it: it would matter only with one
        value = f"{host.conntrack_max:,}, follows none now"
        enough = host.conntrack_max >= load.listeners
        verdict = Verdict.FINE if enough else Verdict.BETTER
        return Finding(name, value, limits, verdict, None, None if enough else change)
    value = f"{host.conntrack_max:,}, {used:,} used"
    return limited(name, value, limits, max(0, host.conntrack_max - used), load, change)


def cores(host: Host, load: Load) -> Finding:
    """What edges may use of all cores, by the measured cost of a listener."""
    name, limits = "cores", f"writing, in bursts of {cost.burst_s(load.stretch):.2f} s"
    if host.cores is None:
        return unknown(name, limits)
    holds = int(host.cores * cost.BUSY_SHARE * cost.listeners_per_core(load.stretch))
    need = load.listeners / cost.listeners_per_core(load.stretch) / cost.BUSY_SHARE
    change = f"{math.ceil(need)} cores, here or on more machines"
    return limited(name, f"{host.cores:g} of {host.cpu_model}", limits, holds, load, change)


def joins(host: Host, load: Load) -> Finding:
    """Newcomers a second, by the measured cost of a join."""
    name, limits = "joins", "newcomers who hear something at once"
    if host.cores is None:
        return unknown(name, limits)
    rate = host.cores * cost.BUSY_SHARE * 1e6 / cost.JOIN_CPU_US
    value = f"{rate:,.0f} a second; {load.arrivals_per_s:,.0f} come"
    if rate >= load.arrivals_per_s:
        return Finding(name, value, limits, Verdict.FINE)
    need = math.ceil(load.arrivals_per_s * cost.JOIN_CPU_US / 1e6 / cost.BUSY_SHARE)
    return Finding(
        name, value, limits, Verdict.RAISE, None, f"{need} cores while they come, here or elsewhere"
    )


def memory(host: Host, load: Load) -> Finding:
    """What is available now, by the measured cost of a listener."""
    name, limits = "memory", "edge, sockets and buffers of each listener"
    available = host.memory_available_bytes
    if available is None or host.memory_bytes is None:
        return unknown(name, limits)
    each = cost.memory_bytes(load.rendition, load.stretch, host.page_bytes)
    value = f"{size(available)} available of {size(host.memory_bytes)}; {each:,.0f} bytes a listener"
    change = f"{size(load.listeners * each)} available, here or on more machines"
    return limited(name, value, limits, int(available / each), load, change)


def network(host: Host, load: Load) -> Finding:
    """The fastest interface, if its driver says how fast it is."""
    name, limits = "network", "sound that goes out"
    each_bps = cost.wire_bps(load.rendition, load.stretch)
    need = f"{load.listeners * each_bps / 1e9:.2f} Gbit/s"
    known = [speed for speed in host.links_mbps.values() if speed]
    if not known:
        links = ", ".join(host.links_mbps) or "no interface"
        return Finding(
            name, f"{links}: speed unknown; {load.listeners:,} need {need}", limits, Verdict.UNKNOWN
        )
    speeds = ", ".join(f"{link} {speed:,} Mbit/s" for link, speed in host.links_mbps.items() if speed)
    holds = int(max(known) * 1e6 * cost.LINK_SHARE / each_bps)
    return limited(name, speeds, limits, holds, load, f"{need} to the outside, here or on more machines")


def rtc_ports(host: Host, load: Load) -> Finding:
    """UDP ports of the stage: a session takes one on each address of the machine."""
    name, limits = "UDP ports for WebRTC", "seats with sound, not listeners"
    first, last = load.rtc_ports
    if not first:
        chosen = f"{host.local_ports[0]} to {host.local_ports[1]}" if host.local_ports else "any"
        change = "PARVIS_RTC_PORT_MIN=40000 PARVIS_RTC_PORT_MAX=40999, if a firewall stands before it"
        return Finding(name, f"the system's choice: {chosen}", limits, Verdict.FINE, None, change)
    need = SESSIONS_PER_SPACE * max(1, len(host.links_mbps) + 1)
    value = f"{first} to {last}: {last - first + 1:,}; a full stage takes up to {need}"
    if last - first + 1 >= need:
        return Finding(name, value, limits, Verdict.FINE)
    return Finding(name, value, limits, Verdict.RAISE, None, f"PARVIS_RTC_PORT_MAX={first + need - 1}")


def clock(host: Host, _load: Load) -> Finding:
    """Parts are numbered by the clock, so several machines must agree on it."""
    name, limits = "clock", "part numbers on several machines, and delays told to listeners"
    if host.clock_synchronised is None:
        return unknown(name, limits)
    if not host.clock_synchronised:
        return Finding(name, "not synchronised", limits, Verdict.BETTER, None, "apt-get install chrony")
    error_ms = host.clock_error_ms or 0.0
    verdict = Verdict.FINE if error_ms <= CLOCK_LIMIT_MS else Verdict.BETTER
    change = None if verdict is Verdict.FINE else "chronyc sources: choose time servers that are nearer"
    return Finding(name, f"synchronised, wrong by {error_ms:,.0f} ms at most", limits, verdict, None, change)


def priorities(host: Host, _load: Load) -> Finding:
    """Whether a stage may run before everything else (docs/decisions/0010-the-stage-before-the-edges.md)."""
    name, limits = "priority of the stages", "the mixer's ticks under a crowd"
    if host.realtime_priority is None:
        return unknown(name, limits)
    groups = {0: "shared by process", 1: "shared by session (autogroup)"}.get(host.autogroup or 0, "")
    shared = "how it is shared is unknown" if host.autogroup is None else f"processor {groups}"
    if host.realtime_priority > 0:
        return Finding(name, f"real time allowed; {shared}", limits, Verdict.FINE)
    change = "LimitRTPRIO=1 and LimitNICE=-10 in the unit (deploy/systemd), or CAP_SYS_NICE"
    value = f"real time not allowed for this user; {shared}"
    if host.autogroup:
        change += "; else sysctl -w kernel.sched_autogroup_enabled=0"
    return Finding(name, value, limits, Verdict.BETTER, None, change)


def disk(host: Host, _load: Load) -> Finding:
    """Room in the data folder: the database, and recordings of both renditions."""
    name, limits = "free disk", "the database and recordings"
    if host.disk_free_bytes is None:
        return unknown(name, limits)
    each_hour = sum(rendition.bitrate_bps for rendition in Rendition) * 3600 // 8
    value = f"{size(host.disk_free_bytes)}: {host.disk_free_bytes / each_hour:,.0f} h of both renditions"
    if host.disk_free_bytes >= DISK_LIMIT_BYTES:
        return Finding(name, value, limits, Verdict.FINE)
    change = f"free {size(DISK_LIMIT_BYTES)} or choose another folder with --data"
    return Finding(name, value, limits, Verdict.RAISE, None, change)


def cpu_time(host: Host, _load: Load) -> Finding:
    """Frequency governor, and what the hypervisor takes."""
    name, limits = "CPU time", "ticks of the mixer, each 20 ms"
    governor = "governor " + ", ".join(host.governors) if host.governors else "no governor"
    steal = "steal unknown" if host.steal_share is None else f"{host.steal_share:.1%} stolen"
    value = f"{governor}; {steal}"
    if "powersave" in host.governors or "conservative" in host.governors:
        return Finding(name, value, limits, Verdict.BETTER, None, "cpupower frequency-set -g performance")
    if host.steal_share is not None and host.steal_share > STEAL_LIMIT:
        return Finding(name, value, limits, Verdict.BETTER, None, "a machine with cores of its own")
    verdict = Verdict.UNKNOWN if host.steal_share is None else Verdict.FINE
    return Finding(name, value, limits, verdict)


def congestion(host: Host, _load: Load) -> Finding:
    """BBR goes on through the losses of mobile networks; it costs the edge nothing."""
    name, limits = "congestion control", "sound over lossy networks"
    if host.congestion_control is None:
        return unknown(name, limits)
    if host.congestion_control == "bbr":
        return Finding(name, "bbr", limits, Verdict.FINE)
    change = "sysctl -w net.ipv4.tcp_congestion_control=bbr"
    if "bbr" not in host.congestion_available:
        change = f"modprobe tcp_bbr && {change}"
    return Finding(name, host.congestion_control, limits, Verdict.BETTER, None, change)


CHECKS: Final[tuple[Callable[[Host, Load], Finding], ...]] = (
    files_per_process, files_of_system, files_ceiling, cores, memory, socket_memory, network, conntrack,
    joins, backlog, syn_backlog, established, socket_buffers, congestion, local_ports, rtc_ports, clock,
    cpu_time, priorities, disk,
)  # fmt: skip
