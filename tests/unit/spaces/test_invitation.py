"""What an invitation is worth."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from parvis.errors import Refused, UserError
from parvis.spaces.invitation import Invitation, check_terms, mark
from parvis.spaces.seat import Role
from tests.unit.spaces.makers import NOW_MS, new_space, person

SPACE = new_space()
INVITATION = Invitation("i", SPACE.id, "hash", Role.SPEAKER, 2, NOW_MS, NOW_MS + 60_000, "a-ana")


def test_each_seat_is_a_use() -> None:
    once = INVITATION.spend(SPACE, "a-ben", NOW_MS)
    assert (once.uses_left, once.spend(SPACE, "a-cleo", NOW_MS).uses_left) == (1, 0)


@pytest.mark.parametrize(
    ("invitation", "now_ms"),
    [
        (replace(INVITATION, uses_left=0), NOW_MS),
        (INVITATION, NOW_MS + 60_000),
        (replace(INVITATION, space_id="another000"), NOW_MS),
    ],
)
def test_used_up_late_or_elsewhere(invitation: Invitation, now_ms: int) -> None:
    with pytest.raises(Refused, match="invitation-invalid"):
        invitation.spend(SPACE, "a-ben", now_ms)


def test_who_was_removed_needs_a_newer_one_and_who_left_does_not() -> None:
    seated = SPACE.seat_person(person("ben"), Role.SPEAKER, NOW_MS)
    removed = seated.unseat(seated.seat_named("ben"), NOW_MS + 10, removed=True)
    with pytest.raises(Refused, match="invitation-invalid"):
        INVITATION.spend(removed, "a-ben", NOW_MS + 20)
    newer = replace(INVITATION, created_at_ms=NOW_MS + 11)
    assert newer.spend(removed, "a-ben", NOW_MS + 20).uses_left == 1
    left = seated.unseat(seated.seat_named("ben"), NOW_MS + 10, removed=False)
    assert INVITATION.spend(left, "a-ben", NOW_MS + 20).uses_left == 1


def test_one_to_a_handle_is_for_that_account_alone() -> None:
    named = replace(INVITATION, uses_left=1, for_account="a-ben")
    with pytest.raises(Refused, match="invitation-invalid"):
        named.spend(SPACE, "a-cleo", NOW_MS)
    assert named.spend(SPACE, "a-ben", NOW_MS).uses_left == 0
    with pytest.raises(UserError, match="input-invalid"):
        check_terms(Role.SPEAKER, 2, 60, named=True)


def test_a_mark_fits_the_invited_and_about_one_in_256() -> None:
    marks = [mark("0123456789", f"guest_{number}") for number in range(2_560)]
    assert all(re.fullmatch("[0-9a-f]{2}", one) for one in marks)
    assert mark("0123456789", "guest_7") == marks[7]
    assert len(set(marks)) == 256
    assert max(marks.count(one) for one in set(marks)) < 30
    # What the hall reckons for itself (web/tests/invited.test.ts).
    assert mark("0123456789", "ana") == "76"


@pytest.mark.parametrize(
    ("role", "uses", "expires_in_s"),
    [(Role.HOST, 1, 60), (Role.SPEAKER, 0, 60), (Role.SPEAKER, 101, 60), (Role.SPEAKER, 1, 59)],
)
def test_terms_that_are_refused(role: Role, uses: int, expires_in_s: int) -> None:
    with pytest.raises(UserError, match="input-invalid"):
        check_terms(role, uses, expires_in_s)
