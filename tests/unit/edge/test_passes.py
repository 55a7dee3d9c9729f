"""Who comes in by which pass, at one edge, by real signatures and a clock that is moved by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.bus.messages import Handoff, PassesMessage
from parvis.clock import ManualClock
from parvis.edge.answers import Answer
from parvis.edge.http import Request
from parvis.edge.passes import Passes, playlist_with_pass
from parvis.edge.spaces import SpaceRecord, Spaces
from parvis.errors import Refused, UserError
from parvis.media.events import Event
from parvis.spaces.pass_text import PUBLIC_FILE, Claims, load_or_make_keys, sign
from tests.unit.edge.world import part_message, program_message, space_message

NOW_S = 1_800_000_000.0


class Door:
    """An edge's passes over two Spaces for members, and a control that signs."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.clock = ManualClock(NOW_S)
        self.key = load_or_make_keys(folder)
        self.spaces = Spaces()
        self.passes = Passes(self.spaces, self.clock, folder, **more)
        for space in ("abc", "xyz"):
            self.say(space_message(space, visibility="members"))

    def say(self, message: object) -> None:
        self.spaces.take(message.subject, message.encode(), NOW_S, 0.0)  # type: ignore[attr-defined]

    def record(self, space: str = "abc") -> SpaceRecord:
        record = self.spaces.get(space)
        assert record is not None
        return record

    def text(self, pass_id: str = "p1", space: str = "abc", uses: int = 2, lasts_s: int | None = None) -> str:
        expires_at_s = None if lasts_s is None else int(self.clock.wall_s()) + lasts_s
        return sign(Claims(pass_id, space, uses, int(NOW_S), expires_at_s), self.key)

    def refusal(self, text: str = "", space: str = "abc", **query: str) -> str:
        """The code with which a request is refused; "" if it is not."""
        try:
            self.passes.admit(self.record(space), asked(text, **query))
        except Refused as error:
            return error.code
        return ""


def asked(text: str = "", *, address: str = "1", **query: str) -> Request:
    headers = {b"x-parvis-pass": text} if text else {}
    return Request("GET", ("live", "abc", "stream.mp4"), query, headers, address=address)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def test_what_is_for_members_needs_a_pass(door: Door) -> None:
    assert door.refusal() == "pass-needed"
    assert door.refusal(door.text()) == ""
    assert door.passes.check(door.record(), asked(**{"pass": door.text()})) == "p1"
    assert door.passes.refused == 1


@pytest.mark.parametrize("visibility", ["public", "unlisted"])
def test_others_need_none(door: Door, visibility: str) -> None:
    door.say(space_message("abc", visibility=visibility, revision=2))
    assert door.passes.admit(door.record(), asked("nonsense")) == ""


def test_a_pass_is_of_one_space_until_it_expires(door: Door, tmp_path: Path) -> None:
    assert door.refusal(door.text(space="xyz")) == "pass-invalid"
    short = door.text(lasts_s=60)
    assert door.refusal(short) == ""
    door.clock.advance(60)
    assert door.refusal(short) == "pass-invalid"
    elsewhere = load_or_make_keys(tmp_path / "elsewhere")
    assert door.refusal(sign(Claims("p1", "abc", 2, int(NOW_S), None), elsewhere)) == "pass-invalid"


