"""From errors to statuses."""

from __future__ import annotations

import pytest

from parvis.api.problems import PROBLEMS, answer, documented, status_of
from parvis.errors import (
    Conflict,
    LocalProtocolError,
    NotFound,
    NotSignedIn,
    Overloaded,
    ParvisError,
    Refused,
    RemoteProtocolError,
    Unavailable,
    UserError,
)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UserError("input-invalid", "x"), 422),
        (UserError("offer-malformed", "x"), 400),
        (RemoteProtocolError("offer-malformed", "x"), 400),
        (Conflict("stage-full", "x"), 409),
        (Overloaded("stage-full", "x", 30.0), 503),
        (Overloaded("too-many-requests", "x", 1.0), 429),
        (Unavailable("stage-away", "x", 1.0), 503),
        (NotSignedIn("new-code", "x"), 401),
        (Refused("new-code", "x"), 403),
        (NotFound("new-code", "x"), 404),
        (Conflict("new-code", "x"), 409),
        (UserError("new-code", "x"), 422),
        (LocalProtocolError("new-code", "x"), 502),
    ],
)
def test_status(error: ParvisError, status: int) -> None:
    assert status_of(error) == status


def test_when_to_come_back_is_rounded_up() -> None:
    assert answer(Overloaded("x", "x", 2.1)).headers["retry-after"] == "3"
    assert answer(Overloaded("x", "x", 0.0)).headers["retry-after"] == "1"
    assert "retry-after" not in answer(Conflict("x", "x")).headers


def test_documented_responses_name_codes_by_status() -> None:
    responses = documented("space-ended", "stage-full", busy=("stage-away",))
    assert responses[409]["description"] == "`space-ended`, `stage-full`"
    assert responses[503]["description"] == "`database-away`, `stage-away`, `too-slow`"
    assert list(responses) == sorted(responses, key=int)
    with pytest.raises(KeyError):
        documented("no-such-code")


def test_the_table_is_in_order() -> None:
    assert [(status, code) for code, (status, _) in PROBLEMS.items()] == sorted(
        (status, code) for code, (status, _) in PROBLEMS.items()
    )
