"""Pictures that people upload: made small in a process of its own, and kept by their content.

- What comes is not trusted, and image decoders are large: they run in a child (`picture_child.py`) that may
  use so much memory and so much time, and is told no secret. If it dies, only the upload does.
- What is kept is always the same: WebP of one shape, nothing of the file beside its pixels.
- A file is called by the SHA-256 of its bytes: it never changes, and whoever caches it need not ask again.
- One is made at a time; few may wait. What nobody shows any more is forgotten: whoever changes what is shown
  holds `changing` meanwhile, for another may just have kept the same picture.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import sys
from pathlib import Path
from typing import Final

from parvis.api.picture_child import PIXELS_MAX, SHAPES
from parvis.errors import Overloaded, UserError

AVATAR_MAX_BYTES: Final = 2 * 1024 * 1024
COVER_MAX_BYTES: Final = 5_000_000
CHILD_S: Final = 20.0
"""Wall time for the child; it gives itself less of the processor."""
_WAITING_MAX: Final = 8
_NAME: Final = re.compile(r"[0-9a-f]{64}")
_CHILD: Final = (sys.executable, "-m", "parvis.api.picture_child")


class Pictures:
    """Keeps pictures of a shape of `SHAPES` in a folder."""

    def __init__(self, folder: Path, shape: str) -> None:
        self._folder = folder
        self._shape = shape
        self._one = asyncio.Lock()
        self._waiting = 0
        self.changing = asyncio.Lock()

    async def make(self, upload: bytes) -> bytes:
        """What would be kept of an upload.

        Raises `UserError` `picture-unreadable`, `Overloaded` `too-many-requests`.
        """
        if self._waiting >= _WAITING_MAX:
            raise Overloaded("too-many-requests", "Too many pictures are being read; come back.", 5.0)
        self._waiting += 1
        try:
            async with self._one:
                return await _made(upload, self._shape)
        finally:
            self._waiting -= 1

    async def keep(self, picture: bytes) -> str:
        """Keeps what was made, and gives its name."""
        name = hashlib.sha256(picture).hexdigest()
        await asyncio.to_thread(self._write, name, picture)
        return name

    async def drop(self, name: str) -> None:
        """Forgets a picture that nobody shows any more."""
        await asyncio.to_thread(self.path(name).unlink, missing_ok=True)

    def find(self, name: str) -> Path | None:
        """The file of a picture, if there is one."""
        path = self.path(name)
        return path if _NAME.fullmatch(name) and path.is_file() else None

    def path(self, name: str) -> Path:
        """Where a picture of that name is, or would be."""
        return self._folder / f"{name}.webp"

    def _write(self, name: str, picture: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f"{name}.{os.getpid()}.draft"
        with draft.open("wb") as file:
            file.write(picture)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path(name))


async def _made(upload: bytes, shape: str) -> bytes:
    """The picture that the child makes of an upload. Raises `UserError` `picture-unreadable`."""
    # Nothing of our environment: secrets may be in it.
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    child = await asyncio.create_subprocess_exec(
        *_CHILD,
        shape,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment,
    )
    try:
        async with asyncio.timeout(CHILD_S):
            picture, _ = await child.communicate(upload)
    except TimeoutError:
        picture = b""
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0 or not picture:
        kinds = ", ".join(SHAPES[shape].formats)
        most = PIXELS_MAX // 1_000_000
        raise UserError("picture-unreadable", f"This is no {kinds} of at most {most} megapixels.")
    return picture
