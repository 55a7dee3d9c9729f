from __future__ import annotations

import pytest

from parvis.edge.http import RequestReader
from parvis.media.rendition import Rendition
from parvis.storm.request import stream_request
from parvis.storm.target import Target

TARGET = Target.of("http://127.0.0.1:8080/s/abc", Rendition.AAC)


def test_an_edge_understands_it() -> None:
    (request,) = RequestReader(8_192).feed(stream_request(TARGET))
    assert request.method == "GET"
    assert request.path == ("live", "abc", "stream.mp4")
    assert request.query == {"codec": "aac"}
    assert request.header(b"host") == "127.0.0.1:8080"
    assert request.chunked


def test_who_comes_back_says_where_it_was_and_what_it_was_promised() -> None:
    data = stream_request(TARGET, first=123, appointment="e.y.J")
    (request,) = RequestReader(8_192).feed(data)
    assert request.query == {"codec": "aac", "from": "123"}
    assert b"\r\nX-Parvis-Appointment: e.y.J\r\n" in data


@pytest.mark.parametrize("appointment", ["a\r\nHost: b", "a\nb", "\0", ""])
def test_an_appointment_cannot_smuggle_headers(appointment: str) -> None:
    assert stream_request(TARGET, appointment=appointment) == stream_request(TARGET)
