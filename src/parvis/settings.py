"""What each process is told: one frozen dataclass a process, read once, validated.

Every field can be given by the environment: `PARVIS_` and the field's name in capitals, for example
`PARVIS_RTC_PORT_MIN=40000`; a secret also by a file that holds it (`PARVIS_METRICS_TOKEN_FILE`). A component
gets only its own slice.

`configuration.py` puts the file `parvis.toml` below the environment. What stands under each field here is
also what deploy/parvis.toml and docs/operations/settings.md say: after a change, write both anew by
`python -m parvis.config_sample`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from dataclasses import field as setting
from pathlib import Path
from typing import Any, TypeVar

from parvis.errors import UserError

PAGES = Path(__file__).parent / "pages"


@dataclass(frozen=True, slots=True)
class UpSettings:
    """`parvis up`: how many processes of each kind."""

    edges: int = 0
    """Edge processes; 0 means one a core. More where a process may open few files: a listener takes one."""
    stages: int = 2
    """Stage processes: with two, one takes over when the other dies."""
    automatic_captions: bool = False
    """Run a captioner, for Spaces that ask for automatic captions; needs the extra `captions`."""

    def __post_init__(self) -> None:
        """Raises `UserError` `setting-invalid`."""
        if not 0 <= self.edges <= 64:
            raise UserError("setting-invalid", "PARVIS_EDGES must be 0 to 64")
        if not 1 <= self.stages <= 16:
            raise UserError("setting-invalid", "PARVIS_STAGES must be 1 to 16")


@dataclass(frozen=True, slots=True)
class BusSettings:
    """Where processes of one machine meet."""

    run_dir: Path = Path("data/run")
    """Folder of the bus sockets and leases, its owner's alone; `parvis up` takes `run` in the data folder."""


@dataclass(frozen=True, slots=True)
class ControlSettings:
    """Control: API, studio pages and the database."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    control_port: int = 8081
    """TCP port of the API and the studio."""
    database_url: str = ""
    """SQLAlchemy URL; empty means SQLite in the data folder."""
    data: Path = Path("data")
    """Folder of everything that must survive a restart."""
    public_control_url: str = ""
    """Origin under which browsers reach control: the studio and the API; empty means host and port."""
    public_edge_url: str = ""
    """Origin under which listeners reach the edges: what share links say; empty means host and port."""
    edge_port: int = 8080
    """TCP port of the edges, for links; `parvis up` says it to control by itself."""
    public_archive_url: str = ""
    """Origin under which people reach the archive: replays and feeds; empty means host and port."""
    archive_port: int = 8082
    """TCP port of the archive: replays and feeds."""
    session_days: int = 30
    """Days until a sign-in expires."""
    open_spaces: int = 200
    """Spaces that are not over of which one account may be host; 0 means no limit."""
    reads_per_minute: int = 2_400
    """Requests that read, from one address in a minute, and five times as many for pictures, scripts and
    styles; 0 means no limit."""
    account_reads_per_minute: int = 1_200
    """Requests that read, by one account in a minute; 0 means no limit."""
    metrics_token: str = ""
    """Bearer token for /metrics from elsewhere than loopback; empty means loopback only."""
    pages: Path = PAGES
    """Folder of the built pages."""
    certificate: str = ""
    """PEM file of the certificate and its chain; empty means plain HTTP."""
    key: str = ""
    """PEM file of its key; empty means that it is in the certificate's file."""
    hsts_s: int = 0
    """Seconds for which browsers are told to use HTTPS only; 0 means not at all."""
    trusted_proxies: str = ""
    """Addresses or networks (CIDR), commas between, whose X-Forwarded-For is believed; empty: none, and of
    control and archive loopback."""

    openid_issuer: str = ""
    """Issuer of an OpenID provider at which people may sign in, as its metadata say it; empty means none."""
    openid_client_id: str = ""
    """What this Parvis is called there."""
    openid_client_secret: str = setting(default="", repr=False)
    """The secret that goes with it; empty for a public client, which proves itself by PKCE alone."""
    openid_name: str = "OpenID"
    """What the button says: sign in with …"""
    openid_sign_up: bool = True
    """Whether who is known there but not here gets an account."""
    stun_urls: str = ""
    """STUN servers that speakers are told, commas between: stun:stun.example.net:3478; empty means none."""
    turn_urls: str = ""
    """TURN servers that speakers are told, commas between: turn:turn.example.net; empty means none."""
    turn_secret: str = setting(default="", repr=False)
    """Secret shared with the TURN servers (use-auth-secret), of which each speaker's password is made."""
    turn_credential_s: int = 3_600
    """Seconds for which a speaker's TURN password can be used, from 60."""

    def __post_init__(self) -> None:
        """Raises `UserError` `setting-invalid`."""
        _check_tls(self.certificate, self.key, self.hsts_s)
        if self.openid_issuer and not self.openid_client_id:
            raise UserError("setting-invalid", "PARVIS_OPENID_ISSUER without PARVIS_OPENID_CLIENT_ID")
        _check_ice_urls("STUN_URLS", self.stun_urls, ("stun:", "stuns:"))
        _check_ice_urls("TURN_URLS", self.turn_urls, ("turn:", "turns:"))
        if self.turn_urls and not self.turn_secret:
            raise UserError("setting-invalid", "PARVIS_TURN_URLS without PARVIS_TURN_SECRET")
        for name in ("open_spaces", "reads_per_minute", "account_reads_per_minute"):
            if getattr(self, name) < 0:
                raise UserError("setting-invalid", f"PARVIS_{name.upper()} must not be below 0")
        if self.turn_credential_s < 60:
            raise UserError("setting-invalid", "PARVIS_TURN_CREDENTIAL_S must be at least 60")


