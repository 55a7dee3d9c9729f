"""A WHIP client that really speaks: for `parvis speak`, `parvis demo` and synthetic speakers.

Rules (RFC 9725):

- `OPTIONS` for the servers to go by (§4.6), one `POST` of the offer with all candidates, `DELETE` on the
  `Location` at the end.
- Redirects are followed where they keep the method, `307` and `308` (§4.5), and the token goes with them, to
  another host too: the endpoint says who takes the session in its place, and a stage that knows nobody would
  refuse. An endpoint that was reached by HTTPS cannot send the token anywhere in the clear.
- Ticks go out by the monotonic clock, each due by the first, so nothing drifts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx
import numpy as np
import structlog

from parvis.audio import Int16
from parvis.clock import TICK_MS, TICK_SAMPLES, Clock
from parvis.errors import Overloaded, Refused, RemoteProtocolError, Unavailable, UserError
from parvis.stage.ice_links import ice_servers_in
from parvis.stage.peer import OnSamples, Peer, PeerSettings, PeerStats

log = structlog.get_logger(__name__)

HTTP_TIMEOUT_S = 15.0
SERVERS_TIMEOUT_S = 3.0
REDIRECTS_MAX: Final = 5
CONNECT_PATIENCE_S = 15.0
EVENTS_REL = "urn:parvis:whip:events"


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was said: `first_sample_s` is the Unix time at which the first sample went out."""

    first_sample_s: float
    ticks: int
    worst_lateness_ms: float


class Speaker:
    """One seat of one Space, from the speaker's side. `on_samples` gets the mix-minus, int16[480]."""

    def __init__(self, whip_url: str, token: str, *, on_samples: OnSamples | None = None) -> None:
        self._whip_url = whip_url
        self._token = token
        self._receives = on_samples is not None
        self._peer = Peer(PeerSettings(loopback=True), on_samples)
        self._session_url: str | None = None
        self.events_url: str | None = None
        """Where control tells what happens on the stage; None before `connect`, or if it did not say."""
        self.epoch = 0
        """That of the stage which answered; 0 if it did not say."""

    async def connect(self) -> None:
        """Takes the seat with sound.

        Raises `UserError`, `Refused`, `Overloaded` or `RemoteProtocolError` with the server's own code, or
        `Unavailable` `server-away` / `no-connection`.
        """
        try:
            async with _client() as client:
                await self._learn_servers(client)
                offer = await self._peer.offer(receive=self._receives)
                response = await self._request(client, "POST", offer)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable("server-away", f"cannot reach {self._whip_url}: {error}", 2.0) from error
        if response.status_code != 201:
            raise _error_from(response)
        location = response.headers.get("location")
        if not location:
            raise RemoteProtocolError("whip-location", "the server's answer names no session (no Location)")
        self._session_url = leads_to(str(response.url), location)
        link = response.links.get(EVENTS_REL, {}).get("url")
        self.events_url = leads_to(str(response.url), link or "")
        epoch = response.headers.get("x-parvis-stage-epoch", "")
        self.epoch = int(epoch) if epoch.isdecimal() else 0
        await self._peer.accept(response.text)
        await self._connected()

    @property
    def is_over(self) -> bool:
        """The session has failed or was closed."""
        return self._peer.state in ("failed", "closed")

    def send(self, samples: Int16) -> None:
        """Sends one tick, int16[960]; into the void when the session is over."""
        self._peer.send(samples)

    async def say(self, ticks: Callable[[], Int16 | None], clock: Clock) -> Spoken:
        """Sends what `ticks()` gives, int16[960] each 20 ms, until it gives None or the connection ends.

        Raises `Unavailable` `connection-lost`.
        """
        began_s = clock.monotonic_s()
        first_sample_s = clock.program_s()
        worst_s = 0.0
        count = 0
        while (samples := ticks()) is not None:
            self._peer.send(samples)
            count += 1
            due_s = began_s + count * TICK_MS / 1000
            wait_s = due_s - clock.monotonic_s()
            worst_s = max(worst_s, -wait_s)
            await asyncio.sleep(max(wait_s, 0))
            if self.is_over:
                raise Unavailable("connection-lost", "the connection to the stage was lost", 1.0)
        return Spoken(first_sample_s, count, worst_s * 1000)

    async def stats(self) -> PeerStats:
        """What the transport measured of the sound that comes back."""
        return await self._peer.stats()

    async def close(self) -> None:
        """Leaves: the sound ends at once, the seat stays."""
        session_url, self._session_url = self._session_url, None
        try:
            if session_url is not None:
                async with _client() as client:
                    await client.delete(session_url, headers={"Authorization": f"Bearer {self._token}"})
        except httpx.HTTPError:
            pass  # the stage notices by itself that nothing comes any more
        finally:
            await self._peer.close()

    async def drop(self) -> None:
        """Ends this side of the session without a word to the other."""
        await self._peer.close()

    async def _learn_servers(self, client: httpx.AsyncClient) -> None:
        try:
            async with asyncio.timeout(SERVERS_TIMEOUT_S):
                response = await self._request(client, "OPTIONS")
        except (httpx.HTTPError, RemoteProtocolError, TimeoutError) as error:
            log.info("the endpoint does not say which servers there are", error=str(error))
            return
        if response.is_success:
            self._peer.use_servers(ice_servers_in(", ".join(response.headers.get_list("link"))))

    async def _request(self, client: httpx.AsyncClient, method: str, offer: str = "") -> httpx.Response:
        """The answer of who takes the session in the end. Raises `RemoteProtocolError` `whip-redirect`."""
        headers = {"Authorization": f"Bearer {self._token}"}
        if offer:
            headers["Content-Type"] = "application/sdp"
        url = self._whip_url
        for _ in range(REDIRECTS_MAX + 1):
            response = await client.request(method, url, content=offer or None, headers=headers)
            if response.status_code not in (307, 308):
                return response
            location = response.headers.get("location", "")
            if not (target := leads_to(url, location)):
                raise RemoteProtocolError("whip-redirect", f"{url} leads to {location!r}: not with a token")
            url = target
        raise RemoteProtocolError("whip-redirect", f"{self._whip_url} redirects for ever")

    async def _connected(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_PATIENCE_S):
                while self._peer.state != "connected":
                    if self.is_over:
                        raise TimeoutError
                    await asyncio.sleep(0.02)
        except TimeoutError:
            detail = "no path to the stage: its UDP ports cannot be reached"
            raise Unavailable("no-connection", detail, 5.0) from None


