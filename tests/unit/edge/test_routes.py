import json
from dataclasses import replace
from pathlib import Path

import pytest

from parvis.bus.faces import FacesMessage
from parvis.bus.manners import CrowdMessage
from parvis.bus.messages import PartMessage, PinnedState, PollState, ProgramMessage, SpaceMessage
from parvis.bus.votes import VotesMessage
from parvis.clock import ManualClock, part_start_s
from parvis.edge.answers import Answer
from parvis.edge.badges import Badges
from parvis.edge.bursts import Framing
from parvis.edge.crowd import Crowd
from parvis.edge.feed import Feed
from parvis.edge.hall import Pages
from parvis.edge.hls import Lines
from parvis.edge.http import Request
from parvis.edge.passes import Passes
from parvis.edge.routes import Front, Join, first_part, route
from parvis.edge.spaces import Spaces
from parvis.edge.view import Origins, rfc3339
from parvis.edge.waiting import Hold
from parvis.errors import Conflict, NotFound, Overloaded, Refused, RemoteProtocolError, Unavailable, UserError
from parvis.media.events import Event
from parvis.media.rendition import Rendition
from tests.unit.edge.world import part_message, program_message, space_message

FIRST = 5_625_000_000
LAST = FIRST + 9
NOW_S = part_start_s(LAST + 1)


def front_with(spaces: Spaces, tmp_path: Path, *, metrics_token: str = "") -> Front:
    passes = Passes(spaces, ManualClock(NOW_S), tmp_path)
    return Front(
        name="edge-1",
        spaces=spaces,
        lines=Lines(spaces, "http://edge.example"),
        pages=Pages(tmp_path),
        passes=passes,
        badges=Badges(passes.verify, ManualClock(NOW_S)),
        crowd=Crowd(
            "edge-1", reactions_per_address_s=1.0, voters_per_address=2, votes_per_s=100.0, now_s=NOW_S
        ),
        origins=Origins("http://edge.example", "http://studio.example"),
        metrics_token=metrics_token,
        clock=ManualClock(NOW_S),
        metrics=lambda: b"figures",
    )


@pytest.fixture
def front(tmp_path: Path) -> Front:
    """A live Space of ten parts, one scheduled, one ended."""
    spaces = Spaces()
    parts = [part_message(sequence, kind) for sequence in range(FIRST, LAST + 1) for kind in Rendition]
    messages: list[SpaceMessage | ProgramMessage | PartMessage] = [
        space_message(),
        program_message(FIRST),
        space_message("later", state="scheduled", starts_at="2026-11-22T20:00:00Z"),
        space_message("over", state="ended"),
        *parts,
    ]
    for message in messages:
        spaces.take(message.subject, message.encode(), NOW_S, 0.0)
    spaces.advance(NOW_S, 0.0)
    return front_with(spaces, tmp_path)


def ask(front: Front, *path: str, method: str = "GET", **query: str) -> Answer | Join | Hold:
    return route(front, Request(method, path, query))


def answer(front: Front, *path: str, method: str = "GET", **query: str) -> Answer:
    response = ask(front, *path, method=method, **query)
    assert isinstance(response, Answer)
    return response


def test_a_stream_is_joined(front: Front) -> None:
    join = ask(front, "live", "abc", "stream.mp4")
    assert isinstance(join, Join)
    assert (join.record.id, join.source, join.framing, join.start) == ("abc", "opus", Framing.CHUNKED, None)
    query = {"codec": "aac", "from": "12"}
    join = route(front, Request("GET", ("live", "abc", "stream.mp4"), query, chunked=False))
    assert isinstance(join, Join)
    assert (join.source, join.framing, join.start) == ("aac", Framing.RAW, 12)


def test_a_head_tells_where_a_stream_would_begin(front: Front) -> None:
    headers = dict(answer(front, "live", "abc", "stream.mp4", method="HEAD").headers)
    assert (headers["Content-Type"], headers["X-Parvis-Sequence"]) == ("audio/mp4", str(LAST - 2))


@pytest.mark.parametrize(
    ("space", "query", "error", "code"),
    [
        ("nope", {}, NotFound, "space-unknown"),
        ("abc", {"codec": "mp3"}, UserError, "codec-unknown"),
        ("abc", {"codec": ""}, UserError, "codec-unknown"),
        ("abc", {"from": "-1"}, UserError, "sequence-invalid"),
        ("abc", {"from": "²"}, UserError, "sequence-invalid"),
        ("abc", {"from": "9" * 30}, UserError, "sequence-invalid"),
        ("abc", {"from": ""}, UserError, "sequence-invalid"),
        ("over", {}, UserError, "space-ended"),
    ],
)
def test_a_stream_is_refused(
    front: Front, space: str, query: dict[str, str], error: type[UserError], code: str
) -> None:
    with pytest.raises(error, match=code):
        ask(front, "live", space, "stream.mp4", **query)


