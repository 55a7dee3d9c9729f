"""The program as radio receivers take it: `stream.aac` and `stream.ogg` (docs/how-to/radio.md).

Rules:

- A receiver is a listener like any other: it stands in a cohort, gets bursts that were built once for all,
  is stretched, carried and filled with stand-ins like the rest. Only the wrapping of a part differs.
- What cannot be told in a wrapping is not told: `pace` never, a handoff by its title where there is ICY.
- A newcomer gets more at once than a browser, for receivers play from what they have and never catch up.
"""

from __future__ import annotations

from typing import Final, Protocol

from parvis.clock import SAMPLE_RATE_HZ
from parvis.edge.answers import Headers
from parvis.edge.bursts import MAX_STRETCH, OWN_EVENT_INDEX, ByteCache, Framing, frame
from parvis.edge.feed import Feed
from parvis.media.adts import METADATA_INTERVAL_BYTES, adts_part, icy_part
from parvis.media.events import Event
from parvis.media.ogg import live_head, live_page
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition

ADTS: Final = "radio-aac"
ICY: Final = "radio-aac-icy"
OGG: Final = "radio-ogg"
"""Names of sources, beside those of renditions."""

RADIO_RENDITION: Final = {ADTS: Rendition.AAC, ICY: Rendition.AAC, OGG: Rendition.OPUS}
RADIO_MEDIA_TYPE: Final = {ADTS: "audio/aac", ICY: "audio/aac", OGG: "audio/ogg"}

RADIO_JOIN_PARTS: Final = 10
"""Parts that a newcomer gets at once: 3.2 s."""
TITLE_EVERY_PARTS: Final = 32
"""Who missed the title is told it again: 10.24 s."""
DESCRIPTION_LIMIT: Final = 200
PUBLIC: Final = "public"


class OnAir(Protocol):
    """What of a Space receivers are told, as it is now. `playing` is one line: who speaks, and the title.
    `visibility` is "public", "unlisted" or "members"."""

    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def playing(self) -> str: ...
    @property
    def visibility(self) -> str: ...


class Radio:
    """One rendition of one Space in one wrapping. A source of cohorts whose parts can be had one by one."""

    def __init__(self, name: str, feed: Feed, on_air: OnAir) -> None:
        assert feed.rendition is RADIO_RENDITION[name], (name, feed.rendition)
        self.name = name
        self._feed = feed
        self._on_air = on_air
        self._said = ""
        self._parts = ByteCache(limit_bytes=1 << 20)
        self._bursts = ByteCache(limit_bytes=2 << 20)
        self._joins = ByteCache(limit_bytes=1 << 20)

    @property
    def running(self) -> bool:
        """Newcomers can join."""
        return self._feed.running

    @property
    def newest(self) -> int:
        """The last part that may go out."""
        return self._feed.newest

    @property
    def oldest(self) -> int:
        """The first part that can still be had."""
        return self._feed.oldest

    @property
    def unbroken_from(self) -> int:
        """The first part from which on all are held up to the newest."""
        return self._feed.unbroken_from

    @property
    def over(self) -> bool:
        """The last part has gone out."""
        return self._feed.over

    def holds(self, sequence: int) -> bool:
        """Whether a part up to `newest` is held."""
        return self._feed.holds(sequence)

    def part(self, sequence: int) -> bytes:
        """A part up to `newest`, wrapped. With ICY its title comes along if it is new, or due again."""
        return self._parts.get(sequence, lambda: self._wrap(sequence, self._title_due(sequence)))

    def told(self, part: bytes, sequence: int, event: Event, index: int = OWN_EVENT_INDEX) -> bytes:
        """The part with an event, as far as that can be told: where a handoff leads by the title there."""
        del index
        return self._wrap(sequence, self._on_air.playing) if event.type == "handoff" else part

    def burst(self, first: int, count: int, framing: Framing, event: Event | None = None) -> bytes:
        """Parts `first` to `first + count - 1` as one write; `event` is not told."""
        del event
        assert 1 <= count <= MAX_STRETCH, count
        parts = range(first, first + count)
        return self._bursts.get(
            (first, count, framing), lambda: frame(map(self.part, parts), framing), first + count
        )

    def join(self, head: bytes, first: int, last: int, framing: Framing) -> bytes:
        """What a newcomer gets at once: response head, what begins the wrapping, parts `first` to `last`."""
        title, playing = self._on_air.title, self._on_air.playing

        def build() -> bytes:
            sound = [live_head([f"TITLE={title}"])] if self.name == OGG else []
            if first <= last:
                sound.append(self._wrap(first, playing))
            sound += map(self.part, range(first + 1, last + 1))
            return frame(sound, framing)

        told = title if self.name == OGG else playing
        return head + self._joins.get((first, last, framing, told), build, last)

    def headers(self, share: str) -> Headers:
        """What receivers and directories read in the head, as Icecast writes it. `share` is the Space's link.
        By `icy-pub` a directory may list a public Space; who has the link of any other did not get it from a
        list."""
        kbps = RADIO_RENDITION[self.name].bitrate_bps // 1000
        headers: Headers = (
            ("icy-name", _printable(self._on_air.title)),
            ("icy-description", _printable(self._on_air.description)[:DESCRIPTION_LIMIT]),
            ("icy-genre", "Talk"),
            ("icy-url", share),
            ("icy-br", str(kbps)),
            ("ice-audio-info", f"ice-samplerate={SAMPLE_RATE_HZ};ice-bitrate={kbps};ice-channels=1"),
            ("icy-pub", "1" if self._on_air.visibility == PUBLIC else "0"),
        )
        if self.name == ICY:
            headers += (("icy-metaint", str(METADATA_INTERVAL_BYTES)),)
        return headers

    def _wrap(self, sequence: int, title: str | None) -> bytes:
        units = self._access_units(sequence)
        if self.name == ADTS:
            return adts_part(units)
        return live_page(sequence, units) if self.name == OGG else icy_part(units, title)

    def _access_units(self, sequence: int) -> tuple[bytes, ...]:
        [part] = PartReader(self._feed.rendition).feed(self._feed.part(sequence))
        assert isinstance(part, Part)
        return part.access_units

    def _title_due(self, sequence: int) -> str | None:
        playing = self._on_air.playing
        if playing == self._said and sequence % TITLE_EVERY_PARTS:
            return None
        self._said = playing
        return playing


def address_m3u(title: str, stream: str) -> bytes:
    """A file that players open: one address. `stream` is a whole URL."""
    return f"#EXTM3U\n#EXTINF:-1,{_one_line(title)}\n{stream}\n".encode()


def address_pls(title: str, stream: str) -> bytes:
    """The same in the other format that receivers read."""
    lines = ["[playlist]", "NumberOfEntries=1", f"File1={stream}", f"Title1={_one_line(title)}"]
    return "\n".join([*lines, "Length1=-1", "Version=2", ""]).encode()


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())


def _one_line(text: str) -> str:
    return " ".join(text.split())
