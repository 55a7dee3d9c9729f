"""What a stage accepts as an offer, and the last touches to its answer. Pure text, no WebRTC library.

Rules (RFC 8866 for the grammar, RFC 9725 §4.2 for WHIP, RFC 8842 §5 for the fingerprint):

- one `m=audio` section that sends and knows Opus at 48 kHz, and nothing else: nothing is accepted in part
  (RFC 9725 §4.2);
- ICE credentials and a DTLS fingerprint, in the section or for the session;
- at most 64 KiB. Candidates may be missing: OBS sends none.

A monitor's offer (WHEP) receives instead. Players ask for pictures, too: those sections are answered
inactive (RFC 3264 §6.1).

An offer that is no SDP is malformed (400); one that asks for what a stage does not do is unsupported (422).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from parvis.errors import RemoteProtocolError, UserError
from parvis.stage.fragment import PWD, UFRAG

OFFER_LIMIT_BYTES = 65_536
UPLINK_FMTP = "minptime=10;useinbandfec=1;stereo=0;sprop-stereo=0;maxaveragebitrate=32000;usedtx=0"
"""What uplinks are asked for: 32 kbit/s mono with FEC (below that, FEC does nothing at 5 % loss)."""

_LINE = re.compile(r"[a-z]=.*")
_OPUS = re.compile(r"rtpmap:(\d+) opus/48000(?:/2)?", re.IGNORECASE)
_NEEDED = (
    ("ice-ufrag", "ICE user name", UFRAG),
    ("ice-pwd", "ICE password", PWD),
    ("fingerprint", "fingerprint", re.compile(r"[!-~]+ [0-9A-Fa-f:]+")),
)
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


@dataclass(frozen=True, slots=True)
class Offer:
    """What matters of a sound offer."""

    sdp: str
    wants_mix_minus: bool
    """It also receives (`sendrecv`)."""


@dataclass(slots=True)
class _Section:
    head: str
    lines: list[str]

    @property
    def kind(self) -> str:
        return self.head.partition(" ")[0]

    def attributes(self) -> list[str]:
        return [line[2:] for line in self.lines if line.startswith("a=")]


def check_offer(sdp: str) -> Offer:
    """Of one who takes a seat. Raises `RemoteProtocolError` `offer-malformed` or `UserError`
    `offer-unsupported`, saying why."""
    session, sections = _split(sdp)
    others = {section.kind for section in sections} - {"audio"}
    if others:
        raise _unsupported(f"A stage takes audio only; the offer also has {', '.join(sorted(others))}.")
    direction = _check_sound(session, sections)
    if direction not in ("sendrecv", "sendonly"):
        raise _unsupported(f"The offer's audio is {direction}: a seat must send.")
    return Offer(sdp, wants_mix_minus=direction == "sendrecv")


def check_monitor_offer(sdp: str) -> Offer:
    """Of one who only listens. Raises as `check_offer`."""
    session, sections = _split(sdp)
    others = {section.kind for section in sections} - {"audio", "video"}
    if others:
        raise _unsupported(f"A stage sends audio only; the offer also has {', '.join(sorted(others))}.")
    direction = _check_sound(session, sections)
    if direction not in ("sendrecv", "recvonly"):
        raise _unsupported(f"The offer's audio is {direction}: a monitor must receive.")
    return Offer(sdp, wants_mix_minus=False)


def _check_sound(session: _Section, sections: list[_Section]) -> str:
    """Checks the one section of sound; its direction."""
    audio = [section for section in sections if section.kind == "audio"]
    if not audio:
        raise _unsupported("The offer has no audio.")
    if len(audio) > 1:
        raise _unsupported("The offer has more than one audio track; there is one.")
    attributes = [*session.attributes(), *audio[0].attributes()]
    for name, what, form in _NEEDED:
        values = [attribute[len(name) + 1 :] for attribute in attributes if attribute.startswith(f"{name}:")]
        if not values:
            raise _malformed(f"The offer has no {what} (a={name}).")
        if not all(form.fullmatch(value) for value in values):
            raise _malformed(f"The offer's {what} (a={name}) is none.")
    if not any(_OPUS.fullmatch(attribute) for attribute in attributes):
        raise _unsupported("The offer has no Opus at 48 kHz.")
    return next((name for name in reversed(attributes) if name in _DIRECTIONS), "sendrecv")


def finish_answer(sdp: str, *, public_address: str = "", loopback: bool = False) -> str:
    """The answer as it goes out.

    Asks the sender for 32 kbit/s mono with FEC; leaves out TCP and (unless `loopback`) loopback candidates;
    with a `public_address` (an IP address, for a machine behind 1:1 NAT) replaces the host's own.
    """
    opus = next((match[1] for line in sdp.splitlines() if (match := _OPUS.fullmatch(line[2:]))), None)
    lines = []
    for line in sdp.splitlines():
        if line.startswith("a=candidate:"):
            line = _candidate(line, public_address, loopback=loopback)
        elif opus and line.startswith(f"a=fmtp:{opus} "):
            line = f"a=fmtp:{opus} {UPLINK_FMTP}"
        if line:
            lines.append(line)
    return "\r\n".join(lines) + "\r\n"


def _candidate(line: str, public_address: str, *, loopback: bool) -> str:
    # RFC 8839 §5.1: foundation component transport priority address port "typ" type …
    fields = line.split(" ")
    address = ipaddress.ip_address(fields[4])
    if fields[2].lower() != "udp" or (address.is_loopback and not loopback):
        return ""
    if public_address and not address.is_loopback:
        public = ipaddress.ip_address(public_address)
        if public.version != address.version:
            return ""
        fields[4] = str(public)
    return " ".join(fields)


def _split(sdp: str) -> tuple[_Section, list[_Section]]:
    try:
        size_bytes = len(sdp.encode())
    except UnicodeEncodeError as error:  # half of a surrogate pair
        raise _malformed("The offer is not UTF-8.") from error
    if size_bytes > OFFER_LIMIT_BYTES:
        raise _malformed("The offer is over 64 KiB.")
    lines = sdp.splitlines()
    if not lines or lines[0] != "v=0":
        raise _malformed("This is not SDP: the first line must be v=0.")
    session = _Section("", [])
    sections: list[_Section] = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        if not _LINE.fullmatch(line):
            raise _malformed(f"Line {number} of the offer is not SDP.")
        if line.startswith("m="):
            sections.append(_Section(line[2:], []))
        else:
            (sections[-1] if sections else session).lines.append(line)
    return session, sections


def _malformed(detail: str) -> RemoteProtocolError:
    return RemoteProtocolError("offer-malformed", detail)


def _unsupported(detail: str) -> UserError:
    return UserError("offer-unsupported", detail)
