"""HLS playlists, and what their readers may ask (RFC 8216bis, draft-pantos-hls-rfc8216bis). Pure text.

Rules:

- Segments and parts are numbered by the clock: a media sequence number is the sequence of the first of its
  parts divided by 6. So both renditions, every edge and a stage that took over number alike.
- The playlist ends with the newest part. Parts are listed beside the segments of the last three target
  durations (§6.2.2); the one that comes next is hinted.
- A delta update leaves out what lies more than six target durations before the end (§6.2.5.1).
- Date ranges are the same in both renditions: they come from the Space, not from the sound.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from parvis.clock import PART_MS, PARTS_PER_SEGMENT, part_start_s
from parvis.errors import UserError
from parvis.media.events import Event
from parvis.media.rendition import Rendition

TARGET_DURATION_S: Final = 2
"""A segment's 1.92 s, rounded (§4.4.3.1)."""
WINDOW_SEGMENTS: Final = 14
"""Whole segments in a playlist: 26.88 s. With the parts after them that is what an edge has from the moment
that it came back, so all edges show the same."""
PART_HOLD_BACK_S: Final = 4 * PART_MS / 1000
HOLD_BACK_S: Final = 3.0 * TARGET_DURATION_S
SKIP_UNTIL_S: Final = 6.0 * TARGET_DURATION_S
BLOCKED_AT_MOST_S: Final = 3.0 * TARGET_DURATION_S
"""After which a blocked reload is refused (§6.2.5.2)."""

