"""The use cases of captions that people write: a line, and its correction.

Lines are for the program: nothing is kept here but the last few of each Space, in memory, so that who wrote
them can correct them. A replay has them from the program.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Final, Protocol

from parvis.clock import Clock
from parvis.spaces import caption as rules
from parvis.spaces.caption import Caption
from parvis.spaces.changes import found
from parvis.spaces.permissions import Act, check_may
from parvis.spaces.port import SpaceStore
from parvis.spaces.seat import Person
from parvis.spaces.space import Space

KEPT: Final = 50
"""Lines of a Space that can be corrected."""


class CaptionSink(Protocol):
    """Where lines go."""

    def caption(self, caption: Caption) -> None: ...


class HumanCaptions:
    """`asker` is the person who asks, already known to be who it says. Owned by the loop."""

    def __init__(self, store: SpaceStore, sink: CaptionSink, clock: Clock) -> None:
        self._store = store
        self._sink = sink
        self._clock = clock
        self._number = 0
        self._kept: dict[str, OrderedDict[str, Caption]] = {}

    async def write(self, space_id: str, text: str, ago_ms: int, asker: Person) -> Caption:
        """A line whose first letter was typed `ago_ms` ago.

        Raises `UserError` `input-invalid`, `Refused`, `NotFound` `space-unknown`, `Conflict` `space-ended`,
        `captions-off`, `space-not-live`.
        """
        text = rules.check_text(text)
        space = await self._space(space_id, asker)
        now_ms = int(self._clock.program_s() * 1000)
        # Numbers begin with the time, so they also grow over a restart.
        self._number = max(self._number + 1, now_ms)
        start_ms = now_ms - min(max(0, ago_ms), rules.AGO_MAX_MS)
        caption = Caption(
            space_id=space_id,
            id=f"h{self._number}",
            start_ms=start_ms,
            end_ms=max(now_ms, start_ms + rules.reading_ms(text)),
            text=text,
            language=space.language,
            by=asker.handle,
            account_id=asker.account_id,
        )
        self._say(caption)
        return caption

    async def correct(self, space_id: str, caption_id: str, text: str, asker: Person) -> Caption:
        """Other words for a line of one's own; none: it is taken back.

        Raises as `write`, and `NotFound` `caption-unknown`.
        """
        text = rules.check_text(text, correction=True)
        await self._space(space_id, asker)
        lines = self._kept.get(space_id)
        kept = lines.get(caption_id) if lines is not None else None
        oldest_ms = int(self._clock.program_s() * 1000) - rules.CORRECTED_FOR_MS
        if kept is None or kept.account_id != asker.account_id or kept.end_ms < oldest_ms:
            raise rules.unknown()
        corrected = replace(kept, text=text)
        self._say(corrected)
        return corrected

    def keep_only(self, space_ids: frozenset[str]) -> None:
        """Forgets what concerns other Spaces."""
        self._kept = {space_id: kept for space_id, kept in self._kept.items() if space_id in space_ids}

    async def _space(self, space_id: str, asker: Person) -> Space:
        async with self._store.read_spaces() as records:
            space = await found(records, space_id)
            ban = await records.ban_of(space_id, asker.account_id)
        if ban is not None:
            raise ban.refusal()
        if asker.handle not in space.terms.captioners:
            check_may(space.standing_of(asker.account_id), Act.CAPTION)
        rules.check_takes_captions(space)
        return space

    def _say(self, caption: Caption) -> None:
        kept = self._kept.setdefault(caption.space_id, OrderedDict())
        kept[caption.id] = caption
        while len(kept) > KEPT:
            kept.popitem(last=False)
        self._sink.caption(caption)
