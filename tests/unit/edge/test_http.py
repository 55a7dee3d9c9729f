import gc
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.edge.http import Request, RequestReader
from parvis.errors import ProtocolError

LIMIT_BYTES = 512


def read(data: bytes) -> tuple[list[Request], ProtocolError | None]:
    reader = RequestReader(LIMIT_BYTES)
    return reader.feed(data), reader.failure


def failure_of(data: bytes) -> str:
    requests, failure = read(data)
    assert failure is not None
    assert requests == []
    return failure.code


def test_a_request() -> None:
    (request,), failure = read(
        b"GET /live/a%20b/stream.mp4?codec=aac&from=12 HTTP/1.1\r\n"
        b"Host: x\r\nAccept-Language: fr \r\nX-Y: z\r\n\r\n"
    )
    assert failure is None
    assert request == Request(
        "GET",
        ("live", "a b", "stream.mp4"),
        {"codec": "aac", "from": "12"},
        {b"host": "x", b"accept-language": "fr"},
    )
    assert request.header(b"accept") == ""


def test_http_1_0_gets_no_chunks_and_is_closed() -> None:
    (request,), _ = read(b"GET / HTTP/1.0\r\n\r\n")
    assert (request.chunked, request.keep_alive) == (False, False)
    (request,), _ = read(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert (request.chunked, request.keep_alive) == (False, True)


def test_connection_close() -> None:
    (request,), _ = read(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert not request.keep_alive


def test_pipelined_requests_come_in_order() -> None:
    one = b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"
    requests, failure = read(b"".join(one % number for number in range(30)))
    assert failure is None
    assert [request.path for request in requests] == [(str(number),) for number in range(30)]


@given(st.lists(st.integers(1, 20)))
def test_it_does_not_matter_how_the_bytes_are_cut(sizes: list[int]) -> None:
    data = b"HEAD /s/abc?lang=fr HTTP/1.1\r\nHost: x\r\nAccept: a/b\r\n\r\n" * 3
    reader, requests = RequestReader(LIMIT_BYTES), []
    rest = data
    for size in [*sizes, len(data)]:
        requests += reader.feed(rest[:size])
        rest = rest[size:]
    expected, _ = read(data)
    assert requests == expected
    assert len(requests) == 3
    assert reader.idle


def test_idle_means_that_nothing_was_begun() -> None:
    reader = RequestReader(LIMIT_BYTES)
    assert reader.idle
    reader.feed(b"GE")
    assert not reader.idle
    reader.feed(b"T / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert reader.idle


def test_absolute_and_asterisk_targets() -> None:
    (request,), _ = read(b"GET http://x:80/s/abc?lang=fr HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (request.path, request.query) == (("s", "abc"), {"lang": "fr"})
    (request,), _ = read(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
    assert request.path == ("*",)


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello world\r\n\r\n",
        b"GET *s HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET /?%s HTTP/1.1\r\nHost: x\r\n\r\n" % b"&".join(b"a=1" for _ in range(40)),
    ],
)
def test_what_is_no_request(data: bytes) -> None:
    assert failure_of(data) == "request-malformed"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW", "WHATEVER"])
def test_other_methods(method: str) -> None:
    assert failure_of(f"{method} /s/abc HTTP/1.1\r\nHost: x\r\n\r\n".encode()) == "method-not-allowed"


def test_no_tunnels() -> None:
    assert failure_of(b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n") == "method-not-allowed"


@pytest.mark.parametrize("header", ["Content-Length: 5", "Transfer-Encoding: chunked"])
def test_a_body_is_refused(header: str) -> None:
    assert failure_of(f"GET / HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\nhello".encode()) == "too-large"


def test_an_empty_body_is_none() -> None:
    requests, failure = read(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    assert failure is None
    assert len(requests) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"GET /" + b"a" * LIMIT_BYTES,
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * LIMIT_BYTES + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 100 + b"\r\n",
    ],
)
def test_a_head_has_a_limit(data: bytes) -> None:
    assert failure_of(data) == "header-too-large"


def test_an_endless_line_is_counted_as_it_comes() -> None:
    reader = RequestReader(LIMIT_BYTES)
    reader.feed(b"GET / HTTP/1.1\r\nX: ")
    for _ in range(LIMIT_BYTES // 10):
        reader.feed(b"a" * 10)
    assert reader.failure is not None
    assert reader.failure.code == "header-too-large"


def test_what_stands_before_a_failure_is_still_answered() -> None:
    requests, failure = read(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert [request.path for request in requests] == [("1",)]
    assert failure is not None
    assert failure.code == "method-not-allowed"


def test_nothing_is_read_after_a_failure() -> None:
    reader = RequestReader(LIMIT_BYTES)
    reader.feed(b"GET / HTTP/1.1\r\n\r\n")
    assert reader.feed(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == []


def test_a_closed_reader_is_gone_without_the_collector() -> None:
    """Those of a crowd would wait for it by the thousand."""
    reader = RequestReader(8192)
    reader.feed(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    there = weakref.ref(reader)
    gc.disable()
    try:
        reader.close()
        assert reader.feed(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == []
        del reader
        assert there() is None
    finally:
        gc.enable()


def test_an_upgrade_is_ignored_and_closes() -> None:
    data = b"GET /s/abc HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    (request,), failure = read(data)
    assert failure is None
    assert request.path == ("s", "abc")
    assert not request.keep_alive


@given(st.binary(max_size=200))
def test_any_bytes_give_requests_or_a_failure(data: bytes) -> None:
    RequestReader(LIMIT_BYTES).feed(data)


def test_what_was_passed_on_is_a_list_and_does_not_come_from_here() -> None:
    def asked(headers: bytes) -> Request:
        reader = RequestReader(LIMIT_BYTES, loopback=True)
        (request,) = reader.feed(b"GET / HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n")
        return request

    assert asked(b"").loopback
    passed_on = asked(b"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n")
    assert passed_on.header(b"x-forwarded-for") == "192.0.2.7, 10.0.0.1, 10.0.0.2"
    assert not passed_on.loopback


REACTION = b"POST /live/abc/reactions HTTP/1.1\r\nHost: x\r\n"


def posted(body: bytes, head: bytes = REACTION) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def test_what_may_be_posted_comes_with_its_body_however_it_is_cut() -> None:
    data = posted(b'{"emoji":"x"}') + posted(b"2") + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    for size in (1, 7, len(data)):
        reader = RequestReader(LIMIT_BYTES)
        requests = [r for at in range(0, len(data), size) for r in reader.feed(data[at : at + size])]
        assert reader.failure is None
        assert reader.idle
        assert [(r.method, r.path[-1], r.body) for r in requests] == [
            ("POST", "reactions", b'{"emoji":"x"}'),
            ("POST", "reactions", b"2"),
            ("GET", "", b""),
        ]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (posted(b"x" * 65), "too-large"),
        (posted(b"x" * 161, b"POST /live/abc/polls/p/votes HTTP/1.1\r\nHost: x\r\n"), "too-large"),
        (REACTION + b"\r\n", "length-required"),
        (REACTION + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "length-required"),
        (REACTION + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx", "request-malformed"),
        (REACTION + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy", "request-malformed"),
        (REACTION + b"Content-Length: -1\r\n\r\nxy", "request-malformed"),
        (REACTION + b"Content-Length: 1, 1\r\n\r\nx", "request-malformed"),
        (b"POST /live/abc/polls/p HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", "method-not-allowed"),
        (b"PUT /live/abc/reactions HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", "method-not-allowed"),
    ],
)
def test_what_may_not_be_posted(data: bytes, code: str) -> None:
    assert failure_of(data) == code


def test_a_body_that_never_ends_is_not_waited_for_in_silence() -> None:
    reader = RequestReader(LIMIT_BYTES)
    assert reader.feed(posted(b"12345")[:-1]) == []
    assert not reader.idle