@dataclass(frozen=True, slots=True)
class StageSettings:
    """A stage: WebRTC sessions and mixers."""

    name: str = "stage-1"
    """Name on the bus."""
    rtc_port_min: int = 0
    """First UDP port for WebRTC; 0 lets the system choose."""
    rtc_port_max: int = 0
    """Last UDP port for WebRTC."""
    rtc_public_address: str = ""
    """Address that browsers reach when the machine's own is not it; empty means its own."""
    rtc_loopback: bool = False
    """Offer 127.0.0.1 to browsers, for trying out on one machine."""
    max_sessions: int = 13
    """Seats with sound in one Space."""
    max_monitors: int = 10
    """Monitors in one Space: they listen at stage delay without a seat (WHEP). Each costs like a seat."""
    opus_bps: int = 32_000
    """Bits a second of the program in Opus, 16,000 to 128,000. A listener's bytes are what a crowd costs."""

    def __post_init__(self) -> None:
        """Raises `UserError` `setting-invalid`."""
        if not 16_000 <= self.opus_bps <= 128_000:
            raise UserError("setting-invalid", "PARVIS_OPUS_BPS must be 16000 to 128000")
        if self.max_monitors < 0:
            raise UserError("setting-invalid", "PARVIS_MAX_MONITORS must not be below 0")


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """An edge: fans programs out."""

    name: str = "edge-1"
    """Name on the bus."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8080
    """TCP port, shared by all edges of the machine."""
    public_edge_url: str = ""
    """Origin under which listeners reach the edges: what share links say; empty means host and port."""
    public_control_url: str = ""
    """Origin under which browsers reach control: the studio and the API; empty means host and port."""
    public_archive_url: str = ""
    """Origin under which people reach the archive: replays and feeds; empty means host and port."""
    metrics_token: str = ""
    """Bearer token for /metrics from elsewhere than loopback; empty means loopback only."""
    max_connections: int = 18_000
    """Connections at once in this process, listeners and requests together."""
    spare_connections: int = 1_024
    """Connections beyond that, each for one short answer: a page, or an appointment."""
    per_address: int = 200
    """Connections at once from one IPv4 address or IPv6 /64; 0 means no limit."""
    joins_per_s: float = 0.0
    """Newcomers let in a second; 0 means as many as this process can, by its own measure."""
    requests_per_s: float = 3_000.0
    """Requests for pages, files and space.json answered a second; so many votes, too."""
    reactions_per_address_s: float = 20.0
    """Reactions a second from one IPv4 address or IPv6 /64, three seconds of it at once; 0: no limit."""
    voters_per_address: int = 50
    """Voters of one poll from one IPv4 address or IPv6 /64; 0 means no limit."""
    min_stretch: int = 1
    """Parts per burst when calm, 1 to 64."""
    max_stretch: int = 32
    """Parts per burst under the greatest strain, `min_stretch` to 64."""
    target_busy_share: float = 0.7
    """Of the time, how much this process may work before something gives way."""
    edges_here: int = 0
    """Edges on this machine; `parvis up` says it to them by itself. Each takes its part of the cores."""
    max_egress_mbps: float = 0.0
    """Outgoing rate beyond which newcomers get appointments, in Mbit/s; 0 means no limit."""
    drain_s: float = 10.0
    """Over how many seconds listeners are sent to the other edges when this one is told to end."""
    data: Path = Path("data")
    """Folder of everything that must survive a restart."""
    appointment_key: str = ""
    """The same key as 64 hexadecimal digits, for edges on several machines; empty means the folder's."""
    pass_verifier: str = ""
    """Public key of passes as 64 hexadecimal digits (pass-key.pub); empty means the data folder's."""
    header_limit_bytes: int = 8_192
    """Size of a request head."""
    request_timeout_s: float = 10.0
    """Time for a request head to arrive, and for an answer to be taken."""
    laggard_timeout_s: float = 30.0
    """Time after which a listener who takes no sound is let go."""
    pages: Path = PAGES
    """Folder of the built pages."""
    certificate: str = ""
    """PEM file of the certificate and its chain; empty means plain HTTP."""
    key: str = ""
    """PEM file of its key; empty means that it is in the certificate's file."""
    handshake_timeout_s: float = 10.0
    """Time for a TLS handshake, from the connection's beginning."""
    hsts_s: int = 0
    """Seconds for which browsers are told to use HTTPS only; 0 means not at all."""
    trusted_proxies: str = ""
    """Addresses or networks (CIDR), commas between, whose X-Forwarded-For is believed; empty: none, and of
    control and archive loopback."""

    def __post_init__(self) -> None:
        """Raises `UserError` `setting-invalid`."""
        _check_tls(self.certificate, self.key, self.hsts_s)
        if self.handshake_timeout_s <= 0:
            raise UserError("setting-invalid", "PARVIS_HANDSHAKE_TIMEOUT_S must be above 0")
        if not 1 <= self.min_stretch <= self.max_stretch <= 64:
            raise UserError("setting-invalid", "PARVIS_MIN_STRETCH ≤ PARVIS_MAX_STRETCH must be 1 to 64")
        if not 0.1 <= self.target_busy_share <= 1:
            raise UserError("setting-invalid", "PARVIS_TARGET_BUSY_SHARE must be 0.1 to 1")
        if self.requests_per_s < 1:
            raise UserError("setting-invalid", "PARVIS_REQUESTS_PER_S must be at least 1")
        for name in (
            "per_address",
            "joins_per_s",
            "max_egress_mbps",
            "drain_s",
            "spare_connections",
            "reactions_per_address_s",
            "voters_per_address",
            "edges_here",
        ):
            if getattr(self, name) < 0:
                raise UserError("setting-invalid", f"PARVIS_{name.upper()} must not be below 0")

    @property
    def shares_cores(self) -> bool:
        """There are more edges on this machine than cores."""
        return self.edges_here > _cores()

    @property
    def busy_target(self) -> float:
        """Of the time, how much this process may work: its part of the cores where it shares them."""
        return self.target_busy_share * min(1.0, _cores() / max(1, self.edges_here))


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """The archive: recordings, replays, clips and feeds."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    archive_port: int = 8082
    """TCP port of the archive: replays and feeds."""
    data: Path = Path("data")
    """Folder of everything that must survive a restart."""
    archive_url: str = ""
    """Object store for finished replays: s3://bucket/path, gs://, az://, file:///…; empty means none."""
    archive_allow_http: bool = False
    """Speak plain HTTP with the object store, too: only on a network of one's own."""
    archive_keep_local: bool = True
    """Keep the sound of a replay here, too, once it is at the object store."""
    archive_fsync: str = "second"
    """When recorded parts are forced to the disk: "part", "second" or "never"."""
    archive_memory_s: float = 60.0
    """Seconds of each recording kept in memory while the disk takes nothing."""
    archive_reads_per_minute: int = 1_200
    """Requests that read, from one address in a minute; 0 means no limit."""
    archive_writes_per_minute: int = 120
    """Requests that decide something, from one address in a minute; 0 means no limit."""
    public_archive_url: str = ""
    """Origin under which people reach the archive: replays and feeds; empty means host and port."""
    public_edge_url: str = ""
    """Origin under which listeners reach the edges: what share links say; empty means host and port."""
    public_control_url: str = ""
    """Origin under which browsers reach control: the studio and the API; empty means host and port."""
    operator_token: str = ""
    """Bearer token with which the operator decides about any replay; empty means nobody does."""
    metrics_token: str = ""
    """Bearer token for /metrics from elsewhere than loopback; empty means loopback only."""
    certificate: str = ""
    """PEM file of the certificate and its chain; empty means plain HTTP."""
    key: str = ""
    """PEM file of its key; empty means that it is in the certificate's file."""
    hsts_s: int = 0
    """Seconds for which browsers are told to use HTTPS only; 0 means not at all."""
    trusted_proxies: str = ""
    """Addresses or networks (CIDR), commas between, whose X-Forwarded-For is believed; empty: none, and of
    control and archive loopback."""

    def __post_init__(self) -> None:
        """Raises `UserError` `setting-invalid`."""
        _check_tls(self.certificate, self.key, self.hsts_s)
        if self.archive_fsync not in ("part", "second", "never"):
            raise UserError("setting-invalid", "PARVIS_ARCHIVE_FSYNC must be part, second or never")
        if not 1 <= self.archive_memory_s <= 3_600:
            raise UserError("setting-invalid", "PARVIS_ARCHIVE_MEMORY_S must be 1 to 3600")
        for name in ("archive_reads_per_minute", "archive_writes_per_minute"):
            if getattr(self, name) < 0:
                raise UserError("setting-invalid", f"PARVIS_{name.upper()} must not be below 0")

    @property
    def folder(self) -> Path:
        """Where recordings are."""
        return self.data / "archive"

    @property
    def archive_origin(self) -> str:
        """As people reach the archive, without a slash at the end."""
        return self.public_archive_url.rstrip("/") or self._origin(self.archive_port)

    @property
    def edge_origin(self) -> str:
        """As people reach the edges."""
        return self.public_edge_url.rstrip("/") or self._origin(8080)

    @property
    def control_origin(self) -> str:
        """As people reach the studio."""
        return self.public_control_url.rstrip("/") or self._origin(8081)

    def _origin(self, port: int) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{host}:{port}"


