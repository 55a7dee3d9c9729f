"""Votes on their way from the edges to control, and the counts on their way back (docs/protocol.md §8).

An edge keeps the votes that it took in the order in which they came, and tells control those that control has
not taken yet: a message that is lost is told again, one that comes twice is known by its `offset`. Control
knows each voter by a hash, counts it once over all edges, and says what it has taken from whom.

- `VotesMessage`: edge → control. A voter is 8 bytes, a choice one.
- `CountedMessage`: control → edges, stages. `life` tells one run of control from the next: who was started
  anew knows no voters, and is told all of them again.
"""

from __future__ import annotations

import base64
import json
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from parvis.errors import RemoteProtocolError

VOTES_PER_MESSAGE: Final = 4_096
"""Of one poll, once a part at most: 55 KB."""
MAX_CHOICES: Final = 16
"""More than any poll has: what says more is no poll."""


@dataclass(frozen=True, slots=True)
class Votes:
    """Votes of one poll: those from `offset` on, of `total` that this run of the edge has taken."""

    offset: int
    total: int
    voters: Sequence[int]
    choices: bytes


@dataclass(frozen=True, slots=True)
class VotesMessage:
    """What one edge took, by poll."""

    edge: str
    life: str
    votes: Mapping[str, Votes] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return f"votes.{self.edge}"

    @property
    def source(self) -> str:
        """Who took the votes."""
        return f"{self.edge}:{self.life}"

    def encode(self) -> bytes:
        votes = {
            poll: [told.offset, told.total, _text(array("Q", told.voters).tobytes()), _text(told.choices)]
            for poll, told in self.votes.items()
        }
        return _dump({"edge": self.edge, "life": self.life, "votes": votes})

    @classmethod
    def decode(cls, payload: bytes) -> VotesMessage:
        """Raises `RemoteProtocolError` when the payload is none."""
        try:
            fields = json.loads(payload)
            votes = {str(poll): _votes(*told) for poll, told in fields["votes"].items()}
            return cls(str(fields["edge"]), str(fields["life"]), votes)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RemoteProtocolError("bus-payload", f"votes: {error!r}") from error


@dataclass(frozen=True, slots=True)
class CountedMessage:
    """How a poll stands, and how many votes of each source were taken."""

    poll: str
    life: str
    counts: tuple[int, ...]
    taken: Mapping[str, int] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return f"counted.{self.poll}"

    def encode(self) -> bytes:
        return _dump({"poll": self.poll, "life": self.life, "counts": self.counts, "taken": dict(self.taken)})

    @classmethod
    def decode(cls, payload: bytes) -> CountedMessage:
        """Raises `RemoteProtocolError` when the payload is none."""
        try:
            fields = json.loads(payload)
            taken = {str(source): int(count) for source, count in fields["taken"].items()}
            counts = tuple(int(count) for count in fields["counts"])
            if len(counts) > MAX_CHOICES or min(counts, default=0) < 0:
                raise ValueError("counts")
            return cls(str(fields["poll"]), str(fields["life"]), counts, taken)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RemoteProtocolError("bus-payload", f"counted: {error!r}") from error


def _votes(offset: int, total: int, voters: str, choices: str) -> Votes:
    read = array("Q")
    read.frombytes(base64.b64decode(voters, validate=True))
    chosen = base64.b64decode(choices, validate=True)
    if not (0 <= int(offset) <= int(total) and len(read) == len(chosen) <= VOTES_PER_MESSAGE):
        raise ValueError("votes that do not fit together")
    return Votes(int(offset), int(total), read, chosen)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _dump(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()
