"""The studio's event stream (docs/protocol.md §5)."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from parvis.api.asking import Known, Wired
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.studio_events import studio_events
from parvis.spaces.permissions import Act, check_may

router = APIRouter(prefix=API, tags=["stage"])


@router.get(
    "/spaces/{space}/events",
    response_class=StreamingResponse,
    responses={
        **documented("not-signed-in", "no-seat", "space-unknown", "input-invalid"),
        200: {
            "description": "Server-sent events, as docs/protocol.md §5 names them.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
    },
)
async def events(space: str, known: Known, services: Wired) -> StreamingResponse:
    """Everything that the studio shows, as it changes; for those who have a seat."""
    found = await services.spaces.get(space)
    check_may(found.standing_of(known.account.id), Act.SEE_STAGE)
    await services.rates.events(known.account.id)
    stream = studio_events(services, found, known)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