@dataclass(frozen=True, slots=True)
class CaptionerSettings:
    """The captioner: captions by a machine."""

    name: str = "captioner"
    """Name on the bus."""
    captions_model: str = ""
    """Folder of a model in the form of faster-whisper; empty means tiny.en, which comes with the extra."""
    captions_languages: str = "en"
    """Languages that the model knows, commas between, as first subtags: en, fr."""

    def __post_init__(self) -> None:
        """Raises `UserError` `setting-invalid`."""
        if not self.languages or not all(re.fullmatch(r"[a-z]{2,3}", one) for one in self.languages):
            raise UserError("setting-invalid", "PARVIS_CAPTIONS_LANGUAGES must be codes as en, fr")

    @property
    def languages(self) -> tuple[str, ...]:
        """Each of them once, in the order in which they were given."""
        said = (one.strip() for one in self.captions_languages.split(","))
        return tuple(dict.fromkeys(one for one in said if one))


def _cores() -> int:
    """Of this machine, as far as this process may use them."""
    return len(os.sched_getaffinity(0))


def _check_tls(certificate: str, key: str, hsts_s: int) -> None:
    if key and not certificate:
        raise UserError("setting-invalid", "PARVIS_KEY without PARVIS_CERTIFICATE")
    if hsts_s < 0:
        raise UserError("setting-invalid", "PARVIS_HSTS_S must not be below 0")


