"""What is asked, and who answers: a table of small handlers (docs/protocol.md §2).

A handler gets the front and the request and gives an `Answer`, or a `Join` for what has no end. It raises
what is in `errors.py`; it neither reads nor writes sockets.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from parvis.bus.messages import Handoff
from parvis.clock import Clock
from parvis.edge.answers import Answer, Headers, json_answer, problem, stream_headers
from parvis.edge.badges import Badges
from parvis.edge.bursts import MAX_STRETCH, Framing
from parvis.edge.cohorts import EVENTS
from parvis.edge.crowd import Crowd
from parvis.edge.feed import Feed
from parvis.edge.hall import Pages, choose_language
from parvis.edge.hls import Lines
from parvis.edge.hls_answers import (
    CAPTIONS_PLAYLIST,
    PLAYLISTS,
    answer_captions,
    answer_file,
    answer_playlist,
)
from parvis.edge.http import Request, body_bytes
from parvis.edge.passes import (
    MEMBERS,
    Passes,
    kept_private,
    playlist_with_pass,
    shown_pass,
    sound_kept_private,
)
from parvis.edge.radio import ADTS, ICY, OGG, RADIO_MEDIA_TYPE, RADIO_RENDITION, address_m3u, address_pls
from parvis.edge.spaces import SpaceRecord, Spaces
from parvis.edge.view import (
    Origins,
    hall_link,
    hidden_fields,
    share_link,
    shown_fields,
    space_fields,
    talk_fields,
)
from parvis.edge.waiting import Hold
from parvis.errors import Conflict, NotFound, ParvisError, Refused, RemoteProtocolError, UserError
from parvis.media.playlist import CAPTIONS
from parvis.media.rendition import Rendition
from parvis.media.reserve import held_parts

if TYPE_CHECKING:
    from parvis.spaces.badge import Badge

NOT_BEGUN_RETRY_MAX_S: Final = 30.0
MAX_SEQUENCE_DIGITS: Final = 18
SPACE_ID: Final = re.compile(r"[0-9a-z]{1,32}")

STREAMS: Final = ("stream.mp4", "stream.aac", "stream.ogg", "events")
"""What has no end, below `/live/{space}/`."""
EVENT_STREAM: Final = "text/event-stream; charset=utf-8"

_RENDITIONS: Final[Mapping[str, Rendition]] = {rendition.value: rendition for rendition in Rendition}


def _preflight(methods: str, headers: str) -> Answer:
    return Answer(
        204,
        (
            ("Allow", methods),
            ("Access-Control-Allow-Methods", methods),
            ("Access-Control-Allow-Headers", headers),
            ("Access-Control-Max-Age", "86400"),
        ),
    )


_PREFLIGHT: Final = _preflight(
    "GET, HEAD, OPTIONS",
    "Accept, Authorization, Cache-Control, Last-Event-ID, Range, "
    "X-Parvis-Appointment, X-Parvis-Badge, X-Parvis-Pass",
)
_PREFLIGHT_OF_POSTED: Final = _preflight("POST, OPTIONS", "Content-Type, X-Parvis-Badge, X-Parvis-Pass")
_TAKEN: Final = Answer(204, (("Cache-Control", "no-store"),))


@dataclass(frozen=True, slots=True)
class Join:
    """The asker becomes a listener of `source`: the name of a rendition or a radio, or `EVENTS`. `start` is
    the part that it asked for, or None; `resuming` says that it has heard what came before, less than 30 s
    ago, and `stretch` how many parts came at once then (0: it did not say). `via` is the Space from which it
    was sent here, if any, `pass_id` the pass by which it comes in, `badge` what it shows of itself."""

    record: SpaceRecord
    source: str
    framing: Framing
    start: int | None = None
    resuming: bool = False
    stretch: int = 0
    via: tuple[str, ...] = ()
    pass_id: str = ""
    badge: Badge | None = None


@dataclass(frozen=True, slots=True)
class Front:
    """What handlers may look at."""

    name: str
    spaces: Spaces
    lines: Lines
    pages: Pages
    passes: Passes
    badges: Badges
    crowd: Crowd
    origins: Origins
    metrics_token: str
    clock: Clock
    metrics: Callable[[], bytes]
    stretch: Callable[[], int] = lambda: 1
    """Parts per burst of a newcomer now."""

    def record(self, space: str) -> SpaceRecord:
        """Raises `NotFound` `space-unknown`."""
        record = self.spaces.get(space)
        if record is None:
            raise NotFound("space-unknown", "There is no such Space.")
        return record

    def cached(self, record: SpaceRecord, name: str, build: Callable[[], Answer]) -> Answer:
        """What `build` gives, at most once for each second and each change of the Space."""
        stamp = (record.version, int(self.clock.wall_s()))
        kept = record.cache.get(name)
        if kept is None or kept[0] != stamp:
            kept = record.cache[name] = stamp, build()
        return kept[1]


def route(front: Front, request: Request) -> Answer | Join | Hold:
    """The answer to a request. Raises whatever `ParvisError` its handler raises."""
    if body_bytes(request.path):
        return _posted(front, request)
    if request.method == "OPTIONS":
        return _PREFLIGHT
    match request.path:
        case ("live", space, name) if name in _LIVE:
            return _LIVE[name](front, request, space)
        case ("live", space, "faces", name):
            return _face(front, request, space, name)
        case ("live", space, rendition, name) if rendition in _RENDITIONS:
            return _hls_file(front, request, space, _RENDITIONS[rendition], name)
        case ("live", space, rendition, name) if rendition == CAPTIONS:
            return _hls_file(front, request, space, None, name)
        case ("s", space) if space:
            return _hall(front, request, space)
        case ("embed", space) if space:
            return _embed(front, request, space)
        case ("assets", name):
            return front.pages.assets(front.clock.monotonic_s()).answer(name, request)
        case (name,) if name in _TOP:
            return _TOP[name](front, request)
    raise NotFound("not-found", "There is nothing at this address.")


def first_part(feed: Feed, start: int | None, last: int, stretch: int) -> int:
    """Where a newcomer begins whose cohort stands at `last`: with enough to play until its next burst, or
    at `start` as far as it can be had."""
    if start is not None:
        return min(feed.nearest(start), last)
    return max(last - held_parts(stretch) + 1, min(feed.oldest, last))


def _hall(front: Front, request: Request, space: str) -> Answer:
    record = front.spaces.get(space)
    if record is not None and (handed := _elsewhere(front, record)) is not None:
        return Answer(302, (("Location", share_link(handed, "")), ("Cache-Control", "no-store")))
    front.pages.load(front.clock.monotonic_s())
    wanted = request.query.get("lang") or request.header(b"accept-language")
    if record is None:
        return front.pages.unknown(choose_language(wanted))
    language = choose_language(wanted, record.message.language if record.message else "")

    def build() -> Answer:
        # The pass is in the fragment, which no server sees: what is for members is asked for by the page.
        return front.pages.hall(shown_fields(record, front.origins, front.clock.wall_s()), language)

    return front.cached(record, f"hall {language}", build)


def _embed(front: Front, request: Request, space: str) -> Answer:
    """The player for other sites."""
    record = front.spaces.get(space)
    if record is not None and (handed := _elsewhere(front, record)) is not None and handed.to:
        location = f"{front.origins.edge}/embed/{handed.to}"
        return Answer(302, (("Location", location), ("Cache-Control", "no-store")))
    front.pages.load(front.clock.monotonic_s())
    wanted = request.query.get("lang") or request.header(b"accept-language")
    if record is None:
        return front.pages.unknown(choose_language(wanted), embedded=True)
    language = choose_language(wanted, record.message.language if record.message else "")

    def build() -> Answer:
        return front.pages.embed(shown_fields(record, front.origins, front.clock.wall_s()), language)

    return front.cached(record, f"embed {language}", build)


def _for_a_second(record: SpaceRecord) -> Headers:
    """Only members' Spaces say `Vary`: HAProxy keeps nothing that does."""
    cached = ("Cache-Control", "public, max-age=1")
    return (cached, ("Vary", "X-Parvis-Pass")) if record.visibility == MEMBERS else (cached,)


