"""Votes: who listens answers a poll, without an account; who shows a badge, as that account.

Rules:

- A voter is a name that a browser made up, or the account of a badge. It counts once in a Space, with its
  first choice; who says it again is thanked and not counted. What one edge knows is not taken twice there;
  what two edges took is counted once by control (`bus/votes.py`).
- Of one address so many voters count at each edge: a school is a crowd, one machine is not. Who shows a badge
  needs no such fence.
- A voter's name is not kept, only a hash, with a key that edges share and control does not have.
- What is open, and until when, control says (`SpaceMessage.poll`); the clock closes it without control.
- Votes are kept until control has taken them, and told from then on where it stopped; a control that was
  started anew is told all of them. Two minutes after the last vote, and its taking, they are forgotten.

`now_s` is monotonic, `wall_s` Unix time, both in seconds.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Final

from parvis.bus.messages import PollState, SpaceMessage
from parvis.bus.votes import VOTES_PER_MESSAGE, CountedMessage
from parvis.bus.votes import Votes as VotesTold
from parvis.errors import Conflict, NotFound, Overloaded, UserError

VOTERS_MAX: Final = 250_000
"""Of one poll at one edge: 20 MB."""
KEPT_S: Final = 120.0
UNTAKEN_KEPT_S: Final = 1_200.0
"""Control is away, or counts this poll no more."""
POLLS_MAX: Final = 256
RETRY_S: Final = 60.0
AGAIN_S: Final = 2.0
"""Control has taken nothing for so long: what it was told is told again."""

_VOTER = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass(slots=True)
class _Taken:
    log: array[int] = field(default_factory=lambda: array("Q"))
    choices: bytearray = field(default_factory=bytearray)
    voters: set[int] = field(default_factory=set)
    by_address: dict[int, int] = field(default_factory=dict)
    voted_at_s: float = 0.0
    acknowledged: int = 0
    """Of the log, taken by control."""
    told: int = 0
    told_at_s: float = 0.0
    life: str = ""
    """Of control."""


class Votes:
    """All polls of one edge. Of one address `per_address` voters count; 0: no limit. `key` is shared by all
    edges."""

    def __init__(self, per_address: int, key: bytes = b"") -> None:
        self.counted = 0
        """Votes since the start."""
        self.refused = 0
        """Voters too many of one address, or of all."""
        self._per_address = per_address
        self._key = key
        self._polls: dict[str, _Taken] = {}

    def vote(
        self,
        message: SpaceMessage | None,
        poll_id: str,
        address: int,
        body: bytes,
        *,
        now_s: float,
        wall_s: float,
        account_id: str = "",
    ) -> bool:
        """Somebody votes; whether that is new here.

        Raises `NotFound` `poll-unknown`, `Conflict` `poll-closed`, `UserError` `body-invalid`, `Overloaded`
        `too-many-requests`, `not-admitted`.
        """
        poll = message.poll if message is not None else None
        if poll is None or poll.id != poll_id:
            raise NotFound("poll-unknown", "There is no such poll.")
        if is_over(poll, wall_s):
            raise Conflict("poll-closed", "This poll is over.")
        choice, voter = _read(body, len(poll.choices))
        taken = self._polls.get(poll_id)
        if taken is None:
            taken = self._polls[poll_id] = _Taken()
        # No voter's name has a colon: nobody votes as an account without its badge.
        known = self._hash(poll_id, f"account:{account_id}" if account_id else voter)
        if known in taken.voters:
            return False
        self._check_room(taken, 0 if account_id else address)
        taken.voters.add(known)
        taken.log.append(known)
        taken.choices.append(choice)
        taken.voted_at_s = now_s
        self.counted += 1
        return True

    def hear(self, message: CountedMessage, source: str, now_s: float) -> None:
        """What control has taken; `source` is who we are to it."""
        taken = self._polls.get(message.poll)
        if taken is None:
            return
        count = min(message.taken.get(source, 0), len(taken.log))
        if message.life != taken.life:
            taken.life = message.life
            taken.acknowledged = taken.told = count
        elif count > taken.acknowledged:
            taken.acknowledged = count
            taken.told = max(taken.told, count)
            taken.told_at_s = now_s

    def to_tell(self, now_s: float) -> Mapping[str, VotesTold]:
        """What control has not been told, by poll; what it does not take is told again. Call it once a
        part."""
        self._forget(now_s)
        told = {}
        for poll_id, taken in self._polls.items():
            if taken.told > taken.acknowledged and now_s - taken.told_at_s >= AGAIN_S:
                taken.told = taken.acknowledged
            if taken.told == len(taken.log):
                continue
            end = min(len(taken.log), taken.told + VOTES_PER_MESSAGE)
            part = slice(taken.told, end)
            told[poll_id] = VotesTold(taken.told, len(taken.log), taken.log[part], bytes(taken.choices[part]))
            if taken.told == taken.acknowledged:
                taken.told_at_s = now_s
            taken.told = end
        return told

    def _forget(self, now_s: float) -> None:
        """Polls of long ago; of too many the oldest, taken or not."""
        for poll_id, taken in list(self._polls.items()):
            rest_s = now_s - taken.voted_at_s
            settled = taken.acknowledged == len(taken.log) or len(self._polls) > POLLS_MAX
            if rest_s > (KEPT_S if settled else UNTAKEN_KEPT_S):
                del self._polls[poll_id]

    def _hash(self, poll_id: str, voter: str) -> int:
        digest = blake2b(f"{poll_id} {voter}".encode(), digest_size=8, key=self._key).digest()
        return int.from_bytes(digest, "big")

    def _check_room(self, taken: _Taken, address: int) -> None:
        if len(taken.voters) >= VOTERS_MAX:
            self.refused += 1
            raise Overloaded("not-admitted", "This edge counts no more voters of this poll.", RETRY_S)
        if not self._per_address or not address:  # 0 is a proxy, behind which anybody may be
            return
        of_address = taken.by_address.get(address, 0)
        if of_address >= self._per_address:
            self.refused += 1
            raise Overloaded("too-many-requests", "So many have voted from your address.", RETRY_S)
        taken.by_address[address] = of_address + 1


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
