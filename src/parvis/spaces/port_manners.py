"""What hands, bans, chat and polls need kept and told: implemented in `parvis.store` and `parvis.api`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from parvis.people.account import Account
from parvis.spaces.ban import Ban
from parvis.spaces.hand import Hand, Line, Query, Standing
from parvis.spaces.message import Message
from parvis.spaces.poll import Poll


class HandRecords(Protocol):
    """Hands inside one transaction."""

    async def hand(self, space_id: str, hand_id: str) -> Hand | None: ...

    async def hand_of(self, space_id: str, account_id: str) -> Hand | None:
        """The one hand of an account in a Space, in whatever state."""

    async def keep_hand(self, hand: Hand) -> None:
        """Writes a hand; there is one for each account and Space."""

    async def lower_hands(self, space_id: str, account_id: str | None = None) -> int:
        """Lowers all that are raised, or one account's; how many it were."""

    async def standing(self, hand: Hand) -> Standing:
        """Where a hand stands in its line."""

    async def line(self, space_id: str, query: Query, limit: int) -> Line:
        """At most `limit` raised hands."""

    async def hand_counts(self, space_id: str) -> tuple[int, int]:
        """How many are raised, and how many of these are screened."""


class BanRecords(Protocol):
    """Bans inside one transaction."""

    async def ban_of(self, space_id: str, account_id: str) -> Ban | None: ...

    async def bans(self, space_id: str) -> list[Ban]:
        """Newest first."""

    async def add_ban(self, ban: Ban) -> None: ...

    async def drop_ban(self, space_id: str, handle: str) -> bool:
        """Whether there was one."""

    async def present(self, space_id: str, account_ids: Sequence[str]) -> list[Account]:
        """Those of these accounts that may be named as being there, by handle: neither deleted nor suspended
        nor banned."""

    async def banned_accounts(self) -> Mapping[str, Sequence[str]]:
        """Accounts by Space, of all Spaces that are not over."""


class ChatRecords(Protocol):
    """Messages inside one transaction."""

    async def add_message(self, message: Message) -> Message:
        """The same with its id."""

    async def message(self, space_id: str, message_id: int) -> Message | None: ...

    async def messages(self, space_id: str, before: int | None, limit: int) -> list[Message]:
        """Those that are not deleted, newest first."""

    async def last_message_ms(self, space_id: str, account_id: str) -> int | None:
        """When an account last wrote here, be it deleted or not."""

    async def set_deleted(self, message_id: int, at_ms: int | None, by: str | None) -> None: ...

    async def delete_messages_of(self, space_id: str, account_id: str, at_ms: int, by: str) -> int:
        """How many it were."""

    async def forget_texts(self, deleted_before_ms: int) -> None:
        """Takes away the words of what was deleted before a time."""


class PollRecords(Protocol):
    """Polls inside one transaction. What was counted is kept by source, so that an edge which says the same
    again is not counted twice."""

    async def add_poll(self, space_id: str, poll: Poll) -> None: ...

    async def poll(self, space_id: str, poll_id: str) -> Poll | None: ...

    async def polls(self, space_id: str, limit: int) -> list[Poll]:
        """Newest first."""

    async def open_polls(self) -> Mapping[str, tuple[str, Poll, Mapping[str, Sequence[int]]]]:
        """Space, poll and counts by source of every open poll, by its id."""

    async def save_poll(self, poll: Poll, sources: Mapping[str, Sequence[int]] | None = None) -> None:
        """Writes counts, sources (None: as they are) and whether it is closed."""


class MannersRecords(HandRecords, BanRecords, ChatRecords, PollRecords, Protocol):
    """All of them."""


class Talk(Protocol):
    """Told of what the audience is to see, once it is kept, in order."""

    def say(self, space_id: str, type: str, **fields: object) -> None:
        """One event of docs/protocol.md §8, for the program and the studio."""

    def hands_changed(self, space_id: str) -> None:
        """Somebody raised or lowered a hand."""

    def bans_changed(self, space_id: str, account_ids: frozenset[str]) -> None:
        """All who are banned now."""
