"""What people need kept: declared here, implemented in `parvis.store`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from parvis.people.account import Account


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of one account. Times are Unix milliseconds; `device` is what a person would call it."""

    id: str
    account: Account
    created_at_ms: int
    expires_at_ms: int
    device: str = ""
    last_seen_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Passkey:
    """A key with which its owner signs in (WebAuthn). Binary ids are base64url without padding; times are
    Unix milliseconds."""

    id: str
    account_id: str
    name: str
    credential_id: str
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    created_at_ms: int
    last_used_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many follow an account, and how many it follows."""

    followers: int
    following: int


@dataclass(frozen=True, slots=True)
class Relation:
    """One account in another's list, and since when (Unix milliseconds)."""

    account: Account
    at_ms: int


class AccountRecords(Protocol):
    """Accounts and sessions inside one transaction."""

    async def add_account(self, account: Account, password_hash: str) -> None:
        """Raises `Conflict` `handle-taken`; an empty hash is no password."""

    async def credentials(self, handle: str) -> tuple[Account, str] | None:
        """The account and its password hash."""

    async def account_by_id(self, account_id: str) -> Account | None: ...

    async def account_named(self, handle: str) -> Account | None:
        """The account of a handle that has not been deleted."""

    async def password_hash(self, account_id: str) -> str:
        """Empty when there is no password."""

    async def set_operator(self, handle: str, *, operator: bool) -> bool:
        """Makes somebody operator, or not any more. False when nobody has this handle."""

    async def operators(self) -> list[Account]:
        """All operators, by handle."""

    async def set_password_hash(self, account_id: str, password_hash: str) -> None: ...

    async def set_profile(self, account_id: str, display_name: str, bio: str) -> None: ...

    async def set_avatar(self, account_id: str, avatar: str | None) -> None: ...

    async def avatar_used(self, avatar: str) -> bool:
        """Whether any account shows this picture."""

    async def add_session(self, session: Session) -> None: ...

    async def session(self, session_id: str) -> Session | None: ...

    async def sessions_of(self, account_id: str) -> list[Session]:
        """All sessions of an account, expired ones too, newest first."""

    async def set_seen(self, session_id: str, at_ms: int) -> None: ...

    async def drop_session(self, session_id: str) -> None: ...

    async def drop_sessions(self, account_id: str, *, but: str) -> None:
        """All sessions of an account but one."""

    async def drop_expired_sessions(self, now_ms: int) -> None: ...


class RelationRecords(Protocol):
    """Who follows whom, and who has blocked whom."""

    async def follow(self, follower_id: str, followed_id: str, at_ms: int) -> None:
        """Twice changes nothing."""

    async def unfollow(self, follower_id: str, followed_id: str) -> None: ...

    async def follows(self, follower_id: str, followed_id: str) -> bool: ...

    async def following(self, account_id: str) -> list[Relation]:
        """Whom an account follows, the newest first."""

    async def counts(self, account_id: str) -> Counts: ...

    async def block(self, blocker_id: str, blocked_id: str, at_ms: int) -> None:
        """Twice changes nothing."""

    async def unblock(self, blocker_id: str, blocked_id: str) -> None: ...

    async def blocks(self, blocker_id: str, other_id: str) -> bool: ...

    async def blocked_by(self, account_id: str) -> list[Relation]:
        """Whom an account has blocked, the newest first."""


class KeyRecords(Protocol):
    """Other ways to sign in: passkeys, and identities at an OpenID provider."""

    async def add_passkey(self, passkey: Passkey) -> None:
        """Raises `Conflict` `passkey-known`."""

    async def passkeys_of(self, account_id: str) -> list[Passkey]:
        """The oldest first."""

    async def passkey(self, credential_id: str) -> Passkey | None: ...

    async def set_passkey_used(self, passkey_id: str, sign_count: int, at_ms: int) -> None: ...

    async def drop_passkey(self, account_id: str, passkey_id: str) -> bool:
        """False when the account has none of this id."""

    async def identity(self, issuer: str, subject: str) -> str | None:
        """The id of the account that signs in by this."""

    async def add_identity(self, issuer: str, subject: str, account_id: str, at_ms: int) -> None: ...

    async def identities_of(self, account_id: str) -> Sequence[tuple[str, str]]:
        """Issuer and subject of each."""


class PeopleRecords(AccountRecords, RelationRecords, KeyRecords, Protocol):
    """All about people inside one transaction."""


class PeopleStore(Protocol):
    """Opens transactions: what was done in a `write` is kept when its block ends well, else undone."""

    def read_people(self) -> AbstractAsyncContextManager[PeopleRecords]: ...

    def write_people(self) -> AbstractAsyncContextManager[PeopleRecords]: ...
