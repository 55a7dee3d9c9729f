"""What the host settles about a Space beside its words: succession, standby, plan, recording.

- `grace_s`: how long the host may be away before somebody acts for it, 0 to 600.
- `successors`: handles of speakers who may act as host when no co-host is there, at most 20.
- `keep_open_s`: how long a held Space is kept before it ends by itself, up to a week; 0: until it is ended.
- `auto_start`: on air by itself at the announced time; None means yes as soon as there is one.
- `if_absent`: what happens at that time without the host; `postpone_s`, a minute to a day, is by how much.
- `hands`: whether listeners may ask to speak; `stage_locked`: nobody takes a new seat, called or invited.
- `chat_mode`: who may write; `chat_slow_s`: how long one waits between two messages, up to 5 minutes;
  `chat_links`: whether listeners may write links. The last two do not bind who has a seat.
- `captions`: who captions what is said; `captioners`: handles of people who may, at most 20.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from parvis.errors import UserError
from parvis.people.account import is_handle

GRACE_MAX_S: Final = 600
SUCCESSORS_MAX: Final = 20
KEEP_OPEN_MAX_S: Final = 604_800
POSTPONE_MIN_S: Final = 60
POSTPONE_MAX_S: Final = 86_400
SLOW_MAX_S: Final = 300
CAPTIONERS_MAX: Final = 20


class Standby(StrEnum):
    """What the audience hears while nobody speaks."""

    SILENCE = "silence"
    TONE = "tone"
    NOTICE = "notice"
    LOOP = "loop"


class IfAbsent(StrEnum):
    """What happens at the announced time without the host."""

    HOLD = "hold"
    ACTING = "acting"
    POSTPONE = "postpone"


class Recording(StrEnum):
    """What is kept for later."""

    OFF = "off"
    PROGRAM = "program"
    TRACKS = "tracks"


class HandsMode(StrEnum):
    """Whether listeners may raise a hand."""

    OPEN = "open"
    CLOSED = "closed"


class ChatMode(StrEnum):
    """Who may write."""

    OPEN = "open"
    STAGE = "stage"
    OFF = "off"


class CaptionsMode(StrEnum):
    """Who captions what is said."""

    OFF = "off"
    AUTOMATIC = "automatic"
    HUMAN = "human"


@dataclass(frozen=True, slots=True)
class Terms:
    """The settings of one Space, as above."""

    grace_s: int = 10
    successors: tuple[str, ...] = ()
    standby: Standby = Standby.SILENCE
    keep_open_s: int = 3_600
    auto_start: bool | None = None
    if_absent: IfAbsent = IfAbsent.HOLD
    postpone_s: int = 600
    recording: Recording = Recording.OFF
    hands: HandsMode = HandsMode.OPEN
    stage_locked: bool = False
    chat_mode: ChatMode = ChatMode.OPEN
    chat_slow_s: int = 0
    chat_links: bool = False
    captions: CaptionsMode = CaptionsMode.OFF
    captioners: tuple[str, ...] = ()


DEFAULT_TERMS: Final = Terms()


def check_terms(terms: Terms) -> Terms:
    """The terms, or `UserError` `input-invalid`."""
    _check_range("grace_s", terms.grace_s, 0, GRACE_MAX_S)
    _check_range("keep_open_s", terms.keep_open_s, 0, KEEP_OPEN_MAX_S)
    _check_range("postpone_s", terms.postpone_s, POSTPONE_MIN_S, POSTPONE_MAX_S)
    _check_range("chat.slow_s", terms.chat_slow_s, 0, SLOW_MAX_S)
    _check_handles("successors", terms.successors, SUCCESSORS_MAX)
    _check_handles("captioners", terms.captioners, CAPTIONERS_MAX)
    return terms


def _check_handles(field: str, handles: tuple[str, ...], most: int) -> None:
    if len(handles) > most or len(set(handles)) < len(handles):
        raise UserError("input-invalid", f"{field}: at most {most} different handles.")
    for handle in handles:
        if not is_handle(handle):
            raise UserError("input-invalid", f"{field}: 2 to 30 of a-z, 0-9 and _ are a handle.")


def _check_range(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise UserError("input-invalid", f"{field}: {least} to {most} are allowed.")
