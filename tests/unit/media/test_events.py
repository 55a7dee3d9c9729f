from __future__ import annotations

import pytest

from parvis.media.events import Event


def test_an_event_is_compact_json_with_its_type_first() -> None:
    event = Event.of("state", state="held", title="Rentrée", reason=None)
    assert event.body == '{"type":"state","state":"held","title":"Rentrée","reason":null}'.encode()
    assert event.fields() == {"type": "state", "state": "held", "title": "Rentrée", "reason": None}


def test_an_event_of_another_process_is_parsed() -> None:
    for event in (Event.of("levels", active="anna"), Event.of('o"dd', a=1), Event.of("ä\\u", b=2)):
        assert Event.parse(event.body) == event
    spaced = b'{ "seats": [], "type": "stage" }'
    assert Event.parse(spaced) == Event("stage", spaced)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"type":"levels', b"\xff", b'{"type":"\xff"}'])
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        Event.parse(body)
