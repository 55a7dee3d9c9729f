"""Hands: asking to speak, and deciding about who asks (docs/protocol.md §8)."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from parvis.api.asking import Asker, Known, Wired, address_of, person_of
from parvis.api.members import check_admitted
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas_manners import HandBody, HandEdit, HandOut, HandPage
from parvis.api.views_manners import hand_out
from parvis.errors import UserError
from parvis.spaces import hand as rules
from parvis.spaces.hand import Hand, HandState, Order, Standing

router = APIRouter(prefix=f"{API}/spaces/{{space}}/hands", tags=["hands"])

_ANYBODY = ("not-signed-in", "cross-origin", "space-unknown", "input-invalid")
_MANAGERS = (*_ANYBODY, "forbidden", "no-seat")


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses={
        **documented(
            *_ANYBODY,
            "banned",
            "blocked",
            "already-seated",
            "hands-closed",
            "pass-needed",
            "space-ended",
            "media-type",
        ),
        200: {"description": "It was raised already; the note is the new one.", "model": HandOut},
    },
)
async def raise_hand(
    space: str,
    request: Request,
    response: Response,
    known: Known,
    services: Wired,
    body: HandBody | None = None,
) -> HandOut:
    """Asks to speak."""
    asker = person_of(known)
    await services.rates.hand(asker.account_id, address_of(request))
    await check_admitted(space, request, known, services)
    raised = await services.hands.raise_hand(space, body.note if body is not None else "", asker)
    if not raised.new:
        response.status_code = status.HTTP_200_OK
    return hand_out(raised.standing)


@router.get("/mine", responses=documented(*_ANYBODY, "banned", "hand-unknown"))
async def mine(space: str, request: Request, asker: Asker, services: Wired) -> HandOut:
    """How one's own hand stands, in whatever state it is."""
    await services.rates.hand_look(asker.account_id, address_of(request))
    return hand_out(await services.hands.mine(space, asker))


@router.delete(
    "/mine", status_code=status.HTTP_204_NO_CONTENT, responses=documented(*_ANYBODY, "hand-unknown")
)
async def lower_mine(space: str, asker: Asker, services: Wired) -> None:
    """Lowers one's own hand; not raised any more: nothing changes."""
    await services.hands.lower_mine(space, asker)


@router.get("", responses=documented(*_MANAGERS))
async def line(
    space: str,
    asker: Asker,
    services: Wired,
    search: Annotated[str, Query(max_length=200, description="In handle, name and note.")] = "",
    screened: Annotated[bool | None, Query(description="Only those that are, or are not.")] = None,
    order: Annotated[Order, Query()] = Order.OLDEST,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=600, description="`next` of the page before.")] = None,
) -> HandPage:
    """Those that are raised; for host, acting host and co-hosts."""
    query = rules.Query(order, rules.check_search(search), screened, _after(cursor, order))
    found = await services.hands.line(space, query, limit + 1, asker)
    items = [
        hand_out(Standing(hand, position, found.raised))
        for hand, position in zip(found.hands[:limit], found.positions[:limit], strict=True)
    ]
    return HandPage(
        items=items,
        next=_cursor(found.hands[limit - 1], order) if found.hands[limit:] else None,
        total=found.raised,
        screened=found.screened,
    )


@router.patch(
    "/{hand}",
    responses=documented(
        *_MANAGERS, "hand-unknown", "hand-over", "stage-full", "stage-locked", "space-ended", "media-type"
    ),
)
async def decide(space: str, hand: str, body: HandEdit, asker: Asker, services: Wired) -> HandOut:
    """Screens, declines or calls; who is called has a speaker's seat at once."""
    given = body.model_fields_set
    if not given:
        raise UserError("input-invalid", "body: screened or state is needed.")
    decided = await services.hands.decide(
        space,
        hand,
        asker,
        screened=body.screened if "screened" in given else None,
        state=HandState(body.state) if "state" in given else None,
    )
    return hand_out(decided)


@router.delete("", status_code=status.HTTP_204_NO_CONTENT, responses=documented(*_MANAGERS))
async def lower_all(space: str, asker: Asker, services: Wired) -> None:
    """Lowers all hands."""
    await services.hands.lower_all(space, asker)


def _cursor(hand: Hand, order: Order) -> str:
    place = json.dumps([order.value, *rules.place_of(hand, order)], ensure_ascii=False)
    return base64.urlsafe_b64encode(place.encode()).decode()


def _after(cursor: str | None, order: Order) -> tuple[str | int, str] | None:
    if cursor is None:
        return None
    kind = str if order is Order.NAME else int
    try:
        said, place, last = json.loads(base64.b64decode(cursor.encode(), b"-_", validate=True))
        if said != order.value or type(place) is not kind or not isinstance(last, str):
            raise ValueError("another order")
        if isinstance(place, int) and not 0 <= place < 2**53:
            raise ValueError("no time")
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise UserError("input-invalid", "cursor: this is not one of ours.") from error
    return place, last
