"""The object store: where replays go once they are made. S3, GCS, Azure or a folder, by URL (obstore).

Rules:

- Recording never touches it: parts go to the local folder, whatever the network does.
- Objects are `{space}/{file}`, each put whole. What was put is noted beside the local files with its
  checksum, so a push that was cut off goes on with the next file.
- What obstore raises comes out as `Unavailable` `store-away`: it is tried again later.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

from parvis.archive.record import replace_file
from parvis.errors import Unavailable, UserError

if TYPE_CHECKING:  # obstore has these in its stubs alone
    from obstore.store import ClientConfig, RetryConfig

STORED: Final = "stored.json"
RETRY_AFTER_S: Final = 30.0
_TIMEOUT_S: Final = 60
_RETRY: Final[RetryConfig] = {"max_retries": 4, "retry_timeout": timedelta(seconds=8)}
"""Within one request, which somebody may wait for; beyond that the keeper tries again."""


class Store:
    """One place to keep replays."""

    def __init__(self, url: str, *, allow_http: bool = False) -> None:
        """`allow_http` is for a store on one's own network that has no certificate.

        Raises `UserError` `setting-invalid` for a URL that no store answers to.
        """
        try:
            if urlsplit(url).scheme == "file":
                self._store: Any = from_url(url, mkdir=True)
            else:
                options: ClientConfig = {"timeout": timedelta(seconds=_TIMEOUT_S), "allow_http": allow_http}
                self._store = from_url(url, client_options=options, retry_config=_RETRY)
        except (BaseError, ValueError) as error:
            raise UserError("setting-invalid", f"PARVIS_ARCHIVE_URL can't be used: {error}") from error

    async def push(self, space: str, folder: Path, files: list[Path]) -> None:
        """Puts these files of a Space's folder, those that are there already left out, and removes objects
        that are not among them. Raises `Unavailable`, `OSError`; a later call goes on."""
        there = set(await self._names(space))
        put = {name: digest for name, digest in _read_stored(folder).items() if name in there}
        names = {}
        for file in files:
            names[_name(folder, file)] = await asyncio.to_thread(_digest, file)
        for file in files:
            name = _name(folder, file)
            if put.get(name) == names[name]:
                continue
            with _said_as_away():
                await obstore.put_async(self._store, f"{space}/{name}", file)
            put[name] = names[name]
            await asyncio.to_thread(_write_stored, folder, put)
        await self._remove(space, [name for name in there if name not in names])
        await asyncio.to_thread(_write_stored, folder, names)

    async def fetch(self, space: str, name: str, target: Path) -> None:
        """Brings one object back, whole or not at all. Raises `Unavailable`, `OSError`."""
        with _said_as_away():
            answer = await obstore.get_async(self._store, f"{space}/{name}")
            data = bytes(await answer.bytes_async())
        await asyncio.to_thread(replace_file, target, data)

    async def read(self, space: str, name: str, start: int, length: int) -> bytes:
        """A range of an object. Raises `Unavailable`."""
        with _said_as_away():
            return bytes(
                await obstore.get_range_async(self._store, f"{space}/{name}", start=start, length=length)
            )

    async def clear(self, space: str) -> None:
        """Removes everything of a Space; what is gone already is no error. Raises `Unavailable`."""
        await self._remove(space, await self._names(space))

    async def names(self, space: str) -> list[str]:
        """What is there of a Space, without its prefix. Raises `Unavailable`."""
        return await self._names(space)

    async def _names(self, space: str) -> list[str]:
        found: list[str] = []
        with _said_as_away():
            async for batch in _listed(self._store, f"{space}/"):
                found += [str(entry["path"]).removeprefix(f"{space}/") for entry in batch]
        return found

    async def _remove(self, space: str, names: list[str]) -> None:
        with _said_as_away():
            for name in names:
                try:
                    await obstore.delete_async(self._store, f"{space}/{name}")
                except FileNotFoundError:
                    continue


def _listed(store: Any, prefix: str) -> AsyncIterator[Any]:
    return obstore.list(store, prefix=prefix)


@contextmanager
def _said_as_away() -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        reason = str(error).partition("\n")[0]  # what follows is for those who debug obstore
        raise Unavailable(
            "store-away", f"The object store does not answer: {reason}", RETRY_AFTER_S
        ) from error


def _name(folder: Path, file: Path) -> str:
    """`replay.3/audio.m4a` is `audio.m4a` at the store: there is one version there."""
    parts = file.relative_to(folder).parts
    return "/".join(parts[1:] if parts[0].startswith("replay.") else parts)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _read_stored(folder: Path) -> dict[str, str]:
    try:
        stored = json.loads((folder / STORED).read_bytes())
    except (OSError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _write_stored(folder: Path, stored: dict[str, str]) -> None:
    replace_file(folder / STORED, json.dumps(stored).encode())
