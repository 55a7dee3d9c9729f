"""Sound checks of a room: for each seat in the green room, and on air for a session's first minute.

Longer would cost without use: on air nobody mends their microphone, and levels and loss are shown anyhow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from parvis.audio import Int16
from parvis.audio.soundcheck import SoundCheck
from parvis.audio.verdict import Way, sound_check
from parvis.clock import TICK_MS
from parvis.stage.session import Session

FIRST_TICKS: Final = 60_000 // TICK_MS


class SoundChecks:
    """Owned by one room."""

    def __init__(self) -> None:
        self._checks: dict[str, SoundCheck] = {}
        self._ticks: dict[str, int] = {}

    def tick(self, sessions: Iterable[Session], sent: Int16, got: Int16, *, on_air: bool) -> None:
        """One tick of the sessions that are heard: what their rows send and get, int16[seats, 960] each."""
        for session in sessions:
            ticks = self._ticks[session.id] = self._ticks.get(session.id, 0) + 1
            if on_air and ticks > FIRST_TICKS:
                self._checks.pop(session.id, None)
                continue
            check = self._checks.get(session.id)
            if check is None:
                check = self._checks[session.id] = SoundCheck(turn=session.row)
            check.add(sent[session.row], got[session.row])

    def report(self, session: Session) -> dict[str, Any] | None:
        """`check` of docs/protocol.md §4, or None when this session is not checked now."""
        check = self._checks.get(session.id)
        return None if check is None else sound_check(check.measured, Way(*session.quality))

    def forget(self, session: Session) -> None:
        """The session is over."""
        self._checks.pop(session.id, None)
        self._ticks.pop(session.id, None)
