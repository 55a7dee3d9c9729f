"""Events that ride with the sound (docs/protocol.md §3): small JSON objects with a `type`.

They are bytes as early as possible, for an edge passes them on without looking inside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_BEGINNING: Final = b'{"type":"'


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its type and the UTF-8 JSON of the whole object, `type` included."""

    type: str
    body: bytes

    @classmethod
    def of(cls, type: str, **fields: Any) -> Event:
        """Builds the JSON. Field values must be JSON-serialisable."""
        return cls(
            type, json.dumps({"type": type, **fields}, ensure_ascii=False, separators=(",", ":")).encode()
        )

    @classmethod
    def parse(cls, body: bytes) -> Event:
        """An event that another process built. Raises `ValueError`, `KeyError` or `TypeError` for any other
        bytes."""
        if body.startswith(_BEGINNING):  # as `of` writes it: no need to read the rest
            name, quote, _ = body[len(_BEGINNING) :].partition(b'"')
            if quote and b"\\" not in name:
                return cls(name.decode(), body)
        return cls(json.loads(body)["type"], body)

    def fields(self) -> Mapping[str, Any]:
        """The parsed object."""
        parsed = json.loads(self.body)
        assert isinstance(parsed, dict)
        return parsed
