"""SDP fragments: what is read of them, what they make of an offer, what goes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis.errors import RemoteProtocolError, UserError
from parvis.stage.fragment import (
    CANDIDATES_MAX,
    Credentials,
    Fragment,
    credentials_of,
    fragment_of,
    is_usable,
    parse_fragment,
    restarted,
    usable_offer,
)
from parvis.stage.sdp import check_monitor_offer, check_offer
from tests.unit.stage.test_sdp import AUDIO, OFFER

UDP = "candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1"
TCP = "candidate:2 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active"
MDNS = "candidate:3 1 udp 2122260223 0c0ffee0-1234.local 61764 typ host"
PWD = "P2uYro0UCOQ4zxjKXaWCBui1"
FRAGMENT = f"""a=group:BUNDLE 0 1
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=mid:0
a=ice-ufrag:EsAw
a=ice-pwd:{PWD}
a={UDP}
a={TCP}
a={MDNS}
a=end-of-candidates
"""


def test_a_fragment_is_read() -> None:
    expected = Fragment(Credentials("EsAw", PWD), (UDP,))
    assert parse_fragment(FRAGMENT) == expected
    assert parse_fragment(FRAGMENT.replace("\n", "\r\n")) == expected


def test_the_tag_alone_may_say_which_session() -> None:
    assert parse_fragment(f"a={UDP}\n") == Fragment(None, (UDP,))
    assert parse_fragment("a=end-of-candidates\n") == Fragment(None, ())


def test_a_password_is_in_no_log() -> None:
    assert PWD not in repr(parse_fragment(FRAGMENT))


@pytest.mark.parametrize(
    ("fragment", "words"),
    [
        ("", "says nothing"),
        ("hello", "Line 1"),
        ("a=mid:0\nhello", "Line 2"),
        (FRAGMENT.replace("a=ice-ufrag:EsAw\n", ""), "together"),
        (FRAGMENT.replace(f"a=ice-pwd:{PWD}\n", ""), "together"),
        (FRAGMENT.replace("EsAw\n", "Es w\n"), "ice-ufrag is not one"),
        (FRAGMENT.replace(PWD, "short"), "ice-pwd is not one"),
        (FRAGMENT + "a=ice-ufrag:Other\n", "more than one ice-ufrag"),
        ("a=candidate:1 1 udp\n", "candidate"),
        ("a=candidate:1 1 udp 1 192.0.2.1 99999 typ host\n", "candidate"),
        ("a=candidate:1 1 udp 1 192.0.2.1 ١٢ typ host\n", "candidate"),
        ("a=x\n" * 20_000, "64 KiB"),
    ],
)
def test_what_is_no_fragment(fragment: str, words: str) -> None:
    with pytest.raises(RemoteProtocolError, match=words) as error:
        parse_fragment(fragment)
    assert error.value.code == "fragment-malformed"


@pytest.mark.parametrize(
    ("address", "usable"),
    [
        ("192.0.2.1", True),
        ("fd00::2", True),
        ("127.0.0.1", True),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("ff02::1", False),
        ("name.example", False),
    ],
)
def test_which_addresses_a_stage_sends_to(address: str, usable: bool) -> None:
    assert is_usable(UDP.replace("192.0.2.1", address)) is usable
    assert not is_usable(UDP.replace("192.0.2.1", address).replace("61764", "0"))


def test_an_offer_keeps_the_candidates_that_can_be_used() -> None:
    many = "".join(f"a={UDP.replace('61764', str(port))}\n" for port in range(1, 100))
    offer = usable_offer(OFFER + f"a={TCP}\na={MDNS}\na=candidate:what\n" + many)
    kept = [line for line in offer.splitlines() if line.startswith("a=candidate:")]
    assert len(kept) == CANDIDATES_MAX
    assert all(" udp " in line and "192.0.2.1" in line for line in kept)
    assert usable_offer(OFFER).splitlines() == OFFER.splitlines()
    assert usable_offer(OFFER).endswith("\r\n")


def test_a_restart_changes_ice_and_the_version_only() -> None:
    video = "m=video 9 UDP/TLS/RTP/SAVPF 96\na=mid:1\n"
    offer = OFFER + f"a={UDP}\na=end-of-candidates\n" + video
    new = restarted(offer, parse_fragment(FRAGMENT.replace("192.0.2.1", "198.51.100.7")))
    assert credentials_of(new) == Credentials("EsAw", PWD)
    assert "o=- 4611731400430051336 3 IN IP4 127.0.0.1" in new.splitlines()
    sound, _, picture = new.partition("m=video")
    assert sound.count("a=candidate:") == 1
    assert "198.51.100.7 61764" in sound
    assert "candidate" not in picture

    def plain(sdp: str) -> list[str]:
        ice = ("o=", "a=ice-ufrag", "a=ice-pwd", "a=candidate", "a=end-of-candidates")
        return [line for line in sdp.splitlines() if not line.startswith(ice)]

    assert plain(new) == plain(offer)


@pytest.mark.parametrize("version", ["x", "", "9" * 5_000, "²"])
def test_an_odd_version_stays_as_it_is(version: str) -> None:
    offer = OFFER.replace("336 2 IN", f"336 {version} IN")
    assert f"336 {version} IN" in restarted(offer, parse_fragment(FRAGMENT))


def test_the_answer_goes_back_as_a_fragment() -> None:
    answer = (
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\na=group:BUNDLE 1\r\n"
        "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n"
        f"m=audio 4000 UDP/TLS/RTP/SAVPF 111\r\na={UDP}\r\na=ice-ufrag:abcd\r\na=ice-pwd:{PWD}\r\n"
        "a=ice-options:trickle\r\na=fingerprint:sha-256 00\r\na=mid:1\r\n"
    )
    assert fragment_of(answer).splitlines() == [
        "a=group:BUNDLE 1",
        "a=ice-options:trickle",
        "m=audio 4000 UDP/TLS/RTP/SAVPF 111",
        "a=mid:1",
        "a=ice-ufrag:abcd",
        f"a=ice-pwd:{PWD}",
        f"a={UDP}",
        "a=end-of-candidates",
    ]
    assert parse_fragment(fragment_of(answer)) == Fragment(Credentials("abcd", PWD), (UDP,))


def test_a_monitor_receives_and_may_ask_for_a_picture() -> None:
    listens = OFFER.replace("sendrecv", "recvonly")
    assert check_monitor_offer(listens + "m=video 9 UDP/TLS/RTP/SAVPF 96\n").sdp
    assert check_monitor_offer(OFFER).sdp, "who could also send may listen"
    for offer, words in (
        (OFFER.replace("sendrecv", "sendonly"), "must receive"),
        (listens + AUDIO, "more than one"),
        (listens + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n", "application"),
    ):
        with pytest.raises(UserError, match=words) as error:
            check_monitor_offer(offer)
        assert error.value.code == "offer-unsupported"


LINES = st.lists(
    st.one_of(
        st.sampled_from([*FRAGMENT.splitlines(), *OFFER.splitlines(), f"a={TCP}", "m=video 9 X 1", ""]),
        st.text(max_size=30),
        st.builds(lambda name, value: f"a={name}:{value}", st.text("abc-", max_size=8), st.text(max_size=20)),
    ),
    max_size=30,
)


@given(LINES, st.sampled_from(["\n", "\r\n", "\r", "\u2028"]))
def test_any_lines_are_a_fragment_or_refused(lines: list[str], end: str) -> None:
    try:
        fragment = parse_fragment(end.join(lines))
    except RemoteProtocolError:
        return
    if fragment.credentials is not None:
        assert credentials_of(restarted(OFFER, fragment)) == fragment.credentials
    assert all(is_usable(candidate) for candidate in fragment.candidates)


@given(LINES, st.integers(0, 20))
def test_any_offer_that_is_taken_can_be_cleaned_and_restarted(lines: list[str], at: int) -> None:
    good = OFFER.splitlines()
    text = "\n".join([*good[:at], *lines, *good[at:]])
    for check in (check_offer, check_monitor_offer):
        try:
            offer = check(text)
        except (RemoteProtocolError, UserError):
            continue
        clean = usable_offer(offer.sdp)
        assert check(clean).wants_mix_minus == offer.wants_mix_minus
        assert credentials_of(restarted(clean, parse_fragment(FRAGMENT))).ufrag == "EsAw"