def _space_json(front: Front, request: Request, space: str) -> Answer:
    record = front.record(space)
    hidden = not front.passes.knows(record, request)

    def build() -> Answer:
        fields = space_fields(record, front.origins, front.clock.wall_s())
        return json_answer(hidden_fields(fields) if hidden else fields, headers=_for_a_second(record))

    answer = front.cached(record, "space.json hidden" if hidden else "space.json", build)
    return kept_private(answer) if record.visibility == MEMBERS and not hidden else answer


def _stream(front: Front, request: Request, space: str) -> Answer | Join:
    record = front.record(space)
    rendition = _RENDITIONS.get(request.query.get("codec", "opus"))
    if rendition is None:
        raise UserError("codec-unknown", "The codec is opus or aac.")
    start = _sequence(request.query.get("from"))
    if (shut := _shut(front, request, record, rendition)) is not None:
        return shut
    feed = record.feeds[rendition]
    if request.method == "HEAD":
        stretch = front.stretch()
        first = first_part(feed, start, feed.newest, stretch)
        media_type = feed.rendition.mime.partition(";")[0]
        return Answer(200, stream_headers(media_type, first, stretch), endless=True)
    resuming = start is not None and feed.resumes(start)
    stretch, via = _stretch(request.query.get("stretch")), _via(request.query.get("via", ""))
    pass_id = front.passes.admit(record, request, resuming=resuming)
    return Join(record, rendition, _framing(request), start, resuming, stretch, via, pass_id)


