"""One program as the captioner hears it: parts of the bus in, utterances out. Pure.

Parts come in order or not at all. What is older than what was heard, or comes from a stage that has lost the
Space (`bus/leases.py`), is passed over.
"""

from __future__ import annotations

from parvis.bus.messages import PartMessage
from parvis.captions.ear import Ear
from parvis.captions.utterances import Utterance, Utterances
from parvis.clock import PART_MS


class Listener:
    """Of one Space."""

    def __init__(self) -> None:
        self._ear = Ear()
        self._utterances = Utterances()
        self._sequence = -1
        self._epoch = 0

    def take(self, part: PartMessage) -> list[Utterance]:
        """The utterances that end in this part. Raises `RemoteProtocolError` `media-malformed`."""
        if part.epoch < self._epoch or part.sequence <= self._sequence:
            return []
        self._epoch = part.epoch
        self._sequence = part.sequence
        return self._utterances.push(part.sequence * PART_MS, self._ear.hear(part.body))
