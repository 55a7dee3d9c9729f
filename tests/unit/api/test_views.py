"""Origins and links."""

from __future__ import annotations

import pytest

from parvis.api.views import Origins, space_message
from parvis.bus.messages import SeatState
from parvis.settings import ControlSettings
from parvis.spaces.seat import Role
from tests.unit.spaces.makers import NOW_MS, new_space, person


@pytest.mark.parametrize(
    ("settings", "control", "edge"),
    [
        (ControlSettings(), "http://127.0.0.1:8081", "http://127.0.0.1:8080"),
        (ControlSettings(host="0.0.0.0", edge_port=9), "http://127.0.0.1:8081", "http://127.0.0.1:9"),
        (ControlSettings(host="::"), "http://[::1]:8081", "http://[::1]:8080"),
        (ControlSettings(host="radio.example"), "http://radio.example:8081", "http://radio.example:8080"),
        (
            ControlSettings(public_control_url="https://a.example/", public_edge_url="https://b.example"),
            "https://a.example",
            "https://b.example",
        ),
    ],
)
def test_origins(settings: ControlSettings, control: str, edge: str) -> None:
    found = Origins.of(settings)
    assert (found.control, found.edge) == (control, edge)


def test_the_archive_is_on_the_same_host_unless_said() -> None:
    assert Origins.of(ControlSettings(archive_port=9)).archive == "http://127.0.0.1:9"
    assert Origins.of(ControlSettings(public_archive_url="https://c.example/")).archive == "https://c.example"


def test_the_code_of_an_invitation_stands_in_the_fragment() -> None:
    link = Origins("https://a.example", "").invitation("0123456789", "c0de")
    assert link == "https://a.example/studio/0123456789#invitation=c0de"


def test_the_message_holds_who_is_on_stage_now() -> None:
    space = (
        new_space()
        .seat_person(person("ben"), Role.SPEAKER, NOW_MS)
        .seat_person(person("cleo"), Role.CO_HOST, NOW_MS)
    )
    space = space.with_seat(space.seat_named("cleo").mute_by_host())
    space = space.unseat(space.seat_named("ben"), NOW_MS, removed=False)
    message = space_message(space)
    assert message.seats == (
        SeatState("ana", "Ana", "host", None, person("ana").account_id),
        SeatState("cleo", "Cleo", "co-host", "host", person("cleo").account_id),
    )
    assert (message.host, message.state, message.revision) == ("ana", "scheduled", 5)
    assert message.created_at == "2027-01-15T08:00:00.000Z"
