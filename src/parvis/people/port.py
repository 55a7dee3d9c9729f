"""What people need kept: declared here, implemented in `parvis.store`."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from parvis.people.account import Account


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of one account. Times are Unix milliseconds."""

    id: str
    account: Account
    created_at_ms: int
    expires_at_ms: int


class PeopleRecords(Protocol):
    """Accounts and sessions inside one transaction."""

    async def add_account(self, account: Account, password_hash: str) -> None:
        """Raises `Conflict` `handle-taken`."""

    async def credentials(self, handle: str) -> tuple[Account, str] | None:
        """The account and its password hash."""

    async def set_operator(self, handle: str, *, operator: bool) -> bool:
        """Makes somebody operator, or not any more. False when nobody has this handle."""

    async def operators(self) -> list[Account]:
        """All operators, by handle."""

    async def set_password_hash(self, account_id: str, password_hash: str) -> None: ...

    async def add_session(self, session: Session) -> None: ...

    async def session(self, session_id: str) -> Session | None: ...

    async def drop_session(self, session_id: str) -> None: ...

    async def drop_expired_sessions(self, now_ms: int) -> None: ...


class PeopleStore(Protocol):
    """Opens transactions: what was done in a `write` is kept when its block ends well, else undone."""

    def read_people(self) -> AbstractAsyncContextManager[PeopleRecords]: ...

    def write_people(self) -> AbstractAsyncContextManager[PeopleRecords]: ...
