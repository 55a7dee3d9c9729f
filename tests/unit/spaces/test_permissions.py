"""Standing × act, spelled out once more so that a slip in the table is seen."""

from __future__ import annotations

import pytest

from parvis.errors import Refused
from parvis.spaces.permissions import MAY, Act, Standing, check_may, may

EVERYBODY = {Act.SEE_STAGE, Act.SPEAK}
HOST_AND_ACTING = {
    Act.CHANGE_ROLES,
    Act.NAME_SUCCESSORS,
    Act.NAME_CAPTIONERS,
    Act.NAME_MONITORS,
    Act.MAKE_HANDOFF_CODES,
    Act.END,
}
ONLY_HOST = {Act.HAND_ROLE_ON}
OPERATOR_TOO = {Act.SEE_LOG, Act.HAND_OFF}


@pytest.mark.parametrize("act", Act)
def test_who_may(act: Act) -> None:
    allowed = {standing for standing in Standing if act in MAY[standing]}
    expected = {Standing.HOST}
    if act not in ONLY_HOST:
        expected |= {Standing.ACTING_HOST}
    if act not in ONLY_HOST | HOST_AND_ACTING:
        expected |= {Standing.CO_HOST}
    if act in EVERYBODY:
        expected |= {Standing.SPEAKER}
    if act in OPERATOR_TOO:
        expected |= {Standing.OPERATOR}
    assert allowed == expected


def test_a_refusal_says_why() -> None:
    with pytest.raises(Refused, match="no-seat"):
        check_may(None, Act.SEE_STAGE)
    with pytest.raises(Refused, match=r"A speaker may not end the Space\. \[forbidden\]"):
        check_may(Standing.SPEAKER, Act.END)
    with pytest.raises(Refused, match="An acting host may not give the host role away"):
        check_may(Standing.ACTING_HOST, Act.HAND_ROLE_ON)
    check_may(Standing.CO_HOST, Act.INVITE)


def test_an_operator_may_more_than_its_seat() -> None:
    check_may(Standing.SPEAKER, Act.HAND_OFF, operator=True)
    check_may(None, Act.SEE_LOG, operator=True)
    with pytest.raises(Refused, match="no-seat"):
        check_may(None, Act.END, operator=True)
    assert not may(None, Act.SEE_LOG)
