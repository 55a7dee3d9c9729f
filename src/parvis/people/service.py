"""Signing up, in and out, and telling who asks."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from parvis.clock import Clock
from parvis.errors import NotSignedIn, Refused
from parvis.people.account import Account, check_display_name, check_handle, check_password, is_handle
from parvis.people.passwords import Passwords
from parvis.people.port import PeopleStore, Session
from parvis.people.tokens import Claims, Tokens, not_signed_in

_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class SignIn:
    """A new session and the token that stands for it."""

    session: Session
    token: str


class People:
    """The use cases around accounts. `session_days` is how long a sign-in lasts."""

    def __init__(
        self, store: PeopleStore, passwords: Passwords, tokens: Tokens, clock: Clock, session_days: int
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._tokens = tokens
        self._clock = clock
        self._session_s = session_days * _DAY_S

    async def sign_up(self, handle: str, password: str, display_name: str) -> Account:
        """Makes an account. Raises `UserError` `input-invalid`, `Conflict` `handle-taken`."""
        account = Account(
            id=secrets.token_urlsafe(16),
            handle=check_handle(handle),
            display_name=check_display_name(display_name),
            created_at_ms=self._now_ms(),
        )
        password_hash = await self._passwords.hash(check_password(password))
        async with self._store.write_people() as people:
            await people.add_account(account, password_hash)
        return account

    async def sign_in(self, handle: str, password: str) -> SignIn:
        """Begins a session.

        Raises `NotSignedIn` `credentials-wrong`, the same for every reason; and to who knows the password,
        `Refused` `account-suspended`.
        """
        found = None
        if is_handle(handle):
            async with self._store.read_people() as people:
                found = await people.credentials(handle)
        account, encoded = found or (None, None)
        fits, new_hash = await self._passwords.verify(encoded, password)
        if not fits or account is None:
            raise NotSignedIn("credentials-wrong", "This handle and password do not fit.")
        _check_not_suspended(account)
        now_ms = self._now_ms()
        expires_at_s = now_ms // 1000 + self._session_s
        session = Session(secrets.token_urlsafe(16), account, now_ms, expires_at_s * 1000)
        async with self._store.write_people() as people:
            if new_hash is not None:
                await people.set_password_hash(account.id, new_hash)
            await people.drop_expired_sessions(now_ms)
            await people.add_session(session)
        return SignIn(
            session, self._tokens.issue(Claims(account.id, session.id, now_ms // 1000, expires_at_s))
        )

    async def who(self, token: str) -> Session:
        """The session behind a token. Raises `NotSignedIn` `not-signed-in`, `Refused` `account-suspended`."""
        claims = self._tokens.read(token, self._clock.wall_s())
        async with self._store.read_people() as people:
            session = await people.session(claims.session_id)
        if session is None or session.account.id != claims.account_id:
            raise not_signed_in()
        _check_not_suspended(session.account)
        return session

    async def holds(self, session_id: str) -> bool:
        """Whether a session is still good: for answers that go on for hours."""
        async with self._store.read_people() as people:
            session = await people.session(session_id)
        if session is None or session.account.suspension is not None:
            return False
        return session.expires_at_ms > self._now_ms()

    async def sign_out(self, session_id: str) -> None:
        """Ends a session; its token no longer counts anywhere."""
        async with self._store.write_people() as people:
            await people.drop_session(session_id)

    def _now_ms(self) -> int:
        return int(self._clock.wall_s() * 1000)


def _check_not_suspended(account: Account) -> None:
    if account.suspension is not None:
        detail = f"This account is suspended: {account.suspension.reason}"
        raise Refused("account-suspended", detail)
