"""What the crowd says to an edge besides listening, and the small messages that leave it once a part.

Sound comes first: reactions and votes are requests like others, of which a turn takes a bounded number and
fewer while bursts are due (`server.py`). Reactions beyond the budget cost nearly nothing; votes, each of
which counts, have a bucket, and who finds it empty comes back in a moment.
"""

from __future__ import annotations

import random
import secrets
from typing import Final

from parvis.bus.manners import CrowdMessage
from parvis.bus.votes import CountedMessage, VotesMessage
from parvis.edge.admission import BURST_S, Bucket
from parvis.edge.reactions import Reactions
from parvis.edge.spaces import SpaceRecord
from parvis.edge.votes import Votes
from parvis.errors import Conflict, Overloaded, UserError

BUSY_RETRY_S: Final = (1, 4)


class Crowd:
    """Owned by the edge's loop. `votes_per_s` is how many are taken."""

    def __init__(
        self,
        name: str,
        *,
        reactions_per_address_s: float,
        voters_per_address: int,
        votes_per_s: float,
        now_s: float,
        key: bytes = b"",
    ) -> None:
        self.reactions = Reactions(reactions_per_address_s)
        self.votes = Votes(voters_per_address, key)
        self._votes = Bucket(votes_per_s, votes_per_s * BURST_S, now_s)
        self.life = secrets.token_hex(4)
        self._name = name

    def react(self, record: SpaceRecord, address: int, body: bytes, now_s: float) -> None:
        """Raises as `Reactions.react`, and `Conflict` `space-not-begun`, `UserError` `space-ended`."""
        if record.ended:
            raise UserError("space-ended", "This Space has ended.")
        if not record.running:
            raise Conflict("space-not-begun", "Nothing is on air yet.")
        self.reactions.react(record.id, address, body, now_s)

    def vote(
        self,
        record: SpaceRecord,
        poll_id: str,
        address: int,
        body: bytes,
        *,
        now_s: float,
        wall_s: float,
        account_id: str = "",
    ) -> None:
        """Raises as `Votes.vote`, and `UserError` `space-ended`."""
        if record.ended:
            raise UserError("space-ended", "This Space has ended.")
        if not self._votes.take(now_s):
            wait_s = random.uniform(*BUSY_RETRY_S)  # noqa: S311 - jitter
            raise Overloaded("not-admitted", "Many vote at once. Try again in a moment.", wait_s)
        self.votes.vote(
            record.message, poll_id, address, body, now_s=now_s, wall_s=wall_s, account_id=account_id
        )

    def hear(self, message: CountedMessage, now_s: float) -> None:
        """What control has taken of the votes."""
        self.votes.hear(message, VotesMessage(self._name, self.life).source, now_s)

    def messages(self, sequence: int, now_s: float) -> list[CrowdMessage | VotesMessage]:
        """What to tell during part `sequence`. Call it once a part."""
        told: list[CrowdMessage | VotesMessage] = []
        if reactions := self.reactions.take():
            told.append(CrowdMessage(self._name, self.life, sequence, reactions))
        if votes := self.votes.to_tell(now_s):
            told.append(VotesMessage(self._name, self.life, votes))
        return told

    def gauges(self) -> dict[str, float]:
        """Figures, by their names in `metrics.py`."""
        reactions = self.reactions.counts
        return {
            "parvis_edge_reactions_total": reactions.taken,
            "parvis_edge_reactions_unseen_total": reactions.unseen,
            "parvis_edge_votes_total": self.votes.counted,
            "parvis_edge_crowd_refused_total": reactions.refused + self.votes.refused,
        }