_PARTS_LISTED_FOR: Final = -(-3 * TARGET_DURATION_S * 1000 // PART_MS)
_SKIP_AFTER_PARTS: Final = int(SKIP_UNTIL_S * 1000) // PART_MS + 1
_MOST_SEGMENTS_AHEAD: Final = 2
_MOST_PARTS_AHEAD: Final = 3 * 1000 // PART_MS
"""The Advance Part Limit: three seconds of parts (§6.2.5.2)."""
_DIGITS: Final = 15
_UNQUOTABLE: Final = re.compile(r'["%\x00-\x1f\x7f]')

CODECS: Final = {Rendition.AAC: "mp4a.40.2", Rendition.OPUS: "Opus"}
CAPTIONS: Final = "captions"
"""The name of the subtitles rendition."""
LANGUAGE_NAMES: Final = {
    "ar": "العربية", "de": "Deutsch", "en": "English", "es": "Español", "fr": "Français", "it": "Italiano",
    "nl": "Nederlands", "pl": "Polski", "pt": "Português", "uk": "Українська",
}  # fmt: skip
"""What players show in their menu; of others the tag."""
_OVERHEAD_BPS: Final = 10_000
"""Of boxes and events, on average."""


@dataclass(frozen=True, slots=True)
class Mark:
    """An event with the part on which it came."""

    sequence: int
    event: Event


@dataclass(frozen=True, slots=True)
class Directives:
    """What a reload asks: to be answered when part `until` is there (None: now), and to skip what is old."""

    until: int | None = None
    skip: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """One rendition as a playlist shows it. Segments are whole from `first_segment` on; `newest` is the last
    part; with `over` nothing comes after it. `others` are the newest parts of the other renditions."""

    rendition: Rendition
    first_segment: int
    newest: int
    over: bool = False
    marks: tuple[Mark, ...] = ()
    others: tuple[tuple[Rendition, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A rendition with the greatest and the average rate of its segments, in bit/s, boxes and all."""

    rendition: Rendition
    peak_bps: int
    average_bps: int

    @classmethod
    def of(cls, rendition: Rendition, segment_bytes: Sequence[int]) -> Offer:
        """By the sizes of its last segments, and never less than what its encoder is set to."""
        least_bps = rendition.bitrate_bps + _OVERHEAD_BPS
        rates_bps = [8000 * size // (PARTS_PER_SEGMENT * PART_MS) for size in segment_bytes]
        average_bps = max(least_bps, sum(rates_bps) // max(1, len(rates_bps)))
        return cls(rendition, max(2 * average_bps, *rates_bps, 0), average_bps)


def multivariant(offers: Sequence[Offer], captions: str | None = None) -> bytes:
    """The playlist of playlists; the first rendition is what players begin with. `captions` is the language
    of a subtitles rendition (§4.4.6.1), None without one."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if captions is not None:
        lines.append(
            f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="{_language_name(captions)}",'
            f'LANGUAGE="{captions}",AUTOSELECT=YES,DEFAULT=NO,FORCED=NO,'
            f'CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog",URI="{CAPTIONS}.m3u8"'
        )
    subtitles = ',SUBTITLES="captions"' if captions is not None else ""
    for offer in offers:
        lines.append(
            f"#EXT-X-STREAM-INF:BANDWIDTH={offer.peak_bps},AVERAGE-BANDWIDTH={offer.average_bps},"
            f'CODECS="{CODECS[offer.rendition]}"{subtitles}'
        )
        lines.append(f"{offer.rendition}.m3u8")
    return _text(lines)


def subtitles_playlist(view: View) -> bytes:
    """The playlist of captions that are cut like the sound of `view`: whole segments only."""
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:9",
        f"#EXT-X-TARGETDURATION:{TARGET_DURATION_S}",
        f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,HOLD-BACK={HOLD_BACK_S}",
        f"#EXT-X-MEDIA-SEQUENCE:{view.first_segment}",
    ]
    for segment in range(view.first_segment, view.newest // PARTS_PER_SEGMENT + 1):
        parts = segment_parts(segment, view.newest)
        if len(parts) == PARTS_PER_SEGMENT or view.over:
            lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{_time(parts.start)}")
            lines += [f"#EXTINF:{len(parts) * PART_MS / 1000:g},", f"{CAPTIONS}/{segment}.vtt"]
    return _text(lines + (["#EXT-X-ENDLIST"] if view.over else []))


def media_playlist(view: View, *, skip: bool = False) -> bytes:
    """The playlist of one rendition, or what is new of it."""
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:9",
        f"#EXT-X-TARGETDURATION:{TARGET_DURATION_S}",
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,"
        f"CAN-SKIP-UNTIL={SKIP_UNTIL_S},HOLD-BACK={HOLD_BACK_S},PART-HOLD-BACK={PART_HOLD_BACK_S}",
        f"#EXT-X-PART-INF:PART-TARGET={PART_MS / 1000}",
        f"#EXT-X-MEDIA-SEQUENCE:{view.first_segment}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    skipped = _skipped(view) if skip else 0
    if skipped:
        lines.append(f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}")
    else:
        lines.append(f'#EXT-X-MAP:URI="{view.rendition}/init.mp4"')
    lines += map(_date_range, view.marks)
    for segment in range(view.first_segment + skipped, view.newest // PARTS_PER_SEGMENT + 1):
        lines += _segment(view, segment)
    return _text(lines + (["#EXT-X-ENDLIST"] if view.over else _what_comes(view)))


def directives(query: Mapping[str, str], newest: int) -> Directives:
    """What a request for a playlist asks whose last part is `newest` (§6.2.5.2). Raises `UserError`
    `directive-invalid`."""
    skip = query.get("_HLS_skip") in ("YES", "v2")
    if "_HLS_msn" not in query:
        if "_HLS_part" in query:
            raise UserError("directive-invalid", "_HLS_part needs _HLS_msn.")
        return Directives(None, skip)
    segment = _number(query["_HLS_msn"], "_HLS_msn")
    last = PARTS_PER_SEGMENT - 1
    # A part after the last of its segment is the first of the next.
    part = min(_number(query["_HLS_part"], "_HLS_part"), last + 1) if "_HLS_part" in query else last
    until = segment * PARTS_PER_SEGMENT + part
    last_whole = (newest + 1) // PARTS_PER_SEGMENT - 1
    if segment > last_whole + _MOST_SEGMENTS_AHEAD:
        raise UserError("directive-invalid", "_HLS_msn is more than two segments ahead.")
    if "_HLS_part" in query and until > newest + 1 + _MOST_PARTS_AHEAD:
        raise UserError("directive-invalid", "_HLS_part is too far ahead.")
    return Directives(until, skip)


def first_segment(unbroken_from: int, newest: int) -> int:
    """Where the playlist begins when all parts from `unbroken_from` to `newest` are there. It may be the
    segment after the newest part: then there is nothing to play yet."""
    whole = -(-unbroken_from // PARTS_PER_SEGMENT)
    return max(whole, (newest + 1) // PARTS_PER_SEGMENT - WINDOW_SEGMENTS)


def segment_parts(segment: int, newest: int) -> range:
    """The parts of a segment, up to the newest."""
    first = segment * PARTS_PER_SEGMENT
    return range(first, min(first + PARTS_PER_SEGMENT, newest + 1))


def _segment(view: View, segment: int) -> list[str]:
    parts = segment_parts(segment, view.newest)
    lines = [f"#EXT-X-PROGRAM-DATE-TIME:{_time(parts.start)}"]
    if not view.over and parts.stop > view.newest + 1 - _PARTS_LISTED_FOR:
        lines += (
            f'#EXT-X-PART:DURATION={PART_MS / 1000},URI="{part_uri(view.rendition, part)}",INDEPENDENT=YES'
            for part in parts
        )
    if len(parts) == PARTS_PER_SEGMENT or view.over:
        seconds = len(parts) * PART_MS / 1000
        lines += [f"#EXTINF:{seconds:g},", f"{view.rendition}/{segment}.m4s"]
    return lines


def part_uri(rendition: Rendition, sequence: int) -> str:
    """Of a part, seen from the playlist."""
    return f"{rendition}/{sequence}.part.m4s"


def _what_comes(view: View) -> list[str]:
    hint = part_uri(view.rendition, view.newest + 1)
    lines = [f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{hint}"']
    for rendition, newest in view.others:
        segment, part = divmod(newest, PARTS_PER_SEGMENT)
        lines.append(f'#EXT-X-RENDITION-REPORT:URI="{rendition}.m3u8",LAST-MSN={segment},LAST-PART={part}')
    return lines


def _skipped(view: View) -> int:
    """Whole segments that end before the skip boundary."""
    boundary = view.newest + 1 - _SKIP_AFTER_PARTS
    return max(0, boundary // PARTS_PER_SEGMENT - view.first_segment)


def _date_range(mark: Mark) -> str:
    """§4.4.5.1. Members of the event are attributes of their own; null is none."""
    attributes = [
        f'ID="{mark.event.type}-{mark.sequence}"',
        f'CLASS="urn:parvis:event:{mark.event.type}"',
        f'START-DATE="{_time(mark.sequence)}"',
    ]
    for name, value in mark.event.fields().items():
        if name != "type" and value is not None:
            attributes.append(f'X-{name.upper().replace("_", "-")}="{_quotable(str(value))}"')
    return "#EXT-X-DATERANGE:" + ",".join(attributes)


def _language_name(tag: str) -> str:
    return LANGUAGE_NAMES.get(tag.partition("-")[0].lower(), tag)


def _quotable(text: str) -> str:
    """What a quoted string cannot hold is percent-encoded, and the percent sign."""
    return _UNQUOTABLE.sub(lambda found: f"%{ord(found[0]):02X}", text)


def _time(sequence: int) -> str:
    moment = datetime.fromtimestamp(part_start_s(sequence), UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise UserError("directive-invalid", f"{name} is a whole number.")
    return int(text)


def _text(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()
