"""Carries the audience of a Space into another (docs/protocol.md §2, Handoff).

Rules:

- Control says it in the Space's message. As soon as the other program runs here, every cohort gets a source
  that leads over (`onward.py`); nobody is written to for it, nobody reconnects, nobody is left behind.
- Whoever comes after that is sent on by an answer (`routes.py`), so there is nothing to look for later. An
  edge that learns of a handoff late carries whoever it has then.
- Those who only follow events are told, and are sent on when they come back.
- Listeners keep in their cohort's key where they came from, so that a return takes those, and only those.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from parvis.bus.messages import Handoff
from parvis.clock import sequence_at
from parvis.edge.cohorts import Cohort
from parvis.edge.fanout import Fanout
from parvis.edge.feed import Feed
from parvis.edge.hls import Lines
from parvis.edge.onward import Onward, Parts
from parvis.edge.radio import Radio
from parvis.edge.spaces import SpaceRecord, Spaces
from parvis.edge.view import handoff_event
from parvis.media.events import Event


class Carrier:
    """Call `look` after the bus was read. `edge_origin` is ours, for links; `joined` counts who began to
    listen, by Space."""

    def __init__(
        self, spaces: Spaces, fanout: Fanout, lines: Lines, edge_origin: str, joined: Counter[str]
    ) -> None:
        self.carried = 0
        """Listeners, since the start."""
        self._joined = joined
        self._spaces = spaces
        self._fanout = fanout
        self._lines = lines
        self._edge_origin = edge_origin

    def look(self, at_s: float) -> None:
        """Carries out what can be. `at_s` is monotonic."""
        for record in self._spaces.giving:
            waiting = [handoff for handoff in record.handoffs_due if not self._carry(record, handoff, at_s)]
            record.handoffs_due[:] = waiting
            self._spaces.stir(record.id)
        self._spaces.giving = [record for record in self._spaces.giving if record.handoffs_due]

    def _carry(self, record: SpaceRecord, handoff: Handoff, at_s: float) -> bool:
        """Whether the handoff needs no more attention."""
        target = self._spaces.get(handoff.to) if handoff.to else record
        if target is None or (handoff.to and not target.running):
            return record.ended and not record.feeds
        event = handoff_event(record.id, handoff, self._edge_origin)
        if not handoff.only_from:
            record.events.say([event], None, at_s)
        for rendition, feed in target.feeds.items():
            if feed.running:
                self._lead_over(record.id, target.id, rendition, feed, handoff, event)
        for name in record.radios:
            radio = target.radio(name)
            if radio.running:
                self._lead_over(record.id, target.id, name, radio, handoff, event)
        self._lines.lead_over(record.id, target, handoff, event)
        return True

    def _lead_over(
        self, space: str, target: str, name: str, after: Parts, handoff: Handoff, event: Event
    ) -> None:
        announced = sequence_at(datetime.fromisoformat(handoff.at).timestamp())
        seams: dict[tuple[int, int], Onward] = {}
        for cohort in self._fanout.cohorts.of_space(space, name):
            if handoff.only_from and cohort.key.via[-1:] != (handoff.only_from,):
                continue
            before = cohort.source
            assert isinstance(before, Feed | Radio | Onward), before
            start = max(announced, cohort.position + 1)
            seam = seams.setdefault((start, id(before)), Onward(before, after, start, event))
            self._lead(cohort, seam, handoff, target)

    def _lead(self, cohort: Cohort, onward: Onward, handoff: Handoff, target: str) -> None:
        via = cohort.key.via
        if handoff.to:
            via = via[:-1] if handoff.only_from else (*via, cohort.key.space)
            listeners = len(cohort) + cohort.laggards
            self.carried += listeners
            if not handoff.only_from:  # who is brought back was there before
                self._joined[target] += listeners
        self._fanout.cohorts.carry(cohort, target, via, onward)
