"""`parvis demo`: starts everything with a voice that speaks, so that one command lets one hear Parvis."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import httpx
import structlog
import typer
from rich.console import Console

from parvis.cli.options import CONFIG
from parvis.cli.place import Place
from parvis.cli.speak import read_sound
from parvis.cli.up import ARCHIVE_PORT, CONTROL_PORT, DATA, EDGES, HOST, JSON, PORT, STAGES, run
from parvis.clock import SystemClock
from parvis.errors import ParvisError, Unavailable

log = structlog.get_logger(__name__)

VOICE = Path(__file__).parent / "voice" / "demo.opus"
RECONNECT_AFTER_S = 1.0


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(demo)


def demo(
    host: HOST = None,
    port: PORT = None,
    control_port: CONTROL_PORT = None,
    data: DATA = None,
    edges: EDGES = None,
    archive_port: ARCHIVE_PORT = None,
    stages: STAGES = None,
    config: CONFIG = None,
    as_json: JSON = False,
) -> None:
    """Start Parvis with a live Space in which a voice speaks, until Ctrl-C."""
    options = {
        "host": host,
        "port": port,
        "control_port": control_port,
        "archive_port": archive_port,
        "data": data,
        "edges": edges,
        "stages": stages,
    }
    place = Place.of(config, options)

    async def ready() -> None:
        space, token = await _open_space(place)
        _print_links(space, as_json=as_json)
        await _speak_for_ever(space["links"]["whip"], token)

    run(place, ready)


async def _open_space(place: Place) -> tuple[dict[str, dict[str, str]], str]:
    account = {"handle": f"demo_{secrets.token_hex(4)}", "password": secrets.token_urlsafe(24)}
    async with httpx.AsyncClient(base_url=f"{place.control_url}/api/v1/", trust_env=False, timeout=20) as api:
        await _post(api, "accounts", {**account, "display_name": "Parvis"})
        token = str((await _post(api, "sessions", account))["token"])
        api.headers["Authorization"] = f"Bearer {token}"
        api.cookies.clear()
        space = await _post(api, "spaces", {"title": "Parvis speaks", "description": "One voice, many ears."})
        return await _post(api, f"spaces/{space['id']}/start", None), token


async def _post(api: httpx.AsyncClient, path: str, body: dict[str, str] | None) -> dict[str, dict[str, str]]:
    try:
        response = await api.post(path, json=body) if body is not None else await api.post(path)
    except httpx.HTTPError as error:
        raise Unavailable("server-away", f"control does not answer: {error}", 2.0) from error
    if response.is_error:
        raise Unavailable("demo-failed", f"control refused {path}: {response.text}", 2.0)
    answer: dict[str, dict[str, str]] = response.json()
    return answer


async def _speak_for_ever(whip_url: str, token: str) -> None:
    from parvis.stage import peer
    from parvis.stage.kept_seat import KeptSeat
    from parvis.stage.speaker import ticks_of

    peer.allow_loopback()
    voice = read_sound(VOICE)
    while True:
        speaker = KeptSeat(whip_url, token)
        try:
            await speaker.connect()
            await speaker.say(ticks_of(voice, loop=True), SystemClock())
        except ParvisError as error:
            log.warning("the demo voice lost the stage and tries again", error=str(error))
            await asyncio.sleep(RECONNECT_AFTER_S)
        finally:
            await speaker.close()


def _print_links(space: dict[str, dict[str, str]], *, as_json: bool) -> None:
    console = Console()
    links = space["links"]
    if as_json:
        console.print_json(data={"id": space["id"], **links})
        console.file.flush()
        return
    console.print()
    console.print("[bold]Parvis runs, and a voice speaks.[/bold]")
    console.print(f"  Listen    [link]{links['share']}[/link]")
    console.print(f"  or        parvis listen {links['share']}")
    console.print("  Ctrl-C ends it.")
    console.print()
