"""Pictures of people: an upload is made small and square in a process of its own, and kept by its content.

- What comes is not trusted, and image decoders are large: they run in a child (`avatar_child.py`) that may
  use so much memory and so much time, and is told no secret. If it dies, only the upload does.
- What is kept is always the same: WebP, 256 × 256, nothing of the file beside its pixels.
- A file is called by the SHA-256 of its bytes: it never changes, and whoever caches it need not ask again.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import sys
from pathlib import Path
from typing import Final

from parvis.errors import Overloaded, UserError

UPLOAD_MAX_BYTES: Final = 2 * 1024 * 1024
CHILD_S: Final = 10.0
"""Wall time for the child; it gives itself less of the processor."""
_WAITING_MAX: Final = 8
_NAME: Final = re.compile(r"[0-9a-f]{64}")
_CHILD: Final = (sys.executable, "-m", "parvis.api.avatar_child")


class Avatars:
    """Keeps pictures in a folder. One is made at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._one = asyncio.Lock()
        self._waiting = 0

    async def keep(self, upload: bytes) -> str:
        """Makes the picture and gives its name.

        Raises `UserError` `picture-unreadable`, `Overloaded` `too-many-requests`.
        """
        if self._waiting >= _WAITING_MAX:
            raise Overloaded("too-many-requests", "Too many pictures are being read; come back.", 5.0)
        self._waiting += 1
        try:
            async with self._one:
                picture = await _made(upload)
        finally:
            self._waiting -= 1
        name = hashlib.sha256(picture).hexdigest()
        await asyncio.to_thread(self._write, name, picture)
        return name

    async def drop(self, name: str) -> None:
        """Forgets a picture that nobody shows any more."""
        await asyncio.to_thread(self._path(name).unlink, missing_ok=True)

    def find(self, name: str) -> Path | None:
        """The file of a picture, if there is one."""
        path = self._path(name)
        return path if _NAME.fullmatch(name) and path.is_file() else None

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.webp"

    def _write(self, name: str, picture: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f"{name}.{os.getpid()}.draft"
        with draft.open("wb") as file:
            file.write(picture)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path(name))


async def _made(upload: bytes) -> bytes:
    """The picture that the child makes of an upload. Raises `UserError` `picture-unreadable`."""
    # Nothing of our environment: secrets may be in it.
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    child = await asyncio.create_subprocess_exec(
        *_CHILD,
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
        raise UserError("picture-unreadable", "This is no PNG, JPEG or WebP of at most 24 megapixels.")
    return picture
