"""WHIP endpoints that send a speaker elsewhere (RFC 9725 §4.5): `parvis speak` arrives, with its token."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from parvis.clock import SystemClock
from parvis.errors import RemoteProtocolError, UserError
from parvis.stage import peer as peers
from parvis.stage.speaker import REDIRECTS_MAX, Speaker, ticks_of
from tests.integration.caller import Caller
from tests.integration.foreign import share_with
from tests.integration.signals import tone
from tests.parvis import Parvis, Person, wait_until

GUEST_HZ = 900


class Balancer:
    """A server that sends callers on: `answers` are status and Location by path. What is asked of `/through`
    it hands to the `endpoint` itself."""

    def __init__(self, endpoint: str, answers: dict[str, tuple[int, str]]) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        """Method, path and `Authorization` of each request."""
        balancer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                balancer.asked.append((self.command, self.path, self.headers["Authorization"]))
                if self.path == "/through":
                    kept = ("Authorization", "Content-Type")
                    headers = {name: self.headers[name] for name in kept if name in self.headers}
                    response = httpx.request(
                        self.command, endpoint, content=body, headers=headers, timeout=30
                    )
                    told = dict(response.headers)
                    if "location" in told:
                        told["location"] = str(response.url.join(told["location"]))
                    self.reply(response.status_code, told, response.content)
                else:
                    status, location = answers[self.path]
                    self.reply(status, {"location": location}, b"")

            def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name in headers.keys() & {"location", "link", "content-type", "etag"}:
                    self.send_header(name, headers[name])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

            do_OPTIONS = do_POST = do_GET = answer  # noqa: N815 - names of the library

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@contextmanager
def balancer(endpoint: str, **answers: tuple[int, str]) -> Iterator[Balancer]:
    made = Balancer(endpoint, {f"/{name}": answer for name, answer in answers.items()})
    thread = Thread(target=made.server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        thread.join()
        made.server.server_close()


@pytest.fixture
def host(parvis: Parvis) -> Person:
    return parvis.person("host")


@pytest.fixture
def space(host: Person) -> dict[str, Any]:
    return host.post("spaces", {"title": "Redirected"})


@pytest.mark.parametrize("name", ["same_origin", "other_origin", "for_good"])
async def test_a_speaker_is_heard_where_it_was_sent(
    parvis: Parvis, host: Person, space: dict[str, Any], name: str
) -> None:
    whip, path = space["links"]["whip"], f"spaces/{space['id']}"
    guest = parvis.person("guest")
    code = host.post(f"{path}/invitations")["link"].partition("#invitation=")[2]
    guest.post(f"{path}/seats", {"invitation": code})

    def is_there() -> bool:
        seats = host.get(f"{path}/seats")["items"]
        return any(seat["connected"] for seat in seats if seat["handle"] == guest.handle)

    answers = {"same_origin": (307, "/through"), "other_origin": (307, whip), "for_good": (308, whip)}
    async with Caller(whip, host.token) as ear:
        await ear.call(await ear.offer())
        await ear.connected()
        with balancer(whip, **answers) as between:
            speaker = Speaker(f"{between.origin}/{name}", guest.token)
            try:
                await speaker.connect()
                talking = asyncio.create_task(
                    speaker.say(ticks_of(tone(GUEST_HZ, 2.0), loop=True), SystemClock())
                )
                await ear.hears(GUEST_HZ)
                assert share_with(await ear.sound(1.0), GUEST_HZ) > 0.8, "without long gaps"
                await asyncio.to_thread(wait_until, is_there)
                talking.cancel()
            finally:
                await speaker.close()
            told = [(method, path) for method, path, _ in between.asked]
            ways = [f"/{name}", "/through"] if name == "same_origin" else [f"/{name}"]
            assert told == [(method, way) for method in ("OPTIONS", "POST") for way in ways]
            assert {token for _, _, token in between.asked} == {f"Bearer {guest.token}"}
        await asyncio.to_thread(wait_until, lambda: not is_there())


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_a_redirect_that_makes_a_get_of_a_post_is_not_followed(
    host: Person, space: dict[str, Any], status: int
) -> None:
    peers.allow_loopback()
    with balancer(space["links"]["whip"], moved=(status, "/through")) as between:
        speaker = Speaker(f"{between.origin}/moved", host.token)
        with pytest.raises(UserError) as refused:
            await speaker.connect()
        await speaker.close()
        assert refused.value.code == "whip-refused"
        assert {path for _, path, _ in between.asked} == {"/moved"}


async def test_a_redirect_without_end_ends(host: Person, space: dict[str, Any]) -> None:
    peers.allow_loopback()
    with balancer(space["links"]["whip"], round=(307, "/round")) as between:
        speaker = Speaker(f"{between.origin}/round", host.token)
        with pytest.raises(RemoteProtocolError) as refused:
            await speaker.connect()
        await speaker.close()
        assert refused.value.code == "whip-redirect"
        assert len([1 for method, _, _ in between.asked if method == "POST"]) == REDIRECTS_MAX + 1
