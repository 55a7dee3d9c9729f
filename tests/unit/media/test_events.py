from __future__ import annotations

from parvis.media.events import Event


def test_an_event_is_compact_json_with_its_type_first() -> None:
    event = Event.of("state", state="held", title="Rentrée", reason=None)
    assert event.body == '{"type":"state","state":"held","title":"Rentrée","reason":null}'.encode()
    assert event.fields() == {"type": "state", "state": "held", "title": "Rentrée", "reason": None}
