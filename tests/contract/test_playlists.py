"""What RFC 8216bis asks of a Low-Latency playlist, rule by rule."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.clock import PART_MS, PARTS_PER_SEGMENT, part_start_s
from parvis.errors import UserError
from parvis.media.events import Event
from parvis.media.playlist import (
    BLOCKED_AT_MOST_S,
    WINDOW_SEGMENTS,
    Directives,
    Mark,
    Offer,
    View,
    directives,
    first_segment,
    media_playlist,
    multivariant,
    segment_parts,
)
from parvis.media.rendition import Rendition

FIRST = 937_500_000
PART_S = PART_MS / 1000


def view_of(newest: int, *, over: bool = False, marks: tuple[Mark, ...] = (), unbroken: int = 0) -> View:
    first = first_segment(max(unbroken, FIRST * 6), newest)
    return View(Rendition.AAC, first, newest, over, marks, ((Rendition.OPUS, newest - 1),))


def lines_of(view: View, *, skip: bool = False) -> list[str]:
    return media_playlist(view, skip=skip).decode().splitlines()


def attribute(lines: list[str], tag: str, name: str) -> str:
    line = next(line for line in lines if line.startswith(f"{tag}:"))
    found = re.search(rf'[:,]{name}=("[^"]*"|[^,]*)', line)
    assert found, (tag, name, line)
    return found[1].strip('"')


newest_parts = st.integers(FIRST * 6 + 5, FIRST * 6 + 200)


@given(newest_parts, st.booleans())
def test_every_playlist_keeps_the_rules_that_always_hold(newest: int, over: bool) -> None:
    view = view_of(newest, over=over)
    lines = lines_of(view)
    assert lines[0] == "#EXTM3U"
    target_s = int(next(line for line in lines if line.startswith("#EXT-X-TARGETDURATION"))[22:])
    durations = [float(line[8:-1]) for line in lines if line.startswith("#EXTINF:")]
    segments = [int(line[4:-4]) for line in lines if line.endswith(".m4s")]
    assert all(round(duration) <= target_s for duration in durations), "§4.4.3.1"
    first = int(next(line for line in lines if line.startswith("#EXT-X-MEDIA-SEQUENCE"))[22:])
    assert segments == list(range(first, first + len(segments))), "§4.4.3.2: numbers are counted, not read"
    assert len(segments) <= WINDOW_SEGMENTS + over
    if newest >= 6 * (FIRST + WINDOW_SEGMENTS):
        assert sum(durations) >= 3 * target_s, "§6.2.2: at least three target durations"
    part_target_s = float(attribute(lines, "#EXT-X-PART-INF", "PART-TARGET"))
    assert part_target_s == PART_S
    control = "#EXT-X-SERVER-CONTROL"
    assert attribute(lines, control, "CAN-BLOCK-RELOAD") == "YES"
    assert float(attribute(lines, control, "PART-HOLD-BACK")) >= 3 * part_target_s, "§4.4.3.8"
    assert float(attribute(lines, control, "HOLD-BACK")) >= 3 * target_s, "§4.4.3.8"
    assert float(attribute(lines, control, "CAN-SKIP-UNTIL")) >= 6 * target_s, "§4.4.3.8"
    assert lines.count("#EXT-X-ENDLIST") == over
    assert sum(line.startswith("#EXT-X-MAP") for line in lines) == 1


@given(newest_parts)
def test_parts_are_listed_near_the_end_and_the_next_is_hinted(newest: int) -> None:
    lines = lines_of(view_of(newest))
    parts = [int(found[1]) for line in lines if (found := re.search(r'#EXT-X-PART:.*"aac/(\d+)\.part', line))]
    assert parts == list(range(parts[0], newest + 1)), "to the newest, none missing"
    listed_s = len(parts) * PART_S
    assert listed_s >= min(6.0, (newest + 1 - view_of(newest).first_segment * 6) * PART_S), "§6.2.2"
    assert attribute(lines, "#EXT-X-PRELOAD-HINT", "URI") == f"aac/{newest + 1}.part.m4s"
    report = "#EXT-X-RENDITION-REPORT"
    assert attribute(lines, report, "URI") == "opus.m3u8"
    said = int(attribute(lines, report, "LAST-MSN")) * 6 + int(attribute(lines, report, "LAST-PART"))
    assert said == newest - 1


@given(newest_parts)
def test_date_and_number_of_a_segment_say_the_same(newest: int) -> None:
    lines = lines_of(view_of(newest))
    dates = [line.partition(":")[2] for line in lines if line.startswith("#EXT-X-PROGRAM-DATE-TIME")]
    first = view_of(newest).first_segment
    for number, date in enumerate(dates, first):
        assert datetime.fromisoformat(date).timestamp() == pytest.approx(part_start_s(number * 6), abs=1e-4)


@given(newest_parts)
def test_a_delta_update_and_the_old_playlist_make_the_new_one(newest: int) -> None:
    full, delta = lines_of(view_of(newest)), lines_of(view_of(newest), skip=True)
    if not any(line.startswith("#EXT-X-SKIP") for line in delta):
        assert delta == full
        return
    skipped = int(attribute(delta, "#EXT-X-SKIP", "SKIPPED-SEGMENTS"))
    assert skipped > 0
    rest_s = (newest + 1 - (view_of(newest).first_segment + skipped) * 6) * PART_S
    assert rest_s >= 12, "§6.2.5.1: nothing nearer to the end than the skip boundary"
    assert int(delta[1].partition(":")[2]) >= 9, "§8: EXT-X-SKIP needs version 9"
    uris = [line for line in full if line.endswith(".m4s")]
    assert [line for line in delta if line.endswith(".m4s")] == uris[skipped:]
    assert len(media_playlist(view_of(newest), skip=True)) < len(media_playlist(view_of(newest)))


def test_a_full_window_can_be_skipped() -> None:
    assert attribute(lines_of(view_of(FIRST * 6 + 150), skip=True), "#EXT-X-SKIP", "SKIPPED-SEGMENTS") == "7"


def test_dates_are_the_same_in_both_renditions() -> None:
    marks = (
        Mark(FIRST * 6 + 3, Event.of("state", state="live", title='A "night", 100 %\n', reason=None)),
        Mark(FIRST * 6 + 20, Event.of("handoff", to="xyz", url="https://x/s/xyz")),
    )
    aac = [line for line in lines_of(view_of(FIRST * 6 + 40, marks=marks)) if "DATERANGE" in line]
    opus = View(Rendition.OPUS, FIRST, FIRST * 6 + 39, marks=marks)
    assert [line for line in lines_of(opus, skip=True) if "DATERANGE" in line] == aac
    assert aac[0].startswith(
        '#EXT-X-DATERANGE:ID="state-5625000003",CLASS="urn:parvis:event:state",START-DATE="'
    )
    assert aac[0].endswith('X-STATE="live",X-TITLE="A %22night%22, 100 %25%0A"')
    assert aac[1].endswith('X-TO="xyz",X-URL="https://x/s/xyz"')


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ({}, Directives()),
        ({"_HLS_skip": "YES"}, Directives(None, True)),
        ({"_HLS_skip": "v2"}, Directives(None, True)),
        ({"_HLS_skip": "no"}, Directives()),
        ({"_HLS_msn": str(FIRST)}, Directives(FIRST * 6 + 5)),
        ({"_HLS_msn": str(FIRST), "_HLS_part": "2"}, Directives(FIRST * 6 + 2)),
        ({"_HLS_msn": str(FIRST), "_HLS_part": "9"}, Directives(FIRST * 6 + 6)),
    ],
)
def test_what_a_reload_asks(query: dict[str, str], asked: Directives) -> None:
    assert directives(query, FIRST * 6 + 5) == asked


@pytest.mark.parametrize("part", range(6))
def test_what_a_reload_may_not_ask(part: int) -> None:
    newest = FIRST * 6 + part
    last_whole = FIRST if part == 5 else FIRST - 1
    for query in (
        {"_HLS_part": "0"},
        {"_HLS_msn": "x"},
        {"_HLS_msn": "²"},
        {"_HLS_msn": "-1"},
        {"_HLS_msn": "9" * 16},
        {"_HLS_msn": str(FIRST), "_HLS_part": ""},
        {"_HLS_msn": str(last_whole + 3)},
        {"_HLS_msn": str((newest + 11) // 6), "_HLS_part": str((newest + 11) % 6)},
    ):
        with pytest.raises(UserError, match="directive-invalid"):
            directives(query, newest)
    directives({"_HLS_msn": str(last_whole + 2)}, newest)


def test_nobody_is_blocked_for_more_than_three_target_durations() -> None:
    assert BLOCKED_AT_MOST_S == 6.0


def test_a_playlist_begins_where_everything_is_there() -> None:
    assert first_segment(FIRST * 6 + 1, FIRST * 6 + 20) == FIRST + 1
    assert first_segment(FIRST * 6, FIRST * 6 + 20) == FIRST
    assert first_segment(FIRST * 6, FIRST * 6 + 95) == FIRST + 16 - WINDOW_SEGMENTS
    assert first_segment(FIRST * 6 + 1, FIRST * 6 + 3) * 6 > FIRST * 6 + 3, "there is nothing yet"


def test_the_last_segment_may_be_short() -> None:
    view = view_of(FIRST * 6 + 7, over=True)
    assert lines_of(view)[-3:] == ["#EXTINF:0.64,", f"aac/{FIRST + 1}.m4s", "#EXT-X-ENDLIST"]
    assert segment_parts(FIRST + 1, FIRST * 6 + 7) == range(FIRST * 6 + 6, FIRST * 6 + 8)


def test_the_multivariant_playlist_says_what_it_takes() -> None:
    sizes = [4_000, 24_000, 60_000]
    text = multivariant([Offer.of(Rendition.AAC, sizes), Offer.of(Rendition.OPUS, [])]).decode()
    rates = [int(rate) for rate in re.findall(r":BANDWIDTH=(\d+)", text)]
    assert rates[0] >= 60_000 * 8 / (PARTS_PER_SEGMENT * PART_S)
    assert re.findall(r'CODECS="([^"]+)"\n(.+)', text) == [("mp4a.40.2", "aac.m3u8"), ("Opus", "opus.m3u8")]
    averages = [int(rate) for rate in re.findall(r"AVERAGE-BANDWIDTH=(\d+)", text)]
    assert averages[0] <= rates[0]
    assert averages[1] == 42_000
