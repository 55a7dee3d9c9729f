"""Whom a storm is aimed at, and that it may be.

Rules:

- A target is a share link (`…/s/{space}`) or a stream link (`…/live/{space}/stream.mp4`), over HTTP or HTTPS.
  With TLS the storm's own arithmetic is as dear as the edge's.
- Every address that the name stands for must be loopback, unless the caller says that the target is theirs.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from parvis.certificate import trusting
from parvis.errors import UserError
from parvis.media.rendition import Rendition

_PATH: Final = re.compile(
    r"(?P<prefix>.*?)/(?:s/(?P<share>[^/]+)/?|live/(?P<live>[^/]+)/(?:stream\.mp4|space\.json))"
)


@dataclass(frozen=True, slots=True)
class Target:
    """A Space at an edge. `authority` is its host and port as in the link, `live` the path below which the
    Space's stream and description are, `address` where to connect, `host` the name that a certificate must
    have; `tls` is None over plain HTTP."""

    url: str
    authority: str
    live: str
    family: int
    address: tuple[str, int]
    loopback: bool
    rendition: Rendition
    host: str = ""
    tls: ssl.SSLContext | None = None

    @classmethod
    def of(
        cls,
        url: str,
        rendition: Rendition | None = None,
        *,
        owned: bool = False,
        ca: Path | None = None,
        insecure: bool = False,
    ) -> Target:
        """Reads and resolves a link. `owned` allows addresses that are not loopback; `ca` and `insecure` are
        as in `certificate.trusting`.

        Raises `UserError`: `link-unknown`, `host-unknown`, `target-not-loopback`, `authority-unusable`.
        """
        parts = urlsplit(url)
        match = _PATH.fullmatch(parts.path)
        secure = parts.scheme == "https"
        try:
            port = parts.port or (443 if secure else 80)
        except ValueError:
            match = None
        if parts.scheme not in ("http", "https") or parts.hostname is None or match is None:
            raise UserError("link-unknown", f"{url} is neither a share link (…/s/…) nor a stream link")
        asked = parse_qs(parts.query).get("codec", [Rendition.OPUS])[0]
        if asked not in list(Rendition):
            raise UserError("link-unknown", f"{url} asks for codec={asked}: there are opus and aac")
        family, address = addresses(parts.hostname, port, owned=owned)[0]
        return cls(
            url,
            parts.netloc.rpartition("@")[2],
            f"{match['prefix']}/live/{match['share'] or match['live']}",
            family,
            address,
            ipaddress.ip_address(address[0]).is_loopback,
            rendition or Rendition(asked),
            parts.hostname,
            trusting(ca, insecure=insecure) if secure else None,
        )


def addresses(host: str, port: int, *, owned: bool) -> list[tuple[int, tuple[str, int]]]:
    """(family, (address, port)) of all that the name stands for, IPv4 first; `owned` allows addresses that
    are not loopback. Raises `UserError` `host-unknown`, `target-not-loopback`."""
    found = _resolve(host, port)
    strangers = [ip for _, (ip, _) in found if not ipaddress.ip_address(ip).is_loopback]
    if strangers and not owned:
        raise UserError(
            "target-not-loopback",
            f"{host} is {strangers[0]}, not this machine. A storm takes services down: "
            "say --i-own-this-target if it is yours",
        )
    return found


def _resolve(host: str, port: int) -> list[tuple[int, tuple[str, int]]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UserError("host-unknown", f"cannot find {host}: {error.strerror}") from error
    addresses = [(int(family), (str(at[0]).partition("%")[0], port)) for family, _, _, _, at in found]
    return sorted(addresses, key=lambda entry: entry[0] != socket.AF_INET)
