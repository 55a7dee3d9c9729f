"""The SDP fragments of trickle ICE and of ICE restarts, and what they change. Pure text.

Rules (RFC 8840 §4.4 and §9 for the form, RFC 9725 §4.3 for what WHIP does with it, RFC 8839 §5 for the
grammar of credentials and candidates):

- A fragment holds candidates, and usually the credentials of the ICE session that they are of. Credentials
  come both or not at all; without them the entity tag alone says which session is meant.
- A session has one transport, whatever m-line a candidate stands under: all are bundled, and a client's
  fragment names only the m-line with the bundle's tag.
- A candidate that is not UDP, or whose address is a name, is left out without a word (RFC 9725 §4.3.2): a
  stage resolves nobody's names, and learns where its peers are from their packets.
- At most 64 KiB, and `CANDIDATES_MAX` candidates count: each is an address that a stage would send to.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from parvis.errors import RemoteProtocolError

FRAGMENT_LIMIT_BYTES: Final = 65_536
CANDIDATES_MAX: Final = 32
"""Of one ICE session. A browser with every kind of network has about ten."""

_LINE: Final = re.compile(r"[a-z]=[^\0]*")
UFRAG: Final = re.compile(r"[A-Za-z0-9+/]{4,256}")
PWD: Final = re.compile(r"[A-Za-z0-9+/]{22,256}")
# foundation component transport priority address port "typ" type, and what extends it
_CANDIDATE: Final = re.compile(
    r"candidate:[A-Za-z0-9+/]{1,32} \d{1,3} (?P<transport>\S{1,16}) \d{1,10} (?P<address>\S{1,255}) "
    r"(?P<port>\d{1,5}) typ (?P<type>\S{1,16})( [\x21-\x7e ]*)?",
    re.ASCII,
)
_VERSION: Final = re.compile(r"[0-9]{1,18}")
_TYPES: Final = ("host", "srflx", "prflx", "relay")
_ANSWERED: Final = ("ice-lite", "ice-options:", "ice-pacing:")
"""What a restart repeats of the answer (RFC 9725 §4.3.3)."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The other side's name and password in one ICE session. The password is in no `repr`, so in no log."""

    ufrag: str
    pwd: str

    def __repr__(self) -> str:
        return f"Credentials({self.ufrag!r})"


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a client says. `candidates` are attributes (`candidate:…`) that a stage can use."""

    credentials: Credentials | None
    candidates: tuple[str, ...]


def parse_fragment(text: str) -> Fragment:
    """Raises `RemoteProtocolError` `fragment-malformed`, saying why."""
    if len(text.encode("utf-8", "replace")) > FRAGMENT_LIMIT_BYTES:
        raise _malformed("The fragment is over 64 KiB.")
    ufrag = pwd = None
    candidates: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line:
            continue
        if not _LINE.fullmatch(line):
            raise _malformed(f"Line {number} is not SDP.")
        name, _, value = line[2:].partition(":")
        if line.startswith("a=ice-ufrag:"):
            ufrag = _said_once(name, ufrag, value, UFRAG)
        elif line.startswith("a=ice-pwd:"):
            pwd = _said_once(name, pwd, value, PWD)
        elif line.startswith("a=candidate:") and is_usable(line[2:]):
            candidates.append(line[2:])
    if (ufrag is None) != (pwd is None):
        raise _malformed("ice-ufrag and ice-pwd come together.")
    credentials = Credentials(ufrag, pwd) if ufrag is not None and pwd is not None else None
    if credentials is None and not candidates and "a=" not in text:
        raise _malformed("The fragment says nothing.")
    return Fragment(credentials, tuple(candidates))


def is_usable(candidate: str) -> bool:
    """Whether a stage can use this candidate attribute (`candidate:…`).

    Raises `RemoteProtocolError` `fragment-malformed` when it is none.
    """
    match = _CANDIDATE.fullmatch(candidate)
    if match is None or int(match["port"]) > 65_535:
        raise _malformed("A candidate can't be read.")
    if match["transport"].lower() != "udp" or match["type"].lower() not in _TYPES:
        return False
    try:
        address = ipaddress.ip_address(match["address"])
    except ValueError:
        return False
    return int(match["port"]) > 0 and not (address.is_unspecified or address.is_multicast)


def usable_offer(sdp: str) -> str:
    """The offer with the candidates that a stage can use, and at most `CANDIDATES_MAX` of them."""
    kept: list[str] = []
    found = 0
    for line in sdp.splitlines():
        if line.startswith("a=candidate:"):
            try:
                usable = is_usable(line[2:])
            except RemoteProtocolError:
                usable = False
            found += usable
            if not usable or found > CANDIDATES_MAX:
                continue
        kept.append(line)
    return "\r\n".join(kept) + "\r\n"


def credentials_of(sdp: str) -> Credentials:
    """The credentials of an offer or answer that has been checked (`sdp.py`)."""
    return Credentials(_first(sdp, "ice-ufrag"), _first(sdp, "ice-pwd"))


def restarted(offer: str, fragment: Fragment) -> str:
    """The offer as its client would make it anew with the fragment's credentials and candidates: all that is
    not ICE stays as it was negotiated (RFC 9725 §4.3.3), the session's version (`o=`) is one higher."""
    assert fragment.credentials is not None
    lines: list[str] = []
    candidates = [f"a={candidate}" for candidate in fragment.candidates[:CANDIDATES_MAX]]
    in_sound = False
    for line in offer.splitlines():
        if line.startswith("o="):
            line = _next_version(line)
        elif line.startswith("a=ice-ufrag:"):
            line = f"a=ice-ufrag:{fragment.credentials.ufrag}"
        elif line.startswith("a=ice-pwd:"):
            line = f"a=ice-pwd:{fragment.credentials.pwd}"
        elif line.startswith(("a=candidate:", "a=end-of-candidates")):
            continue
        elif line.startswith("m="):
            lines += candidates if in_sound else []
            in_sound = line.startswith("m=audio ")
        lines.append(line)
    lines += candidates if in_sound else []
    return "\r\n".join(lines) + "\r\n"


