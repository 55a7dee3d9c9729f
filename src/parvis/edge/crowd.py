"""What the crowd says to an edge besides listening, and the one small message that leaves it once a part.

Sound comes first: reactions and votes are requests like others, of which a turn takes a bounded number and
fewer while bursts are due (`server.py`). Reactions beyond the budget cost nearly nothing; votes, each of
which counts, have a bucket, and who finds it empty comes back in a moment.
"""

from __future__ import annotations

import random
import secrets
from typing import Final

from parvis.bus.manners import CrowdMessage
from parvis.edge.admission import BURST_S, Bucket
from parvis.edge.reactions import Reactions
from parvis.edge.spaces import SpaceRecord
from parvis.edge.votes import Votes
from parvis.errors import Conflict, Overloaded, UserError

BUSY_RETRY_S: Final = (1, 4)
AGAIN_PARTS: Final = 4
"""Votes are told again so often, while some came lately."""


class Crowd:
    """Owned by the edge's loop. `votes_per_s` is how many are taken."""

    def __init__(
        self, *, reactions_per_address_s: float, voters_per_address: int, votes_per_s: float, now_s: float
    ) -> None:
        self.reactions = Reactions(reactions_per_address_s)
        self.votes = Votes(voters_per_address)
        self._votes = Bucket(votes_per_s, votes_per_s * BURST_S, now_s)
        self._life = secrets.token_hex(4)
        self._told: CrowdMessage | None = None

    def react(self, record: SpaceRecord, address: int, body: bytes, now_s: float) -> None:
        """Raises as `Reactions.react`, and `Conflict` `space-not-begun`, `UserError` `space-ended`."""
        if record.ended:
            raise UserError("space-ended", "This Space has ended.")
        if not record.running:
            raise Conflict("space-not-begun", "Nothing is on air yet.")
        self.reactions.react(record.id, address, body, now_s)

    def vote(
        self, record: SpaceRecord, poll_id: str, address: int, body: bytes, *, now_s: float, wall_s: float
    ) -> None:
        """Raises as `Votes.vote`, and `UserError` `space-ended`."""
        if record.ended:
            raise UserError("space-ended", "This Space has ended.")
        if not self._votes.take(now_s):
            wait_s = random.uniform(*BUSY_RETRY_S)  # noqa: S311 - jitter
            raise Overloaded("not-admitted", "Many vote at once. Try again in a moment.", wait_s)
        self.votes.vote(record.message, poll_id, address, body, now_s=now_s, wall_s=wall_s)

    def message(self, edge: str, sequence: int, now_s: float) -> CrowdMessage | None:
        """What to tell during part `sequence`; None when there is nothing new, and no votes to tell again.
        Call it once a part."""
        reactions, votes = self.reactions.take(), self.votes.totals(now_s)
        told = self._told
        new = reactions or votes != (told.votes if told is not None else {})
        # An edge's word is not replayed to who comes late: a control that was started anew, for one.
        again = votes and told is not None and sequence - told.sequence >= AGAIN_PARTS
        if not (new or again):
            return None
        self._told = CrowdMessage(edge, self._life, sequence, reactions, votes)
        return self._told

    def gauges(self) -> dict[str, float]:
        """Figures, by their names in `metrics.py`."""
        reactions = self.reactions.counts
        return {
            "parvis_edge_reactions_total": reactions.taken,
            "parvis_edge_reactions_unseen_total": reactions.unseen,
            "parvis_edge_votes_total": self.votes.counted,
            "parvis_edge_crowd_refused_total": reactions.refused + self.votes.refused,
        }