def test_a_space_that_has_not_begun_says_when_it_will(front: Front) -> None:
    refusal = answer(front, "live", "later", "stream.mp4")
    assert refusal.status == 409
    assert json.loads(refusal.body)["code"] == "space-not-begun"
    assert json.loads(refusal.body)["starts_at"] == "2026-11-22T20:00:00Z"
    assert 2 <= int(dict(refusal.headers)["Retry-After"]) <= 30


@pytest.fixture
def feed(front: Front) -> Feed:
    record = front.spaces.get("abc")
    assert record is not None
    return record.feeds[Rendition.OPUS]


def test_a_newcomer_gets_enough_until_its_next_burst(feed: Feed) -> None:
    assert first_part(feed, None, LAST, 1) == LAST - 2
    assert first_part(feed, None, LAST, 4) == LAST - 5
    assert first_part(feed, None, LAST, 32) == FIRST, "as much as there is"
    assert first_part(feed, None, FIRST, 1) == FIRST


def test_who_names_a_part_starts_there_as_far_as_it_can(feed: Feed) -> None:
    assert first_part(feed, FIRST + 4, LAST, 1) == FIRST + 4
    assert first_part(feed, 0, LAST, 1) == FIRST
    assert first_part(feed, LAST + 50, LAST, 1) == LAST
    assert first_part(feed, LAST, LAST - 3, 4) == LAST - 3, "its cohort is not there yet"


def test_space_json_is_built_once_a_second(front: Front) -> None:
    first = answer(front, "live", "abc", "space.json")
    assert json.loads(first.body)["sequence"] == LAST
    assert ("Cache-Control", "public, max-age=1") in first.headers
    assert answer(front, "live", "abc", "space.json") is first
    record = front.spaces.get("abc")
    assert record is not None
    record.take_space(space_message(revision=2, title="New"), 0.0)
    assert json.loads(answer(front, "live", "abc", "space.json").body)["title"] == "New"


def test_an_ended_space_is_still_told_about(front: Front) -> None:
    assert json.loads(answer(front, "live", "over", "space.json").body)["state"] == "ended"
    with pytest.raises(UserError, match="space-ended"):
        ask(front, "live", "over", "events")


def test_the_hall_in_the_language_of_choice(front: Front, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="pages-missing"):
        ask(front, "s", "abc")
    (tmp_path / "hall.html").write_text('<html lang="en"><!--parvis:head--><!--parvis:space-->')
    assert isinstance(front.clock, ManualClock)
    front.clock.advance(1.0)
    page = answer(front, "s", "abc", lang="fr")
    assert page.body.startswith(b'<html lang="fr"><title>Budget night')
    assert answer(front, "s", "abc", lang="fr") is page
    assert answer(front, "s", "nope").status == 404


def test_the_root_leads_to_the_studio(front: Front) -> None:
    found = answer(front, "")
    assert (found.status, dict(found.headers)["Location"]) == (302, "http://studio.example/")


def test_health(front: Front) -> None:
    assert json.loads(answer(front, "healthz").body) == {"status": "ok", "role": "edge", "name": "edge-1"}


