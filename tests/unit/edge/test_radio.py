"""A program in the wrappings of radio receivers."""

from __future__ import annotations

import io
from dataclasses import dataclass

import av
import pytest

from parvis.clock import PART_SAMPLES, part_start_s
from parvis.edge.bursts import Framing
from parvis.edge.feed import Feed
from parvis.edge.onward import Onward
from parvis.edge.radio import ADTS, ICY, OGG, RADIO_RENDITION, Radio, address_m3u, address_pls
from parvis.media.adts import METADATA_INTERVAL_BYTES
from parvis.media.events import Event
from tests.unit.archive.makers import FIRST, program

LAST = FIRST + 11
SHARE = "https://parvis.example/s/abc"


@dataclass
class Told:
    """What a Space says of itself, to change."""

    title: str
    description: str = "What it costs"
    speaks: str = ""
    visibility: str = "public"

    @property
    def playing(self) -> str:
        return f"{self.speaks} - {self.title}" if self.speaks else self.title


def radio_of(name: str, title: str = "Budget night") -> tuple[Radio, Told]:
    """A radio with a real program of twelve parts, and what its Space says."""
    message, parts, _ = program()
    feed, told = Feed(RADIO_RENDITION[name]), Told(title)
    rendition = next(one for one in message.renditions if one.rendition is feed.rendition)
    feed.begin(message, rendition)
    for part in parts:
        if part.rendition is feed.rendition:
            feed.offer(part.sequence, part.body, part_start_s(part.sequence + 1), last=part.last)
    feed.advance(part_start_s(LAST + 1))
    assert (feed.newest, feed.oldest) == (LAST, FIRST)
    return Radio(name, feed, told), told


def titles_in(sound: bytes) -> list[int]:
    """In which intervals a title is said."""
    found, offset, number = [], METADATA_INTERVAL_BYTES, 0
    while offset < len(sound):
        if sound[offset]:
            found.append(number)
        offset += 1 + 16 * sound[offset] + METADATA_INTERVAL_BYTES
        number += 1
    return found


@pytest.mark.parametrize(("name", "format"), [(ADTS, "aac"), (OGG, "ogg")])
def test_a_receiver_hears_every_sample_from_where_it_joined(name: str, format: str) -> None:
    radio, _ = radio_of(name)
    stream = radio.join(b"", FIRST + 2, FIRST + 5, Framing.RAW)
    stream += radio.burst(FIRST + 6, 4, Framing.RAW) + radio.burst(FIRST + 10, 2, Framing.RAW)
    with av.open(io.BytesIO(stream), "r", format=format) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert samples == 10 * PART_SAMPLES


def test_bursts_and_joins_are_built_once() -> None:
    radio, _ = radio_of(ADTS)
    assert radio.burst(FIRST, 3, Framing.RAW) is radio.burst(FIRST, 3, Framing.RAW)
    assert radio.join(b"head", FIRST, LAST, Framing.RAW) == b"head" + radio.burst(FIRST, 12, Framing.RAW)


def test_a_newcomer_is_told_the_title_at_once_and_the_others_when_it_changes() -> None:
    radio, space = radio_of(ICY)
    radio.part(FIRST)
    assert titles_in(radio.join(b"", FIRST + 1, FIRST + 3, Framing.RAW)) == [0]
    radio.part(FIRST + 4)
    assert titles_in(radio.part(FIRST + 5)) == []
    space.title = "Another night"
    told = radio.part(FIRST + 6)
    assert titles_in(told) == [0]
    assert b"Another night" in told
    assert titles_in(radio.part(FIRST + 7)) == []
    space.speaks = "Ana, Ben"
    assert b"StreamTitle='Ana, Ben - Another night';" in radio.part(FIRST + 8)
    assert b"Ana, Ben" in radio.join(b"", FIRST + 8, FIRST + 8, Framing.RAW)


def test_a_handoff_is_told_by_the_title_there_and_pace_never() -> None:
    radio, _ = radio_of(ICY)
    there, _ = radio_of(ICY, "The other room")
    onward = Onward(radio, there, FIRST + 6, Event.of("handoff", to="xyz"))
    onward.part(FIRST + 5)
    there.part(FIRST + 5)
    burst = onward.burst(FIRST + 5, 3, Framing.RAW, Event.of("pace", stretch=4))
    assert b"pace" not in burst
    assert b"The other room" in burst
    assert burst == radio.part(FIRST + 5) + onward.part(FIRST + 6) + there.part(FIRST + 7)
    adts, _ = radio_of(ADTS)
    assert Onward(adts, adts, FIRST + 6, Event.of("handoff", to="")).part(FIRST + 6) == adts.part(FIRST + 6)


def test_the_head_says_what_receivers_ask_for() -> None:
    headers = dict(radio_of(ICY, "L'été\r\nX-Evil: 1")[0].headers(SHARE))
    assert headers["icy-name"] == "L'étéX-Evil: 1"
    assert headers["icy-metaint"] == str(METADATA_INTERVAL_BYTES)
    assert headers["icy-br"] == "64"
    assert headers["icy-url"] == SHARE
    assert headers["icy-description"] == "What it costs"
    assert headers["ice-audio-info"] == "ice-samplerate=48000;ice-bitrate=64;ice-channels=1"
    assert "icy-metaint" not in dict(radio_of(ADTS)[0].headers(SHARE))
    assert dict(radio_of(OGG)[0].headers(SHARE))["icy-br"] == "32"


@pytest.mark.parametrize(("visibility", "listed"), [("public", "1"), ("unlisted", "0"), ("members", "0")])
def test_directories_may_list_what_is_public(visibility: str, listed: str) -> None:
    radio, space = radio_of(ADTS)
    space.visibility = visibility
    assert dict(radio.headers(SHARE))["icy-pub"] == listed


def test_files_that_players_open() -> None:
    assert address_m3u("A\nB", "http://x/stream.aac") == b"#EXTM3U\n#EXTINF:-1,A B\nhttp://x/stream.aac\n"
    assert b"File1=http://x/stream.aac\nTitle1=A B\n" in address_pls("A\nB", "http://x/stream.aac")