def _check_ice_urls(name: str, urls: str, schemes: tuple[str, ...]) -> None:
    for url in filter(None, map(str.strip, urls.split(","))):
        # They stand in a header, between < and > (RFC 8288 §3).
        if not url.startswith(schemes) or not re.fullmatch(r"[!-;=?-~]+", url):
            raise UserError(
                "setting-invalid", f"PARVIS_{name} must be {' or '.join(schemes)} URLs, not {url!r}"
            )


def _flag(text: str) -> bool:
    if text.lower() not in ("0", "1", "false", "true", "no", "yes"):
        raise ValueError("say yes or no")
    return text.lower() in ("1", "true", "yes")


_PARSERS: dict[type, Callable[[str], Any]] = {
    str: str,
    int: int,
    float: float,
    bool: _flag,
    type(Path()): Path,
}
KINDS: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "yes or no",
    type(Path()): "a path",
}
"""What a setting is, by its default's type, in words."""

Settings = TypeVar(
    "Settings",
    UpSettings,
    BusSettings,
    ControlSettings,
    StageSettings,
    EdgeSettings,
    ArchiveSettings,
    CaptionerSettings,
)


def is_secret(name: str) -> bool:
    """Whether a setting of this name is never shown, and may be given by a file that holds it."""
    return name == "database_url" or name.endswith(("_token", "_secret", "_password", "_key"))


