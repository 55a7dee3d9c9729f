"""The API holds what its OpenAPI document says, for requests that nobody thought of (schemathesis)."""

from __future__ import annotations

import asyncio
import itertools
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from parvis.bus.messages import OfferReply
from tests.contract.api_world import PASSWORD, World, world

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
AT_RANDOM = settings(
    max_examples=12, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@schemathesis.serializer("application/sdp", "application/trickle-ice-sdpfrag")
def sdp(_: Any, value: Any) -> bytes:
    return str(value).encode("utf-8", "replace")


@dataclass
class Server:
    """Control on a port, in a thread with its own loop."""

    url: str = ""
    server: uvicorn.Server | None = None

    def run(self, folder: Path, listener: socket.socket, ready: threading.Event) -> None:
        asyncio.run(self._run(folder, listener, ready))

    async def _run(self, folder: Path, listener: socket.socket, ready: threading.Event) -> None:
        async with world(folder) as w:
            serve_a_stage(w)
            config = uvicorn.Config(w.app, log_config=None, access_log=False, lifespan="off")
            self.server = uvicorn.Server(config)
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            ready.set()
            await self.server.serve(sockets=[listener])


def serve_a_stage(w: World) -> None:
    async def answer(_: bytes) -> bytes:
        return OfferReply("s3cret", "v=0\r\n").encode()

    w.bus.serve("stage.stage-1", answer)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    ready = threading.Event()
    server = Server()
    thread = threading.Thread(target=server.run, args=(tmp_path_factory.mktemp("api"), listener, ready))
    thread.start()
    assert ready.wait(30)
    try:
        yield server.url
    finally:
        assert server.server is not None
        server.server.should_exit = True
        thread.join(30)


@pytest.fixture(scope="module")
def host(api: str) -> Iterator[httpx.Client]:
    """A client of somebody who is host of a Space."""
    with httpx.Client(base_url=api) as client:
        account = {"handle": "ana", "password": PASSWORD, "display_name": "Ana"}
        assert client.post("/api/v1/accounts", json=account).status_code == 201
        client.headers["Authorization"] = new_token(client)
        yield client


@pytest.fixture(scope="module")
def space(host: httpx.Client) -> str:
    return str(host.post("/api/v1/spaces", json={"title": "Budget night"}).json()["id"])


def new_token(client: httpx.Client) -> str:
    """What `Authorization` says after another sign-in."""
    answer = client.post("/api/v1/sessions", json={"handle": "ana", "password": PASSWORD})
    client.cookies.clear()
    return f"Bearer {answer.json()['token']}"


def test_requests_at_random(api: str, host: httpx.Client, space: str) -> None:
    tried = 0
    turn = itertools.count()
    statuses: Counter[int] = Counter()
    for operation in schemathesis.openapi.from_url(f"{api}/api/v1/openapi.json").get_all_operations():
        assert isinstance(operation, Ok), operation
        tried += 1

        @AT_RANDOM
        @given(case=operation.ok().as_strategy())
        def ask(case: Any) -> None:
            endless = case.path.endswith("/events")
            named = "space" in case.path_parameters and not endless
            # Every other example goes to a Space that is there; an event stream of it would never end.
            if named and next(turn) % 2:
                case.path_parameters["space"] = space
            # In place of the credentials that were made up: behind them is more to find.
            signs_out = (case.method, case.path) == ("DELETE", "/api/v1/sessions/current")
            token = new_token(host) if signs_out else host.headers["Authorization"]
            case.headers["Authorization"] = token
            case.cookies.clear()
            answer = case.call_and_validate(checks=CHECKS, timeout=20)
            statuses[answer.status_code] += 1

        ask()
    paths = httpx.get(f"{api}/api/v1/openapi.json").json()["paths"]
    assert tried == sum(len(operations) for operations in paths.values())
    assert {200, 201, 204, 404, 422} <= set(statuses), "requests of all kinds got through"
    assert statuses[401] < sum(statuses.values()) / 5


def test_the_document_is_openapi_3_1_with_problems(api: str) -> None:
    document = httpx.get(f"{api}/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert set(document["components"]["securitySchemes"]) == {"token", "cookie"}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            problems = {status for status in operation["responses"] if status >= "400"}
            assert {"408", "413", "429", "500", "503"} <= problems, (method, path)
            for status in problems:
                content = operation["responses"][status]["content"]
                assert list(content) == ["application/problem+json"], (method, path, status)
