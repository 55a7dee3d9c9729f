"""The servers that an endpoint names, as other servers may write them."""

from __future__ import annotations

import pytest

from parvis.stage.ice_links import ice_servers_in
from parvis.stage.peer import IceServer

STUN = IceServer("stun:s.example:3478")
TURN = IceServer("turn:t.example?transport=tcp", "17:ana", "p/+=")
TURN_LINK = (
    '<turn:t.example?transport=tcp>; rel="ice-server"; username="17:ana"; credential="p/+="; '
    'credential-type="password"'
)
SAID = 'rel="ice-server"; username="u"; credential="c"'


def test_servers_are_taken_out_of_one_header_in_their_order() -> None:
    events = '<https://c.example/spaces/x/events?a=1,2;b>; rel="urn:parvis:whip:events"'
    assert ice_servers_in(f'{events}, <stun:s.example:3478>; rel="ice-server", {TURN_LINK}') == [STUN, TURN]
    assert ice_servers_in("") == []


@pytest.mark.parametrize(
    "link",
    [
        "<stun:s.example:3478>;rel=ice-server",
        " ,, < stun:s.example:3478 > ;\tREL = \"Ice-Server\" ; title*=UTF-8''x ;crossorigin;, ",
        '<stun:s.example:3478>; rel="other ice-server"; rel="other"',
        r'<stun:s.example:3478>; title="a, <stun:b>; rel=\"ice-server\""; rel="ice-server";',
    ],
)
def test_links_may_be_written_in_any_way_of_rfc_8288(link: str) -> None:
    assert ice_servers_in(link) == [STUN]


def test_a_quoted_password_keeps_every_character() -> None:
    link = r'<turns:t.example:443>; rel="ice-server"; username="a;b, <c>"; credential="q\"\\\e="'
    assert ice_servers_in(link) == [IceServer("turns:t.example:443", "a;b, <c>", 'q"\\e=')]


@pytest.mark.parametrize(
    "link",
    [
        '<turn:t.example>; rel="ice-server"',
        '<turn:t.example>; rel="ice-server"; username="u"',
        '<turn:t.example>; rel="ice-server"; username="u"; credential=""',
        f'<turn:t.example>; {SAID}; credential-type="oauth"',
        f"<https://t.example>; {SAID}",
        f"<stun:s.example?transport=udp>; {SAID}",
        f"<turn:t.example?transport=tls>; {SAID}",
        f"<turn:>; {SAID}",
        f"<turn:a@t.example>; {SAID}",
        f"<turn:t example>; {SAID}",
        "<stun:s.example>",
        '<stun:s.example>; rel="x-ice-server"',
    ],
)
def test_what_no_peer_would_take_is_left_out(link: str) -> None:
    assert ice_servers_in(f"{link}, {TURN_LINK}") == [TURN]


@pytest.mark.parametrize(
    "link",
    [
        "garbage",
        "<stun:s.example",
        '<stun:s.example>; rel="ice-server',
        '<stun:s.example>; rel="ice-server" x',
    ],
)
def test_a_link_that_is_none_ends_the_list(link: str) -> None:
    assert ice_servers_in(link) == []
    assert ice_servers_in(f"{TURN_LINK}, {link}, {TURN_LINK}") == [TURN]


def test_a_long_header_is_read_once() -> None:
    long = '<stun:s.example>; title="' + "\\" * 100_001
    assert ice_servers_in(long + " " * 100_000 + "," * 100_000) == []


def test_a_password_is_in_no_log() -> None:
    assert "p/+=" not in repr(TURN)
