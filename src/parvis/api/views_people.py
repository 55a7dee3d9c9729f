"""From people to what clients see: profiles, lists, sessions, passkeys, and everything that is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from parvis.api.schemas_people import (
    HostedLinks,
    HostedOut,
    HostedSpaces,
    MySessionOut,
    MySessions,
    PasskeyList,
    PasskeyOut,
    ProfileOut,
    RelationList,
    RelationOut,
)
from parvis.api.times import rfc3339, rfc3339_or_none
from parvis.api.views import Origins
from parvis.people.port import Passkey, Relation, Session
from parvis.people.relations import Profile
from parvis.spaces.space import ON_AIR, Space, State


def my_sessions_out(sessions: Iterable[Session], current: Session) -> MySessions:
    """One's own sign-ins."""
    return MySessions(
        items=[
            MySessionOut(
                id=session.id,
                device=session.device,
                created_at=rfc3339(session.created_at_ms),
                last_seen_at=rfc3339(session.last_seen_at_ms or session.created_at_ms),
                expires_at=rfc3339(session.expires_at_ms),
                current=session.id == current.id,
            )
            for session in sessions
        ]
    )


def relations_out(relations: Iterable[Relation], origins: Origins) -> RelationList:
    """Whom one follows, or has blocked."""
    return RelationList(
        items=[
            RelationOut(
                handle=relation.account.handle,
                display_name=relation.account.display_name,
                avatar=origins.avatar(relation.account.avatar),
                since=rfc3339(relation.at_ms),
            )
            for relation in relations
        ]
    )


def profile_out(profile: Profile, hosted: Sequence[Space], origins: Origins) -> ProfileOut:
    """An account as others see it, with its Spaces, the newest first; of those to come the next first."""
    account = profile.account
    upcoming = [s for s in hosted if s.state is State.SCHEDULED and s.starts_at_ms is not None]
    return ProfileOut(
        handle=account.handle,
        display_name=account.display_name,
        avatar=origins.avatar(account.avatar),
        bio=account.bio,
        created_at=rfc3339(account.created_at_ms),
        followers=profile.counts.followers,
        following=profile.counts.following,
        followed=profile.followed,
        blocked=profile.blocked,
        spaces=HostedSpaces(
            live=[_hosted_out(s, origins) for s in hosted if s.state in ON_AIR],
            upcoming=[_hosted_out(s, origins) for s in sorted(upcoming, key=lambda s: s.starts_at_ms or 0)],
            past=[_hosted_out(s, origins) for s in hosted if s.state is State.ENDED and s.started_at_ms],
        ),
    )


def _hosted_out(space: Space, origins: Origins) -> HostedOut:
    links = origins.links(space)
    return HostedOut(
        id=space.id,
        title=space.title,
        state=space.state.value,
        starts_at=rfc3339_or_none(space.starts_at_ms),
        started_at=rfc3339_or_none(space.started_at_ms),
        ended_at=rfc3339_or_none(space.ended_at_ms),
        links=HostedLinks(share=links.share, replay=links.replay),
    )


def passkey_out(passkey: Passkey) -> PasskeyOut:
    """A passkey as its owner sees it."""
    return PasskeyOut(
        id=passkey.id,
        name=passkey.name,
        created_at=rfc3339(passkey.created_at_ms),
        last_used_at=rfc3339_or_none(passkey.last_used_at_ms),
    )


def passkeys_out(passkeys: Iterable[Passkey]) -> PasskeyList:
    """All passkeys of an account."""
    return PasskeyList(items=[passkey_out(passkey) for passkey in passkeys])


def export_out(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Everything that is kept about an account, by table; times as everywhere else in the API."""
    return {table: [_readable(row) for row in found] for table, found in rows.items()}


def _readable(row: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, value in row.items():
        if name == "at_ms":
            shown["at"] = rfc3339_or_none(value)
        elif name.endswith("_ms"):
            shown[name.removesuffix("_ms")] = rfc3339_or_none(value)
        else:
            shown[name] = value.hex() if isinstance(value, bytes) else value
    return shown
