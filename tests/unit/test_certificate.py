"""A certificate that is renewed while it is used."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from parvis.certificate import Certificate
from parvis.errors import UserError
from tests.certificates import Authority, Issued, serial


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def shown(certificate: Certificate, authority: Authority, **limits: ssl.TLSVersion) -> ssl.SSLSocket:
    """A client's end of a connection to a server with it."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    server = certificate.context.wrap_socket(ours, server_side=True, do_handshake_on_connect=False)
    context = authority.client()
    context.set_alpn_protocols(["h2", "http/1.1"])
    for name, version in limits.items():
        setattr(context, name, version)
    client = context.wrap_socket(theirs, server_hostname="edge.test", do_handshake_on_connect=False)
    waiting = [client, server]
    while waiting:
        for end in list(waiting):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(end)
    server.close()
    return client


def of(issued: Issued) -> Certificate:
    return Certificate(issued.certificate, issued.key)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_speak_http_1_1(authority: Authority, version: ssl.TLSVersion) -> None:
    with shown(of(authority.issue()), authority, maximum_version=version) as client:
        assert client.version() == version.name.replace("_", ".")
        assert client.selected_alpn_protocol() == "http/1.1"
        suite = client.cipher()
        assert suite is not None
        assert "GCM" in suite[0] or "CHACHA20" in suite[0]


def test_what_is_renewed_is_shown_to_the_next(authority: Authority) -> None:
    first = authority.issue()
    certificate = of(first)
    assert not certificate.renew()
    second = authority.issue()
    with shown(certificate, authority) as client:
        assert serial(client) == first.serial
    assert certificate.renew()
    assert not certificate.renew()
    with shown(certificate, authority) as client:
        assert serial(client) == second.serial != first.serial


def test_what_cannot_be_used_is_not_taken(authority: Authority) -> None:
    first = authority.issue()
    certificate = of(first)
    whole = first.certificate.read_bytes()
    first.certificate.write_bytes(authority.issue("other").certificate.read_bytes())
    assert not certificate.renew(), "the key is another's"
    first.certificate.write_bytes(b"half of a cert")
    assert not certificate.renew()
    first.certificate.unlink()
    assert not certificate.renew()
    with shown(certificate, authority) as client:
        assert serial(client) == first.serial
    first.certificate.write_bytes(whole)
    assert not certificate.renew(), "it is the one that is in use"
    second = authority.issue()
    assert certificate.renew()
    with shown(certificate, authority) as client:
        assert serial(client) == second.serial


def test_the_key_may_be_in_the_same_file(authority: Authority) -> None:
    issued = authority.issue()
    issued.certificate.write_bytes(issued.certificate.read_bytes() + issued.key.read_bytes())
    certificate = Certificate.of(str(issued.certificate), "")
    assert certificate is not None
    with shown(certificate, authority) as client:
        assert serial(client) == issued.serial


def test_without_a_certificate_there_is_none() -> None:
    assert Certificate.of("", "") is None


def test_what_is_wrong_at_the_start_is_said(authority: Authority, tmp_path: Path) -> None:
    issued = authority.issue()
    with pytest.raises(UserError, match=r"nowhere\.crt: No such file") as caught:
        Certificate(tmp_path / "nowhere.crt", issued.key)
    assert caught.value.code == "certificate-unusable"
    with pytest.raises(UserError, match="KEY_VALUES_MISMATCH"):
        Certificate(authority.issue("other").certificate, issued.key)
    key = serialization.load_pem_private_key(issued.key.read_bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    issued.key.write_bytes(locked)
    with pytest.raises(UserError, match="cannot use certificate and key"):
        of(issued)
