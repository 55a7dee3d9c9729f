"""Which languages captioners know now: where none does, `automatic` captions are none, and nobody is offered
what will not come."""

from __future__ import annotations

from typing import Final

from parvis.bus.captions import CaptionerMessage, primary

FORGOTTEN_AFTER_S: Final = 30.0
"""They speak once a second; one that is started anew needs its time to load what it knows."""


class Captioners:
    """All captioners of which the bus has told."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, frozenset[str]]] = {}

    def hear(self, message: CaptionerMessage, at_s: float) -> None:
        """A captioner says that it is there. `at_s` is monotonic."""
        self._known[message.name] = at_s, frozenset(message.languages)

    def forget(self, at_s: float) -> None:
        """Forgets those who are silent."""
        if any(at_s - heard_s > FORGOTTEN_AFTER_S for heard_s, _ in self._known.values()):
            self._known = {n: k for n, k in self._known.items() if at_s - k[0] <= FORGOTTEN_AFTER_S}

    def caption(self, language: str) -> bool:
        """Whether one of them knows a language, by its first subtag."""
        return any(primary(language) in languages for _, languages in self._known.values())