def _radio(front: Front, request: Request, space: str) -> Answer | Join:
    record = front.record(space)
    name = OGG if request.path[-1] == "stream.ogg" else ADTS
    if name == ADTS and request.header(b"icy-metadata") == "1":
        name = ICY
    if (shut := _shut(front, request, record, RADIO_RENDITION[name])) is not None:
        return shut
    if request.method == "HEAD":
        share = hall_link(front.origins, record)
        headers = (*stream_headers(RADIO_MEDIA_TYPE[name]), *record.radio(name).headers(share))
        return Answer(200, headers, endless=True)
    pass_id = front.passes.admit(record, request)
    return Join(record, name, _framing(request), via=_via(request.query.get("via", "")), pass_id=pass_id)


def _playlist(front: Front, request: Request, space: str) -> Answer | Hold:
    """Players stay at the address that they have when the audience goes elsewhere, as long as it is here."""
    record = front.record(space)
    handed = _elsewhere(front, record)
    if handed is not None and not handed.to:
        return _sent_on(request, record, handed)
    pass_id = front.passes.admit_hls(record, request)
    line = front.lines.get(record, front.clock.monotonic_s())
    if line is None:
        _refuse_ended(record)
        return _not_begun(front, record)
    if not pass_id:
        return answer_playlist(line, request, request.path[-1])
    request.headers.pop(b"accept-encoding", None)  # what is packed can't be written into
    return playlist_with_pass(answer_playlist(line, request, request.path[-1]), shown_pass(request))


def _hls_file(
    front: Front, request: Request, space: str, rendition: Rendition | None, name: str
) -> Answer | Hold:
    """Of a rendition; None: of the captions."""
    record, now_s = front.record(space), front.clock.monotonic_s()
    pass_id = front.passes.admit_hls(record, request) if name != "init.mp4" else ""
    line = front.lines.get(record, now_s)
    if line is None:
        _refuse_ended(record)
        return _not_begun(front, record)
    if rendition is None:
        answer = answer_captions(line, request, name)
    else:
        answer = answer_file(line, request, rendition, name, now_s)
    return sound_kept_private(answer) if pass_id else answer


