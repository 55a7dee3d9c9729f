"""Where passkeys work; the ceremonies themselves are tried by tests/browser/test_account.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from parvis.clock import ManualClock
from parvis.errors import Conflict, NotSignedIn, UserError
from parvis.people.passkeys import Passkeys
from parvis.people.passwords import Passwords
from parvis.people.service import People
from parvis.people.tokens import Tokens, load_or_make_key
from parvis.store.database import Database
from tests.databases import sqlite_in
from tests.unit.people.test_passwords import CHEAP


def passkeys(folder: Path, origin: str) -> tuple[Passkeys, People]:
    clock = ManualClock()
    database = Database(sqlite_in(folder))
    people = People(database, Passwords(CHEAP), Tokens(load_or_make_key(folder)), clock, 30)
    return Passkeys(database, people, clock, origin), people


@pytest.mark.parametrize(
    ("origin", "works"),
    [
        ("https://studio.example.net", True),
        ("http://localhost:8081", True),
        ("http://studio.example.net", False),
        ("https://192.0.2.1", False),
        ("https://[2001:db8::1]:8081", False),
    ],
)
async def test_a_name_and_https_are_needed(origin: str, works: bool, tmp_path: Path) -> None:
    made, _ = passkeys(tmp_path, origin)
    assert made.work is works
    if not works:
        with pytest.raises(Conflict, match="passkeys-off"):
            await made.begin_sign_in()


async def test_what_answers_no_challenge_of_ours_is_refused(tmp_path: Path) -> None:
    made, people = passkeys(tmp_path, "http://localhost:8081")
    ana = await people.sign_up("ana", "correct horse", "Ana")
    options = await made.begin_registration(ana)
    assert options["rp"]["id"] == "localhost"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    for credential in (
        {},
        {"id": "x"},
        {"id": "x", "response": {"clientDataJSON": "e30"}},
        {"response": None},
    ):
        with pytest.raises(UserError, match="passkey-invalid"):
            await made.register(ana, "Key", credential)
        with pytest.raises(NotSignedIn, match="credentials-wrong"):
            await made.sign_in(credential, "")
