"""The chat: writing, reading, deleting, bringing back, and the message that everybody sees."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, status

from parvis.api.asking import Asker, Known, Wired, address_of, person_of
from parvis.api.members import check_admitted
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas_manners import MessageBody, MessageOut, MessagePage, PinBody
from parvis.api.services import Services
from parvis.api.views_manners import message_out
from parvis.spaces.chat import Count
from parvis.spaces.seat import Person

router = APIRouter(prefix=f"{API}/spaces/{{space}}", tags=["chat"])

_ANYBODY = ("not-signed-in", "cross-origin", "space-unknown", "input-invalid")
_MANAGERS = (*_ANYBODY, "forbidden", "no-seat")


@router.post(
    "/messages",
    status_code=status.HTTP_201_CREATED,
    responses=documented(
        *_ANYBODY,
        "banned",
        "blocked",
        "chat-closed",
        "pass-needed",
        "message-unknown",
        "space-ended",
        "link-refused",
        "slow-mode",
        "media-type",
    ),
)
async def write(space: str, body: MessageBody, request: Request, known: Known, services: Wired) -> MessageOut:
    """Says something to everybody."""
    asker = person_of(known)
    await services.rates.message(asker.account_id, address_of(request))
    await check_admitted(space, request, known, services)

    async def count(_: bool) -> None:
        await services.rates.message_in(space)

    message = await services.chat.write(space, body.text, body.reply_to, asker, count)
    return message_out(message, pinned=False)


@router.get("/messages", responses=documented(*_ANYBODY, "banned", "pass-needed", "message-unknown"))
async def page(
    space: str,
    known: Known,
    request: Request,
    services: Wired,
    before: Annotated[str | None, Query(max_length=40, description="Only what came before it.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> MessagePage:
    """What was written, newest first; without what was deleted."""
    await services.rates.read_messages(known.account.id, address_of(request))
    await check_admitted(space, request, known, services)
    found = await services.chat.page(space, before, limit + 1)
    shown = found.messages[:limit]
    return MessagePage(
        items=[message_out(message, pinned=str(message.id) == found.pinned) for message in shown],
        next=str(shown[-1].id) if found.messages[limit:] else None,
    )


@router.delete(
    "/messages/{message}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(*_MANAGERS, "message-unknown"),
)
async def delete(
    space: str,
    message: str,
    asker: Asker,
    services: Wired,
    reason: Annotated[str | None, Query(min_length=1, max_length=200, description="For the log.")] = None,
) -> None:
    """Takes a message away: one's own, or as host or co-host."""
    await services.chat.delete(space, message, asker, reason, _counting(space, asker, services))


@router.post(
    "/messages/{message}/restore",
    responses=documented(*_MANAGERS, "banned", "message-unknown", "restore-late"),
)
async def restore(space: str, message: str, asker: Asker, services: Wired) -> MessageOut:
    """Brings back what one deleted less than a minute ago."""
    shown = await services.chat.restore(space, message, asker, _counting(space, asker, services))
    return message_out(shown.message, pinned=shown.pinned)


@router.put("/pinned", responses=documented(*_MANAGERS, "message-unknown", "space-ended", "media-type"))
async def pin(space: str, body: PinBody, asker: Asker, services: Wired) -> MessageOut:
    """Everybody sees this message, whenever they come."""
    await services.rates.moderation(asker.account_id)
    shown = await services.chat.pin(space, body.message, asker)
    return message_out(shown.message, pinned=True)


@router.delete("/pinned", status_code=status.HTTP_204_NO_CONTENT, responses=documented(*_MANAGERS))
async def unpin(space: str, asker: Asker, services: Wired) -> None:
    """Nothing is pinned any more."""
    await services.rates.moderation(asker.account_id)
    await services.chat.unpin(space, asker)


def _counting(space: str, asker: Person, services: Services) -> Count:
    """What is counted where a message goes or comes back."""

    async def count(own: bool) -> None:
        if own:
            await services.rates.message_undo(asker.account_id, space)
        else:
            await services.rates.moderation(asker.account_id)

    return count
