"""Passes at the door of Spaces for members: verified here, counted here, ended here (docs/protocol.md §2).

Rules:

- A pass is a text that control has signed (`spaces/pass_text.py`). An edge has the public key only, from the
  settings or from the data folder, and asks nobody: a crowd at the door is no matter for control.
- Who verified a text once knows it: a pass is shown by many, and again and again.
- By a pass as many listen at once as it says. An edge counts its own; control adds up, and says which passes
  are *full*. Who comes back within its stream (`from=`) is let in all the same: its old connection may still
  count. Requests of HLS are counted by their addresses, for `HLS_COUNTS_S`.
- Control says which passes are *void*: nobody comes in by them, and streams that were opened by them end.
- An audience that was handed over comes in by the rules of the Space that it came from (`via=`): who sent it
  there has opened the door for it.
- Libraries that verify are loaded when the first pass is shown: most edges never need them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import structlog

from parvis.clock import Clock
from parvis.edge.answers import Answer
from parvis.edge.http import Request
from parvis.edge.spaces import SpaceRecord, Spaces
from parvis.edge.waiting import Hold
from parvis.errors import Refused, UserError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from parvis.spaces.pass_text import Claims

log = structlog.get_logger(__name__)

MEMBERS: Final = "members"
HEADER: Final = b"x-parvis-pass"
QUERY: Final = "pass"
HLS_COUNTS_S: Final = 10.0
KEY_FILE: Final = "pass-key.pub"
KEY_LOOK_S: Final = 1.0
KNOWN_MAX: Final = 8_192
"""Texts that are remembered; then all are forgotten, and verified anew."""

Signed = TypeVar("Signed")

_URI: Final = re.compile(rb'(URI=")([^"]*)(")')
_SAFE: Final = re.compile(r"[A-Za-z0-9_.-]{1,1024}")


class Passes:
    """Who may come in by which pass, and who has."""

    def __init__(self, spaces: Spaces, clock: Clock, data: Path, key: str = "") -> None:
        """Raises `UserError` `setting-invalid` for a key that is none."""
        self.refused = 0
        """Requests that had no good pass."""
        self.told = False
        """Control was told that there are listeners by passes."""
        self._spaces = spaces
        self._clock = clock
        self._file = data / KEY_FILE
        self._written = key
        self._key: Ed25519PublicKey | None = None
        self._looked_at_s = float("-inf")
        self._key_text = ""
        self._known: dict[str, Claims | None] = {}
        self._pass_of: dict[int, str] = {}
        self._fds: dict[str, set[int]] = {}
        """Listeners by pass."""
        self._following: dict[str, set[int]] = {}
        """Those who only follow events."""
        self._hls: dict[str, dict[str, float]] = {}
        if key:
            self._load_key(key)

    def check(self, record: SpaceRecord, request: Request) -> str:
        """The id of the pass by which a request may know this Space; "" where none is needed.

        Raises `Refused` `pass-needed`, `pass-invalid`.
        """
        giver = self._giver(record, request)
        if giver.visibility != MEMBERS:
            return ""
        text = shown_pass(request)
        if not text:
            self.refused += 1
            raise Refused("pass-needed", "This Space is for members: the whole of the link is needed.")
        claims = self._claims(text)
        good = claims is not None and claims.space_id == giver.id and claims.pass_id not in giver.void
        if claims is None or not good or self._is_over(claims):
            self.refused += 1
            raise Refused("pass-invalid", "This pass is not good here, or not any more.")
        return claims.pass_id

    def knows(self, record: SpaceRecord, request: Request) -> bool:
        """The same as an answer."""
        if record.visibility != MEMBERS:
            return True
        try:
            self.check(record, request)
        except Refused:
            return False
        return True

    def admit(self, record: SpaceRecord, request: Request, *, resuming: bool = False) -> str:
        """As `check`, for who will listen. Raises also `Refused` `pass-full`."""
        pass_id = self.check(record, request)
        if pass_id and not resuming:
            self._check_room(record, pass_id, self._claims(shown_pass(request)))
        return pass_id

    def admit_hls(self, record: SpaceRecord, request: Request) -> str:
        """As `admit`, for one of the many requests of a player."""
        pass_id = self.check(record, request)
        if pass_id:
            seen = self._hls.setdefault(pass_id, {})
            if request.address not in seen:
                self._check_room(record, pass_id, self._claims(shown_pass(request)))
            seen[request.address] = self._clock.monotonic_s()
        return pass_id

    def enter(self, fd: int, pass_id: str, *, listens: bool) -> None:
        """A descriptor is joined by a pass: to sound, or only to events, which uses nothing up."""
        self._pass_of[fd] = pass_id
        kind = self._fds if listens else self._following
        kind.setdefault(pass_id, set()).add(fd)

    def leave(self, fd: int) -> None:
        """A descriptor is closed."""
        pass_id = self._pass_of.pop(fd, None)
        if pass_id is None:
            return
        for kind in (self._fds, self._following):
            fds = kind.get(pass_id, set())
            fds.discard(fd)
            if not fds:
                kind.pop(pass_id, None)

    def used(self) -> dict[str, int]:
        """Listeners by pass, at this edge."""
        now_s = self._clock.monotonic_s()
        counts = Counter({pass_id: len(fds) for pass_id, fds in self._fds.items()})
        for pass_id, seen in list(self._hls.items()):
            fresh = {who: at_s for who, at_s in seen.items() if now_s - at_s < HLS_COUNTS_S}
            if fresh:
                self._hls[pass_id] = fresh
                counts[pass_id] += len(fresh)
            else:
                del self._hls[pass_id]
        return dict(counts)

    def voided(self, records: Iterable[SpaceRecord]) -> list[int]:
        """Descriptors that listen by passes of these Spaces which are void."""
        void = [pass_id for record in records for pass_id in record.void]
        kinds = (self._fds, self._following)
        return [fd for pass_id in void for kind in kinds for fd in kind.get(pass_id, ())]

    def _giver(self, record: SpaceRecord, request: Request) -> SpaceRecord:
        """The Space whose rules count: this one, or the one whose audience was handed to it."""
        if record.visibility != MEMBERS:
            return record
        via = self._spaces.get(request.query.get("via", ""))
        if via is None or via.message is None:
            return record
        leads_here = any(handoff.to == record.id for handoff in via.message.handoffs)
        return via if leads_here else record

    def _check_room(self, record: SpaceRecord, pass_id: str, claims: Claims | None) -> None:
        uses = claims.uses if claims is not None else 0
        here = len(self._fds.get(pass_id, ())) + len(self._hls.get(pass_id, ()))
        if pass_id in record.full or here >= uses:
            self.refused += 1
            raise Refused("pass-full", "As many listen by this pass as it is for. Ask for one of your own.")

    def _is_over(self, claims: Claims) -> bool:
        return claims.expires_at_s is not None and claims.expires_at_s <= self._clock.wall_s()

    def verify(self, text: str, read: Callable[[str, Ed25519PublicKey], Signed]) -> Signed | None:
        """What a text says that control has signed; None for what it has not."""
        if not _SAFE.fullmatch(text):
            return None
        said = self._verified(text, read)
        return self._verified(text, read) if said is None and self._look_for_key() else said

    def _claims(self, text: str) -> Claims | None:
        if text not in self._known:
            from parvis.spaces import pass_text

            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            self._known[text] = self.verify(text, pass_text.read)
        return self._known[text]

    def _verified(self, text: str, read: Callable[[str, Ed25519PublicKey], Signed]) -> Signed | None:
        if self._key is None and not self._look_for_key():
            return None
        assert self._key is not None
        try:
            return read(text, self._key)
        except Refused:
            return None

    def _look_for_key(self) -> bool:
        """Whether there is another key now: control may start after us. Looks at the file once a second."""
        now_s = self._clock.monotonic_s()
        if self._written or now_s - self._looked_at_s < KEY_LOOK_S:
            return False
        self._looked_at_s = now_s
        try:
            text = self._file.read_text("ascii").strip()
        except (OSError, ValueError):
            return False
        if text == self._key_text:
            return False
        try:
            self._load_key(text)
        except UserError as error:
            log.warning("the key of passes can't be used", file=str(self._file), error=str(error))
            return False
        self._known.clear()
        return True

    def _load_key(self, text: str) -> None:
        from parvis.spaces import pass_text

        self._key, self._key_text = pass_text.public_key(text), text


def shown_pass(request: Request) -> str:
    """The pass that a request shows; "" without one."""
    return request.header(HEADER) or request.query.get(QUERY, "")


def kept_private(answer: Answer) -> Answer:
    """The same for who has a pass: no cache may give it to others."""
    headers = tuple(
        (name, value.replace("public", "private") if name == "Cache-Control" else value)
        for name, value in answer.headers
    )
    return replace(answer, headers=headers)


def playlist_with_pass(answer: Answer | Hold, text: str) -> Answer | Hold:
    """A playlist whose addresses show the pass: players ask for what it names just as it stands there."""
    if isinstance(answer, Hold):
        build = answer.build
        key = (answer.key, text)
        return replace(answer, key=key, build=lambda: _rewritten(build(), text))
    return _rewritten(answer, text)


def sound_kept_private(answer: Answer | Hold) -> Answer | Hold:
    """`kept_private` for what may have to be waited for."""
    if isinstance(answer, Hold):
        build = answer.build
        return replace(answer, key=(answer.key, MEMBERS), build=lambda: kept_private(build()))
    return kept_private(answer)


def _rewritten(answer: Answer, text: str) -> Answer:
    shown = f"{QUERY}={text}".encode()

    def address(uri: bytes) -> bytes:
        return uri + (b"&" if b"?" in uri else b"?") + shown

    lines = []
    for line in answer.body.split(b"\n"):
        if line.startswith(b"#"):
            lines.append(_URI.sub(lambda found: found[1] + address(found[2]) + found[3], line))
        else:
            lines.append(address(line) if line else line)
    return kept_private(replace(answer, body=b"\n".join(lines)))
