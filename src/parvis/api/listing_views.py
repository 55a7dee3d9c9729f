"""Listed Spaces as clients see them, and the cursors of their pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from parvis.api.live import LiveState
from parvis.api.schemas import HostOut
from parvis.api.schemas_listing import ListedOut, ListedPage
from parvis.api.times import rfc3339_or_none
from parvis.api.views import Origins
from parvis.errors import UserError
from parvis.spaces.listings import SHOWN, Listed, ListPlace, Phase
from parvis.spaces.space import State


def listed_out(listed: Listed, live: LiveState, origins: Origins) -> ListedOut:
    """One Space of a list."""
    heard_later = listed.recorded and listed.state is State.ENDED
    return ListedOut(
        id=listed.space_id,
        title=listed.title,
        description=listed.description,
        language=listed.language,
        state=listed.state.value,
        host=HostOut(handle=listed.handle, display_name=listed.display_name),
        topics=list(listed.topics),
        cover=origins.cover(listed.cover),
        listeners=live.listeners(listed.space_id),
        starts_at=rfc3339_or_none(listed.starts_at_ms),
        started_at=rfc3339_or_none(listed.started_at_ms),
        ended_at=rfc3339_or_none(listed.ended_at_ms),
        share=origins.share(listed.space_id),
        replay=f"{origins.archive}/replay/{listed.space_id}" if heard_later else None,
    )


def listed_page(found: Sequence[Listed], limit: int, live: LiveState, origins: Origins) -> ListedPage:
    """The first `limit` of what was found, and where to go on if there is more."""
    return ListedPage(
        items=[listed_out(one, live, origins) for one in found[:limit]],
        next=cursor_of(found[limit - 1]) if found[limit:] else None,
    )


def cursor_of(listed: Listed) -> str:
    """Where a page ends whose last is this."""
    text = f"{listed.phase.value}.{listed.at_ms}.{listed.number}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def place_of(cursor: str) -> ListPlace:
    """Where a page ended. Raises `UserError` `input-invalid`."""
    try:
        phase, at_ms, number = base64.b64decode(cursor.encode(), b"-_", validate=True).decode().split(".")
        place = ListPlace(Phase(phase), int(at_ms), int(number))
    except (ValueError, binascii.Error) as error:
        raise _not_ours() from error
    if place.phase not in SHOWN or not (0 <= place.at_ms < 2**53 and 0 <= place.number < 2**53):
        raise _not_ours()
    return place


def _not_ours() -> UserError:
    return UserError("input-invalid", "cursor: this is not one of ours.")
