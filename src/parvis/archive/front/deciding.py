"""What people decide about a replay: visibility, trim, cuts, requests for removal, deletion.

| | host | co-host | had a seat | operator |
|---|---|---|---|---|
| make private or public, trim, cut, see and decline requests | yes | yes | | yes |
| ask for removal | yes | yes | yes | |
| delete | yes | | | yes |

Seconds are those of the replay as it is now. Each decision is on disk before it is answered.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from parvis.archive.front.asking import body_of, seconds_of, services_of, text_of, who_asks
from parvis.archive.front.reading import check_ready, load_replay
from parvis.archive.front.services import Services
from parvis.archive.record import Record, RemovalRequest
from parvis.archive.sequences import SequenceSet
from parvis.archive.timeline import Timeline
from parvis.errors import Conflict, NotFound, Unavailable, UserError
from parvis.spaces.words import new_space_id

REASON_MAX: Final = 500
MAX_REQUESTS: Final = 200


async def timeline_now(services: Services, record: Record) -> Timeline:
    """The timeline of the replay that people hear."""
    found = await load_replay(services, record)
    return Timeline(tuple((first, last) for first, last in found["ranges"]), SequenceSet(record.cuts))


async def keep(services: Services, record: Record) -> None:
    """Makes a decision durable. Raises `Unavailable` `disk-full`."""
    try:
        await services.save(record)
    except OSError as error:
        raise Unavailable("disk-full", f"It can't be written: {error.strerror}.", 30.0) from error
    services.keeper.wake()


def known(request: Request) -> Record:
    """The record asked for, ready or not."""
    return services_of(request).library.known(request.path_params["space"])


def now() -> str:
    """RFC 3339."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def change(request: Request) -> Response:
    """`PATCH /replay/{space}`: `{"public"?, "trim"?: {"from_s", "to_s"} or null}`."""
    services, record = services_of(request), known(request)
    (await who_asks(request, record)).must_be("host", "co-host")
    fields = await body_of(request, "public", "trim")
    record = known(request)
    if "trim" in fields:
        check_ready(record)
        trim = fields["trim"]
        if trim is None:
            record = record.changed(trim=None)
        elif isinstance(trim, dict) and set(trim) == {"from_s", "to_s"}:
            timeline = await timeline_now(services, record)
            span = timeline.range_of(seconds_of(trim, "from_s"), seconds_of(trim, "to_s"))
            record = known(request).changed(trim=span)
        else:
            raise UserError("input-invalid", "trim: from_s and to_s, or null, are needed.")
    if "public" in fields:
        if not isinstance(fields["public"], bool):
            raise UserError("input-invalid", "public: true or false is needed.")
        record = dataclasses.replace(record, public=fields["public"])
    await keep(services, record)
    return JSONResponse({"public": record.public, "ready": record.built == record.version})


async def cut(request: Request) -> Response:
    """`POST /replay/{space}/cuts`: `{"from_s", "to_s", "request"?}`. What is cut is silent everywhere."""
    services, record = services_of(request), known(request)
    (await who_asks(request, record)).must_be("host", "co-host")
    fields = await body_of(request, "from_s", "to_s", "request")
    check_ready(record)
    timeline = await timeline_now(services, record)
    first, last = timeline.range_of(seconds_of(fields, "from_s"), seconds_of(fields, "to_s"))
    record = known(request)
    requests = record.requests
    if "request" in fields:
        requests = _decided(record, str(fields["request"]), "done")
    cuts = SequenceSet(record.cuts)
    cuts.add(first, last)
    await keep(services, record.changed(cuts=tuple(cuts.ranges()), requests=requests))
    return JSONResponse({"first_sequence": first, "last_sequence": last}, 202)


async def ask_removal(request: Request) -> Response:
    """`POST /replay/{space}/removal-requests`: `{"from_s", "to_s", "reason"?}`, by who had a seat."""
    services, record = services_of(request), known(request)
    asker = await who_asks(request, record)
    asker.must_be("host", "co-host", "speaker")
    fields = await body_of(request, "from_s", "to_s", "reason")
    reason = text_of(fields, "reason", REASON_MAX)
    check_ready(record)
    timeline = await timeline_now(services, record)
    first, last = timeline.range_of(seconds_of(fields, "from_s"), seconds_of(fields, "to_s"))
    record = known(request)
    if len(record.requests) >= MAX_REQUESTS:
        raise Conflict("requests-full", "There are too many requests for this replay.")
    asked = RemovalRequest(new_space_id(), asker.handle, first, last, reason, now())
    await keep(services, dataclasses.replace(record, requests=(*record.requests, asked)))
    return JSONResponse(_shown(asked, timeline), 201)


async def removals(request: Request) -> Response:
    """`GET /replay/{space}/removal-requests`: all for host and co-hosts, one's own for others."""
    services, record = services_of(request), known(request)
    asker = await who_asks(request, record)
    asker.must_be("host", "co-host", "speaker")
    check_ready(record)
    timeline = await timeline_now(services, record)
    items = [
        _shown(one, timeline)
        for one in record.requests
        if asker.role != "speaker" or one.handle == asker.handle
    ]
    return JSONResponse({"items": items})


async def decline(request: Request) -> Response:
    """`DELETE /replay/{space}/removal-requests/{id}`: the host declines; who asked takes it back."""
    services, record = services_of(request), known(request)
    asker = await who_asks(request, record)
    record = known(request)
    found = next((one for one in record.requests if one.id == request.path_params["id"]), None)
    if found is None or found.handle != asker.handle:
        asker.must_be("host", "co-host")
    requests = _decided(record, request.path_params["id"], "declined")
    await keep(services, dataclasses.replace(record, requests=requests))
    return Response(status_code=204)


async def delete(request: Request) -> Response:
    """`DELETE /replay/{space}`: `{"reason"?}`. Gone for good, here and at the store."""
    services, record = services_of(request), known(request)
    asker = await who_asks(request, record)
    asker.must_be("host")
    fields = await body_of(request, "reason")
    if not record.finished:
        raise Conflict("space-not-ended", "End the Space first: it is still being recorded.")
    try:
        await services.keeper.delete(record.space.id, asker.handle, text_of(fields, "reason", REASON_MAX))
    except OSError as error:
        raise Unavailable("disk-full", f"It can't be deleted now: {error.strerror}.", 30.0) from error
    for clip_id, space in list(services.clip_spaces.items()):
        if space == record.space.id:
            del services.clip_spaces[clip_id]
    return Response(status_code=204)


def _decided(record: Record, request_id: str, state: str) -> tuple[RemovalRequest, ...]:
    if all(one.id != request_id for one in record.requests):
        raise NotFound("request-unknown", "There is no such request.")
    return tuple(
        dataclasses.replace(one, state=state) if one.id == request_id else one for one in record.requests
    )


def _shown(one: RemovalRequest, timeline: Timeline) -> dict[str, Any]:
    from_s, to_s = timeline.index(one.first) * 0.32, timeline.index(one.last + 1) * 0.32
    return {
        "id": one.id,
        "handle": one.handle,
        "from_s": round(from_s, 3),
        "to_s": round(to_s, 3),
        "reason": one.reason,
        "at": one.at,
        "state": one.state,
    }
