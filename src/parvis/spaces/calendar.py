"""Spaces as calendars know them: iCalendar (RFC 5545), published to who imports or subscribes (RFC 5546).

- One event a Space that was announced for a time. Its `UID` never changes, its `SEQUENCE` is the revision of
  the Space, which grows with every change: a calendar that has the event follows.
- What was called off is `STATUS:CANCELLED`, and stays there, for a calendar forgets nothing by itself.
- Times are UTC: each calendar shows them in its owner's zone. How long it will last nobody knows: an hour is
  said, until it is over.
- An alarm ten minutes before: whoever took the file asked to be reminded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from icalendar import Alarm, Calendar, Event

from parvis import __version__
from parvis.spaces.space import CANCELLED, Space

SUPPOSED: Final = timedelta(hours=1)
REMIND_BEFORE: Final = timedelta(minutes=10)
REFRESH: Final = timedelta(hours=1)


def calendar(
    spaces: Iterable[Space], share: Callable[[str], str], now_ms: int, *, name: str | None = None
) -> bytes:
    """The calendar of those that have a time. `share` gives the link of a Space's id; `name` is what a
    calendar that one subscribes to is called."""
    made = Calendar()
    made.add("prodid", f"-//Parvis//Parvis {__version__}//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    if name is not None:
        made.add("name", name)
        made.add("x-wr-calname", name)
        made.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    for space in spaces:
        if space.starts_at_ms is not None:
            made.add_component(_event(space, space.starts_at_ms, share(space.id), now_ms))
    body: bytes = made.to_ical()
    return body


def _event(space: Space, starts_at_ms: int, link: str, now_ms: int) -> Event:
    begins = _moment(starts_at_ms)
    ends = begins + SUPPOSED
    if space.ended_at_ms is not None and space.ended_at_ms > starts_at_ms:
        ends = _moment(space.ended_at_ms)
    cancelled = space.end_reason == CANCELLED
    event = Event()
    event.add("uid", f"{space.id}@{urlsplit(link).hostname or 'parvis'}")
    event.add("sequence", space.revision)
    event.add("dtstamp", _moment(now_ms))
    event.add("created", _moment(space.created_at_ms))
    event.add("dtstart", begins)
    event.add("dtend", ends)
    event.add("summary", space.title)
    event.add("description", "\n\n".join(filter(None, (space.description, link))))
    event.add("url", link)
    event.add("location", link)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    if space.listing.topics:
        event.add("categories", list(space.listing.topics))
    if not cancelled:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", space.title)
        alarm.add("trigger", -REMIND_BEFORE)
        event.add_component(alarm)
    return event


def _moment(unix_ms: int) -> datetime:
    return datetime.fromtimestamp(unix_ms // 1000, UTC)
