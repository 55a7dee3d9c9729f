"""The STUN and TURN servers that a client is told."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from parvis.api.ice_servers import IceServers
from parvis.errors import UserError
from parvis.settings import ControlSettings

NOW_S = 1_800_000_000.4


def servers(**changes: object) -> IceServers:
    return IceServers.of(ControlSettings(**changes), lambda: NOW_S)  # type: ignore[arg-type]


def test_without_settings_there_are_none() -> None:
    assert servers().links("a-ana") == []


def test_each_server_has_a_link_and_turn_a_password_that_ends() -> None:
    found = servers(
        stun_urls="stun:stun.example.net:3478",
        turn_urls="turn:turn.example.net?transport=udp, turns:turn.example.net?transport=tcp",
        turn_secret="s3cret",
        turn_credential_s=600,
    ).links("a-ana")
    username = "1800000600:a-ana"
    password = base64.b64encode(hmac.new(b"s3cret", username.encode(), hashlib.sha1).digest()).decode()
    told = f'rel="ice-server"; username="{username}"; credential="{password}"; credential-type="password"'
    assert found == [
        '<stun:stun.example.net:3478>; rel="ice-server"',
        f"<turn:turn.example.net?transport=udp>; {told}",
        f"<turns:turn.example.net?transport=tcp>; {told}",
    ]


def test_the_secret_is_shown_nowhere() -> None:
    settings = ControlSettings(turn_urls="turn:t.example", turn_secret="s3cret")
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in repr(IceServers.of(settings, lambda: NOW_S))


@pytest.mark.parametrize(
    "changes",
    [
        {"turn_urls": "turn:t.example"},
        {"stun_urls": "turn:t.example"},
        {"stun_urls": "https://t.example"},
        {"stun_urls": "stun:t.example>; rel=x"},
        {"stun_urls": "stun:t.example\r\nX: y"},
        {"turn_credential_s": 5},
    ],
)
def test_settings_that_cannot_be(changes: dict[str, object]) -> None:
    with pytest.raises(UserError, match="setting-invalid"):
        servers(**changes)
