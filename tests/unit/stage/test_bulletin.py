from typing import Any

from parvis.media.events import Event
from parvis.stage.bulletin import EVENT_PERIOD_PARTS, Bulletin

LIVE = Event.of("state", state="live", title="x", reason=None, starts_at=None)
HELD = Event.of("state", state="held", title="x", reason="nobody-connected", starts_at=None)


def told(bulletin: Bulletin, sequence: int, **changes: Any) -> list[str]:
    now: dict[str, Any] = {
        "state": LIVE,
        "speakers": [],
        "listeners": 0,
        "levels": {},
        "active": None,
        **changes,
    }
    return [event.type for event in bulletin.events(sequence, **now)]


def test_state_and_speakers_are_said_on_change_and_each_32_parts() -> None:
    bulletin = Bulletin()
    assert told(bulletin, 601) == ["state", "stage"]
    assert told(bulletin, 602) == []
    assert told(bulletin, 603, state=HELD) == ["state"]
    assert told(bulletin, 604, state=HELD, speakers=[{"handle": "ana"}]) == ["stage"]
    again = [told(bulletin, n, state=HELD, speakers=[{"handle": "ana"}]) for n in range(605, 640)]
    assert [605 + n for n, types in enumerate(again) if "state" in types] == [603 + EVENT_PERIOD_PARTS]


def test_a_new_program_is_told_everything_again() -> None:
    bulletin = Bulletin()
    told(bulletin, 601)
    bulletin.begin()
    assert told(bulletin, 602) == ["state", "stage"]


def test_counts_come_at_most_each_six_parts() -> None:
    bulletin = Bulletin()
    counts = [n for n in range(600, 620) if "counts" in told(bulletin, n, listeners=n)]
    assert counts == [600, 606, 612, 618]


def test_levels_come_while_somebody_is_heard_and_once_after() -> None:
    bulletin = Bulletin()
    bulletin.events(601, state=LIVE, speakers=[], listeners=0, levels={}, active=None)
    heard = bulletin.events(
        602, state=LIVE, speakers=[], listeners=0, levels={"ana": 60, "ben": 0}, active="ana"
    )
    assert [event.fields() for event in heard] == [{"type": "levels", "levels": {"ana": 60}, "active": "ana"}]
    after = bulletin.events(603, state=LIVE, speakers=[], listeners=0, levels={"ana": 0}, active="ana")
    assert [event.fields() for event in after] == [{"type": "levels", "levels": {}, "active": None}]
    assert told(bulletin, 604) == []
