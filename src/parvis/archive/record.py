"""What the archive knows of one Space, beside its sound: `record.json`, replaced whole at each change.

Rules:

- Control's last word (`SpaceMessage`) is kept as it came, so that an archive that comes back while control is
  away knows what to record, and who may decide about the replay.
- Everybody who ever had a seat is kept: they may make clips, and ask for the removal of their words.
- While recording is off, nothing is written: such a *pause* is left out of the replay, it is not lost sound.
- Ranges are part numbers, both ends included.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from parvis.archive.sequences import Range
from parvis.bus.messages import ProgramMessage, SpaceMessage
from parvis.clock import sequence_at
from parvis.errors import LocalProtocolError

FILE: Final = "record.json"
LATE_WORD_S: Final = 30.0
"""How long after the announced second control may say that a Space is live."""
MEMBERS: Final = "members"
_VERSION: Final = 1
_RANKS: Final = ("speaker", "co-host", "host")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who had a seat, with the highest role they had. `account` is "" when control did not say."""

    handle: str
    display_name: str
    role: str
    account: str = ""


@dataclass(frozen=True, slots=True)
class RemovalRequest:
    """Somebody who spoke asks that a range be silenced. `state` is "open", "done" or "declined"."""

    id: str
    handle: str
    first: int
    last: int
    reason: str
    at: str
    state: str = "open"


@dataclass(frozen=True, slots=True)
class Record:
    """All of it. Immutable: each change gives a new one.

    `mode` is "program" or "tracks", the most that was ever asked for. `silence` is one silent access unit of
    each rendition. `last_sequence` is the last part of the program as the stage said it, None while unknown.
    `dropped_parts` could not be written in time. `banned` are accounts that are banned from the Space.
    `version` grows with each change that the replay must show; `built` is the one it shows, `stored` the one
    at the object store.
    """

    space: SpaceMessage
    mode: str = "program"
    people: tuple[Person, ...] = ()
    silence: Mapping[str, bytes] = field(default_factory=dict)
    last_sequence: int | None = None
    pauses: tuple[tuple[int, int | None], ...] = ()
    finished: bool = False
    trim: Range | None = None
    cuts: tuple[Range, ...] = ()
    public: bool = True
    requests: tuple[RemovalRequest, ...] = ()
    dropped_parts: int = 0
    banned: tuple[str, ...] = ()
    version: int = 1
    built: int = 0
    stored: int = 0

    @classmethod
    def new(cls, space: SpaceMessage, *, off_until: int | None = None) -> Record:
        """A Space that is to be recorded. `off_until` is the last part for which it was known not to be."""
        pauses = () if off_until is None else ((0, off_until),)
        # What was for members is for those who were there, until their host decides otherwise.
        return cls(space, pauses=pauses, public=space.visibility != MEMBERS).with_space(space, sequence_now=0)

    def with_space(self, message: SpaceMessage, *, sequence_now: int) -> Record:
        """Control said something newer; an older word changes nothing. `sequence_now` is where the program is
        now, for a pause that begins or ends."""
        if message.revision < self.space.revision:
            return self
        known = {person.handle: person for person in self.people}
        for seat in message.seats:
            before = known.get(seat.handle)
            role = max(seat.role, before.role if before else seat.role, key=_rank)
            account = seat.account or (before.account if before else "")
            known[seat.handle] = Person(seat.handle, seat.display_name, role, account)
        mode = "tracks" if "tracks" in (self.mode, message.recording) else "program"
        closed = message.visibility == MEMBERS and self.space.visibility != MEMBERS
        return replace(
            self,
            public=self.public and not closed,
            space=message,
            people=tuple(known.values()),
            mode=mode,
            pauses=self._pauses_with(message, sequence_now),
        )

    def _pauses_with(self, message: SpaceMessage, sequence_now: int) -> tuple[tuple[int, int | None], ...]:
        paused = bool(self.pauses) and self.pauses[-1][1] is None
        # An ended Space is not recorded any more: that is its end, not a pause.
        wants_pause = message.recording == "off" and message.state != "ended"
        if wants_pause and not paused:
            return (*self.pauses, (sequence_now, None))
        if paused and message.recording != "off":
            return (*self.pauses[:-1], (self.pauses[-1][0], sequence_now))
        return self.pauses

    def with_program(self, message: ProgramMessage) -> Record:
        """What silence is in each rendition, and where the program ends."""
        silence = {str(one.rendition): one.silence for one in message.renditions}
        return replace(self, silence={**self.silence, **silence}, last_sequence=message.last_sequence)

    def is_paused_at(self, sequence: int) -> bool:
        """This part is not to be written."""
        return any(first <= sequence and (last is None or sequence <= last) for first, last in self.pauses)

    @property
    def on_air_sequence(self) -> int | None:
        """The first part after the Space went live; before it the program is standby sound.

        With a go-live clock it opened at the announced second, a little before control wrote that down.
        """
        started_s, planned_s = _unix_s(self.space.started_at), _unix_s(self.space.starts_at)
        if started_s is None:
            return None
        if planned_s is not None and 0 <= started_s - planned_s <= LATE_WORD_S:
            started_s = planned_s
        return sequence_at(started_s)

    def changed(self, **changes: Any) -> Record:
        """A change that the replay must show."""
        return replace(self, version=self.version + 1, **changes)

    @property
    def host(self) -> Person:
        """The host as known; their handle stands in for a name that never came."""
        for person in self.people:
            if person.handle == self.space.host:
                return person
        return Person(self.space.host, self.space.host, "host")

    def encode(self) -> bytes:
        """As JSON, for people to read too."""
        fields = asdict(self) | {
            "format": _VERSION,
            "silence": {name: base64.b64encode(data).decode() for name, data in self.silence.items()},
        }
        return json.dumps(fields, ensure_ascii=False, indent=1).encode()

    @classmethod
    def decode(cls, data: bytes) -> Record:
        """Raises `LocalProtocolError` `record-invalid`."""
        try:
            fields = json.loads(data)
            if fields.pop("format") != _VERSION:
                raise LocalProtocolError("record-invalid", "the record has another format")
            return cls(
                **fields
                | {
                    "space": SpaceMessage.decode(json.dumps(fields["space"]).encode()),
                    "people": tuple(Person(**person) for person in fields["people"]),
                    "silence": {name: base64.b64decode(text) for name, text in fields["silence"].items()},
                    "pauses": tuple((first, last) for first, last in fields["pauses"]),
                    "trim": tuple(fields["trim"]) if fields["trim"] else None,
                    "cuts": tuple((first, last) for first, last in fields["cuts"]),
                    "banned": tuple(fields.get("banned", ())),
                    "requests": tuple(RemovalRequest(**request) for request in fields["requests"]),
                }
            )
        except (ValueError, KeyError, TypeError) as error:
            raise LocalProtocolError("record-invalid", f"the record can't be read: {error}") from error


def _unix_s(time: str | None) -> float | None:
    return datetime.fromisoformat(time).timestamp() if time else None


def _rank(role: str) -> int:
    return _RANKS.index(role) if role in _RANKS else -1


def read_record(folder: Path) -> Record | None:
    """The record of a Space's folder; None when there is none. Raises `OSError`, `LocalProtocolError`."""
    try:
        return Record.decode((folder / FILE).read_bytes())
    except FileNotFoundError:
        return None


def write_record(folder: Path, record: Record) -> None:
    """Replaces the record; a crash leaves the old one or the new one. Raises `OSError`."""
    replace_file(folder / FILE, record.encode())


def replace_file(path: Path, data: bytes) -> None:
    """Writes a file whole, durably, or not at all. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