def fragment_of(answer: str) -> str:
    """What of an answer a client must know after a restart, as a fragment with all candidates."""
    credentials = credentials_of(answer)
    session: list[str] = []
    heads: list[str] = []
    candidates: list[str] = []
    in_sound = False
    for line in answer.splitlines():
        if line.startswith("a=group:BUNDLE") or line[2:].startswith(_ANSWERED):
            session += [line] if line not in session else []
        elif line.startswith("m="):
            in_sound = line.startswith("m=audio ")
            heads += [line] if in_sound else []
        elif in_sound and line.startswith("a=mid:"):
            heads.append(line)
        elif in_sound and line.startswith("a=candidate:"):
            candidates.append(line)
    told = [f"a=ice-ufrag:{credentials.ufrag}", f"a=ice-pwd:{credentials.pwd}", *candidates]
    return "\r\n".join([*session, *heads, *told, "a=end-of-candidates"]) + "\r\n"


def _first(sdp: str, name: str) -> str:
    prefix = f"a={name}:"
    return next(line[len(prefix) :] for line in sdp.splitlines() if line.startswith(prefix))


def _said_once(name: str, before: str | None, value: str, form: re.Pattern[str]) -> str:
    if not form.fullmatch(value):
        raise _malformed(f"{name} is not one.")
    if before not in (None, value):
        raise _malformed(f"The fragment has more than one {name}.")
    return value


def _next_version(origin: str) -> str:
    # RFC 8866 §5.2: username sess-id sess-version nettype addrtype address
    fields = origin.split(" ")
    if len(fields) > 2 and _VERSION.fullmatch(fields[2]):
        fields[2] = str(int(fields[2]) + 1)
    return " ".join(fields)


def _malformed(detail: str) -> RemoteProtocolError:
    return RemoteProtocolError("fragment-malformed", detail)