def leads_to(url: str, location: str) -> str | None:
    """Where an answer of `url` sends who holds a token: absolute, by HTTP, and by HTTPS if it came by HTTPS.
    None for anywhere else."""
    target = urljoin(url, location)
    schemes = ("https",) if urlsplit(url).scheme == "https" else ("http", "https")
    return target if location and urlsplit(target).scheme in schemes else None


def ticks_of(
    samples: Int16, *, loop: bool = False, seconds: float | None = None
) -> Callable[[], Int16 | None]:
    """Cuts int16[n] into ticks, the last one filled with silence; again and again with `loop`."""
    count = max(-(-len(samples) // TICK_SAMPLES), 1)
    padded = np.zeros(count * TICK_SAMPLES, np.int16)
    padded[: len(samples)] = samples
    limit = None if seconds is None else int(seconds * 1000 / TICK_MS)
    total = limit if loop else min(count, limit if limit is not None else count)
    given = 0

    def give() -> Int16 | None:
        nonlocal given
        if total is not None and given >= total:
            return None
        start = given % count * TICK_SAMPLES
        given += 1
        return padded[start : start + TICK_SAMPLES]

    return give


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=HTTP_TIMEOUT_S, trust_env=False)


def _error_from(response: httpx.Response) -> Exception:
    try:
        problem = response.json()
        code, detail = str(problem["code"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        code, detail = "whip-refused", f"the server answered {response.status_code}"
    if response.status_code in (401, 403):
        return Refused(code, detail)
    if response.status_code in (429, 503):
        return Overloaded(code, detail, float(response.headers.get("retry-after", "5")))
    if response.status_code == 400:
        return RemoteProtocolError(code, detail)
    return UserError(code, detail)
