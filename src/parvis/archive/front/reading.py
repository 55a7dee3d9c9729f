"""Reading a replay: `replay.json`, its sound, chapters, captions, chat, tracks; and podcast feeds.

A replay that its host made private answers `replay-unknown` to all but those who had a seat, and are not
banned from the Space, and the operator.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from parvis.archive.build import REPLAY
from parvis.archive.feed import feed
from parvis.archive.front.asking import services_of, who_asks
from parvis.archive.front.services import Services
from parvis.archive.front.sound import Stored, send_file
from parvis.archive.live_items import host_name, live_spaces
from parvis.archive.record import Record
from parvis.errors import NotFound, ParvisError, Unavailable

_TEXTS: Final = {
    "chapters.json": "application/json+chapters",
    "chat.json": "application/json",
    "captions.vtt": "text/vtt; charset=utf-8",
}
_UNFIT: Final = re.compile(r"[^A-Za-z0-9]+")


async def shown_record(request: Request) -> Record:
    """The record of the Space asked for, if this asker may see its replay.

    Raises `NotFound` `replay-unknown`, `replay-deleted`; `Unavailable` `replay-not-ready`.
    """
    record = services_of(request).library.known(request.path_params["space"])
    if not await may_see(request, record):
        raise NotFound("replay-unknown", "There is no replay of this Space.")
    check_ready(record)
    return record


async def may_see(request: Request, record: Record) -> bool:
    """Whether this asker may see a replay, and the clips of it: a private one is for those who had a seat."""
    if record.public:
        return True
    try:
        asker = await who_asks(request, record)
    except ParvisError:
        return False
    return bool(asker.role) and not asker.banned


def check_ready(record: Record) -> None:
    """Raises `Unavailable` `replay-not-ready` while it is being recorded or made."""
    if not record.finished:
        raise Unavailable("replay-not-ready", "The Space is still being recorded.", 10.0)
    if record.built != record.version:
        raise Unavailable("replay-not-ready", "The replay is being made.", 2.0)


async def load_replay(services: Services, record: Record) -> dict[str, Any]:
    """What the builder wrote. Raises `NotFound` `replay-unknown` when nothing was recorded."""
    path = services.library.replay_folder(record.space.id, record.built) / REPLAY
    try:
        parsed: dict[str, Any] = json.loads(await asyncio.to_thread(path.read_bytes))
    except FileNotFoundError:
        raise NotFound("replay-unknown", "Nothing of this Space was recorded.") from None
    return parsed


async def replay(request: Request) -> Response:
    """`GET /replay/{space}/replay.json`; also `GET /replay/{space}`, which sends browsers to the page."""
    services = services_of(request)
    if not request.url.path.endswith(REPLAY) and "text/html" in request.headers.get("accept", ""):
        space = services.library.known(request.path_params["space"]).space.id
        return RedirectResponse(f"{services.settings.edge_origin}/s/{space}", 303)
    record = await shown_record(request)
    return JSONResponse(await _with_links(services, record))


async def _with_links(services: Services, record: Record) -> dict[str, Any]:
    found = await load_replay(services, record)
    archive, edge = services.settings.archive_origin, services.settings.edge_origin
    found["public"] = record.public
    found["links"] = {
        "share": f"{edge}/s/{record.space.id}",
        "replay": f"{archive}/replay/{record.space.id}/{REPLAY}",
        "feed": f"{archive}/feeds/{record.space.host}.xml",
        "studio": f"{services.settings.control_origin}/studio/{record.space.id}",
    }
    return found


async def sound(request: Request) -> Response:
    """`GET /replay/{space}/audio.m4a`, `audio.opus`."""
    services, record = services_of(request), await shown_record(request)
    name = request.url.path.rsplit("/", 1)[1]
    found = await load_replay(services, record)
    audio = next(one for one in found["audio"] if one["url"].endswith(f"/{name}"))
    return await _send(request, record, name, audio, _download_name(record, Path(name).suffix))


async def track(request: Request) -> Response:
    """`GET /replay/{space}/tracks/{handle}.opus`: for host and co-hosts."""
    services, record = services_of(request), await shown_record(request)
    (await who_asks(request, record)).must_be("host", "co-host")
    handle = request.path_params["handle"]
    found = await load_replay(services, record)
    audio = next((one for one in found["tracks"] if one["handle"] == handle), None)
    if audio is None:
        raise NotFound("not-found", f"There is no track of @{handle}.")
    return await _send(request, record, f"track-{handle}.opus", audio, f"{handle}.opus")


async def _send(
    request: Request, record: Record, name: str, audio: dict[str, Any], download_as: str
) -> Response:
    services = services_of(request)
    folder = services.library.replay_folder(record.space.id, record.built)
    file = Stored(record.space.id, name, folder / name, audio["bytes"], audio["sha256"], audio["mime"])
    wants_download = request.query_params.get("download") == "1"
    return await send_file(
        request, file, services.store, services.metrics, download_as=download_as if wants_download else None
    )


def _download_name(record: Record, suffix: str) -> str:
    """ASCII, so that every browser takes it as it is (RFC 6266 §4.3)."""
    words = _UNFIT.sub("-", record.space.title).strip("-")[:60]
    return f"{words or record.space.id}{suffix}"


async def text(request: Request) -> Response:
    """`GET /replay/{space}/chapters.json`, `chat.json`, `captions.vtt`."""
    services, record = services_of(request), await shown_record(request)
    name = request.url.path.rsplit("/", 1)[1]
    path = services.library.replay_folder(record.space.id, record.built) / name
    try:
        data = await asyncio.to_thread(path.read_bytes)
    except FileNotFoundError:
        raise NotFound("not-found", "This replay has none.") from None
    return Response(data, media_type=_TEXTS[name])


async def podcast(request: Request) -> Response:
    """`GET /feeds/{handle}.xml`: what one host has on and announced, and the public replays."""
    services, handle = services_of(request), request.path_params["handle"]
    mine = [
        record
        for record in services.library.all()
        if record.space.host == handle
        and record.public
        and record.space.visibility == "public"
        and record.finished
        and record.built == record.version
    ]
    mine.sort(key=lambda record: record.space.ended_at or "", reverse=True)
    episodes = []
    for record in mine:
        try:
            episodes.append(await load_replay(services, record))
        except NotFound:
            continue
    live = live_spaces(services.spaces(), handle, services.clock.wall_s())
    if not episodes and not live:
        raise NotFound("feed-unknown", f"There is nothing of @{handle} to hear.")
    data = feed(
        handle,
        mine[0].host.display_name if episodes else host_name(live),
        episodes,
        live=live,
        archive_url=services.settings.archive_origin,
        edge_url=services.settings.edge_origin,
    )
    return Response(data, media_type="application/rss+xml; charset=utf-8")
