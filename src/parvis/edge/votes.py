"""Votes: who listens answers a poll, without an account.

Rules:

- A voter is a name that a browser made up. It counts once a poll and edge, with its first choice; who says it
  again is thanked and not counted. Of one address so many voters count: a school is a crowd, one machine is
  not.
- A voter's name is not kept, only a hash that means nothing outside this process.
- What is open, and until when, control says (`SpaceMessage.poll`); the clock closes it without control.
- Totals are told, not differences (`bus/manners.py`), until two minutes after the end.

`now_s` is monotonic, `wall_s` Unix time, both in seconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from parvis.bus.messages import PollState, SpaceMessage
from parvis.errors import Conflict, NotFound, Overloaded, UserError

VOTERS_MAX: Final = 250_000
"""Of one poll at one edge: 20 MB."""
TOLD_AFTER_S: Final = 120.0
POLLS_MAX: Final = 256
RETRY_S: Final = 60.0

_VOTER = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(slots=True)
class _Counted:
    counts: list[int]
    voters: set[int] = field(default_factory=set)
    by_address: dict[int, int] = field(default_factory=dict)
    voted_at_s: float = 0.0


class Votes:
    """All polls of one edge. Of one address `per_address` voters count; 0: no limit."""

    def __init__(self, per_address: int) -> None:
        self.counted = 0
        """Votes since the start."""
        self.refused = 0
        """Voters too many of one address, or of all."""
        self._per_address = per_address
        self._polls: dict[str, _Counted] = {}

    def vote(
        self,
        message: SpaceMessage | None,
        poll_id: str,
        address: int,
        body: bytes,
        *,
        now_s: float,
        wall_s: float,
    ) -> bool:
        """Somebody votes; whether that counts now.

        Raises `NotFound` `poll-unknown`, `Conflict` `poll-closed`, `UserError` `body-invalid`, `Overloaded`
        `too-many-requests`, `not-admitted`.
        """
        poll = message.poll if message is not None else None
        if poll is None or poll.id != poll_id:
            raise NotFound("poll-unknown", "There is no such poll.")
        if is_over(poll, wall_s):
            raise Conflict("poll-closed", "This poll is over.")
        choice, voter = _read(body, len(poll.choices))
        counted = self._polls.get(poll_id)
        if counted is None:
            counted = self._polls[poll_id] = _Counted([0] * len(poll.choices))
        known = hash(voter)
        if known in counted.voters:
            return False
        self._check_room(counted, address)
        counted.voters.add(known)
        counted.counts[choice] += 1
        counted.voted_at_s = now_s
        self.counted += 1
        return True

    def totals(self, now_s: float) -> Mapping[str, Sequence[int]]:
        """What was counted so far, by poll, of those in which somebody voted lately."""
        for poll_id in [p for p, c in self._polls.items() if now_s - c.voted_at_s > TOLD_AFTER_S]:
            if len(self._polls) > POLLS_MAX:
                del self._polls[poll_id]
        return {
            poll_id: tuple(counted.counts)
            for poll_id, counted in self._polls.items()
            if now_s - counted.voted_at_s <= TOLD_AFTER_S
        }

    def _check_room(self, counted: _Counted, address: int) -> None:
        if len(counted.voters) >= VOTERS_MAX:
            self.refused += 1
            raise Overloaded("not-admitted", "This edge counts no more voters of this poll.", RETRY_S)
        if not self._per_address or not address:  # 0 is a proxy, behind which anybody may be
            return
        of_address = counted.by_address.get(address, 0)
        if of_address >= self._per_address:
            self.refused += 1
            raise Overloaded("too-many-requests", "So many have voted from your address.", RETRY_S)
        counted.by_address[address] = of_address + 1


def is_over(poll: PollState, wall_s: float) -> bool:
    """Whether nobody votes any more."""
    if poll.state == "closed":
        return True
    return poll.closes_at is not None and wall_s >= datetime.fromisoformat(poll.closes_at).timestamp()


def _read(body: bytes, choices: int) -> tuple[int, str]:
    """Choice and voter. Raises `UserError` `body-invalid`."""
    try:
        fields = json.loads(body)
        choice, voter = fields["choice"], fields["voter"]
        if set(fields) != {"choice", "voter"} or type(choice) is not int or not 0 <= choice < choices:
            raise ValueError("choice")
        if not isinstance(voter, str) or _VOTER.fullmatch(voter) is None:
            raise ValueError("voter")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        detail = f'The body is JSON: {{"choice": 0 to {choices - 1}, "voter": 16 to 64 of A-Z a-z 0-9 _ -}}.'
        raise UserError("body-invalid", detail) from error
    return choice, voter
