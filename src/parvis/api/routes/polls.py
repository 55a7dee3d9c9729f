"""Polls: one question to everybody who listens. Votes are taken at the edges."""

from __future__ import annotations

from fastapi import APIRouter, Request, status

from parvis.api.asking import Asker, MaybeKnown, Wired, address_of
from parvis.api.members import check_admitted
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas_manners import PollBody, PollList, PollOut
from parvis.api.views_manners import poll_out

router = APIRouter(prefix=f"{API}/spaces/{{space}}/polls", tags=["polls"])

_REFUSALS = ("not-signed-in", "cross-origin", "forbidden", "no-seat", "space-unknown", "input-invalid")


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=documented(*_REFUSALS, "poll-running", "space-ended", "media-type"),
)
async def open_poll(space: str, body: PollBody, asker: Asker, services: Wired) -> PollOut:
    """Asks everybody; for host, acting host and co-hosts."""
    poll = await services.polls.open(space, body.question, body.choices, body.for_s, asker)
    services.ballots.add(space, poll)
    return poll_out(poll)


@router.get(
    "", responses=documented("not-signed-in", "banned", "pass-needed", "space-unknown", "input-invalid")
)
async def polls(space: str, request: Request, known: MaybeKnown, services: Wired) -> PollList:
    """All polls of a Space, newest first."""
    await services.rates.look(address_of(request))
    await check_admitted(space, request, known, services)
    found = await services.polls.all(space)
    return PollList(items=[poll_out(poll, services.ballots.counts(poll.id)) for poll in found])


@router.post("/{poll}/close", responses=documented(*_REFUSALS, "poll-unknown"))
async def close(space: str, poll: str, asker: Asker, services: Wired) -> PollOut:
    """Nobody votes any more; closed already: as it was."""
    closed = await services.polls.close(space, poll, asker, services.ballots.sources(poll))
    services.ballots.closed(closed)
    return poll_out(closed, services.ballots.counts(poll))
