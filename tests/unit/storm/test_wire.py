from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.errors import RemoteProtocolError
from parvis.media.events import Event
from parvis.media.init import init_segment
from parvis.media.rendition import Rendition
from parvis.storm.wire import Answer, Heard, Pace, PartBook, Run, StreamReader, read_join
from tests.unit.storm.wires import FIRST, burst, chunk, head, join, part


def fresh() -> StreamReader:
    return StreamReader(PartBook(Rendition.OPUS), fresh=True)


def total(reader: StreamReader, pieces: list[bytes]) -> Heard:
    """What all pieces together complete."""
    whole = Heard()
    for piece in pieces:
        heard = reader.feed(piece)
        whole.answer = heard.answer or whole.answer
        for run in heard.runs:
            if whole.runs and whole.runs[-1].next == run.first:
                whole.runs[-1] = Run(whole.runs[-1].first, run.next)
            else:
                whole.runs.append(run)
        whole.pace = heard.pace or whole.pace
        whole.over |= heard.over
    return whole


def test_a_join_is_read_whole() -> None:
    reader = fresh()
    heard = reader.feed(join(FIRST, 3, stretch=4))
    assert heard.answer == Answer(200, stretch=4, sequence=FIRST)
    assert heard.runs == [Run(FIRST, FIRST + 3)]
    assert not heard.over
    assert reader.idle


@given(st.lists(st.integers(1, 400), min_size=1), st.booleans())
def test_any_cut_gives_the_same(sizes: list[int], over: bool) -> None:
    pace = Event.of("pace", stretch=8, from_sequence=FIRST + 5)
    data = join(FIRST, 2) + burst(FIRST + 2, 2, pace) + burst(FIRST + 6, 1) + (b"0\r\n\r\n" if over else b"")
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    pieces.append(data)
    heard = total(fresh(), pieces)
    assert heard.runs == [Run(FIRST, FIRST + 4), Run(FIRST + 6, FIRST + 7)]
    assert heard.pace == Pace(8, 3)
    assert heard.over == over


def test_a_proxy_may_cut_chunks_anew() -> None:
    body = init_segment(Rendition.OPUS) + part(FIRST) + part(FIRST + 1)
    chunks = b"".join(chunk(body[at : at + 100]) for at in range(0, len(body), 100))
    reader = fresh()
    assert reader.feed(head() + chunks).runs == [Run(FIRST, FIRST + 2)]
    assert reader.idle


def test_parts_count_before_their_chunk_ends() -> None:
    reader = fresh()
    reader.feed(join(FIRST, 1))
    data = burst(FIRST + 1, 3)
    assert reader.feed(data[:-100]).runs == [Run(FIRST + 1, FIRST + 3)]
    assert not reader.idle
    assert reader.feed(data[-100:]).runs == [Run(FIRST + 3, FIRST + 4)]
    assert reader.idle


def test_a_reader_may_begin_between_chunks() -> None:
    reader = StreamReader(PartBook(Rendition.OPUS), fresh=False)
    assert reader.idle
    assert reader.feed(burst(FIRST, 2)).runs == [Run(FIRST, FIRST + 2)]


def test_a_problem_is_read() -> None:
    body = json.dumps({"code": "not-admitted", "appointment": "x"}).encode()
    data = (
        b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )
    heard = total(fresh(), [data[:50], data[50:]])
    assert heard.answer == Answer(503, retry_after_s=7, problem={"code": "not-admitted", "appointment": "x"})
    assert heard.over


