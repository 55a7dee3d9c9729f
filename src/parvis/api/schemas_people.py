"""The JSON of accounts, sessions, profiles and passkeys (docs/protocol.md §4), in and out."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from parvis.api.schemas import Input, Output, StateName, TimeOut
from parvis.people.account import BIO_MAX, DISPLAY_NAME_MAX, PASSWORD_MAX, PASSWORD_MIN

OldPassword = Annotated[str, StringConstraints(max_length=1_000)]
Credential = Annotated[dict[str, Any], Field(description="What the browser gave, as JSON (WebAuthn §5.1).")]


class AccountEdit(Input):
    """What should change, and nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"minProperties": 1})

    display_name: Annotated[str, StringConstraints(min_length=1, max_length=DISPLAY_NAME_MAX)] = Field(
        default_factory=str
    )
    bio: Annotated[str, StringConstraints(max_length=BIO_MAX)] = Field(default_factory=str)


class PasswordChange(Input):
    """`current` is not needed by an account without a password."""

    current: OldPassword | None = None
    new: Annotated[str, StringConstraints(min_length=PASSWORD_MIN, max_length=PASSWORD_MAX)]


class Confirmation(Input):
    """That it is the owner who asks."""

    password: OldPassword | None = None


class MySessionOut(Output):
    """One sign-in of one's own; `current` is the one that asks."""

    id: str
    device: str
    created_at: TimeOut
    last_seen_at: TimeOut
    expires_at: TimeOut
    current: bool


class MySessions(Output):
    """All sign-ins that count."""

    items: list[MySessionOut]


class PersonOut(Output):
    """Somebody, as everybody sees them."""

    handle: str
    display_name: str
    avatar: str | None


class RelationOut(PersonOut):
    """Somebody in one's own list, since when."""

    since: TimeOut


class RelationList(Output):
    """Whom one follows, or has blocked; the newest first."""

    items: list[RelationOut]


class HostedLinks(Output):
    """Where a Space in a profile is."""

    share: str
    replay: str | None


class HostedOut(Output):
    """A Space in the profile of its host."""

    id: str
    title: str
    state: StateName
    starts_at: TimeOut | None
    started_at: TimeOut | None
    ended_at: TimeOut | None
    links: HostedLinks


class HostedSpaces(Output):
    """Public Spaces of a host."""

    live: list[HostedOut]
    upcoming: list[HostedOut]
    past: list[HostedOut]


class ProfileOut(PersonOut):
    """An account as others see it; `followed` and `blocked` are by who asks."""

    bio: str
    created_at: TimeOut
    followers: int
    following: int
    followed: bool
    blocked: bool
    spaces: HostedSpaces


class CeremonyOut(Output):
    """Options for `navigator.credentials`, as JSON."""

    publicKey: dict[str, Any]  # noqa: N815 - the word of WebAuthn


class NewPasskey(Input):
    """What a browser made, and what its owner calls it."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=DISPLAY_NAME_MAX)]
    credential: Credential


class PasskeySignIn(Input):
    """What a browser signed."""

    credential: Credential


class PasskeyOut(Output):
    """A passkey of one's own."""

    id: str
    name: str
    created_at: TimeOut
    last_used_at: TimeOut | None


class PasskeyList(Output):
    """The oldest first."""

    items: list[PasskeyOut]


class WaysIn(Output):
    """How one can sign in here; `openid` is what the provider is called, or null. `hall` is the origin of the
    pages to which `/sign-in` hands a session."""

    password: bool
    passkeys: bool
    openid: str | None
    hall: str
