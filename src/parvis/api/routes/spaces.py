"""Spaces: create, list, read, edit, start, end."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, status

from parvis.api.asking import Asker, MaybeKnown, Wired, person_of
from parvis.api.members import admits, hidden
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas import SpaceDraft, SpaceEdit, SpaceOut, SpacePage, StateName, TermsDraft
from parvis.api.times import parse_rfc3339
from parvis.api.views import space_out
from parvis.errors import UserError
from parvis.people.tokens import not_signed_in
from parvis.spaces.port import Place
from parvis.spaces.service import Draft, Edit
from parvis.spaces.space import State
from parvis.spaces.terms import CaptionsMode, ChatMode, HandsMode, IfAbsent, Recording, Standby, Terms
from parvis.spaces.visibility import Listing, Visibility
from parvis.spaces.words import is_space_id

router = APIRouter(prefix=f"{API}/spaces", tags=["spaces"])


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=documented("not-signed-in", "cross-origin", "input-invalid", "media-type", "spaces-full"),
)
async def create(body: SpaceDraft, asker: Asker, services: Wired) -> SpaceOut:
    """A new Space; the asker is its host and has a seat."""
    draft = Draft(
        title=body.title,
        description=body.description,
        language=body.language,
        starts_at_ms=_ms(body.starts_at),
        max_speakers=body.max_speakers,
        terms=Terms(**_terms(body)),
        listing=Listing(**_listing(body)),
    )
    space = await services.spaces.create(draft, asker)
    return space_out(space, asker.account_id, services.live, services.origins)


@router.get("", responses=documented("not-signed-in", "input-invalid"))
async def page(
    known: MaybeKnown,
    services: Wired,
    state: Annotated[StateName | None, Query(description="Only those in this state.")] = None,
    mine: Annotated[
        bool, Query(description="Only those where the asker has a seat; ended ones, too.")
    ] = False,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=100, description="`next` of the page before.")] = None,
) -> SpacePage:
    """Spaces that are live or upcoming, the newest first."""
    if mine and known is None:
        raise not_signed_in()
    states = (State(state),) if state is not None else tuple(State)
    asker = person_of(known) if known is not None else None
    after = _place(cursor) if cursor is not None else None
    found = await services.spaces.page(states, after, limit + 1, asker if mine else None)
    account_id = asker.account_id if asker is not None else None
    return SpacePage(
        items=[space_out(s, account_id, services.live, services.origins) for s in found[:limit]],
        next=_cursor(Place(found[limit - 1].created_at_ms, found[limit - 1].id)) if found[limit:] else None,
    )


@router.get("/{space}", responses=documented("not-signed-in", "space-unknown", "input-invalid"))
async def read(space: str, request: Request, known: MaybeKnown, services: Wired) -> SpaceOut:
    """One Space. Of one for members, whoever has neither a seat nor a pass sees title and state only."""
    found = await services.spaces.get(space)
    shown = space_out(found, known.account.id if known else None, services.live, services.origins)
    return shown if await admits(found, request, known, services) else hidden(shown)


@router.patch(
    "/{space}",
    responses=documented(
        "not-signed-in",
        "cross-origin",
        "forbidden",
        "no-seat",
        "space-unknown",
        "space-begun",
        "space-ended",
        "input-invalid",
        "media-type",
    ),
)
async def edit(space: str, body: SpaceEdit, asker: Asker, services: Wired) -> SpaceOut:
    """Changes the words, the settings or the announced time; for host and co-hosts."""
    given = body.model_fields_set
    changes = Edit(
        title=body.title if "title" in given else None,
        description=body.description if "description" in given else None,
        language=body.language if "language" in given else None,
        reschedule="starts_at" in given,
        starts_at_ms=_ms(body.starts_at),
        terms=_terms(body),
        listing=_listing(body),
        monitors=tuple(body.monitors) if "monitors" in given else None,
    )
    edited = await services.spaces.edit(space, changes, asker)
    return space_out(edited, asker.account_id, services.live, services.origins)


@router.post(
    "/{space}/start",
    responses=documented(
        "not-signed-in",
        "cross-origin",
        "forbidden",
        "no-seat",
        "space-unknown",
        "space-ended",
        "input-invalid",
    ),
)
async def start(space: str, asker: Asker, services: Wired) -> SpaceOut:
    """On air; for host and co-hosts. Already on air: nothing changes."""
    started = await services.spaces.start(space, asker)
    return space_out(started, asker.account_id, services.live, services.origins)


@router.post(
    "/{space}/end",
    responses=documented(
        "not-signed-in", "cross-origin", "forbidden", "no-seat", "space-unknown", "input-invalid"
    ),
)
async def end(space: str, asker: Asker, services: Wired) -> SpaceOut:
    """Over, for good; for the host. Already over: nothing changes."""
    ended = await services.spaces.end(space, asker, services.live.peak(space))
    return space_out(ended, asker.account_id, services.live, services.origins)


def _terms(body: TermsDraft) -> dict[str, Any]:
    """The settings that were said, as the domain knows them."""
    said: dict[str, Any] = {
        name: getattr(body, name) for name in Terms.__dataclass_fields__ if name in body.model_fields_set
    }
    if "chat" in body.model_fields_set:
        said |= {f"chat_{name}": getattr(body.chat, name) for name in body.chat.model_fields_set}
    kinds = {
        "successors": tuple,
        "standby": Standby,
        "if_absent": IfAbsent,
        "recording": Recording,
        "hands": HandsMode,
        "chat_mode": ChatMode,
        "captions": CaptionsMode,
        "captioners": tuple,
    }
    return {name: kinds[name](value) if name in kinds else value for name, value in said.items()}


def _listing(body: TermsDraft) -> dict[str, Any]:
    """The same of what those outside are shown."""
    said: dict[str, Any] = {}
    if "visibility" in body.model_fields_set:
        said["visibility"] = Visibility(body.visibility)
    if "topics" in body.model_fields_set:
        said["topics"] = tuple(body.topics)
    return said


def _ms(time: str | None) -> int | None:
    return None if time is None else parse_rfc3339(time)


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(f"{place.created_at_ms}.{place.space_id}".encode()).decode()


def _place(cursor: str) -> Place:
    try:
        time, _, space_id = base64.b64decode(cursor.encode(), b"-_", validate=True).decode().partition(".")
        place = Place(int(time), space_id)
    except (ValueError, binascii.Error) as error:
        raise UserError("input-invalid", "cursor: this is not one of ours.") from error
    if not (0 <= place.created_at_ms < 2**53 and is_space_id(space_id)):
        raise UserError("input-invalid", "cursor: this is not one of ours.")
    return place
