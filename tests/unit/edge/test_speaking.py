"""The line that says who speaks."""

from __future__ import annotations

from parvis.edge.speaking import KEPT_PARTS, Speaking
from parvis.media.events import Event

STAGE = Event.of(
    "stage",
    speakers=[
        {"handle": "ana", "display_name": "Ana"},
        {"handle": "ben", "display_name": "Ben"},
        {"handle": "cem", "display_name": ""},
        {"handle": "dua", "display_name": "Dua"},
    ],
)


def active(handle: str | None) -> Event:
    return Event.of("levels", levels={}, active=handle)


def test_the_title_alone_while_nobody_speaks() -> None:
    speaking = Speaking()
    assert speaking.line("Budget night") == "Budget night"
    speaking.hear(1, [STAGE, active(None)])
    assert speaking.line("Budget night") == "Budget night"


def test_who_spoke_lately_stays_in_the_order_in_which_they_began() -> None:
    speaking = Speaking()
    speaking.hear(1, [STAGE, active("ana")])
    speaking.hear(2, [active("cem")])
    speaking.hear(3, [active("ana")])
    assert speaking.line("x") == "Ana, cem - x"
    speaking.hear(2 + KEPT_PARTS, [])
    assert speaking.line("x") == "Ana - x"
    speaking.hear(3 + KEPT_PARTS, [])
    assert speaking.line("x") == "x"


def test_three_are_named_and_strangers_are_not() -> None:
    speaking = Speaking()
    speaking.hear(1, [STAGE])
    for handle in ("nobody", "dua", "ben", "ana", "cem"):
        speaking.hear(2, [active(handle)])
    assert speaking.line("x") == "Dua, Ben, Ana - x"
