"""What a configured Parvis needs of its machine beside room: ports, certificates, a disk that keeps up, and a
database. Looked at for real, and left as it was: what is written to the disk is removed again.
"""

from __future__ import annotations

import errno
import fnmatch
import ipaddress
import os
import socket
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from cryptography import x509

from parvis.certificate import Certificate
from parvis.errors import UserError
from parvis.ops.findings import Finding, Served, Verdict

CERTIFICATE_DAYS: Final = 14
"""Let's Encrypt renews 30 days before the end: with half of that left, something is wrong."""
WRITES: Final = 20
WRITE_BYTES: Final = 4_096
FSYNC_LIMIT_MS: Final = 50.0
"""Of the median. A recording forces its parts to the disk once a second."""
FSYNC_WORST_MS: Final = 500.0
"""A lease lasts 1.2 s and is renewed three times a second, in the same folder if nothing else is said."""
HEALTH_PATIENCE_S: Final = 2.0


def tcp_ports(doors: Sequence[Served]) -> list[Finding]:
    """Whether each process can listen where it is to."""
    return [_port(door) for door in doors]


def _port(door: Served) -> Finding:
    name, limits = f"port of {door.role}", "whether anybody can come"
    where = f"{door.host}:{door.port}"
    family = socket.AF_INET6 if ":" in door.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((door.host, door.port))
        except OSError as error:
            return _no_port(door, name, limits, error)
    return Finding(name, f"{where}: free", limits, Verdict.FINE)


def _no_port(door: Served, name: str, limits: str, error: OSError) -> Finding:
    where = f"{door.host}:{door.port}"
    if error.errno == errno.EADDRINUSE and _answers(door):
        return Finding(name, f"{where}: {door.role} of a Parvis answers there", limits, Verdict.FINE)
    changes = {
        errno.EADDRINUSE: f"ss -ltnp 'sport = :{door.port}' shows who has it",
        errno.EACCES: "AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit, or a port from 1024 on",
        errno.EADDRNOTAVAIL: "an address of this machine as host; ip -brief address shows them",
    }
    change = changes.get(error.errno or 0, f"another host than {door.host}")
    return Finding(name, f"{where}: {error.strerror or error}", limits, Verdict.RAISE, None, change)


def _answers(door: Served) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(door.host, door.host)  # noqa: S104 - compared, not bound
    origin = f"{'https' if door.certificate else 'http'}://{f'[{host}]' if ':' in host else host}:{door.port}"
    try:
        # Whether it is one of ours is all that counts here; its certificate is looked at elsewhere.
        answer = httpx.get(f"{origin}/healthz", timeout=HEALTH_PATIENCE_S, verify=False, trust_env=False)  # noqa: S501
        return bool(answer.json().get("role") == door.role)
    except (httpx.HTTPError, ValueError, AttributeError):
        return False


def certificates(doors: Sequence[Served], now: datetime | None = None) -> list[Finding]:
    """Each certificate once: readable, of its key, in time, for the names under which people come."""
    pairs: dict[tuple[str, str], list[Served]] = {}
    for door in doors:
        pairs.setdefault((door.certificate, door.key), []).append(door)
    return [
        _certificate(certificate, key, of, now or datetime.now(UTC)) if certificate else _without(of)
        for (certificate, key), of in pairs.items()
    ]


def _certificate(certificate: str, key: str, of: Sequence[Served], now: datetime) -> Finding:
    name, limits = "certificate", f"HTTPS of {', '.join(door.role for door in of)}"
    try:
        Certificate.of(certificate, key)
        shown = x509.load_pem_x509_certificate(Path(certificate).read_bytes())
    except (UserError, ValueError) as error:
        change = (
            "PEM files that this user can read, and the key of this certificate (openssl x509 -noout -text)"
        )
        return Finding(name, str(getattr(error, "detail", error)), limits, Verdict.RAISE, None, change)
    names, days = _names(shown), (shown.not_valid_after_utc - now).total_seconds() / 86_400
    value = f"{certificate}: {days:.0f} days left; for {', '.join(names) or 'no name'}"
    if days <= 0 or shown.not_valid_before_utc > now:
        return Finding(
            name, f"{value}; not valid now", limits, Verdict.RAISE, None, "renew it, or set the clock"
        )
    wrong = [host for door in of if (host := urlsplit(door.public_url).hostname) and not _covers(names, host)]
    if wrong:
        change = f"a certificate that names {', '.join(sorted(set(wrong)))}, or other public URLs"
        return Finding(name, value, limits, Verdict.RAISE, None, change)
    if days < CERTIFICATE_DAYS:
        change = "renew it: certbot renew; Parvis takes the new files by itself"
        return Finding(name, value, limits, Verdict.BETTER, None, change)
    if Path(key or certificate).stat().st_mode & 0o004:
        change = f"chmod o-r {key or certificate}"
        return Finding(name, f"{value}; everybody can read the key", limits, Verdict.BETTER, None, change)
    return Finding(name, value, limits, Verdict.FINE)


