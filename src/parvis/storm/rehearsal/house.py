"""Control, asked as any client asks it (docs/protocol.md §4). Only for the length of a rehearsal.

Rules:

- Control may be away for a while, and be told to be: a connection that is refused, and a `503`, are tried
  again until patience ends. A request that was sent and not answered is not repeated unless it only reads.
- A control elsewhere is refused unless the caller owns it: a rehearsal is a storm.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from parvis.errors import NotFound, Overloaded, Refused, RemoteProtocolError, Unavailable, UserError
from parvis.storm.target import addresses

PATIENCE_S: Final = 20.0
RETRY_S: Final = 0.2
TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in."""

    handle: str
    token: str


def check_owned(control_url: str, *, owned: bool) -> str:
    """The origin of a control that may be rehearsed. Raises `UserError` `link-unknown`, `host-unknown` or
    `target-not-loopback`."""
    parts = urlsplit(control_url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        port = 0
    if parts.scheme not in ("http", "https") or not parts.hostname or not port or parts.path.strip("/"):
        raise UserError(
            "link-unknown", f"{control_url} is not the address of a control, as http://127.0.0.1:8081"
        )
    addresses(parts.hostname, port, owned=owned)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


class House:
    """One control. An async context."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self._client = httpx.AsyncClient(base_url=f"{origin}/api/v1/", timeout=TIMEOUT_S, trust_env=False)

    async def __aenter__(self) -> House:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def sign_up(self, name: str) -> Person:
        """A new account, signed in."""
        handle = f"rehearsal_{secrets.token_hex(4)}"
        account = {"handle": handle, "password": secrets.token_urlsafe(24)}
        await self.ask("POST", "accounts", None, {**account, "display_name": name})
        session = await self.ask("POST", "sessions", None, account)
        self._client.cookies.clear()  # who asks is told by the token alone
        return Person(handle, str(session["token"]))

    async def who(self, token: str) -> Person:
        """The account of a token. Raises `Refused` `not-signed-in`."""
        session = await self.ask("GET", "sessions/current", Person("", token))
        return Person(str(session["account"]["handle"]), token)

    async def ask(
        self, method: str, path: str, by: Person | None, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """One request, answered with JSON or with nothing (`{}`).

        Raises as control says: `Refused`, `NotFound`, `UserError`; `Overloaded` or `Unavailable` when
        patience ends; `RemoteProtocolError` for an answer that is none of ours.
        """
        headers = {"Authorization": f"Bearer {by.token}"} if by else {}
        until_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                response = await self._client.request(method, path, json=body, headers=headers)
            except httpx.TransportError as error:
                safe = method == "GET" or isinstance(error, httpx.ConnectError)
                if not safe or time.monotonic() > until_s:
                    reason = f"control ({self.origin}) does not answer: {error or type(error).__name__}"
                    raise Unavailable("server-away", reason, 2.0) from error
                await asyncio.sleep(RETRY_S)
                continue
            if response.status_code not in (429, 503) or time.monotonic() > until_s:
                return _read(response)
            await asyncio.sleep(max(RETRY_S, min(_retry_after_s(response), until_s - time.monotonic())))

    async def answers(self) -> bool:
        """Control is alive, now."""
        try:
            return (await self._client.get(f"{self.origin}/healthz", timeout=2.0)).status_code == 200
        except httpx.TransportError:
            return False


def _read(response: httpx.Response) -> dict[str, Any]:
    try:
        told = response.json() if response.content else {}
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise RemoteProtocolError("control-malformed", f"{response.request.url} answers no JSON object")
    if response.is_success:
        return told
    code = str(told.get("code", f"http-{response.status_code}"))
    detail = (
        f"{response.request.method} {response.request.url.path}: {told.get('detail') or response.status_code}"
    )
    if response.status_code in (401, 403):
        raise Refused(code, detail)
    if response.status_code == 404:
        raise NotFound(code, detail)
    if response.status_code in (429, 503):
        raise Overloaded(code, detail, _retry_after_s(response))
    raise UserError(code, detail)


def _retry_after_s(response: httpx.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 1.0