@given(
    st.text(max_size=400) | st.from_regex(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", fullmatch=True)
)
def test_no_other_text_lets_in(text: str) -> None:
    spaces = Spaces()
    message = space_message("abc", visibility="members")
    spaces.take(message.subject, message.encode(), NOW_S, 0.0)
    record = spaces.get("abc")
    assert record is not None
    passes = Passes(spaces, ManualClock(NOW_S), Path("/nonexistent"), "00" * 32)
    with pytest.raises(Refused, match=r"pass-(needed|invalid)"):
        passes.check(record, asked(text))


def test_the_key_may_come_after_the_edge(tmp_path: Path) -> None:
    late = tmp_path / "late"
    door = Door(tmp_path / "control")
    edge = Passes(door.spaces, door.clock, late)
    text = door.text()
    with pytest.raises(Refused, match="pass-invalid"):
        edge.check(door.record(), asked(text))
    late.mkdir()
    (late / PUBLIC_FILE).write_bytes((tmp_path / "control" / PUBLIC_FILE).read_bytes())
    door.clock.advance(2)
    assert edge.check(door.record(), asked(door.text("p2"))) == "p2"
    assert edge.check(door.record(), asked(text)) == "p1"


def test_the_key_of_the_settings(tmp_path: Path) -> None:
    door = Door(tmp_path)
    digits = (tmp_path / PUBLIC_FILE).read_text()
    edge = Passes(door.spaces, door.clock, tmp_path / "nothing here", digits)
    assert edge.check(door.record(), asked(door.text())) == "p1"
    with pytest.raises(UserError, match="setting-invalid"):
        Passes(door.spaces, door.clock, tmp_path, "12")


def test_as_many_listen_by_a_pass_as_it_says(door: Door) -> None:
    text = door.text(uses=2)
    for fd in (5, 6):
        door.passes.enter(fd, door.passes.admit(door.record(), asked(text)), listens=True)
    door.passes.enter(7, "p1", listens=False)
    assert door.passes.used() == {"p1": 2}
    assert door.refusal(text) == "pass-full"
    assert door.passes.admit(door.record(), asked(text), resuming=True) == "p1"
    assert door.refusal(door.text("p2", uses=1)) == ""
    door.passes.leave(5)
    door.passes.leave(99)
    assert door.refusal(text) == ""
    for fd in (6, 7):
        door.passes.leave(fd)
    assert door.passes.used() == {}


def test_players_of_hls_count_by_their_address_as_long_as_they_ask(door: Door) -> None:
    text = door.text(uses=2)
    for address in ("1", "2", "1"):
        door.passes.admit_hls(door.record(), asked(text, address=address))
    assert door.passes.used() == {"p1": 2}
    with pytest.raises(Refused, match="pass-full"):
        door.passes.admit_hls(door.record(), asked(text, address="3"))
    door.clock.advance(11)
    assert door.passes.used() == {}
    assert door.passes.admit_hls(door.record(), asked(text, address="3")) == "p1"


def test_what_control_says_of_passes_counts(door: Door) -> None:
    text = door.text()
    door.passes.enter(5, "p1", listens=True)
    door.passes.enter(6, "p1", listens=False)
    door.passes.enter(7, "p2", listens=True)
    door.say(PassesMessage("abc", 1, full=("p1",)))
    assert (door.refusal(text), door.spaces.voiding) == ("pass-full", [])
    door.say(PassesMessage("abc", 2, void=("p1",)))
    assert door.refusal(text) == "pass-invalid"
    assert sorted(door.passes.voided(door.spaces.voiding)) == [5, 6]
    door.spaces.voiding.clear()
    door.say(PassesMessage("abc", 1))
    assert door.refusal(text) == "pass-invalid", "an older word changes nothing"
    door.say(PassesMessage("abc", 3, void=("p1",)))
    assert door.spaces.voiding == [], "nothing new is void"


def test_an_audience_that_was_handed_over_comes_in_by_the_rules_of_where_it_was(door: Door) -> None:
    handoff = Handoff("h", "abc", "", "There", "Because", "ana", "2026-11-22T15:00:00.000Z")
    door.say(space_message("xyz", visibility="members", handoffs=(handoff,), revision=2))
    assert door.refusal(door.text(space="xyz"), via="xyz") == ""
    assert door.refusal(via="xyz") == "pass-needed"
    door.say(space_message("open", handoffs=(handoff,)))
    assert door.refusal(via="open") == ""
    door.say(space_message("other"))
    assert door.refusal(via="other") == "pass-needed"


def test_the_program_says_it_while_control_is_away(tmp_path: Path) -> None:
    door = Door(tmp_path)
    door.say(program_message(100, space="new"))
    said = Event.of("state", state="live", title="x", reason=None, starts_at=None, visibility="members")
    door.say(part_message(100, events=[said], space="new"))
    assert door.refusal(space="new") == "pass-needed"
    assert door.refusal(door.text(space="new"), space="new") == ""


def test_a_playlist_shows_the_pass_wherever_it_leads() -> None:
    body = (
        b'#EXTM3U\n#EXT-X-MAP:URI="aac/init.mp4"\n#EXT-X-PART:DURATION=0.32,URI="aac/7.part.m4s"\n'
        b'#EXTINF:1.92,\naac/1.m4s\n#EXT-X-RENDITION-REPORT:URI="opus.m3u8?x=1",LAST-MSN=1\n'
    )
    answer = Answer(200, (("Cache-Control", "public, max-age=1"),), body)
    told = playlist_with_pass(answer, "a.b.c")
    assert isinstance(told, Answer)
    assert told.headers == (("Cache-Control", "private, max-age=1"),)
    assert told.body == (
        b'#EXTM3U\n#EXT-X-MAP:URI="aac/init.mp4?pass=a.b.c"\n'
        b'#EXT-X-PART:DURATION=0.32,URI="aac/7.part.m4s?pass=a.b.c"\n'
        b'#EXTINF:1.92,\naac/1.m4s?pass=a.b.c\n#EXT-X-RENDITION-REPORT:URI="opus.m3u8?x=1&pass=a.b.c",LAST-MSN=1\n'
    )
