import pytest

from parvis.edge.addresses import Addresses, prefix
from parvis.edge.http import Request
from parvis.edge.proxies import HEADER, Proxies
from parvis.errors import UserError

TRUSTED = "10.0.0.0/8, 127.0.0.1, 2001:db8::/32"


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("127.0.0.1", True),
        ("127.0.0.2", False),
        ("2001:db8::7", True),
        ("2001:db9::7", False),
        ("", False),
    ],
)
def test_those_of_the_settings_are_trusted(address: str, trusted: bool) -> None:
    assert Proxies(TRUSTED, Addresses(1)).trusts(address) is trusted


def test_without_settings_nobody_is() -> None:
    assert not Proxies("", Addresses(1)).trusts("127.0.0.1")


@pytest.mark.parametrize("networks", ["10.0.0.1/8", "example.org", "10.0.0.0/33", "10.0.0.1 10.0.0.2"])
def test_what_is_no_network_is_said(networks: str) -> None:
    with pytest.raises(UserError, match="PARVIS_TRUSTED_PROXIES"):
        Proxies(networks, Addresses(1))


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("203.0.113.1, 192.0.2.7", "192.0.2.7"),
        ("203.0.113.1, 192.0.2.7, 10.0.0.9", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("[2001:db9::1]", "2001:db9::1"),
        ("10.0.0.9", None),
        ("", None),
        ("192.0.2.7, unknown", None),
        ("192.0.2.7:1234", None),
    ],
)
def test_the_client_is_the_last_that_is_no_proxy_of_ours(forwarded: str, client: str | None) -> None:
    assert Proxies(TRUSTED, Addresses(1)).client(forwarded) == client


def asks(forwarded: str) -> Request:
    return Request("GET", ("s", "abc"), headers={HEADER: forwarded} if forwarded else {})


def test_each_request_of_a_proxy_counts_for_its_client() -> None:
    addresses = Addresses(1)
    proxies = Proxies("127.0.0.1", addresses)
    for fd in (3, 4):
        addresses.enter(fd, "127.0.0.1")
        addresses.hide(fd)
        proxies.enter(fd)
        assert not addresses.over(fd)
        assert not addresses.far_over(fd)
        proxies.reveal(fd, asks("192.0.2.7"))
        assert addresses.of(fd) == prefix("192.0.2.7")
    assert addresses.over(4)
    proxies.reveal(4, asks("192.0.2.8"))
    assert not addresses.over(3)
    assert len(addresses) == 2
    proxies.reveal(4, asks(""))  # its own health check
    assert len(addresses) == 1
    for fd in (3, 4):
        addresses.leave(fd)
        proxies.leave(fd)
    assert len(addresses) == 0


def test_who_is_no_proxy_cannot_name_anybody() -> None:
    addresses = Addresses(1)
    proxies = Proxies("127.0.0.1", addresses)
    addresses.enter(3, "198.51.100.1")
    proxies.reveal(3, asks("192.0.2.7"))
    assert addresses.of(3) == prefix("198.51.100.1")


@pytest.mark.parametrize(("client", "loopback"), [("127.0.0.1", True), ("192.0.2.7", False)])
def test_what_is_for_this_machine_goes_by_the_client(client: str, loopback: bool) -> None:
    addresses = Addresses(0)
    proxies = Proxies("127.0.0.0/30", addresses)
    addresses.enter(3, "127.0.0.3")
    proxies.enter(3)
    request = asks(f"{client}, 127.0.0.2" if client != "127.0.0.1" else "127.0.0.9")
    proxies.reveal(3, request)
    assert request.loopback is loopback
