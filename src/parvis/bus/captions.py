"""What travels on the bus of captions (docs/protocol.md §9).

- `CaptionMessage`: captioner or control → stages: words, and when they were said. A later one of the same
  `id` replaces it. The last few are retained, so that a stage which takes a Space over says what the one
  before did not come to say.
- `CaptionerMessage`: captioner → control, edges: which languages it can caption. Sent once a second; to
  control one older than 5 s no longer counts, to edges one older than 30 s.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from parvis.errors import RemoteProtocolError

CAPTIONS_RETAINED: Final = 8
TEXT_MAX: Final = 500
"""Characters of one caption."""


@dataclass(frozen=True, slots=True)
class CaptionMessage:
    """Words from `start_ms` to `end_ms`, program time as Unix milliseconds. `by` is the handle of who wrote
    them, "" for a machine; `final` says that no other words of this `id` are on their way. No text: what was
    said under this `id` is taken back."""

    space: str
    id: str
    start_ms: int
    end_ms: int
    text: str
    lang: str
    by: str = ""
    final: bool = True

    @property
    def subject(self) -> str:
        return f"caption.{self.space}"

    def encode(self) -> bytes:
        return _dump(asdict(self))

    @classmethod
    def decode(cls, payload: bytes) -> CaptionMessage:
        """Raises `RemoteProtocolError` when the payload is none."""
        fields = _load(payload)
        try:
            message = cls(
                str(fields["space"]),
                str(fields["id"]),
                int(fields["start_ms"]),
                int(fields["end_ms"]),
                str(fields["text"]),
                str(fields["lang"]),
                str(fields.get("by", "")),
                bool(fields.get("final", True)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RemoteProtocolError("bus-payload", f"caption: {error!r}") from error
        if not message.id or message.end_ms < message.start_ms or len(message.text) > TEXT_MAX:
            raise RemoteProtocolError("bus-payload", "caption: no id, no duration, or too long")
        return message


@dataclass(frozen=True, slots=True)
class CaptionerMessage:
    """A captioner is there. `languages` are the first subtags (BCP 47) of those that it knows."""

    name: str
    languages: tuple[str, ...]

    @property
    def subject(self) -> str:
        return f"captioner.{self.name}"

    def encode(self) -> bytes:
        return _dump({"name": self.name, "languages": self.languages})

    @classmethod
    def decode(cls, payload: bytes) -> CaptionerMessage:
        """Raises `RemoteProtocolError` when the payload is none."""
        fields = _load(payload)
        try:
            return cls(str(fields["name"]), tuple(map(str, fields["languages"])))
        except (KeyError, TypeError) as error:
            raise RemoteProtocolError("bus-payload", f"captioner: {error!r}") from error


def primary(language: str) -> str:
    """The first subtag of a language tag, in small letters: `en` of `en-GB`."""
    return language.partition("-")[0].lower()


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
