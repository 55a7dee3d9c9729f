"""Who really asks, when a proxy of ours stands between (X-Forwarded-For as nginx, HAProxy, Caddy write it).

Rules:

- The header is believed only when the connection comes from an address that settings name; anybody else can
  write whatever they like into it.
- Each proxy adds who it was asked by at the end. So the list is read from there: the first address that is no
  proxy of ours is the client; what stands before it, the client may have made up.
- A connection of a proxy counts for no address. Each request on it counts for its client from then on: a
  proxy may keep a connection and send requests of many, and a stream stays with one.
- Without the header it is the proxy itself that asks: for its health check, as a rule.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from parvis.edge.addresses import Addresses
from parvis.edge.http import Request
from parvis.edge.sockets import is_loopback
from parvis.errors import UserError

HEADER: Final = b"x-forwarded-for"

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Proxies:
    """Those of `networks`: addresses or CIDR, commas between. Raises `UserError` `setting-invalid`."""

    def __init__(self, networks: str, addresses: Addresses) -> None:
        try:
            self._networks: list[_Network] = [
                ipaddress.ip_network(network.strip()) for network in networks.split(",") if network.strip()
            ]
        except ValueError as error:
            raise UserError("setting-invalid", f"PARVIS_TRUSTED_PROXIES: {error}") from error
        self._addresses = addresses
        self._fds: set[int] = set()

    def trusts(self, address: str) -> bool:
        """It is the address of a proxy of ours."""
        if not self._networks:
            return False
        try:
            return self._among(_ip(address))
        except ValueError:
            return False

    def enter(self, fd: int) -> None:
        """A proxy of ours connected."""
        self._fds.add(fd)

    def leave(self, fd: int) -> None:
        """The descriptor is closed, whoever's it was."""
        self._fds.discard(fd)

    def reveal(self, fd: int, request: Request) -> None:
        """Makes a request that came through a proxy its client's."""
        if fd not in self._fds:
            return
        client = self.client(request.header(HEADER))
        if client is None:
            self._addresses.hide(fd)
            return
        self._addresses.reveal(fd, client)
        request.loopback = is_loopback(client)

    def client(self, forwarded: str) -> str | None:
        """The client in a header's value; None when it names nobody but proxies of ours, or is unreadable."""
        for entry in reversed(forwarded.split(",")):
            try:
                address = _ip(entry.strip())
            except ValueError:
                return None
            if not self._among(address):
                return str(address)
        return None

    def _among(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        return any(address in network for network in self._networks)


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address; IPv4 inside IPv6 is IPv4. Raises `ValueError`."""
    address = ipaddress.ip_address(text.strip("[]"))
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
