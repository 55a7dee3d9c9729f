"""Pictures of those on stage, for edges to serve from memory: small, and named by their content.

`NAME_CHARS` of the hash are enough to tell them apart, and stand in every `stage` event of a program.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from parvis.errors import RemoteProtocolError

NAME_CHARS: Final = 16
FACE_MAX_BYTES: Final = 16_384
FACES_MAX: Final = 128


def face_name(avatar: str) -> str:
    """What a picture is called among faces."""
    return avatar[:NAME_CHARS]


@dataclass(frozen=True, slots=True)
class FacesMessage:
    """Control → edges: all pictures of one Space's stage each time, WebP by name."""

    space: str
    faces: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return f"faces.{self.space}"

    def encode(self) -> bytes:
        faces = {name: base64.b64encode(picture).decode() for name, picture in self.faces.items()}
        return json.dumps({"space": self.space, "faces": faces}, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, payload: bytes) -> FacesMessage:
        """Raises `RemoteProtocolError` when the payload is none."""
        try:
            fields = json.loads(payload)
            faces = {
                str(name): base64.b64decode(text, validate=True) for name, text in fields["faces"].items()
            }
            if len(faces) > FACES_MAX or any(len(picture) > FACE_MAX_BYTES for picture in faces.values()):
                raise ValueError("too much")
            return cls(str(fields["space"]), faces)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RemoteProtocolError("bus-payload", f"faces: {error!r}") from error