def test_a_problem_that_is_no_json_is_an_empty_one() -> None:
    heard = fresh().feed(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\noops")
    assert heard.answer == Answer(502)


def test_an_interim_answer_is_passed_over() -> None:
    heard = fresh().feed(b"HTTP/1.1 103 Early Hints\r\n\r\n" + join())
    assert heard.runs == [Run(FIRST, FIRST + 3)]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"ICY 200 OK\r\n\r\n", "no status line"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "no header"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n",
            "not a chunked",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Type: audio/mp4\r\n\r\n", "not a chunked"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "must say its length"),
        (b"x" * 20_000, "no end"),
        (head(stretch=0), "X-Parvis-Stretch"),
        (head() + b"zz\r\n", "begins no chunk"),
        (head() + b"f" * 300, "begins no chunk"),
        (head() + b"1\r\nxyz", "longer than it says"),
        (head() + chunk(part(FIRST)), "before the init segment"),
        (head(FIRST + 1) + chunk(init_segment(Rendition.OPUS)) + burst(FIRST), "X-Parvis-Sequence"),
        (head() + chunk(init_segment(Rendition.AAC)), "the init segment is aac"),
        (
            head() + chunk(init_segment(Rendition.OPUS)) + chunk(part(FIRST)[:-9]) + b"0\r\n\r\n",
            "inside a part",
        ),
        (head() + chunk(init_segment(Rendition.OPUS)) + chunk(b"\0\0\0\4mdat"), "claims 4 bytes"),
        (head() + chunk(init_segment(Rendition.OPUS)) + chunk(b"\0\7\0\0mdat"), "over the limit"),
        (join() + burst(FIRST + 3, 1, Event.of("pace", stretch=4)), "stretch 4 from None"),
        (join() + burst(FIRST + 3, 1, Event.of("pace", stretch=0, from_sequence=FIRST + 9)), "stretch 0"),
    ],
)
def test_what_breaks_the_protocol_is_told(data: bytes, why: str) -> None:
    with pytest.raises(RemoteProtocolError, match=why):
        fresh().feed(data)


def test_one_wrong_byte_in_a_part_is_found() -> None:
    broken = bytearray(join())
    place = broken.index(b"tfdt") + 11
    broken[place] ^= 1
    with pytest.raises(RemoteProtocolError, match="tfdt"):
        fresh().feed(bytes(broken))


def test_a_join_is_read_at_once_as_it_is_in_pieces() -> None:
    pace = Event.of("pace", stretch=4, from_sequence=FIRST + 20)
    told = head(FIRST, 2) + chunk(init_segment(Rendition.OPUS)) + burst(FIRST, 1, pace) + burst(FIRST + 1)
    for data in (join(), join(FIRST, 40, 32), told):
        assert read_join(data, PartBook(Rendition.OPUS)) == fresh().feed(data)


def test_what_is_no_plain_join_is_left_to_the_reader() -> None:
    init = chunk(init_segment(Rendition.OPUS))
    plain = join(FIRST, 3, 1)
    others = [
        *(plain[:size] for size in (0, 20, len(head(FIRST, 1)), len(plain) - 1)),
        head(FIRST) + init + burst(FIRST) + burst(FIRST + 2),  # a gap
        head(FIRST) + init + init + burst(FIRST),
        head(FIRST) + burst(FIRST),
        head(FIRST + 1) + init + burst(FIRST),
        head(FIRST) + init + burst(FIRST, 2),
        plain + b"0\r\n\r\n",
        plain.replace(b"audio/mp4", b"audio/mpeg", 1),
        plain.replace(b" 200 ", b" 503 ", 1),
        head(FIRST) + init + b"zz\r\n" + part(FIRST) + b"\r\n",
        head(FIRST) + init + b"5\r\n" + part(FIRST) + b"\r\n",
    ]
    for number, data in enumerate(others):
        assert read_join(data, PartBook(Rendition.OPUS)) is None, number


def test_joins_that_overlap_are_read_as_they_are_and_not_as_the_last_one() -> None:
    book = PartBook(Rendition.OPUS)
    for first, parts in ((FIRST, 40), (FIRST + 3, 40), (FIRST - 5, 20), (FIRST, 40)):
        heard = read_join(join(first, parts, 32), book)
        assert heard is not None
        assert heard.runs == [Run(first, first + parts)]
    broken = bytearray(join(FIRST, 40, 32))
    broken[broken.rindex(b"tfdt") + 11] ^= 1
    assert read_join(bytes(broken), book) is None