def _face(front: Front, request: Request, space: str, name: str) -> Answer:
    """The picture of somebody on stage. Under its name it never changes."""
    record = front.record(space)
    front.passes.check(record, request)
    picture = record.faces.get(name.removesuffix(".webp"))
    if picture is None:
        raise NotFound("not-found", "There is no such picture.")
    headers = (("Content-Type", "image/webp"), ("Cache-Control", "public, max-age=31536000, immutable"))
    answer = Answer(200, (*headers, ("Cross-Origin-Resource-Policy", "cross-origin")), picture)
    return kept_private(answer) if record.visibility == MEMBERS else answer


def _address_file(front: Front, request: Request, space: str) -> Answer:
    """A file that players open. It holds for a Space that has not begun, too."""
    record = front.record(space)
    shown = f"?pass={shown_pass(request)}" if front.passes.check(record, request) else ""
    build, media_type = _ADDRESS_FILES[request.path[-1]]
    body = build(record.title, f"{front.origins.edge}/live/{space}/stream.aac{shown}")
    return Answer(200, (("Content-Type", media_type), ("Cache-Control", "public, max-age=1")), body)


def _events(front: Front, request: Request, space: str) -> Answer | Join:
    record = front.record(space)
    if (handed := _elsewhere(front, record)) is not None:
        return _sent_on(request, record, handed)
    _refuse_ended(record)
    pass_id = front.passes.check(record, request)
    if request.method == "HEAD":
        return Answer(200, stream_headers(EVENT_STREAM), endless=True)
    return Join(record, EVENTS, _framing(request), pass_id=pass_id)


def _posted(front: Front, request: Request) -> Answer:
    """A reaction, or a vote."""
    if request.method == "OPTIONS":
        return _PREFLIGHT_OF_POSTED
    if request.method != "POST":
        detail = f"{request.method} is not answered here: POST is."
        raise RemoteProtocolError("method-not-allowed", detail, more={"allow": "POST, OPTIONS"})
    record = front.record(request.path[1])
    front.passes.check(record, request)
    address, now_s = int(request.address or 0), front.clock.monotonic_s()
    if request.path[-1] == "reactions":
        front.crowd.react(record, address, request.body, now_s)
    else:
        badge = front.badges.read(record, request)
        front.crowd.vote(
            record,
            request.path[3],
            address,
            request.body,
            now_s=now_s,
            wall_s=front.clock.wall_s(),
            account_id=badge.account_id if badge is not None else "",
        )
    return _TAKEN


def _chat_json(front: Front, request: Request, space: str) -> Answer:
    """What was written lately, and what is pinned and asked now: for those who come."""
    record = front.record(space)
    front.passes.check(record, request)

    def build() -> Answer:
        return json_answer(talk_fields(record), headers=_for_a_second(record))

    answer = front.cached(record, "chat.json", build)
    return kept_private(answer) if record.visibility == MEMBERS else answer


def _healthz(front: Front, _request: Request) -> Answer:
    return json_answer(
        {"status": "ok", "role": "edge", "name": front.name}, headers=(("Cache-Control", "no-store"),)
    )


def _metrics(front: Front, request: Request) -> Answer:
    if not request.loopback:
        scheme, _, token = request.header(b"authorization").partition(" ")
        allowed = front.metrics_token and scheme.lower() == "bearer"
        if not allowed or not hmac.compare_digest(token.strip().encode(), front.metrics_token.encode()):
            raise Refused("forbidden", "Metrics are for this machine, or for who has the token.")
    headers = (("Content-Type", "text/plain; version=0.0.4; charset=utf-8"), ("Cache-Control", "no-store"))
    return Answer(200, headers, front.metrics())


def _root(front: Front, _request: Request) -> Answer:
    return Answer(302, (("Location", f"{front.origins.control}/"),))


