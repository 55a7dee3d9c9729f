"""An evening with faults, and then a look into the log of all processes: no secret stands in it."""

from __future__ import annotations

import contextlib
import secrets
import socket
import sqlite3
from collections.abc import Iterator

import httpx

from parvis.spaces.words import code_hash
from tests.parvis import PASSWORD, Parvis, wait_until

BROKEN = ("accounts", "sessions", "invitations", "passes", "handoff_codes")
"""Tables that refuse rows for a while: what fails there is logged whole, as a bug is."""


@contextlib.contextmanager
def refusing(parvis: Parvis) -> Iterator[None]:
    """The database refuses what has a secret in it."""
    with contextlib.closing(sqlite3.connect(parvis.data / "parvis.sqlite3", timeout=30)) as file, file:
        for table in BROKEN:
            file.execute(
                f"CREATE TRIGGER no_{table} BEFORE INSERT ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )
    try:
        yield
    finally:
        with contextlib.closing(sqlite3.connect(parvis.data / "parvis.sqlite3", timeout=30)) as file, file:
            for table in BROKEN:
                file.execute(f"DROP TRIGGER no_{table}")


def faulty(port: int, *lines: str) -> None:
    """A request as no client of ours makes it."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        peer.sendall("\r\n".join((*lines, "", "")).encode())
        with contextlib.suppress(OSError):
            while peer.recv(65_536):
                pass


def test_an_evening_with_faults_leaves_no_secret_in_any_log(parvis: Parvis) -> None:
    before = len(parvis.log.read_bytes())
    said = [PASSWORD]

    def secret() -> str:
        said.append(secrets.token_urlsafe(15))
        return said[-1]

    ana, zoe = parvis.person("ana"), parvis.person("zoe")
    said += [ana.token, zoe.token]
    sign_in = httpx.Client(base_url=f"{parvis.control}/api/v1/", timeout=20)
    refused = [
        sign_in.post("sessions", json={"handle": ana.handle, "password": secret()}),
        sign_in.post("sessions", json={"handle": ana.handle, "password": [secret()]}),
        sign_in.post("sessions", content=f'{{"password": "{secret()}'.encode()),
        sign_in.post(f"sessions?password={secret()}", json={}),
        sign_in.get("sessions/current", headers={"Authorization": f"Bearer {secret()}"}),
        sign_in.get("sessions/current", headers={"Authorization": f"Basic {secret()}"}),
        sign_in.post("accounts", json={"handle": ana.handle, "password": secret(), "display_name": ""}),
        ana.api.post("accounts/me/password", json={"current": secret(), "new": secret()}),
    ]
    assert all(answer.is_client_error for answer in refused)

    space = ana.post("spaces", {"title": "Secrets", "visibility": "members"})
    path, other = f"spaces/{space['id']}", ana.post("spaces", {"title": "Another"})
    code = ana.post(f"{path}/invitations")["link"].partition("#invitation=")[2]
    shown = ana.post(f"{path}/passes")["link"].partition("#pass=")[2]
    handoff_code = ana.post(f"{path}/handoff-codes")["code"]
    said += [code, shown, handoff_code, *map(code_hash, (code, handoff_code))]
    zoe.api.post(f"{path}/seats", json={"invitation": secret()})
    zoe.api.post(f"{path}/seats", json={"invitation": [code]})
    zoe.post(f"{path}/seats", {"invitation": code})
    zoe.api.post(f"spaces/{other['id']}/handoff", json={"to": space["id"], "code": secret(), "reason": "x"})
    offer = f"v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:{secret()}\r\n"
    for token in (ana.token, secret()):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
        httpx.post(space["links"]["whip"], content=offer, headers=headers, timeout=20)
        httpx.post(f"{space['links']['whip']}?token={secret()}", content=offer, headers=headers, timeout=20)
    ana.post(f"{path}/start")
    live = f"/live/{space['id']}"
    wait_until(lambda: httpx.get(f"{parvis.edge}{live}/space.json").status_code == 200)
    badge = ana.post(f"{path}/badge")["badge"]
    said.append(badge)
    for text in (shown, secret()):
        httpx.get(f"{parvis.edge}{live}/index.m3u8?pass={text}")
        httpx.get(f"{parvis.edge}{live}/index.m3u8", headers={"X-Parvis-Pass": text, "X-Parvis-Badge": badge})
        httpx.get(
            f"{parvis.edge}{live}/index.m3u8", headers={"X-Parvis-Pass": text, "X-Parvis-Badge": secret()}
        )
        zoe.api.get(f"{path}/messages", headers={"X-Parvis-Pass": text})
        httpx.get(
            f"{parvis.archive}/replay/{space['id']}?pass={text}", headers={"Authorization": f"Bearer {text}"}
        )
    for port in (parvis.port, parvis.control_port, parvis.archive_port):
        faulty(port, f"GET {live}/stream.mp4?pass={secret()} HTTP/9.9", "Host: x")
        faulty(port, f"GET /s/{space['id']}?pass={secret()} HTTP/1.1", f"Authorization Bearer {secret()}")
        faulty(
            port, f"POST /live/{space['id']}/votes?token={secret()} HTTP/1.1", "Host: x", "Content-Length: x"
        )

    with refusing(parvis):
        handle = f"new_{secrets.token_hex(3)}"
        broken = [
            sign_in.post("accounts", json={"handle": handle, "password": secret(), "display_name": "New"}),
            sign_in.post("sessions", json={"handle": ana.handle, "password": PASSWORD}),
            *(ana.api.post(f"{path}/{kind}", json={}) for kind in ("invitations", "passes", "handoff-codes")),
        ]
        assert [answer.status_code for answer in broken] == [409, 500, 500, 500, 500]

    log = parvis.log.read_bytes()[before:].decode()
    assert log.count("request failed") >= 4, "the faults were logged"
    assert "parameters hidden" in log, "with their statements"
    assert "[parameters:" not in log
    assert [word for word in said if word in log] == []
    assert "$argon2" not in log
    assert "ice-pwd" not in log
