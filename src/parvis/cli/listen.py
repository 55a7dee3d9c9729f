"""`parvis listen`: a listener without a browser. Hears a Space, measures its delay, writes it to a file.

Rules:

- The server's clock is read from `now` in space.json, half a round trip old; delays are told by that clock.
- A connection that breaks, or is silent for longer than the longest burst, is made anew after a full-jitter
  wait, and goes on with the part after the last (`from=`), told how long its bursts were (`stretch=`).
  `Retry-After` is waited for in full.
- An appointment is kept: presented once, at its time and within 5 s of it.
- A stream that ends is asked for again: `410` says that the Space is over, which is a good end.
- Standard output holds the result only (a summary, or one JSON object); the rest goes to standard error.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import signal
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from parvis.certificate import trusting
from parvis.clock import PART_MS
from parvis.errors import NotFound, ParvisError, RemoteProtocolError, Unavailable, UserError
from parvis.media.reader import Part, PartReader
from parvis.media.rendition import Rendition
from parvis.media.tally import Tally
from parvis.program.decoders import WavWriter

BACKOFF_FIRST_S: Final = 0.25
BACKOFF_MAX_S: Final = 15.0
SILENCE_LIMIT_S: Final = 25.0
"""Longer than the longest burst, 20.48 s."""
APPOINTMENT_SPREAD_S: Final = 5.0
"""An edge allows 30 s."""
GIVE_UP_AFTER_S: Final = 60.0
"""Without any answer from the server, once it had answered."""

_LINK = re.compile(
    r"(?P<prefix>.*?)/(?:s/(?P<share>[^/]+)/?|live/(?P<live>[^/]+)/(?:stream\.mp4|space\.json))"
)


@dataclass(frozen=True, slots=True)
class Target:
    """What to listen to. `live` is the address below which the Space's stream and description are."""

    live: str
    rendition: Rendition
    first_sequence: int | None = None

    @classmethod
    def of(cls, url: str, rendition: Rendition | None) -> Target:
        """From a share link or a stream link. Raises `UserError` `link-unknown`."""
        parts = urlsplit(url)
        match = _LINK.fullmatch(parts.path)
        if parts.scheme not in ("http", "https") or not parts.netloc or match is None:
            raise UserError("link-unknown", f"{url} is neither a share link (…/s/…) nor a stream link")
        query = parse_qs(parts.query)
        codec, first = query.get("codec", [Rendition.OPUS])[0], query.get("from", [None])[0]
        if codec not in list(Rendition) or not (first is None or re.fullmatch("[0-9]{1,18}", first)):
            raise UserError("link-unknown", f"{url} asks for codec={codec} from={first}")
        live = f"{parts.scheme}://{parts.netloc}{match['prefix']}/live/{match['share'] or match['live']}"
        return cls(live, rendition or Rendition(codec), None if first is None else int(first))


