import json
from collections.abc import Callable

import pytest

from parvis.edge.answers import Answer, encode, json_answer, problem, status_of, stream_head, stream_headers
from parvis.edge.bursts import Framing
from parvis.errors import (
    Conflict,
    NotFound,
    NotSignedIn,
    Overloaded,
    ParvisError,
    Refused,
    RemoteProtocolError,
    Unavailable,
    UserError,
)

WALL_S = 1_795_000_000.0


def headers_of(head: bytes) -> dict[str, str]:
    lines = head.decode().split("\r\n")
    return dict(line.split(": ", 1) for line in lines[1:] if line)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("space-unknown", "x"), 404),
        (Conflict("space-not-begun", "x"), 409),
        (UserError("codec-unknown", "x"), 400),
        (UserError("space-ended", "x"), 410),
        (Refused("forbidden", "x"), 403),
        (NotSignedIn("not-signed-in", "x"), 401),
        (Overloaded("not-admitted", "x", 1), 503),
        (Unavailable("pages-missing", "x", 1), 503),
        (RemoteProtocolError("request-malformed", "x"), 400),
        (RemoteProtocolError("header-too-large", "x"), 431),
        (RemoteProtocolError("method-not-allowed", "x"), 405),
        (RemoteProtocolError("request-timeout", "x"), 408),
        (RemoteProtocolError("too-large", "x"), 413),
        (ParvisError("internal-error", "x"), 500),
    ],
)
def test_each_error_has_its_status(error: ParvisError, status: int) -> None:
    assert status_of(error) == status
    assert json.loads(problem(error).body) == {
        "type": "about:blank",
        "title": {
            404: "Not Found",
            409: "Conflict",
            400: "Bad Request",
            410: "Gone",
            403: "Forbidden",
            401: "Unauthorized",
            503: "Service Unavailable",
            431: "Request Header Fields Too Large",
            405: "Method Not Allowed",
            408: "Request Timeout",
            413: "Request Entity Too Large",
            500: "Internal Server Error",
        }[status],
        "status": status,
        "detail": "x",
        "code": error.code,
    }


def test_a_problem_says_when_to_come_back() -> None:
    assert ("Retry-After", "3") in problem(Overloaded("not-admitted", "x", 2.1)).headers
    begun = problem(Conflict("space-not-begun", "x"), 30.0, starts_at="2026-11-22T20:00:00Z")
    assert ("Retry-After", "30") in begun.headers
    assert json.loads(begun.body)["starts_at"] == "2026-11-22T20:00:00Z"


def test_a_wrong_method_is_told_the_right_ones() -> None:
    assert ("Allow", "GET, HEAD, OPTIONS") in problem(RemoteProtocolError("method-not-allowed", "x")).headers


def test_encode() -> None:
    head, body = encode(json_answer({"é": 1}), WALL_S, keep_alive=True)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert head.endswith(b"\r\n\r\n")
    assert body == '{"é":1}'.encode()
    assert headers_of(head) == {
        "Date": "Wed, 18 Nov 2026 11:06:40 GMT",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "Retry-After, X-Parvis-Sequence, X-Parvis-Stretch",
        "X-Content-Type-Options": "nosniff",
        "Content-Type": "application/json",
        "Content-Length": "8",
        "Connection": "keep-alive",
    }


def test_without_body_the_length_stays() -> None:
    head, body = encode(Answer(200, (), b"12345"), WALL_S, keep_alive=False, with_body=False)
    assert body == b""
    assert headers_of(head)["Content-Length"] == "5"
    assert headers_of(head)["Connection"] == "close"


@pytest.mark.parametrize(
    "answer", [lambda: Answer(204), lambda: Answer(304), lambda: Answer(200, endless=True)]
)
def test_some_answers_have_no_length(answer: Callable[[], Answer]) -> None:
    head, _ = encode(answer(), WALL_S, keep_alive=True)
    assert "Content-Length" not in headers_of(head)


def test_the_head_of_a_stream() -> None:
    chunked = headers_of(stream_head(stream_headers("audio/mp4", 42), WALL_S, Framing.CHUNKED))
    assert chunked["Transfer-Encoding"] == "chunked"
    assert chunked["X-Parvis-Sequence"] == "42"
    assert chunked["Cache-Control"] == "no-store"
    raw = headers_of(stream_head(stream_headers("audio/mp4", 42), WALL_S, Framing.RAW))
    assert "Transfer-Encoding" not in raw
    assert raw["Connection"] == "close"
