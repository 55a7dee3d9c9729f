"""Pictures that people upload, made alike: decoded, turned upright, cut to shape, encoded anew.

- What comes is not trusted: only JPEG, PNG, WebP and GIF are tried, with a limit of pixels that is looked at
  before anything is decoded; what was hidden in the file (place, camera, text) is not in what is kept.
- It is decoded in a worker thread, one at a time; few may wait.
- What is kept is known by the SHA-256 of its content: under an address nothing ever changes.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps

from parvis.errors import Overloaded, UserError

UPLOAD_MAX_BYTES: Final = 5_000_000
PIXELS_MAX: Final = 40_000_000
FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
QUALITY: Final = 80
_WAITING_MAX: Final = 4


@dataclass(frozen=True, slots=True)
class Shape:
    """Of what is kept, in pixels."""

    width: int
    height: int


COVER: Final = Shape(1200, 675)


class Pictures:
    """Keeps pictures in a folder, one file each, by the hash of its content."""

    def __init__(self, folder: Path, shape: Shape) -> None:
        self._folder = folder
        self._shape = shape
        self._one = asyncio.Lock()
        self._waiting = 0

    async def keep(self, upload: bytes) -> str:
        """The hash by which the picture is known from now on.

        Raises `UserError` `picture-unreadable`, `Overloaded` `too-many-requests`.
        """
        if self._waiting >= _WAITING_MAX:
            raise Overloaded("too-many-requests", "Too many pictures are being read; come back.", 5.0)
        self._waiting += 1
        try:
            async with self._one:
                return await asyncio.to_thread(self._keep, upload)
        finally:
            self._waiting -= 1

    def path(self, digest: str) -> Path:
        """Where the picture of that hash is, if it is there."""
        return self._folder / f"{digest}.webp"

    def _keep(self, upload: bytes) -> str:
        data = convert(upload, self._shape)
        digest = hashlib.sha256(data).hexdigest()
        path = self.path(digest)
        if not path.exists():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = self._folder / f".{digest}.{os.getpid()}"
            with draft.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        return digest


def convert(upload: bytes, shape: Shape) -> bytes:
    """The upload as WebP of this shape, cut around its middle. Raises `UserError` `picture-unreadable`."""
    try:
        with Image.open(io.BytesIO(upload), formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > PIXELS_MAX or min(width, height) < 1:
                raise _unreadable(f"A picture has at most {PIXELS_MAX // 1_000_000} million pixels.")
            # JPEG can be decoded small, which is all that is needed.
            picture.draft("RGB", (2 * shape.width, 2 * shape.height))
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise _unreadable("This is no JPEG, PNG, WebP or GIF that can be read.") from error
    fitted = ImageOps.fit(upright, (shape.width, shape.height), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    fitted.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue()


def _unreadable(detail: str) -> UserError:
    return UserError("picture-unreadable", detail)