class Listener:
    """One listener of one Space, from the first connection to the end of the Space."""

    def __init__(
        self, target: Target, wav: WavWriter | None, say: Console, trust: ssl.SSLContext | None = None
    ) -> None:
        self.target = target
        self._trust = trust
        self.tally = Tally()
        self.reconnects = 0
        self.status = "connecting"
        self._wav = wav
        self._say = say
        self._clock_offset_s = 0.0
        self._appointment = ""
        self._stretch = 0
        self._attempts = 0
        self._answered_s: float | None = None
        self._streams = 0

    def summary(self) -> dict[str, Any]:
        """All that was measured, ready for JSON."""
        return {
            "rendition": str(self.target.rendition),
            **self.tally.summary(),
            "reconnects": self.reconnects,
        }

    async def run(self) -> None:
        """Listens until the Space is over. Cancelling it leaves a whole WAV file and a true tally.

        Raises `NotFound`, `UserError` or `Unavailable` as the server says, `RemoteProtocolError` when it does
        not speak the protocol, `Unavailable` `unreachable` when it does not answer.
        """
        timeout = httpx.Timeout(5.0, read=SILENCE_LIMIT_S)
        verify = True if self._trust is None else self._trust
        async with httpx.AsyncClient(timeout=timeout, follow_redirects=True, verify=verify) as client:
            while True:
                try:
                    retry_after_s = await self._listen_once(client)
                except httpx.RequestError as error:
                    retry_after_s = 0.0
                    self._check_patience(error)
                if retry_after_s is None:
                    return
                self._attempts += 1
                ceiling_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** min(self._attempts - 1, 10))
                if self._appointment:
                    ceiling_s = APPOINTMENT_SPREAD_S
                wait_s = retry_after_s + random.uniform(0, ceiling_s)  # noqa: S311 - jitter is no secret
                self._note(f"coming back in {wait_s:.1f} s")
                await asyncio.sleep(wait_s)

    async def _listen_once(self, client: httpx.AsyncClient) -> float | None:
        """One connection. Returns the seconds to wait before the next, or None when the Space is over."""
        await self._read_clock(client)
        first = (
            self.target.first_sequence if self.tally.last_sequence is None else self.tally.last_sequence + 1
        )
        query = {"codec": str(self.target.rendition)} | ({} if first is None else {"from": str(first)})
        if self._stretch:
            query["stretch"] = str(self._stretch)
        held = {"X-Parvis-Appointment": self._appointment} if self._appointment else {}
        self._appointment = ""
        address = f"{self.target.live}/stream.mp4"
        async with client.stream("GET", address, params=query, headers=held) as answer:
            self._answered_s = time.monotonic()
            if answer.status_code != httpx.codes.OK:
                await answer.aread()
                return self._refused(answer)
            self.reconnects += self._streams > 0
            self._streams += 1
            self.status = "listening"
            self._stretch = _whole(answer.headers.get("X-Parvis-Stretch", "")) or 1
            async for part in _parts(answer):
                self._take(part)
        return 0.0

    def _take(self, part: Part) -> None:
        self._attempts = 0
        self._answered_s = time.monotonic()
        heard_s = time.time() + self._clock_offset_s
        delay_ms = (heard_s - part.wallclock_s) * 1000 - PART_MS
        for event in part.events:
            if event.type == "pace":
                self._stretch = int(event.fields().get("stretch", self._stretch))
        missing = self.tally.take(part.sequence, delay_ms)
        if missing is None:
            return
        if missing:
            self._note(f"{missing * PART_MS / 1000:.2f} s are missing before part {part.sequence}")
        if self._wav is not None:
            self._wav.add(part.rendition, part.access_units, missing)

    def _refused(self, answer: httpx.Response) -> float | None:
        """Seconds to wait, None when the Space is over after something was heard, or an error."""
        code, detail = _problem(answer)
        if answer.status_code == httpx.codes.GONE and self.tally.parts:
            return None
        retry_after = answer.headers.get("Retry-After", "")
        if answer.status_code in (httpx.codes.CONFLICT, httpx.codes.SERVICE_UNAVAILABLE) or (
            answer.is_server_error and self.tally.parts
        ):
            self.status = code
            self._note(detail)
            return self._appointed(answer) or _whole(retry_after) or 1.0
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotFound(code, detail)
        raise UserError(code, detail)

    def _appointed(self, answer: httpx.Response) -> float | None:
        """Seconds until an appointment if one was given, by the server's clock."""
        try:
            problem = answer.json()
            self._appointment = str(problem["appointment"])
            at_s = datetime.fromisoformat(problem["at"]).timestamp()
        except (ValueError, KeyError, TypeError):
            self._appointment = ""
            return None
        self._note(f"appointment at {problem['at']}; {problem.get('ahead', 0)} come before")
        return max(0.001, at_s - time.time() - self._clock_offset_s)

    def _check_patience(self, error: httpx.RequestError) -> None:
        cause = str(error) or type(error).__name__
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(self.target.live))
        if self._answered_s is None:
            raise Unavailable("unreachable", f"{origin} does not answer: {cause}", GIVE_UP_AFTER_S) from error
        if time.monotonic() - self._answered_s > GIVE_UP_AFTER_S:
            raise Unavailable(
                "unreachable",
                f"{origin} has not answered for {GIVE_UP_AFTER_S:.0f} s: {cause}",
                GIVE_UP_AFTER_S,
            ) from error
        self.status = "reconnecting"
        self._note(f"connection lost ({cause})")

    async def _read_clock(self, client: httpx.AsyncClient) -> None:
        """Without a description the machine's own clock has to do."""
        asked_s = time.time()
        answer = await client.get(f"{self.target.live}/space.json", headers={"Cache-Control": "no-cache"})
        answered_s = time.time()
        if answer.status_code != httpx.codes.OK:
            return
        try:
            server_s = datetime.fromisoformat(answer.json()["now"]).timestamp()
        except (ValueError, KeyError, TypeError) as error:
            raise RemoteProtocolError("space-malformed", f"space.json has no time: {error}") from error
        self._clock_offset_s = server_s - (asked_s + answered_s) / 2

    def _note(self, line: str) -> None:
        self._say.print(line, style="dim", highlight=False, markup=False)