def _shut(front: Front, request: Request, record: SpaceRecord, rendition: Rendition) -> Answer | None:
    """What stands against joining a rendition: it is elsewhere, or has not begun; None if nothing does.
    Raises `UserError` `space-ended`, `Refused` for want of a pass."""
    if (handed := _elsewhere(front, record)) is not None:
        return _sent_on(request, record, handed)
    _refuse_ended(record)
    front.passes.check(record, request)
    feed = record.feeds.get(rendition)
    return None if feed is not None and feed.running else _not_begun(front, record)


def _elsewhere(front: Front, record: SpaceRecord) -> Handoff | None:
    """The handoff that whoever comes to this Space now follows. While the other program is not here yet, its
    own is better than none."""
    handed = record.handed
    if handed is None:
        return None
    if not handed.to:
        return handed if datetime.fromisoformat(handed.at).timestamp() <= front.clock.wall_s() else None
    target = front.spaces.get(handed.to)
    there = target is not None and (target.running or target.handed is not None)
    return handed if there or not record.running else None


def _sent_on(request: Request, record: SpaceRecord, handoff: Handoff) -> Answer:
    """307 (RFC 9110 §15.4.8): the same, of the other Space."""
    origin, space = "", handoff.to
    if not space:
        origin, _, space = handoff.url.rpartition("/s/")
    query = urlencode({**request.query, "via": record.id})
    location = f"{origin}/live/{space}/{request.path[-1]}?{query}"
    return Answer(307, (("Location", location), ("Cache-Control", "no-store")))


def _via(text: str) -> tuple[str, ...]:
    return (text,) if SPACE_ID.fullmatch(text) else ()


def _framing(request: Request) -> Framing:
    return Framing.CHUNKED if request.chunked else Framing.RAW


def _sequence(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_SEQUENCE_DIGITS):
        raise UserError("sequence-invalid", "A sequence is a whole number.")
    return int(text)


def _stretch(text: str | None) -> int:
    """What is no stretch counts as if it had not been said."""
    stretch = int(text) if text and text.isascii() and text.isdigit() and len(text) <= 2 else 0
    return stretch if stretch <= MAX_STRETCH else 0


def _refuse_ended(record: SpaceRecord) -> None:
    if record.ended:
        raise UserError("space-ended", "This Space has ended.")


def _not_begun(front: Front, record: SpaceRecord) -> Answer:
    starts_at = record.message.starts_at if record.message else None
    retry_after_s = 2.0
    if starts_at is not None:
        wait_s = datetime.fromisoformat(starts_at).timestamp() - front.clock.wall_s()
        retry_after_s = min(max(wait_s, retry_after_s), NOT_BEGUN_RETRY_MAX_S)
    error: ParvisError = Conflict("space-not-begun", "This Space has not begun yet.")
    return problem(error, retry_after_s, starts_at=starts_at)


_ADDRESS_FILES: Final[Mapping[str, tuple[Callable[[str, str], bytes], str]]] = {
    "listen.m3u": (address_m3u, "audio/x-mpegurl; charset=utf-8"),
    "listen.pls": (address_pls, "audio/x-scpls; charset=utf-8"),
}
_LIVE: Final[Mapping[str, Callable[[Front, Request, str], Answer | Join | Hold]]] = {
    "space.json": _space_json,
    "stream.mp4": _stream,
    "stream.aac": _radio,
    "index.m3u8": _playlist,
    **dict.fromkeys((*PLAYLISTS, CAPTIONS_PLAYLIST), _playlist),
    "stream.ogg": _radio,
    "listen.m3u": _address_file,
    "listen.pls": _address_file,
    "events": _events,
    "chat.json": _chat_json,
}
_TOP: Final[Mapping[str, Callable[[Front, Request], Answer]]] = {
    "": _root,
    "healthz": _healthz,
    "metrics": _metrics,
}
