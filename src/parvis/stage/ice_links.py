"""The STUN and TURN servers that a WHIP endpoint names in `Link` headers (RFC 9725 §4.6). Pure text.

Rules (RFC 8288 §3 for the form, RFC 7064 and RFC 7065 for the addresses):

- Links of other relations are left out, and servers that no peer would take: another scheme, TURN without a
  password.
- A link that is not understood ends the list, for what follows cannot be told apart from it.
"""

from __future__ import annotations

import re
from typing import Final

from parvis.stage.peer import IceServer

REL: Final = "ice-server"

# A list may have empty elements (RFC 9110 §5.6.1).
_TARGET: Final = re.compile(r"[\s,]*<([^<>]*)>")
_PARAMETER: Final = re.compile(
    r"""\s*;\s*(?:([!#$%&'*+.^_`|~\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",;<>]+)))?)?""", re.ASCII
)
_END: Final = re.compile(r"\s*(?:,|$)")
_ADDRESS: Final = re.compile(
    r"stuns?:[^\s?#/@]+|turns?:[^\s?#/@]+(?:\?transport=(?:udp|tcp))?", re.ASCII | re.IGNORECASE
)


def ice_servers_in(link: str) -> list[IceServer]:
    """The servers in the value of a `Link` header, or of several with commas between."""
    found: list[IceServer] = []
    at = 0
    while target := _TARGET.match(link, at):
        at = target.end()
        said: dict[str, str] = {}
        while parameter := _PARAMETER.match(link, at):
            at = parameter.end()
            name, quoted, plain = parameter.groups()
            value = plain or "" if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            # What is said twice counts as it was said first (RFC 8288 §3.3).
            said.setdefault((name or "").lower(), value)
        if not (end := _END.match(link, at)):
            break
        at = end.end()
        if server := _server_of(target[1].strip(), said):
            found.append(server)
    return found


def _server_of(url: str, said: dict[str, str]) -> IceServer | None:
    if REL not in said.get("rel", "").lower().split() or not _ADDRESS.fullmatch(url):
        return None
    if url.lower().startswith("stun"):
        return IceServer(url)
    username, credential = said.get("username", ""), said.get("credential", "")
    if not username or not credential or said.get("credential-type", "password") != "password":
        return None
    return IceServer(url, username, credential)
