"""A media playlist of low-latency HLS, as a player reads it (RFC 8216bis). Pure text.

It knows no more than the standard says: parts are found by their addresses, and numbered by what is in them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from parvis.errors import RemoteProtocolError

_ATTRIBUTE: Final = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^",]*)')


@dataclass(frozen=True, slots=True)
class Playlist:
    """What matters of a playlist. `parts` are addresses with their place (segment, part), oldest first;
    `next` is the place that comes after the newest; `map` is the address of the init segment, "" in a delta
    update; `hold_back_s` is how far before the end a player begins."""

    parts: tuple[tuple[tuple[int, int], str], ...]
    next: tuple[int, int]
    map: str
    part_s: float
    hold_back_s: float
    over: bool

    def after(self, place: tuple[int, int] | None) -> list[tuple[tuple[int, int], str]]:
        """The parts from `place` on; without one, those within the hold-back."""
        if place is None:
            held = max(1, round(self.hold_back_s / self.part_s))
            return list(self.parts[-held:])
        return [part for part in self.parts if part[0] >= place]


def read_playlist(text: str) -> Playlist:
    """Raises `RemoteProtocolError` `playlist-malformed`."""
    lines = text.splitlines()
    if not lines or lines[0] != "#EXTM3U":
        raise _malformed("it does not begin with #EXTM3U")
    segment = part = -1
    parts: list[tuple[tuple[int, int], str]] = []
    init, part_s, hold_back_s, over = "", 0.0, 0.0, False
    try:
        for line in lines:
            tag, _, rest = line.partition(":")
            if tag == "#EXT-X-MEDIA-SEQUENCE":
                segment, part = int(rest), 0
            elif tag == "#EXT-X-SKIP":
                segment += int(_attributes(rest)["SKIPPED-SEGMENTS"])
            elif tag == "#EXT-X-PART":
                parts.append(((segment, part), _attributes(rest)["URI"]))
                part += 1
            elif tag == "#EXT-X-MAP":
                init = _attributes(rest)["URI"]
            elif tag == "#EXT-X-PART-INF":
                part_s = float(_attributes(rest)["PART-TARGET"])
            elif tag == "#EXT-X-SERVER-CONTROL":
                hold_back_s = float(_attributes(rest)["PART-HOLD-BACK"])
            elif tag == "#EXT-X-ENDLIST":
                over = True
            elif line and not line.startswith("#"):
                segment, part = segment + 1, 0
    except (KeyError, ValueError) as error:
        raise _malformed(f"{line[:80]!r}: {error}") from error
    if segment < 0 or part_s <= 0 or hold_back_s <= 0:
        raise _malformed("it lacks a media sequence, a part target or a hold-back")
    return Playlist(tuple(parts), (segment, part), init, part_s, hold_back_s, over)


def path_below(base: str, address: str) -> str:
    """The path of an address in a playlist that was had from path `base`.

    Raises `RemoteProtocolError` `playlist-malformed` for one at another server: a storm has one target.
    """
    parts = urlsplit(urljoin(base, address))
    if parts.scheme or parts.netloc:
        raise _malformed(f"{address[:80]!r} is at another server")
    return quote(parts.path, safe="/%:@!$&'()*+,;=~") + (f"?{parts.query}" if parts.query else "")


def _attributes(text: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in _ATTRIBUTE.findall(text)}


def _malformed(detail: str) -> RemoteProtocolError:
    return RemoteProtocolError("playlist-malformed", f"a playlist is wrong: {detail}")
