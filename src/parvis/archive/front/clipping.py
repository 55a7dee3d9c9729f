"""Clips over HTTP: made by those who were on stage, heard by everybody with the link."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from parvis.archive.clips import CLIPS_FOLDER, SUFFIXES, Clip, clips_of, make_clip, new_clip, remove_clip
from parvis.archive.front.asking import body_of, seconds_of, services_of, text_of, who_asks
from parvis.archive.front.deciding import known, now, timeline_now
from parvis.archive.front.reading import check_ready, may_see, shown_record
from parvis.archive.front.services import Services
from parvis.archive.front.sound import Stored, send_file
from parvis.archive.record import Record
from parvis.errors import Conflict, NotFound, Unavailable
from parvis.spaces.words import TITLE_MAX

MAX_CLIPS: Final = 500


async def make(request: Request) -> Response:
    """`POST /replay/{space}/clips`: `{"from_s", "to_s", "title"?}`, by host, co-host or speaker."""
    services, record = services_of(request), known(request)
    asker = await who_asks(request, record)
    asker.must_be("host", "co-host", "speaker")
    fields = await body_of(request, "from_s", "to_s", "title")
    title = text_of(fields, "title", TITLE_MAX)
    check_ready(record)
    folder = services.library.folder(record.space.id)
    if len(await asyncio.to_thread(clips_of, folder)) >= MAX_CLIPS:
        raise Conflict("clips-full", f"A replay has at most {MAX_CLIPS} clips.")
    timeline = await timeline_now(services, record)
    from_s, to_s = seconds_of(fields, "from_s"), seconds_of(fields, "to_s")
    clip = new_clip(record, timeline, from_s, to_s, title, asker.handle, now())
    await services.keeper.fetch_parts(record)
    try:
        made = await asyncio.to_thread(make_clip, folder, record, clip)
    except OSError as error:
        raise Unavailable("disk-full", f"It can't be written: {error.strerror}.", 30.0) from error
    latest = services.library.get(record.space.id)
    if latest is None or latest.version != record.version:  # cut or deleted in these moments
        await asyncio.to_thread(remove_clip, folder, made.id)
        raise Unavailable("replay-not-ready", "The replay has just changed; try again.", 2.0)
    services.clip_spaces[made.id] = made.space
    return JSONResponse(_shown(services, made), 201)


async def listed(request: Request) -> Response:
    """`GET /replay/{space}/clips`."""
    services, record = services_of(request), await shown_record(request)
    clips = await asyncio.to_thread(clips_of, services.library.folder(record.space.id))
    return JSONResponse({"items": [_shown(services, clip) for clip in clips]})


async def show(request: Request) -> Response:
    """`GET /clip/{id}`: to browsers, the page that plays it."""
    services = services_of(request)
    clip, record = await _clip(request)
    if "text/html" in request.headers.get("accept", ""):
        page = f"{services.settings.edge_origin}/s/{clip.space}#clip={clip.id}"
        return RedirectResponse(page, 303, {"Vary": "Accept"})
    space = {"id": clip.space, "title": record.space.title, "host": record.space.host}
    return JSONResponse({**_shown(services, clip), "space": space})


async def sound(request: Request) -> Response:
    """`GET /clip/{id}/audio.m4a`, `audio.opus`."""
    services = services_of(request)
    clip, _ = await _clip(request)
    suffix = request.url.path.rsplit(".", 1)[1]
    rendition = next(one for one, known_suffix in SUFFIXES.items() if known_suffix == suffix)
    audio = next(one for one in clip.audio if one["name"] == str(rendition))
    path = services.library.folder(clip.space) / CLIPS_FOLDER / f"{clip.id}.{suffix}"
    file = Stored(
        clip.space, f"{CLIPS_FOLDER}/{path.name}", path, audio["bytes"], audio["sha256"], audio["mime"]
    )
    wants_download = request.query_params.get("download") == "1"
    return await send_file(
        request, file, services.store, services.metrics, download_as=path.name if wants_download else None
    )


async def remove(request: Request) -> Response:
    """`DELETE /clip/{id}`: by who made it, host, co-host or operator."""
    services = services_of(request)
    clip, record = await _clip(request)
    asker = await who_asks(request, record)
    if asker.handle != clip.by:
        asker.must_be("host", "co-host")
    await asyncio.to_thread(remove_clip, services.library.folder(clip.space), clip.id)
    services.clip_spaces.pop(clip.id, None)
    return Response(status_code=204)


async def _clip(request: Request) -> tuple[Clip, Record]:
    """Raises `NotFound` `clip-unknown`, and what a replay that is not ready raises."""
    services, clip_id = services_of(request), request.path_params["id"]
    space = services.clip_spaces.get(clip_id)
    record = services.library.get(space) if space is not None else None
    if space is None or record is None or not await may_see(request, record):
        raise NotFound("clip-unknown", "There is no such clip.")
    if record.built != record.version:
        raise Unavailable("replay-not-ready", "The replay is being made.", 2.0)
    path = services.library.folder(space) / CLIPS_FOLDER / f"{clip_id}.json"
    try:
        return Clip.decode(await asyncio.to_thread(path.read_bytes)), record
    except FileNotFoundError:
        raise NotFound("clip-unknown", "There is no such clip.") from None


def _shown(services: Services, clip: Clip) -> dict[str, Any]:
    return {
        "id": clip.id,
        "title": clip.title,
        "by": clip.by,
        "created_at": clip.created_at,
        "duration_s": clip.duration_s,
        "audio": list(clip.audio),
        "link": f"{services.settings.archive_origin}/clip/{clip.id}",
    }
