"""What people do with their own account: its words, its picture, its password, its sessions.

- *Confirming*: what would give somebody at an unlocked screen the account for good (another password, a
  passkey, its end) asks for the password. An account without one confirms by a sign-in that is at most 15
  minutes old (`403 sign-in-again` otherwise).
- A new password ends all other sessions: whoever knew the old one is out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from parvis.clock import Clock
from parvis.errors import NotFound, Refused
from parvis.people.account import Account, check_bio, check_display_name, check_password
from parvis.people.passwords import Passwords
from parvis.people.port import PeopleStore, Session

FRESH_MS: Final = 900_000


class Profiles:
    """The use cases of one's own account; `session` is that of who asks."""

    def __init__(self, store: PeopleStore, passwords: Passwords, clock: Clock) -> None:
        self._store = store
        self._passwords = passwords
        self._clock = clock

    async def edit(self, account: Account, display_name: str | None, bio: str | None) -> Account:
        """Other words; None leaves as it is. Raises `UserError` `input-invalid`."""
        edited = replace(
            account,
            display_name=account.display_name if display_name is None else check_display_name(display_name),
            bio=account.bio if bio is None else check_bio(bio),
        )
        async with self._store.write_people() as people:
            await people.set_profile(account.id, edited.display_name, edited.bio)
        return edited

    async def set_avatar(self, account: Account, avatar: str | None) -> str | None:
        """Shows this picture, or none. Gives the old one if nobody shows it any more."""
        async with self._store.write_people() as people:
            await people.set_avatar(account.id, avatar)
            if account.avatar in (None, avatar) or await people.avatar_used(account.avatar or ""):
                return None
        return account.avatar

    async def change_password(self, session: Session, current: str | None, new: str) -> None:
        """Raises `UserError` `input-invalid`, `Refused` `password-wrong`, `sign-in-again`."""
        check_password(new)
        await self.confirm(session, current)
        encoded = await self._passwords.hash(new)
        async with self._store.write_people() as people:
            await people.set_password_hash(session.account.id, encoded)
            await people.drop_sessions(session.account.id, but=session.id)

    async def confirm(self, session: Session, password: str | None) -> None:
        """That it is the owner who asks. Raises `Refused` `password-wrong`, `sign-in-again`."""
        async with self._store.read_people() as people:
            encoded = await people.password_hash(session.account.id)
        if not encoded:
            self.check_fresh(session)
            return
        fits, _ = await self._passwords.verify(encoded, password or "")
        if not fits:
            raise Refused("password-wrong", "This is not the password of your account.")

    def check_fresh(self, session: Session) -> None:
        """That the sign-in is at most 15 minutes old. Raises `Refused` `sign-in-again`."""
        if self._now_ms() - session.created_at_ms > FRESH_MS:
            raise Refused(
                "sign-in-again", "Sign in again first: this needs a sign-in of the last 15 minutes."
            )

    # Sessions.

    async def sessions(self, account: Account) -> list[Session]:
        """Those that count, newest first."""
        async with self._store.read_people() as people:
            all_of_them = await people.sessions_of(account.id)
        return [session for session in all_of_them if session.expires_at_ms > self._now_ms()]

    async def end_session(self, account: Account, session_id: str) -> None:
        """Raises `NotFound` `session-unknown`."""
        async with self._store.write_people() as people:
            session = await people.session(session_id)
            if session is None or session.account.id != account.id:
                raise NotFound("session-unknown", "You have no such session.")
            await people.drop_session(session_id)

    async def end_other_sessions(self, session: Session) -> None:
        """All of the account but this one."""
        async with self._store.write_people() as people:
            await people.drop_sessions(session.account.id, but=session.id)

    def _now_ms(self) -> int:
        return int(self._clock.wall_s() * 1000)