def parse(setting: str, default: object, text: str) -> Any:
    """The value of a setting, of its default's type. Raises `ValueError`, which says what is allowed."""
    kind = type(default)
    try:
        return _PARSERS[kind](text)
    except ValueError:
        raise ValueError(f"{setting} must be {KINDS[kind]}, not {text!r}") from None


def from_environment(settings: Settings, environment: Mapping[str, str] = os.environ) -> Settings:
    """A copy with each `PARVIS_…` variable applied. Raises `UserError` `setting-invalid`."""
    changes: dict[str, Any] = {}
    for field in fields(settings):
        variable = f"PARVIS_{field.name.upper()}"
        default = getattr(settings, field.name)
        if is_secret(field.name) and f"{variable}_FILE" in environment:
            if variable in environment:
                raise UserError("setting-invalid", f"give {variable} or {variable}_FILE, not both")
            changes[field.name] = _secret_in(f"{variable}_FILE", Path(environment[f"{variable}_FILE"]))
        elif variable in environment:
            try:
                changes[field.name] = parse(variable, default, environment[variable])
            except ValueError as error:
                raise UserError("setting-invalid", str(error)) from error
    return replace(settings, **changes)


def _secret_in(variable: str, file: Path) -> str:
    try:
        secret = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise UserError("setting-invalid", f"{variable}: cannot read {file}: {reason}") from error
    if not secret:
        raise UserError("setting-invalid", f"{variable}: {file} is empty")
    return secret
