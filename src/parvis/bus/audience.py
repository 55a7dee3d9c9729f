"""What edges tell control of those who chose to be seen, and control tells edges of all (docs/protocol.md
§8)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

from parvis.errors import RemoteProtocolError

SAMPLE: Final = 24
"""At most so many of a Space are named, by an edge and by control: never the roster."""


@dataclass(frozen=True, slots=True)
class Present:
    """Of one Space: how many accounts may be seen, and the ids of some of them."""

    count: int
    sample: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AudienceMessage:
    """Edge → control, once a second while there is anybody, and once after."""

    edge: str
    present: Mapping[str, Present] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return f"audience.{self.edge}"

    def encode(self) -> bytes:
        present = {space: [told.count, *told.sample] for space, told in self.present.items()}
        return json.dumps({"edge": self.edge, "present": present}, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, payload: bytes) -> AudienceMessage:
        """Raises `RemoteProtocolError` when the payload is none."""
        try:
            fields = json.loads(payload)
            present = {
                str(space): Present(int(count), tuple(map(str, sample[:SAMPLE])))
                for space, (count, *sample) in fields["present"].items()
            }
            return cls(str(fields["edge"]), present)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RemoteProtocolError("bus-payload", f"audience: {error!r}") from error


@dataclass(frozen=True, slots=True)
class AttendanceMessage:
    """Control → edges, when it has changed: the most who listened at once, and how many have begun to."""

    space: str
    peak: int
    total: int

    @property
    def subject(self) -> str:
        return f"attendance.{self.space}"

    def encode(self) -> bytes:
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def decode(cls, payload: bytes) -> AttendanceMessage:
        """Raises `RemoteProtocolError` when the payload is none."""
        try:
            fields = json.loads(payload)
            return cls(str(fields["space"]), int(fields["peak"]), int(fields["total"]))
        except (KeyError, TypeError, ValueError) as error:
            raise RemoteProtocolError("bus-payload", f"attendance: {error!r}") from error