def _without(of: Sequence[Served]) -> Finding:
    name, limits = "certificate", f"HTTPS of {', '.join(door.role for door in of)}"
    bare = [door for door in of if not _is_local(door.host) and not door.public_url.startswith("https:")]
    if not bare:
        return Finding(
            name, "none; a proxy in front speaks HTTPS, or nobody else comes", limits, Verdict.FINE
        )
    change = (
        "certificate and key in the settings, or a proxy and https in the public URLs (docs/how-to/https.md)"
    )
    value = "none: browsers give the microphone to secure pages only"
    return Finding(name, value, limits, Verdict.BETTER, None, change)


def _names(shown: x509.Certificate) -> list[str]:
    try:
        found = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    addresses = [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    return [*found.get_values_for_type(x509.DNSName), *addresses]


def _covers(names: Sequence[str], host: str) -> bool:
    """RFC 6125 §6.4.3: a wildcard stands for one label, the first."""
    parts = host.lower().count(".")
    return any(fnmatch.fnmatchcase(host.lower(), name.lower()) and name.count(".") == parts for name in names)


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def disk_speed(data: Path, run_dir: Path) -> Finding:
    """How long it takes until something small is safe on the disk of the data folder."""
    name, limits = "disk speed", "how soon a recording is safe, and leases in the same place"
    folder = next(
        (place for place in (data.absolute(), *data.absolute().parents) if place.is_dir()), Path("/")
    )
    try:
        took_ms = _write(folder)
    except OSError as error:
        change = f"chown it to the user of Parvis, or remount it for writing: {folder}"
        value = f"{folder}: {error.strerror}"
        return Finding(name, value, limits, Verdict.RAISE, None, change)
    median_ms, worst_ms = statistics.median(took_ms), max(took_ms)
    value = f"{WRITE_BYTES // 1024} KiB and fsync: {median_ms:.1f} ms, at worst {worst_ms:.0f} ms ({folder})"
    if worst_ms > FSYNC_WORST_MS:
        change = f"run_dir on a tmpfs (it is {run_dir}), and a disk that nobody else uses"
        return Finding(name, value, limits, Verdict.BETTER, None, change)
    if median_ms > FSYNC_LIMIT_MS:
        return Finding(name, value, limits, Verdict.BETTER, None, "a faster disk, or archive_fsync = never")
    return Finding(name, value, limits, Verdict.FINE)


def _write(folder: Path) -> list[float]:
    took_ms = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(WRITES):
            began_s = time.monotonic()
            file.write(os.urandom(WRITE_BYTES))
            os.fsync(file.fileno())
            took_ms.append(1000 * (time.monotonic() - began_s))
    return took_ms


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """What a database said. `revision` is the step of its tables, "" before the first; `failure` why it
    could not be asked."""

    shown: str
    revision: str = ""
    read_only: bool = False
    failure: str = ""


def database(state: DatabaseState, known: Sequence[str]) -> Finding:
    """Whether control can work with it. `known` are the steps of this version, the newest last."""
    name, limits = "database", "accounts, Spaces, everything but sound"
    if state.failure:
        change = "database_url as SQLAlchemy writes it; is the server up, and does it let this user in?"
        return Finding(name, f"{state.shown}: {state.failure}", limits, Verdict.RAISE, None, change)
    if state.read_only:
        change = "make it writable for the user of Parvis: file, folder and mount, or the primary server"
        return Finding(name, f"{state.shown}: read-only", limits, Verdict.RAISE, None, change)
    if not state.revision:
        return Finding(name, f"{state.shown}: new; control makes its tables", limits, Verdict.FINE)
    if state.revision not in known:
        value = f"{state.shown}: tables of step {state.revision}, which this version does not know"
        change = "the version of Parvis that made them, or a backup from before it"
        return Finding(name, value, limits, Verdict.RAISE, None, change)
    if state.revision != known[-1]:
        value = f"{state.shown}: step {state.revision} of {known[-1]}"
        change = "back it up; the next start of control takes the steps that are missing"
        return Finding(name, value, limits, Verdict.BETTER, None, change)
    return Finding(name, f"{state.shown}: step {state.revision}, the newest", limits, Verdict.FINE)


def secret_files(files: Mapping[str, Path]) -> list[Finding]:
    """Files that hold secrets, by the setting that names them, and that others can read."""
    open_to_all = {
        name: file for name, file in files.items() if file.is_file() and file.stat().st_mode & 0o004
    }
    return [
        Finding(
            f"file of {name}",
            f"{file}: everybody can read it",
            "who else knows the secret",
            Verdict.BETTER,
            None,
            f"chmod o-r {file}",
        )
        for name, file in open_to_all.items()
    ]
