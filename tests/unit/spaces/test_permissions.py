"""Role × act, spelled out once more so that a slip in the table is seen."""

from __future__ import annotations

import pytest

from parvis.errors import Refused
from parvis.spaces.permissions import MAY, Act, check_may
from parvis.spaces.seat import Role

ONLY_HOST = {Act.CHANGE_ROLES, Act.END}
EVERYBODY = {Act.SEE_STAGE, Act.SPEAK}


@pytest.mark.parametrize("act", Act)
def test_who_may(act: Act) -> None:
    may = {role for role in Role if act in MAY[role]}
    if act in EVERYBODY:
        assert may == set(Role)
    elif act in ONLY_HOST:
        assert may == {Role.HOST}
    else:
        assert may == {Role.HOST, Role.CO_HOST}


def test_a_refusal_says_why() -> None:
    with pytest.raises(Refused, match="no-seat"):
        check_may(None, Act.SEE_STAGE)
    with pytest.raises(Refused, match=r"A speaker may not end the Space\. \[forbidden\]"):
        check_may(Role.SPEAKER, Act.END)
    assert check_may(Role.CO_HOST, Act.INVITE) is Role.CO_HOST
