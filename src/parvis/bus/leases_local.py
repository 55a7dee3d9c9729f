"""Leases of one machine, as symbolic links in the folder of the bus::

    leases/claims/{name}/1795370400     → 1 stage-1.5f0c3a2b {boot} held
    leases/claims/{name}/1795370401     → 1 stage-2.91be07d4 {boot} held
    leases/beats/stage-2.91be07d4       → 1 81234.567 {boot}

Rules (those of the protocol are in `leases_steps.py`):

- A record is the target of a link that leads nowhere: made whole or not at all, by one process or another
  (symlink(2), EEXIST), replaced by rename(2), read by one readlink(2). It takes no block of the disk, so a
  disk that recordings have filled up ends nothing.
- No lock is ever held: a process can be stopped anywhere, and nobody waits for it.
- A folder holds few records, so a look at it is one getdents(2).
- All work is done by one thread: a slow disk must not hold up the mixer. If it takes longer than the lease
  lasts, the lease is over, which is right: nobody can tell.
- A restart of the machine begins monotonic time anew; records of before (by boot id) hold nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from parvis.bus.leases import Holder, Lease
from parvis.bus.leases_steps import Beat, Claim, LeaseSteps, Steps
from parvis.bus.run_dir import prepare_run_dir
from parvis.clock import Clock
from parvis.errors import LocalProtocolError, Unavailable

Result = TypeVar("Result")

NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
VERSION = "1"
HALF_MADE_S = 60.0


class LinkRecords:
    """Claims and beats in a folder (see `leases_steps.Records`). Blocking; what it raises is `OSError`."""

    def __init__(self, folder: Path) -> None:
        self._claims = folder / "claims"
        self._beats = folder / "beats"
        for each in (self._claims, self._beats):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        for half_made in self._beats.glob(".*"):  # by a process that was killed in between
            with contextlib.suppress(FileNotFoundError):
                if time.time() - half_made.lstat().st_mtime > HALF_MADE_S:
                    half_made.unlink()

    def epochs(self, name: str) -> list[int]:
        try:
            return [int(entry.name) for entry in (self._claims / name).iterdir() if entry.name.isdecimal()]
        except FileNotFoundError:
            return []

    def claim(self, name: str, epoch: int) -> Claim | None:
        match _read(self._claims / name / str(epoch)):
            case [beat, boot, state]:
                return Claim(beat, boot, state != "held")
        return None

    def add_claim(self, name: str, epoch: int, claim: Claim) -> bool:
        path = self._claims / name / str(epoch)
        while True:
            try:
                path.symlink_to(_claim_text(claim))
            except FileExistsError:
                return False
            except FileNotFoundError:  # the folder is not there, or not any more
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            else:
                return True

    def replace_claim(self, name: str, epoch: int, claim: Claim) -> None:
        with contextlib.suppress(FileNotFoundError):
            _replace(self._claims / name / str(epoch), _claim_text(claim))

    def remove_claim(self, name: str, epoch: int) -> None:
        (self._claims / name / str(epoch)).unlink(missing_ok=True)

    def remove_name(self, name: str) -> None:
        with contextlib.suppress(OSError):  # not there any more, or in use again
            (self._claims / name).rmdir()

    def beats(self) -> list[str]:
        return [entry.name for entry in self._beats.iterdir() if not entry.name.startswith(".")]

    def beat(self, beat: str) -> Beat | None:
        match _read(self._beats / beat):
            case [deadline_s, boot]:
                with contextlib.suppress(ValueError):
                    return Beat(float(deadline_s), boot)
        return None

    def put_beat(self, beat: str, value: Beat) -> None:
        self._beats.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(self._beats / beat, f"{VERSION} {value.deadline_s!r} {value.boot}")

    def remove_beat(self, beat: str) -> None:
        (self._beats / beat).unlink(missing_ok=True)


class LocalLeases:
    """Implements `parvis.bus.leases.Leases` for the processes that share the folder `run_dir`."""

    def __init__(self, run_dir: Path, clock: Clock) -> None:
        self._clock = clock
        folder = prepare_run_dir(run_dir) / "leases"
        try:
            records = LinkRecords(folder)
        except OSError as error:
            raise _away(error) from error
        self._steps = LeaseSteps(records, clock, boot_id(), lambda: secrets.token_hex(4))
        self._thread = ThreadPoolExecutor(1, "leases")

    async def acquire(self, name: str, owner: str) -> Lease | None:
        _check(name)
        _check(owner)
        return await self._do(lambda: self._steps.acquire(name, owner))

    async def renew(self, lease: Lease) -> Lease | None:
        """One write renews all leases of an owner: once one has been, the others cost nothing."""
        return self._steps.as_renewed(lease) or await self._do(lambda: self._steps.renew(lease))

    async def release(self, lease: Lease) -> None:
        await self._do(lambda: self._steps.release(lease))

    async def last(self, name: str) -> Holder | None:
        _check(name)
        return await self._do(lambda: self._steps.last(name))

    async def owner(self, name: str) -> tuple[str, int] | None:
        holder = await self.last(name)
        held = holder is not None and self._clock.monotonic_s() < holder.deadline_s
        return (holder.owner, holder.epoch) if holder is not None and held else None

    async def forget(self, name: str) -> None:
        _check(name)
        await self._do(lambda: self._steps.forget(name))

    def close(self) -> None:
        """Ends the thread, when it has done what it was asked. What is held stays so until its deadline."""
        self._thread.shutdown()

    async def _do(self, begin: Callable[[], Steps[Result]]) -> Result:
        """Cancelled, it leaves the steps to be finished by the thread."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, _all_steps, begin)
        except OSError as error:
            raise _away(error) from error


def _all_steps(begin: Callable[[], Steps[Result]]) -> Result:
    steps = begin()
    try:
        step = next(steps)
        while True:
            step = steps.send(step())
    except StopIteration as end:
        result: Result = end.value
        return result


def boot_id() -> str:
    """Names this start of the machine; where the system has no such name, the same text each time."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return "unknown"


def _claim_text(claim: Claim) -> str:
    return f"{VERSION} {claim.beat} {claim.boot} {'released' if claim.released else 'held'}"


def _read(path: Path) -> list[str] | None:
    """The words of a record after its version; None if there is none that this version can read."""
    try:
        version, *words = str(path.readlink()).split(" ")
    except OSError:
        return None
    return words if version == VERSION else None


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    fresh.symlink_to(text)
    fresh.replace(path)


def _check(name: str) -> None:
    if not NAME.fullmatch(name):
        raise LocalProtocolError("lease-name", f"{name!r} cannot name a lease")


def _away(error: OSError) -> Unavailable:
    return Unavailable("leases-away", f"The leases cannot be read or written: {error.strerror}.", 1.0)
