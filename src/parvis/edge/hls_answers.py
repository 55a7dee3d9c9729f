"""What HLS players ask below `/live/{space}/`, and the answers (docs/protocol.md §2, RFC 8216bis §6.2).

Rules:

- What is not there yet is waited for if it was hinted or asked for by `_HLS_msn`; what is gone is `404`.
- A part and a segment never change, and neither does what a reload by `_HLS_msn` was to wait for: caches may
  keep them, and ask us once however many ask them.
- After the end of the program there is nothing to wait for.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from parvis.clock import PARTS_PER_SEGMENT
from parvis.edge.answers import Answer, Headers
from parvis.edge.hls import Line
from parvis.edge.http import Request
from parvis.edge.waiting import Hold
from parvis.errors import NotFound
from parvis.media.init import init_segment
from parvis.media.playlist import CAPTIONS, SKIP_UNTIL_S, directives, multivariant
from parvis.media.rendition import Rendition

PLAYLISTS: Final = {"aac.m3u8": Rendition.AAC, "opus.m3u8": Rendition.OPUS}
MULTIVARIANT: Final = "index.m3u8"
CAPTIONS_PLAYLIST: Final = f"{CAPTIONS}.m3u8"
HINTED_PARTS: Final = 3
"""So far ahead a part may be asked for: another edge may have hinted it before we have the one before."""

_PLAYLIST_TYPE: Final = ("Content-Type", "application/vnd.apple.mpegurl")
_FRESH: Final = ("Cache-Control", "public, max-age=1")
_WAITED_FOR: Final = ("Cache-Control", f"public, max-age={SKIP_UNTIL_S:.0f}")
_IMMUTABLE: Final = ("Cache-Control", "public, max-age=86400, immutable")
_SOUND: Final[Headers] = (("Content-Type", "audio/mp4"), _IMMUTABLE)
_FILE: Final = re.compile(r"(\d{1,15})(\.part)?\.m4s", re.ASCII)
_CAPTIONS_FILE: Final = re.compile(r"(\d{1,15})\.vtt", re.ASCII)
_GZIP: Final = re.compile(r"(?:^|,)\s*gzip\s*(?:$|,|;\s*q=(?!0(?:\.0*)?\s*(?:,|$)))", re.IGNORECASE)


def answer_playlist(line: Line, request: Request, name: str) -> Answer | Hold:
    """The multivariant playlist, or that of a rendition. Raises `NotFound` `rendition-unknown` and
    `UserError` `directive-invalid`."""
    if name == MULTIVARIANT:
        # AAC first: players begin with it, and everything plays it.
        order = (Rendition.AAC, Rendition.OPUS)
        offered = [line.offer(rendition) for rendition in order if rendition in line.sources]
        return Answer(200, (_PLAYLIST_TYPE, _FRESH), multivariant(offered, line.captions_language))
    if name == CAPTIONS_PLAYLIST:
        return _captions_playlist(line, request)
    rendition = PLAYLISTS[name]
    _must_have(line, rendition)
    over = line.over(rendition)
    asked = directives({} if over else request.query, line.newest(rendition))
    packed = bool(_GZIP.search(request.header(b"accept-encoding")))
    cached = _FRESH if asked.until is None else _WAITED_FOR
    build = partial(_playlist, line, rendition, skip=asked.skip, packed=packed, cached=cached)
    until = max(asked.until or 0, line.ready_from(rendition))
    if over or line.newest(rendition) >= until or request.method == "HEAD":
        return build()
    return Hold(
        (id(line), rendition, until, asked, packed),
        lambda: line.over(rendition) or line.newest(rendition) >= until,
        build,
    )


def answer_file(line: Line, request: Request, rendition: Rendition, name: str, now_s: float) -> Answer | Hold:
    """The init segment, a segment or a part. Raises `NotFound` `rendition-unknown`, `segment-unknown` or
    `not-found`."""
    _must_have(line, rendition)
    if name == "init.mp4":
        return Answer(200, _SOUND, init_segment(rendition))
    found = _FILE.fullmatch(name)
    if found is None:
        raise NotFound("not-found", "There is nothing at this address.")
    number, is_part = int(found[1]), found[2] is not None
    build = partial(_part if is_part else _segment, line, rendition, number)
    last = number if is_part else (number + 1) * PARTS_PER_SEGMENT - 1
    newest, sound_parts = line.newest(rendition), 1 if is_part else PARTS_PER_SEGMENT
    if newest < last <= newest + HINTED_PARTS and not line.over(rendition) and request.method == "GET":
        return Hold(
            (id(line), rendition, number, is_part),
            lambda: line.over(rendition) or line.newest(rendition) >= last,
            build,
            lambda count: line.sent(count * sound_parts, now_s),
        )
    answer = build()
    if request.method == "GET":
        line.sent(sound_parts, now_s)
    return answer


def answer_captions(line: Line, request: Request, name: str) -> Answer | Hold:
    """A segment of captions. Raises `NotFound` `captions-unknown`, `segment-unknown` or `not-found`."""
    _must_be_captioned(line)
    found = _CAPTIONS_FILE.fullmatch(name)
    if found is None:
        raise NotFound("not-found", "There is nothing at this address.")
    number, rendition = int(found[1]), line.captions_follow
    last = (number + 1) * PARTS_PER_SEGMENT - 1
    newest = line.newest(rendition)

    def build() -> Answer:
        body = line.captions_segment(number)
        if body is None:
            raise NotFound("segment-unknown", "These captions are gone, or not there yet.")
        return Answer(200, (("Content-Type", "text/vtt; charset=utf-8"), _IMMUTABLE), body)

    if newest < last <= newest + HINTED_PARTS and not line.over(rendition) and request.method == "GET":
        ready = partial(_is_there, line, rendition, last)
        return Hold((id(line), CAPTIONS, number), ready, build)
    return build()


def _captions_playlist(line: Line, request: Request) -> Answer | Hold:
    _must_be_captioned(line)
    rendition = line.captions_follow
    over, newest = line.over(rendition), line.newest(rendition)
    asked = directives({} if over else request.query, newest)
    cached = _FRESH if asked.until is None else _WAITED_FOR

    def build() -> Answer:
        return Answer(200, (_PLAYLIST_TYPE, cached), line.captions_playlist())

    # There are no parts: who waits for one waits for the end of its segment.
    until = line.ready_from(rendition)
    if asked.until is not None:
        until = max(until, (asked.until // PARTS_PER_SEGMENT + 1) * PARTS_PER_SEGMENT - 1)
    if over or newest >= until or request.method == "HEAD":
        return build()
    return Hold((id(line), CAPTIONS, until, asked), partial(_is_there, line, rendition, until), build)


def _is_there(line: Line, rendition: Rendition, last: int) -> bool:
    return line.over(rendition) or line.newest(rendition) >= last


def _must_be_captioned(line: Line) -> None:
    if line.captions_language is None:
        raise NotFound("captions-unknown", "Nobody captions this Space.")


def _must_have(line: Line, rendition: Rendition) -> None:
    if rendition not in line.sources:
        raise NotFound("rendition-unknown", "This Space has no such rendition.")


def _playlist(
    line: Line, rendition: Rendition, *, skip: bool, packed: bool, cached: tuple[str, str]
) -> Answer:
    headers: Headers = (_PLAYLIST_TYPE, cached, ("Vary", "Accept-Encoding"))
    if packed:
        headers += (("Content-Encoding", "gzip"),)
    return Answer(200, headers, line.playlist(rendition, skip=skip, packed=packed))


def _part(line: Line, rendition: Rendition, sequence: int) -> Answer:
    return _sound(line.part(rendition, sequence))


def _segment(line: Line, rendition: Rendition, segment: int) -> Answer:
    return _sound(line.segment(rendition, segment))


def _sound(body: bytes | None) -> Answer:
    if body is None:
        raise NotFound("segment-unknown", "This sound is gone, or not there yet.")
    return Answer(200, _SOUND, body)
