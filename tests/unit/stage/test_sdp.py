"""Offers that a stage takes and those that it does not."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.errors import RemoteProtocolError, UserError
from parvis.stage.sdp import check_offer, finish_answer

OFFER = """v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=audio 9 UDP/TLS/RTP/SAVPF 111 63
c=IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:aaaabbbbccccddddeeeeffff
a=fingerprint:sha-256 00:11:22
a=setup:actpass
a=mid:0
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
"""
AUDIO = OFFER[OFFER.index("m=audio") :]


def test_a_good_offer_is_taken() -> None:
    assert check_offer(OFFER).wants_mix_minus
    assert not check_offer(OFFER.replace("sendrecv", "sendonly")).wants_mix_minus
    assert check_offer(OFFER.replace("\n", "\r\n")).wants_mix_minus


def test_credentials_may_stand_for_the_session() -> None:
    assert check_offer(
        OFFER.replace("a=fingerprint:sha-256 00:11:22\n", "").replace(
            "t=0 0\n", "t=0 0\na=fingerprint:sha-256 00\n"
        )
    )


@pytest.mark.parametrize(
    ("offer", "words"),
    [
        ("", "not SDP"),
        ("hello", "not SDP"),
        ("v=0\nnot a line", "Line 2"),
        ("v=0\ns=\udcff", "not UTF-8"),
        (OFFER.replace("a=fingerprint:sha-256 00:11:22\n", ""), "fingerprint"),
        (OFFER.replace("a=ice-ufrag:abcd\n", ""), "ICE user name"),
        (OFFER.replace("a=ice-pwd:aaaabbbbccccddddeeeeffff\n", ""), "ICE password"),
        (OFFER.replace("a=ice-ufrag:abcd\n", "a=ice-ufrag\n"), "ICE user name"),
        (OFFER.replace("a=ice-ufrag:abcd\n", "a=ice-ufrag:abc\n"), "is none"),
        (OFFER.replace("a=ice-pwd:aaaabbbb", "a=ice-pwd:"), "is none"),
        (OFFER.replace("sha-256 00:11:22", "sha-256"), "is none"),
        (OFFER + "a=x" * 40_000, "64 KiB"),
    ],
)
def test_what_is_no_offer(offer: str, words: str) -> None:
    with pytest.raises(RemoteProtocolError, match=words) as error:
        check_offer(offer)
    assert error.value.code == "offer-malformed"


@pytest.mark.parametrize(
    ("offer", "words"),
    [
        (OFFER.partition("m=audio")[0], "no audio"),
        (OFFER + AUDIO, "more than one"),
        (OFFER + "m=video 9 UDP/TLS/RTP/SAVPF 96\n", "video"),
        (OFFER + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n", "application"),
        (OFFER.replace("sendrecv", "recvonly"), "recvonly"),
        (OFFER.replace("opus", "pcmu"), "no Opus"),
    ],
)
def test_what_a_stage_does_not_do(offer: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as error:
        check_offer(offer)
    assert error.value.code == "offer-unsupported"


@given(st.text(max_size=300), st.integers(0, len(OFFER)), st.integers(0, 40))
def test_garbage_is_refused_cleanly(noise: str, at: int, cut: int) -> None:
    with contextlib.suppress(RemoteProtocolError, UserError):
        check_offer(OFFER[:at] + noise + OFFER[at + cut :])


ANSWER = """v=0
m=audio 41000 UDP/TLS/RTP/SAVPF 63 111
a=candidate:1 1 udp 2122194687 192.0.2.2 41000 typ host generation 0
a=candidate:2 1 udp 2122063615 127.0.0.1 41000 typ host generation 0
a=candidate:3 1 udp 2122265343 fd00::2 41000 typ host generation 0
a=candidate:4 1 tcp 1518214911 192.0.2.2 9 typ host tcptype active
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1
"""


def candidates(answer: str) -> list[str]:
    return [line.split(" ")[4] for line in answer.splitlines() if line.startswith("a=candidate")]


def test_the_answer_asks_for_forward_correction_at_32_kbit() -> None:
    assert "maxaveragebitrate=32000" in finish_answer(ANSWER)
    assert "useinbandfec=1" in finish_answer(ANSWER)


def test_the_answer_names_the_addresses_that_help() -> None:
    assert candidates(finish_answer(ANSWER)) == ["192.0.2.2", "fd00::2"]
    assert candidates(finish_answer(ANSWER, loopback=True)) == ["192.0.2.2", "127.0.0.1", "fd00::2"]
    assert candidates(finish_answer(ANSWER, public_address="198.51.100.7")) == ["198.51.100.7"]
