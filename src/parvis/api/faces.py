"""Tells edges the pictures of those on stage, so that a crowd that opens the page asks control for none.

- Once a second each Space that has changed is looked at: if other pictures are on its stage than were told,
  all of them are told anew (`bus/faces.py`), retained, for edges that come later. When it is over they are
  taken back.
- They are made small here, from files that `pictures.py` has made: these can be trusted.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from PIL import Image

from parvis.api.pictures import Pictures
from parvis.bus.faces import FACES_MAX, FacesMessage, face_name
from parvis.bus.port import Publisher
from parvis.spaces.space import OPEN_STATES, Space

SIDE_PX: Final = 112
"""2.9 rem at two device pixels each, and a little more."""
_QUALITY: Final = 78
_MADE_MAX: Final = 512


class Faces:
    """Owned by control's loop."""

    def __init__(self, avatars: Pictures, bus: Publisher) -> None:
        self._avatars = avatars
        self._bus = bus
        self._told: dict[str, frozenset[str]] = {}
        self._made: dict[str, bytes] = {}

    async def look(self, changed: Iterable[Space]) -> None:
        """Tells what has changed on these stages, and takes back what was told of Spaces that are over."""
        for space in changed:
            if space.state not in OPEN_STATES:
                if self._told.pop(space.id, None) is not None:
                    self._bus.forget(f"faces.{space.id}")
                continue
            avatars = _avatars_of(space)
            if avatars != self._told.get(space.id, frozenset()):
                faces = {face_name(avatar): await self._small(avatar) for avatar in sorted(avatars)}
                message = FacesMessage(space.id, {name: face for name, face in faces.items() if face})
                self._bus.publish(message.subject, message.encode(), retain=1)
                self._told[space.id] = avatars

    async def _small(self, avatar: str) -> bytes:
        """Empty where there is no such picture any more."""
        path = self._avatars.find(avatar)
        if avatar not in self._made and path is not None:
            if len(self._made) >= _MADE_MAX:
                self._made.clear()
            self._made[avatar] = await asyncio.to_thread(_shrunk, path)
        return self._made.get(avatar, b"")


def _avatars_of(space: Space) -> frozenset[str]:
    avatars = [seat.person.avatar for seat in space.on_stage if seat.person.avatar]
    return frozenset(avatars[:FACES_MAX])


def _shrunk(path: Path) -> bytes:
    try:
        with Image.open(path, formats=("WEBP",)) as image:
            small = image.convert("RGB").resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    except OSError:  # it was dropped a moment ago
        return b""
    out = io.BytesIO()
    small.save(out, "WEBP", quality=_QUALITY, method=4)
    return out.getvalue()
