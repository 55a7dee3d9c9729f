"""Passwords as Argon2id hashes (RFC 9106), checked in threads so that the loop never waits for one.

- The parameters are argon2-cffi's defaults, RFC 9106's for little memory: 64 MiB and 3 passes. A hash made
  with others is made anew at the next sign-in.
- An unknown handle costs the same work as a wrong password, so that time does not tell who has an account.
- At most `MAX_AT_ONCE` run at once and `MAX_WAITING` wait: a crowd at the door takes neither the memory nor
  the cores from those on stage. Who comes beyond that is asked to come back.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from parvis.errors import Overloaded

MAX_AT_ONCE: Final = 2
MAX_WAITING: Final = 64
_RETRY_AFTER_S: Final = 5.0

Result = TypeVar("Result")


class Passwords:
    """Hashes and checks. One object a process: it holds the queue."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)
        self._inside = 0
        self._nobody = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """The encoded hash, salt and parameters included. Raises `Overloaded` `too-many-requests`."""
        return await self._in_thread(lambda: self._hasher.hash(password))

    async def verify(self, encoded: str | None, password: str) -> tuple[bool, str | None]:
        """Whether the password fits, and a new hash if the stored one is out of date.

        `encoded` None stands for an account that does not exist: the same work, always False.
        Raises `Overloaded` `too-many-requests`.
        """
        return await self._in_thread(lambda: self._verify(encoded, password))

    def _verify(self, encoded: str | None, password: str) -> tuple[bool, str | None]:
        try:
            self._hasher.verify(encoded or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False, None
        if encoded is None:
            return False, None
        return True, self._hasher.hash(password) if self._hasher.check_needs_rehash(encoded) else None

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        if self._inside >= MAX_AT_ONCE + MAX_WAITING:
            raise Overloaded("too-many-requests", "Too many people are at the door.", _RETRY_AFTER_S)
        self._inside += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work)
        finally:
            self._inside -= 1
