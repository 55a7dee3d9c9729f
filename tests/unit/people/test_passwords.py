"""Hashing and checking."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher

from parvis.errors import Overloaded
from parvis.people.passwords import MAX_AT_ONCE, MAX_WAITING, Passwords

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def test_a_password_fits_its_own_hash_only() -> None:
    passwords = Passwords(CHEAP)
    encoded = await passwords.hash("correct horse")
    assert encoded.startswith("$argon2id$")
    assert await passwords.verify(encoded, "correct horse") == (True, None)
    assert await passwords.verify(encoded, "wrong horse") == (False, None)
    assert await passwords.verify("not a hash", "correct horse") == (False, None)


async def test_nobody_has_a_password() -> None:
    assert await Passwords(CHEAP).verify(None, "correct horse") == (False, None)


async def test_a_hash_with_old_parameters_is_made_anew() -> None:
    old = await Passwords(CHEAP).hash("correct horse")
    stronger = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    fits, new = await stronger.verify(old, "correct horse")
    assert fits
    assert new is not None
    assert "m=16,t=2" in new
    assert await stronger.verify(new, "correct horse") == (True, None)
    assert await stronger.verify(old, "wrong horse") == (False, None)


async def test_who_comes_when_all_wait_is_asked_to_come_back() -> None:
    passwords = Passwords(CHEAP)
    room = MAX_AT_ONCE + MAX_WAITING
    results = await asyncio.gather(
        *(passwords.hash("correct horse") for _ in range(room + 3)), return_exceptions=True
    )
    refused = [r for r in results if isinstance(r, Overloaded)]
    assert (len(refused), len(results) - len(refused)) == (3, room)
    assert (await passwords.hash("correct horse")).startswith("$argon2id$"), "there is room again"
