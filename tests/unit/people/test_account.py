"""What people may choose about themselves."""

from __future__ import annotations

import pytest

from parvis.errors import UserError
from parvis.people.account import check_display_name, check_handle, check_password, is_handle


@pytest.mark.parametrize("handle", ["ab", "ana_1", "0" * 30, "__"])
def test_handles(handle: str) -> None:
    assert is_handle(handle)
    assert check_handle(handle) == handle


@pytest.mark.parametrize("handle", ["", "a", "Ana", "a-b", "a b", "é2", "0" * 31, "ab\n", "ab\0"])
def test_what_is_no_handle(handle: str) -> None:
    assert not is_handle(handle)
    with pytest.raises(UserError, match="handle: "):
        check_handle(handle)


def test_display_names_are_trimmed_and_composed() -> None:
    assert check_display_name("  Zoe\u0308 ") == "Zo\u00eb"
    assert check_display_name("محمد") == "محمد"


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\nb", "a\0b", "a\u202eb", "\ud800", "a\u2028b"])
def test_display_names_that_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="display_name: "):
        check_display_name(name)


@pytest.mark.parametrize("password", ["1234567", "x" * 201, "1234567\ud800"])
def test_passwords_that_are_refused(password: str) -> None:
    with pytest.raises(UserError, match="password: ") as refused:
        check_password(password)
    assert password not in str(refused.value)


def test_any_other_password_will_do() -> None:
    assert check_password("  spaces, ünïcode  ") == "  spaces, ünïcode  "
