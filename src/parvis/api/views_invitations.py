"""From invitations to what clients see of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, cast

from parvis.api.schemas import InviterOut, InvitingSpaceOut, SentList, SentOut, WaitingList, WaitingOut
from parvis.api.times import rfc3339, rfc3339_or_none
from parvis.api.views import Origins
from parvis.spaces.invitation import Sent, Waiting
from parvis.spaces.seat import Person, Role


def waiting_out(waiting: Iterable[Waiting], origins: Origins) -> WaitingList:
    """What somebody is invited to."""
    return WaitingList(
        items=[
            WaitingOut(
                id=one.invitation.id,
                space=InvitingSpaceOut(
                    id=one.space.id,
                    title=one.space.title,
                    language=one.space.language,
                    state=one.space.state.value,
                    starts_at=rfc3339_or_none(one.space.starts_at_ms),
                    share=origins.share(one.space.id),
                ),
                role=_role(one.invitation.role),
                by=_person_out(one.by, origins),
                created_at=rfc3339(one.invitation.created_at_ms),
                expires_at=rfc3339(one.invitation.expires_at_ms),
                link=origins.invitation(one.space.id, one.invitation.id),
            )
            for one in waiting
        ]
    )


def sent_out(sent: Iterable[Sent], origins: Origins) -> SentList:
    """Those of a Space."""
    return SentList(
        items=[
            SentOut(
                id=one.invitation.id,
                role=_role(one.invitation.role),
                uses_left=one.invitation.uses_left,
                by=_person_out(one.by, origins),
                to=_person_out(one.to, origins) if one.to is not None else None,
                created_at=rfc3339(one.invitation.created_at_ms),
                expires_at=rfc3339(one.invitation.expires_at_ms),
            )
            for one in sent
        ]
    )


def _person_out(person: Person, origins: Origins) -> InviterOut:
    return InviterOut(
        handle=person.handle, display_name=person.display_name, avatar=origins.avatar(person.avatar)
    )


def _role(role: Role) -> Literal["co-host", "speaker"]:
    return cast(Literal["co-host", "speaker"], role.value)