async def _parts(answer: httpx.Response) -> AsyncIterator[Part]:
    """The parts of a stream, as they are whole."""
    if answer.headers.get("Content-Type", "").partition(";")[0].strip() != "audio/mp4":
        raise RemoteProtocolError("media-malformed", "the answer is not audio/mp4")
    reader = PartReader()
    async for data in answer.aiter_raw():
        for item in reader.feed(data):
            if isinstance(item, Part):
                yield item


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else None


def _problem(answer: httpx.Response) -> tuple[str, str]:
    """(code, detail) of an RFC 9457 problem, or the best that can be said of another answer."""
    fallback = (
        f"http-{answer.status_code}",
        f"the server answered {answer.status_code} {answer.reason_phrase}",
    )
    try:
        problem = answer.json()
    except ValueError:
        return fallback
    if not isinstance(problem, dict):
        return fallback
    detail = problem.get("detail") or problem.get("title") or fallback[1]
    return str(problem.get("code", fallback[0])), str(detail)


def _table(listener: Listener) -> Table:
    """What is shown while listening."""
    tally, delay_ms = listener.tally, listener.tally.last_delay_ms
    table = Table.grid(padding=(0, 2))
    rows = {
        "rendition": f"{listener.target.rendition} · {listener.status}",
        "heard": f"{tally.seconds:.1f} s, {tally.parts} parts",
        "delay": "–" if delay_ms is None else f"{delay_ms:.0f} ms behind the stage",
        "gaps": f"{tally.gaps} ({tally.missing_parts} parts), {tally.repeats} repeats",
        "reconnects": str(listener.reconnects),
    }
    for name, value in rows.items():
        table.add_row(Text(name, style="dim"), Text(value))
    return table


async def _listen(listener: Listener, for_s: float | None) -> None:
    """Runs until the Space, the time, or the patience of who sent SIGINT or SIGTERM is over."""
    task = asyncio.ensure_future(listener.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    await asyncio.wait([task], timeout=for_s)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        listener.status = "stopped"


def listen(
    url: Annotated[str, typer.Argument(help="Share link (…/s/…) or stream link (…/stream.mp4).")],
    out: Annotated[Path | None, typer.Option(help="Write what is heard to this WAV file.")] = None,
    for_s: Annotated[float | None, typer.Option("--for", min=0.1, help="Stop after so many seconds.")] = None,
    codec: Annotated[Rendition | None, typer.Option(help="Rendition to ask for.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    ca: Annotated[
        Path | None, typer.Option(help="PEM file of the authorities to believe, for https.")
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Believe any certificate.")] = False,
) -> None:
    """Listen to a Space from the command line, and measure how far behind the stage it is."""
    say = Console(stderr=True)
    failure: ParvisError | None = None
    listener: Listener | None = None
    try:
        target = Target.of(url, codec)
    except UserError as error:
        raise typer.BadParameter(error.detail, param_hint="URL") from error
    try:
        with ExitStack() as stack:
            wav = stack.enter_context(WavWriter(out)) if out else None
            trust = trusting(ca, insecure=insecure) if ca or insecure else None
            listener = Listener(target, wav, say, trust)
            if say.is_terminal:
                shown = listener
                stack.enter_context(
                    Live(
                        get_renderable=lambda: _table(shown),
                        console=say,
                        refresh_per_second=4,
                        transient=True,
                    )
                )
            asyncio.run(_listen(listener, for_s))
        if not listener.tally.parts:
            raise Unavailable("nothing-heard", "no part came", GIVE_UP_AFTER_S)
    except ParvisError as error:
        failure = error
    if listener is not None and listener.tally.parts:
        if as_json:
            typer.echo(json.dumps(listener.summary()))
        else:
            Console().print(_table(listener))
    if failure is not None:
        typer.echo(f"parvis listen: {failure.detail}", err=True)
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("listen")(listen)