def test_options_are_answered_everywhere(front: Front) -> None:
    for path in (("live", "abc", "stream.mp4"), ("*",), ("nowhere",)):
        told = answer(front, *path, method="OPTIONS")
        assert told.status == 204
        assert dict(told.headers)["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"


def test_metrics_are_for_this_machine_or_for_who_has_the_token(tmp_path: Path) -> None:
    closed = front_with(Spaces(), tmp_path)
    opened = front_with(Spaces(), tmp_path, metrics_token="secret")
    near = Request("GET", ("metrics",), loopback=True)
    assert route(closed, near).body == b"figures"  # type: ignore[union-attr]
    told = Request("GET", ("metrics",), headers={b"authorization": "Bearer secret"})
    assert route(opened, told).body == b"figures"  # type: ignore[union-attr]
    for front, authorization in (
        (closed, "Bearer "),
        (closed, ""),
        (opened, "Bearer é"),
        (opened, "Basic secret"),
    ):
        request = Request("GET", ("metrics",), headers={b"authorization": authorization})
        with pytest.raises(Refused, match="forbidden"):
            route(front, request)


@pytest.mark.parametrize(
    "path",
    [("nowhere",), ("s", ""), ("s", "abc", "x"), ("live", "abc"), ("live", "abc", "x"), ("healthz", "")],
)
def test_nothing_else_is_there(front: Front, path: tuple[str, ...]) -> None:
    with pytest.raises(NotFound, match="not-found"):
        ask(front, *path)


POLL = PollState("feed", "Well?", ("Yes", "No"), (0, 0), "open")


def post(front: Front, *path: str, body: bytes = b"", address: int = 1) -> Answer:
    answered = route(front, Request("POST", path, body=body, address=str(address)))
    assert isinstance(answered, Answer)
    return answered


def ask_all(front: Front, poll: PollState | None = POLL) -> None:
    message = space_message(revision=2, poll=poll, pinned=PinnedState("7", "zoe", "Zoe", "The agenda"))
    front.spaces.take(message.subject, message.encode(), NOW_S, 0.0)


def vote(front: Front, choice: int, voter: str, address: int = 1) -> Answer:
    body = json.dumps({"choice": choice, "voter": voter * 16}).encode()
    return post(front, "live", "abc", "polls", "feed", "votes", body=body, address=address)


def test_a_reaction_is_taken_and_counted(front: Front) -> None:
    answered = post(front, "live", "abc", "reactions", body='{"emoji":"👏"}'.encode())
    assert (answered.status, answered.body) == (204, b"")
    [told] = front.crowd.messages(LAST, NOW_S)
    assert isinstance(told, CrowdMessage)
    assert told.reactions == {"abc": {"👏": 1}}
    assert front.crowd.messages(LAST + 1, NOW_S) == []


def test_reactions_are_for_what_is_on_air(front: Front) -> None:
    body = '{"emoji":"👏"}'.encode()
    with pytest.raises(NotFound, match="space-unknown"):
        post(front, "live", "nowhere", "reactions", body=body)
    with pytest.raises(Conflict, match="space-not-begun"):
        post(front, "live", "later", "reactions", body=body)
    with pytest.raises(UserError, match="space-ended"):
        post(front, "live", "over", "reactions", body=body)


def test_what_is_posted_is_only_posted(front: Front) -> None:
    for path in (("live", "abc", "reactions"), ("live", "abc", "polls", "feed", "votes")):
        with pytest.raises(RemoteProtocolError, match="method-not-allowed") as raised:
            ask(front, *path)
        assert raised.value.more == {"allow": "POST, OPTIONS"}
        preflight = answer(front, *path, method="OPTIONS")
        assert dict(preflight.headers)["Access-Control-Allow-Methods"] == "POST, OPTIONS"


def test_a_voter_counts_once(front: Front) -> None:
    ask_all(front)
    assert vote(front, 0, "a").status == 204
    assert vote(front, 1, "a").status == 204
    assert vote(front, 1, "b").status == 204
    with pytest.raises(Overloaded, match="too-many-requests"):
        vote(front, 1, "c")
    assert vote(front, 1, "c", address=2).status == 204
    [told] = front.crowd.messages(LAST, NOW_S)
    assert isinstance(told, VotesMessage)
    assert list(told.votes["feed"].choices) == [0, 1, 1]


def test_faces_of_the_stage_are_served_from_memory(front: Front) -> None:
    told = FacesMessage("abc", {"f00d": b"a picture"})
    front.spaces.take(told.subject, told.encode(), NOW_S, 0.0)
    found = answer(front, "live", "abc", "faces", "f00d.webp")
    assert (found.status, found.body) == (200, b"a picture")
    headers = dict(found.headers)
    assert headers["Content-Type"] == "image/webp"
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    with pytest.raises(NotFound, match="not-found"):
        ask(front, "live", "abc", "faces", "beef.webp")
    members = space_message(visibility="members", revision=2)
    front.spaces.take(members.subject, members.encode(), NOW_S, 0.0)
    with pytest.raises(Refused, match="pass-needed"):
        ask(front, "live", "abc", "faces", "f00d.webp")


def test_polls_that_are_over_or_never_were(front: Front) -> None:
    with pytest.raises(NotFound, match="poll-unknown"):
        vote(front, 0, "a")
    ask_all(front, replace(POLL, state="closed"))
    with pytest.raises(Conflict, match="poll-closed"):
        vote(front, 0, "a")
    ask_all(front, replace(POLL, closes_at=rfc3339(NOW_S)))
    with pytest.raises(Conflict, match="poll-closed"):
        vote(front, 0, "a")


def test_the_chat_for_those_who_come(front: Front) -> None:
    ask_all(front)
    said = [Event.of("chat", id=str(n), by="zoe", name="Zoe", text=str(n)) for n in (1, 2)]
    events = [*said, Event.of("chat-gone", id="1", by="zoe"), Event.of("poll", id="feed", counts=[3, 4])]
    for rendition in Rendition:
        part = part_message(LAST + 1, rendition, events)
        front.spaces.take(part.subject, part.encode(), NOW_S, 0.0)
    shown = json.loads(answer(front, "live", "abc", "chat.json").body)
    assert shown == {
        "items": [{"id": "2", "by": "zoe", "name": "Zoe", "text": "2"}],
        "pinned": {"id": "7", "by": "zoe", "name": "Zoe", "text": "The agenda"},
        "poll": {"id": "feed", "counts": [3, 4]},
    }
    message = space_message(revision=3, poll=replace(POLL, id="next", state="closed"))
    front.spaces.take(message.subject, message.encode(), NOW_S, 0.0)
    assert json.loads(answer(front, "live", "abc", "chat.json").body)["poll"] is None
