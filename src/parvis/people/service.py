"""Signing up, in and out, and telling who asks.

When a session was last seen is kept to 5 minutes: a list of sessions needs no more, and a request that reads
rarely has to write.
"""

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
_SEEN_EVERY_MS: Final = 300_000


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
        account = self.new_account(handle, display_name)
        password_hash = await self._passwords.hash(check_password(password))
        async with self._store.write_people() as people:
            await people.add_account(account, password_hash)
        return account

    def new_account(self, handle: str, display_name: str, *, has_password: bool = True) -> Account:
        """A new account, not yet kept. Raises `UserError` `input-invalid`, `Conflict` `handle-taken`."""
        return Account(
            id=secrets.token_urlsafe(16),
            handle=check_handle(handle),
            display_name=check_display_name(display_name),
            created_at_ms=self._now_ms(),
            has_password=has_password,
        )

    async def sign_in(self, handle: str, password: str, device: str = "") -> SignIn:
        """Begins a session; `device` is what `device.py` calls it.

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
        check_not_suspended(account)
        if new_hash is not None:
            async with self._store.write_people() as people:
                await people.set_password_hash(account.id, new_hash)
        return await self.begin_session(account, device)

    async def begin_session(self, account: Account, device: str) -> SignIn:
        """A session for somebody who has proved who it is. Raises `Refused` `account-suspended`."""
        check_not_suspended(account)
        now_ms = self._now_ms()
        expires_at_s = now_ms // 1000 + self._session_s
        session = Session(secrets.token_urlsafe(16), account, now_ms, expires_at_s * 1000, device, now_ms)
        async with self._store.write_people() as people:
            await people.drop_expired_sessions(now_ms)
            await people.add_session(session)
        claims = Claims(account.id, session.id, now_ms // 1000, expires_at_s)
        return SignIn(session, self._tokens.issue(claims))

    async def who(self, token: str) -> Session:
        """The session behind a token. Raises `NotSignedIn` `not-signed-in`, `Refused` `account-suspended`."""
        claims = self._tokens.read(token, self._clock.wall_s())
        async with self._store.read_people() as people:
            session = await people.session(claims.session_id)
        if session is None or session.account.id != claims.account_id:
            raise not_signed_in()
        check_not_suspended(session.account)
        now_ms = self._now_ms()
        if now_ms - session.last_seen_at_ms >= _SEEN_EVERY_MS:
            async with self._store.write_people() as people:
                await people.set_seen(session.id, now_ms)
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


def check_not_suspended(account: Account) -> None:
    """Raises `Refused` `account-suspended`, with the reason."""
    if account.suspension is not None:
        detail = f"This account is suspended: {account.suspension.reason}"
        raise Refused("account-suspended", detail)
