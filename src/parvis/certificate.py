"""A certificate and its key, renewed while they are in use; and whose certificates a client believes.

Rules:

- TLS 1.3 and 1.2 with authenticated encryption only, no renegotiation, no compression (RFC 9325 §3, §4.2);
  HTTP/1.1 by ALPN (RFC 7301). The client chooses among the suites: phones know best what they do fast.
- The bytes of the files are compared, not their times. Certificate and key are read once, tried together, and
  only then taken, so that a half-written renewal never meets a client.
- Renewal changes the context in place: connections go on, and session tickets stay good.
- New files that cannot be used are told once and looked at again; the old certificate stays.
"""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog

from parvis.errors import UserError

LOOK_S: Final = 10.0
"""How often who serves with a certificate calls `renew`."""
SUITES: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2; those of 1.3 are all good."""

log = structlog.get_logger(__name__)


class Certificate:
    """What a server shows. `context` is for all its sockets, and is always the newest that could be used."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Both are PEM; the certificate's file holds its chain, and may hold the key too. Raises `UserError`
        `certificate-unusable`."""
        self._files = (certificate, key)
        self._told = ""
        self._taken = self._seen = self._read()
        self.context = _context()
        _load(self.context, self._taken)

    @classmethod
    def of(cls, certificate: str, key: str) -> Certificate | None:
        """As settings say: without a certificate none, without a key it is in the certificate's file."""
        return cls(Path(certificate), Path(key or certificate)) if certificate else None

    def renew(self) -> bool:
        """Looks at the files again; True when they had changed and could be used. Never raises for them."""
        try:
            found = self._read()
            if found in (self._taken, self._seen):
                return False
            self._seen = found
            _load(_context(), found)
        except UserError as error:
            if error.detail != self._told:
                log.warning("new certificate not taken, the old one stays", error=error.detail)
            self._told = error.detail
            return False
        _load(self.context, found)
        self._taken, self._told = found, ""
        log.info("certificate renewed", file=str(self._files[0]))
        return True

    def _read(self) -> tuple[bytes, bytes]:
        try:
            certificate, key = (file.read_bytes() for file in self._files)
        except OSError as error:
            raise UserError(
                "certificate-unusable", f"cannot read {error.filename}: {error.strerror}"
            ) from error
        return certificate, key


def trusting(ca: Path | None = None, *, insecure: bool = False) -> ssl.SSLContext:
    """What a client trusts: what this machine does, or the authorities in a PEM file; `insecure` believes
    anybody. Raises `UserError` `authority-unusable`."""
    try:
        context = ssl.create_default_context(cafile=None if ca is None else str(ca))
    except OSError as error:  # ssl.SSLError too
        reason = error.strerror or "no PEM"
        raise UserError("authority-unusable", f"cannot use the authorities in {ca}: {reason}") from error
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(SUITES)
    context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])
    context.num_tickets = 1  # each costs some 20 µs, and is good at one process only
    return context


def _load(context: ssl.SSLContext, pair: tuple[bytes, bytes]) -> None:
    """Raises `UserError` `certificate-unusable`."""
    with _as_file(pair[0]) as certificate, _as_file(pair[1]) as key:
        try:
            # A key with a password would make OpenSSL ask for it at the terminal.
            context.load_cert_chain(certificate, key, password=bytes)
        except ssl.SSLError as error:
            reason = error.reason or "no PEM, or the key has a password"
            raise UserError("certificate-unusable", f"cannot use certificate and key: {reason}") from error


@contextlib.contextmanager
def _as_file(data: bytes) -> Iterator[str]:
    """A path that holds these bytes, in memory only: a key has no business in a temporary folder."""
    descriptor = os.memfd_create("pem")
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as opened:
            opened.write(data)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
