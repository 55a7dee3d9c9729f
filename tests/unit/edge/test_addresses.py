import pytest

from parvis.edge.addresses import TOLD_BEYOND, Addresses, prefix


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("192.0.2.1", "2001:db8::c000:201", False),
    ],
)
def test_who_is_the_same_client(one: str, other: str, same: bool) -> None:
    assert (prefix(one) == prefix(other)) is same
    assert prefix(one) < 1 << 64


def test_one_address_is_over_its_limit_and_others_are_not() -> None:
    addresses = Addresses(2)
    for fd in (5, 9, 7):
        addresses.enter(fd, "192.0.2.1")
    addresses.enter(6, "192.0.2.2")
    assert addresses.over(7)
    assert not addresses.over(6)
    addresses.leave(5)
    assert not addresses.over(7)


def test_far_over_the_limit_nobody_is_told() -> None:
    addresses = Addresses(2)
    told = []
    for fd in range(2 + TOLD_BEYOND + 1):
        addresses.enter(fd, "192.0.2.1")
        told.append(not addresses.far_over(fd))
    assert told == [True] * (2 + TOLD_BEYOND) + [False]


def test_who_has_gone_is_forgotten() -> None:
    addresses = Addresses(2)
    for _ in range(3):
        for fd in range(100):
            addresses.enter(fd, f"192.0.2.{fd}")
        assert len(addresses) == 100
        for fd in range(100):
            addresses.leave(fd)
        assert len(addresses) == 0


def test_without_a_limit_nothing_is_counted_but_who_it_is() -> None:
    addresses = Addresses(0)
    for fd in range(100):
        addresses.enter(fd, "192.0.2.1")
    assert (len(addresses), addresses.over(5), addresses.far_over(5)) == (0, False, False)
    assert addresses.of(5) == prefix("192.0.2.1")
    addresses.leave(5)
