"""What travels on the bus of hands, chat, polls and the crowd (docs/protocol.md §8).

- `TalkMessage`: control → stages: one event of the conversation, for the program. The last few are retained,
  so that a stage which takes a Space over says what the one before did not come to say.
- `BanMessage`: control → edges: who is banned from a Space, all of them each time.
- `CrowdMessage`: edge → stages: reactions since the message before. At most one each part and edge. Reactions
  are a mood: who was not there misses them. Votes are more than that: `votes.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from parvis.errors import RemoteProtocolError

TALK_RETAINED: Final = 32


@dataclass(frozen=True, slots=True)
class TalkMessage:
    """One event of a Space. `number` grows, also over restarts of control; `at_ms` is when it was kept."""

    space: str
    number: int
    at_ms: int
    event: Mapping[str, Any]

    @property
    def subject(self) -> str:
        return f"talk.{self.space}"

    def encode(self) -> bytes:
        return _dump(
            {"space": self.space, "number": self.number, "at_ms": self.at_ms, "event": dict(self.event)}
        )

    @classmethod
    def decode(cls, payload: bytes) -> TalkMessage:
        """Raises `RemoteProtocolError` when the payload is none."""
        fields = _load(payload)
        try:
            event = fields["event"]
            if not isinstance(event, dict) or not isinstance(event["type"], str):
                raise TypeError("an event has a type")
            return cls(str(fields["space"]), int(fields["number"]), int(fields["at_ms"]), event)
        except (KeyError, TypeError, ValueError) as error:
            raise RemoteProtocolError("bus-payload", f"talk: {error!r}") from error


@dataclass(frozen=True, slots=True)
class BanMessage:
    """Accounts that are banned from a Space, and passes that count no more for that."""

    space: str
    accounts: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        return f"ban.{self.space}"

    def encode(self) -> bytes:
        return _dump({"space": self.space, "accounts": self.accounts, "passes": self.passes})

    @classmethod
    def decode(cls, payload: bytes) -> BanMessage:
        """Raises `RemoteProtocolError` when the payload is none."""
        fields = _load(payload)
        try:
            accounts, passes = (tuple(map(str, fields.get(name, ()))) for name in ("accounts", "passes"))
            return cls(str(fields["space"]), accounts, passes)
        except (KeyError, TypeError) as error:
            raise RemoteProtocolError("bus-payload", f"ban: {error!r}") from error


@dataclass(frozen=True, slots=True)
class CrowdMessage:
    """What one edge counted. `life` tells one run of an edge from the next; `sequence` is the part during
    which it was sent. `reactions` are by Space and emoji."""

    edge: str
    life: str
    sequence: int
    reactions: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return f"crowd.{self.edge}"

    @property
    def source(self) -> str:
        """Who counted."""
        return f"{self.edge}:{self.life}"

    def encode(self) -> bytes:
        return _dump(
            {
                "edge": self.edge,
                "life": self.life,
                "sequence": self.sequence,
                "reactions": {space: dict(counts) for space, counts in self.reactions.items()},
            }
        )

    @classmethod
    def decode(cls, payload: bytes) -> CrowdMessage:
        """Raises `RemoteProtocolError` when the payload is none."""
        fields = _load(payload)
        try:
            reactions = {
                str(space): {str(emoji): _count(n) for emoji, n in counts.items()}
                for space, counts in fields["reactions"].items()
            }
            return cls(str(fields["edge"]), str(fields["life"]), int(fields["sequence"]), reactions)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RemoteProtocolError("bus-payload", f"crowd: {error!r}") from error


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _dump(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def _load(payload: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(payload)
    except ValueError as error:
        raise RemoteProtocolError("bus-payload", f"not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise RemoteProtocolError("bus-payload", "not a JSON object")
    return fields
