"""What is fuzzed: each target takes bytes of anybody's, and may raise only what it says it raises.

A target fails by any other exception, by a contradiction that it looks for itself, or by taking too long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from parvis.edge.http import RequestReader
from parvis.errors import ProtocolError, RemoteProtocolError, UserError
from parvis.media.init import init_segment
from parvis.media.part import build_part
from parvis.media.reader import PartReader
from parvis.media.rendition import Rendition
from parvis.stage.fragment import (
    CANDIDATES_MAX,
    credentials_of,
    is_usable,
    parse_fragment,
    restarted,
    usable_offer,
)
from parvis.stage.sdp import check_monitor_offer, check_offer, finish_answer
from tests.fuzz.whole_edge import FIRST, edge

LIMIT_BYTES: Final = 2_048


def _asked(path: str, method: bytes = b"GET", headers: bytes = b"", body: bytes = b"") -> bytes:
    """A request of an edge. The headers are all that it looks at."""
    kept = b"Host: x\r\nIcy-MetaData: 1\r\nIf-None-Match: x\r\nX-Parvis-Pass: x\r\nAccept-Language: fr\r\n"
    appointment = b"X-Parvis-Appointment: AAAA\r\nX-Forwarded-For: 192.0.2.1\r\n"
    return b"%b %b HTTP/1.1\r\n%b\r\n%b" % (method, path.encode(), kept + appointment + headers, body)


_HEAD: Final = b"GET /live/abc/stream.mp4?codec=aac&from=12 HTTP/1.1\r\nHost: x\r\nIcy-MetaData: 1\r\n\r\n"
_OFFER: Final = (
    "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\n"
    "a=ice-pwd:aaaabbbbccccddddeeeeffff\r\na=fingerprint:sha-256 00:11:22\r\na=setup:actpass\r\na=mid:0\r\n"
    "a=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n"
    "a=rtpmap:63 red/48000/2\r\na=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\n"
)
_FRAGMENT: Final = (
    "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
    "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\n"
)
_MSN: Final = (FIRST + 23) // 6
_ASKED: Final = (
    "/",
    "/healthz",
    "/metrics",
    "/s/abc?lang=fr",
    "/embed/over",
    "/assets/x.js",
    "/live/abc/space.json",
    "/live/members/space.json",
    "/live/later/stream.mp4",
    f"/live/abc/stream.mp4?codec=aac&from={FIRST + 3}&stretch=4&via=x",
    "/live/abc/stream.ogg",
    "/live/abc/events",
    "/live/abc/chat.json",
    "/live/abc/listen.m3u",
    "/live/abc/index.m3u8",
    f"/live/abc/opus.m3u8?_HLS_msn={_MSN}&_HLS_part=2&_HLS_skip=YES",
    f"/live/abc/aac/{_MSN - 1}.m4s",
    f"/live/abc/aac/{FIRST + 20}.part.m4s",
    f"/live/abc/aac/{FIRST + 24}.part.m4s",
)
_UNITS: Final = {rendition: [b"\xf8\xff\xfe"] * rendition.frames_per_part for rendition in Rendition}


def sdp(data: bytes) -> None:
    """An offer, of a seat or of a monitor, and what is made of it."""
    text = data.decode("utf-8", "surrogateescape" if data[:1] == b"\xff" else "replace")
    for check in (check_offer, check_monitor_offer):
        try:
            offer = check(text)
        except (RemoteProtocolError, UserError):
            continue
        clean = usable_offer(offer.sdp)
        assert check(clean).wants_mix_minus == offer.wants_mix_minus, "cleaning changes nothing else"
        assert clean.count("a=candidate:") <= CANDIDATES_MAX or "=a=candidate:" in clean.replace("\n", "=")
        new = restarted(clean, parse_fragment(_FRAGMENT))
        assert credentials_of(new).ufrag == "EsAw"
        finish_answer(clean, loopback=True)


def fragment(data: bytes) -> None:
    """An SDP fragment, and the offer that it restarts."""
    try:
        found = parse_fragment(data.decode("utf-8", "replace"))
    except RemoteProtocolError:
        return
    assert all(is_usable(candidate) for candidate in found.candidates)
    if found.credentials is not None:
        assert credentials_of(restarted(_OFFER, found)) == found.credentials


def http(data: bytes) -> None:
    """Requests to an edge: whole, and cut anywhere, they are the same."""
    whole = RequestReader(LIMIT_BYTES)
    at_once = whole.feed(data)
    cut = RequestReader(LIMIT_BYTES)
    at = len(data) * (data[-1] if data else 0) // 256
    in_pieces = [*cut.feed(data[:at]), *cut.feed(data[at:])]
    assert [(r.method, r.path, dict(r.query), r.headers) for r in in_pieces] == [
        (r.method, r.path, dict(r.query), r.headers) for r in at_once
    ], "however it is cut"
    assert len(at_once) <= len(data) // 14 + 1
    for failure in (whole.failure, cut.failure):
        assert failure is None or isinstance(failure, ProtocolError)
        assert failure is None or failure.code in (
            "request-malformed",
            "header-too-large",
            "method-not-allowed",
            "too-large",
        )


def parts(data: bytes) -> None:
    """A stream of parts, as a listener reads it."""
    reader = PartReader(limit_bytes=65_536)
    half = len(data) // 2
    try:
        for piece in (data[:half], data[half:]):
            for item in reader.feed(piece):
                assert item.rendition in Rendition
    except RemoteProtocolError:
        return
    assert reader.unfinished_bytes <= 65_536 + len(data)


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = MappingProxyType(
    {"sdp": sdp, "fragment": fragment, "http": http, "edge": edge, "parts": parts}
)
SEEDS: Final[Mapping[str, tuple[bytes, ...]]] = MappingProxyType(
    {
        "sdp": (_OFFER.encode(), (_OFFER + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n").encode()),
        "fragment": (_FRAGMENT.encode(),),
        "http": (
            _HEAD,
            _HEAD * 3,
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"GET http://x/s/abc HTTP/1.0\r\nConnection: keep-alive\r\n X: y\r\n\r\n",
        ),
        "edge": (
            *(_asked(path) for path in _ASKED),
            _asked("/live/abc/stream.mp4", b"HEAD"),
            _asked("/live/abc/stream.aac", b"OPTIONS"),
            _asked("/live/abc/reactions", b"POST", b"Content-Length: 12\r\n", b'{"kind":"a"}'),
            _asked("/live/abc/polls/p1/votes", b"POST", b"Content-Length: 12\r\n", b'{"choice":1}'),
            _asked("/healthz") + _asked("/live/abc/stream.mp4"),
            _asked("/live/abc/stream.aac").replace(b"HTTP/1.1", b"HTTP/1.0"),
        ),
        "parts": tuple(
            init_segment(rendition) + build_part(rendition, 5_561_234_567, units)
            for rendition, units in _UNITS.items()
        ),
    }
)
"""What the fuzzer begins with: bytes that are right, or nearly."""


def open_descriptors() -> int:
    """How many this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))
