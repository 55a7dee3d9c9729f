"""What happens to a recording once it is complete: made into a replay, put away, cut, deleted.

Rules:

- One Space at a time, in a process of its own at idle priority (`build.py`).
- A record whose `built` is behind its `version` has no replay to show: after a cut nobody hears what was cut,
  not even for a second.
- After a cut: the replay first, then the clips that overlap, then the originals are wiped, then the store's.
- What fails is tried again after 1 s, doubling to 5 minutes. Deleting locally does not wait for the store.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import structlog

from parvis.archive.build import REPLAY
from parvis.archive.clips import CLIPS_FOLDER, clips_of, make_clip
from parvis.archive.disk import PARTS_FOLDER
from parvis.archive.library import TOMBSTONE, Library
from parvis.archive.record import Record, replace_file
from parvis.archive.sequences import SequenceSet
from parvis.archive.store import STORED, Store
from parvis.archive.wipe import remove_all, wipe_parts
from parvis.errors import LocalProtocolError, ParvisError

log = structlog.get_logger(__name__)

FIRST_BACKOFF_S: Final = 1.0
LAST_BACKOFF_S: Final = 300.0
NOTHING_MADE: Final = 3
_PATIENCE_S: Final = 3_600.0

Save = Callable[[Record], Awaitable[None]]


class Keeper:
    """Loop-owned. `save` writes a record durably (`Recorder.save`)."""

    def __init__(self, library: Library, store: Store | None, save: Save, *, keep_local: bool) -> None:
        self._library = library
        self._store = store
        self._save = save
        self._keep_local = keep_local
        self._wake = asyncio.Event()
        self._wake.set()
        self._retry_s: dict[str, tuple[float, float]] = {}
        self.failures = 0

    def wake(self, _space: str = "") -> None:
        """Something may be to do."""
        self._wake.set()

    async def run(self) -> None:
        """Works until cancelled. What was begun is begun again at the next start."""
        while True:
            await self._wait()
            for record in self._library.all():
                if record.finished and (record.built < record.version or self._is_to_store(record)):
                    await self._guarded(record.space.id, self._keep)
            for space in self._library.unburied():
                await self._guarded(space, self._clear_store)

    async def _wait(self) -> None:
        soonest_s = min((at_s for at_s, _ in self._retry_s.values()), default=None)
        timeout_s = None if soonest_s is None else max(0.05, soonest_s - time.monotonic())
        try:
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _guarded(self, space: str, work: Callable[[str], Awaitable[None]]) -> None:
        at_s, backoff_s = self._retry_s.get(space, (0.0, FIRST_BACKOFF_S))
        if time.monotonic() < at_s:
            return
        try:
            await work(space)
        except (OSError, ParvisError) as error:
            self.failures += 1
            log.warning("a replay waits", space=space, error=str(error), retry_after_s=backoff_s)
            self._retry_s[space] = time.monotonic() + backoff_s, min(backoff_s * 2, LAST_BACKOFF_S)
        else:
            self._retry_s.pop(space, None)
        if self._library.is_grave(space):  # perhaps while it was worked on
            await asyncio.to_thread(remove_all, self._library.folder(space), but=TOMBSTONE)

    def _is_to_store(self, record: Record) -> bool:
        return self._store is not None and record.built == record.version and record.stored < record.version

    # ------------------------------------------------------------------ making

    async def _keep(self, space: str) -> None:
        record = self._library.get(space)
        if record is not None and record.built < record.version:
            await self._build(record)
        record = self._library.get(space)
        if record is not None and self._is_to_store(record):
            await self._put_away(record)

    async def _build(self, record: Record) -> None:
        space, folder = record.space.id, self._library.folder(record.space.id)
        await self.fetch_parts(record)
        await self._save(record)
        began_s = time.monotonic()
        code, said = await _run_builder(folder)
        if code not in (0, NOTHING_MADE):
            raise LocalProtocolError("build-failed", said or f"the builder ended with {code}")
        if code == NOTHING_MADE:
            log.info("nothing was recorded", space=space)
        else:
            log.info("a replay is made", space=space, seconds=round(time.monotonic() - began_s, 2))
        if record.cuts:
            await asyncio.to_thread(_apply_cuts, folder, record)
        await asyncio.to_thread(_remove_others, folder, record.version)
        now = self._library.get(space)
        if now is not None:
            await self._save(replace(now, built=record.version))

    async def _put_away(self, record: Record) -> None:
        assert self._store is not None
        space, folder = record.space.id, self._library.folder(record.space.id)
        files = await asyncio.to_thread(_files_to_store, folder, record.built)
        if files:
            await self._store.push(space, folder, files)
            log.info("a replay is at the store", space=space, files=len(files))
        now = self._library.get(space)
        if now is None:  # deleted meanwhile
            await self._store.clear(space)
            return
        await self._save(replace(now, stored=record.built))
        if not self._keep_local and now.version == record.built:
            await asyncio.to_thread(_remove_local_sound, folder, record.built)

    async def fetch_parts(self, record: Record) -> None:
        """Brings the parts back from the store where only it has them. Raises `Unavailable`, `OSError`."""
        folder = self._library.folder(record.space.id) / PARTS_FOLDER
        if self._store is None or not record.stored or folder.exists():
            return
        draft = folder.with_name(f".{PARTS_FOLDER}")
        await asyncio.to_thread(shutil.rmtree, draft, ignore_errors=True)
        for name in await self._store.names(record.space.id):
            if name.startswith(f"{PARTS_FOLDER}/"):
                await self._store.fetch(record.space.id, name, draft / name.removeprefix(f"{PARTS_FOLDER}/"))
        await asyncio.to_thread(draft.replace, folder)

    # ------------------------------------------------------------------ deleting

    async def delete(self, space: str, by: str, reason: str) -> None:
        """Removes a Space's recording, replay and clips, and leaves a tombstone. The store follows as soon as
        it answers. Raises `OSError`."""
        folder = self._library.folder(space)
        stone: dict[str, Any] = {
            "deleted_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "by": by,
            "reason": reason,
            "store_cleared": self._store is None,
        }
        await asyncio.to_thread(_bury, folder, stone)
        self._library.bury(space, stone)
        await asyncio.to_thread(remove_all, folder, but=TOMBSTONE)  # and once more after what works on it now
        log.info("a replay was deleted", space=space)
        self.wake()

    async def _clear_store(self, space: str) -> None:
        folder, stone = self._library.folder(space), self._library.grave(space)
        await asyncio.to_thread(remove_all, folder, but=TOMBSTONE)
        if self._store is not None:
            await self._store.clear(space)
        stone["store_cleared"] = True
        await asyncio.to_thread(_bury, folder, stone)
        self._library.bury(space, stone)


async def _run_builder(folder: Path) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "parvis.archive.build", str(folder), stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(_PATIENCE_S):
            _, said = await process.communicate()
    except TimeoutError:
        raise LocalProtocolError("build-failed", "the builder takes too long") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, said.decode(errors="replace").strip()[-500:]


def _apply_cuts(folder: Path, record: Record) -> None:
    cut = SequenceSet(record.cuts)
    for clip in clips_of(folder):
        if cut.missing(clip.first, clip.last) != [(clip.first, clip.last)]:
            make_clip(folder, record, clip)
    wipe_parts(folder / PARTS_FOLDER, record.cuts)


def _remove_others(folder: Path, version: int) -> None:
    for path in folder.glob("replay.*"):
        if path.name != f"replay.{version}":
            shutil.rmtree(path)


def _files_to_store(folder: Path, version: int) -> list[Path]:
    """The replay, `replay.json` last; the clips; and the parts, from which any later version is made."""
    replay = folder / f"replay.{version}"
    files = [path for path in sorted(replay.glob("*")) if path.name != REPLAY]
    files += sorted((folder / CLIPS_FOLDER).glob("*"))
    files += sorted((folder / PARTS_FOLDER).glob("*"))
    return [*files, replay / REPLAY] if (replay / REPLAY).exists() else []


def _remove_local_sound(folder: Path, version: int) -> None:
    """What the store has and the server can read from there. Small files stay."""
    if not (folder / STORED).exists():
        return
    for path in (folder / f"replay.{version}").glob("*"):
        if path.suffix in (".m4a", ".opus"):
            path.unlink()
    shutil.rmtree(folder / PARTS_FOLDER, ignore_errors=True)


def _bury(folder: Path, stone: dict[str, Any]) -> None:
    replace_file(folder / TOMBSTONE, json.dumps(stone, ensure_ascii=False).encode())
