"""The use cases of the chat: writing, reading, deleting, bringing back, pinning.

- What was kept is said, and in that order: the program's events follow from the transaction, never from hope.
- What is sent to everybody is counted (`Count`), when all else allows it.
- Who has a seat is not slowed down and may write links; whoever is banned may do nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from parvis.clock import Clock
from parvis.errors import Overloaded, Refused, UserError
from parvis.spaces import message as rules
from parvis.spaces.blocked import check_not_blocked
from parvis.spaces.changes import Changes, found
from parvis.spaces.hands import check_not_banned
from parvis.spaces.log import check_reason
from parvis.spaces.message import Message, Pinned
from parvis.spaces.permissions import Act, check_may
from parvis.spaces.port import Announcer, SpaceRecords, SpaceStore
from parvis.spaces.port_manners import Talk
from parvis.spaces.seat import Person
from parvis.spaces.space import Space
from parvis.spaces.terms import ChatMode

Count = Callable[[bool], Awaitable[None]]
"""Told whether a message is the asker's own; may raise `Overloaded`, and then nothing has happened."""


async def _uncounted(_: bool) -> None:
    """Where nobody counts."""


@dataclass(frozen=True, slots=True)
class Page:
    """Messages, newest first, and the id of the pinned one."""

    messages: list[Message]
    pinned: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A message, and whether it is pinned."""

    message: Message
    pinned: bool


class Chat(Changes):
    """`asker` is the person who asks, already known to be who it says."""

    def __init__(self, store: SpaceStore, announcer: Announcer, clock: Clock, talk: Talk) -> None:
        super().__init__(store, announcer, clock)
        self._talk = talk

    async def write(
        self, space_id: str, text: str, reply_to: str | None, asker: Person, count: Count = _uncounted
    ) -> Message:
        """A new message; `count` is asked when nothing else is against it.

        Raises `UserError` `input-invalid`, `link-refused`, `Refused` `banned`, `chat-closed`, `NotFound`
        `space-unknown`, `message-unknown`, `Conflict` `space-ended`, `Overloaded` `slow-mode`.
        """
        text = rules.check_text(text)
        answered = rules.number(reply_to) if reply_to is not None else None

        async def work(records: SpaceRecords) -> tuple[Message, Sequence[Space]]:
            space = await found(records, space_id)
            await records.account(asker.handle)  # held: the same account writes one at a time
            await check_not_banned(records, space_id, asker)
            await check_not_blocked(records, space, asker)
            space.check_open()
            _check_may_write(space, asker, text)
            now_ms = self._now_ms()
            role = space.role_of(asker.account_id)
            slow_ms = space.terms.chat_slow_s * 1000
            if slow_ms and role is None:
                last_ms = await records.last_message_ms(space_id, asker.account_id)
                if last_ms is not None and now_ms - last_ms < slow_ms:
                    raise _too_soon(last_ms + slow_ms - now_ms)
            if answered is not None and await _standing(records, space_id, answered) is None:
                raise rules.unknown()
            await count(True)
            message = Message(space_id, asker, role, text, answered, now_ms)
            return await records.add_message(message), ()

        def tell(message: Message) -> None:
            self._say(message, "chat")

        return await self._transact(work, tell=tell)

    async def page(self, space_id: str, before: str | None, limit: int) -> Page:
        """What was written before a message, newest first. Raises `NotFound` `space-unknown`,
        `message-unknown`."""
        async with self._store.read_spaces() as records:
            space = await found(records, space_id)
            before_id = rules.number(before) if before is not None else None
            messages = await records.messages(space_id, before_id, limit)
            return Page(messages, space.pinned.id if space.pinned is not None else None)

    async def delete(
        self,
        space_id: str,
        message_id: str,
        asker: Person,
        reason: str | None,
        count: Count = _uncounted,
    ) -> None:
        """Takes a message away: its author's right, and a manager's. Deleted already: nothing changes.

        Raises `Refused`, `NotFound` `space-unknown`, `message-unknown`, `UserError` `input-invalid`.
        """
        reason = check_reason(reason) if reason is not None else None

        async def work(records: SpaceRecords) -> tuple[Message | None, Sequence[Space]]:
            space = await found(records, space_id, lock=True)
            message = await _known(records, space_id, message_id)
            own = message.by.account_id == asker.account_id
            if not own:
                check_may(space.standing_of(asker.account_id), Act.MODERATE)
            if message.deleted:
                return None, ()
            await count(own)
            await records.set_deleted(message.id, self._now_ms(), asker.account_id)
            if not own:
                entry = self._entry(space_id, asker, "message-deleted", message.by.handle, reason)
                await records.add_entry(replace(entry, details={"message": message_id}))
            changed = space
            if space.pinned is not None and space.pinned.id == message_id:
                changed = space.pin(None)
                await records.save(changed)
            return message, (changed,) if changed is not space else ()

        def tell(message: Message | None) -> None:
            if message is not None:
                self._talk.say(space_id, "chat-gone", id=str(message.id), by=message.by.handle)

        await self._transact(work, tell=tell)

    async def restore(
        self, space_id: str, message_id: str, asker: Person, count: Count = _uncounted
    ) -> Shown:
        """Brings back what the asker deleted within the last minute.

        Raises `Refused` `forbidden`, `banned`, `NotFound` `space-unknown`, `message-unknown`, `Conflict`
        `restore-late`.
        """

        async def work(records: SpaceRecords) -> tuple[Shown, Sequence[Space]]:
            space = await found(records, space_id)
            message = await _known(records, space_id, message_id)
            own = message.by.account_id == asker.account_id
            if not own:
                check_may(space.standing_of(asker.account_id), Act.MODERATE)
            message.check_restore(asker.account_id, self._now_ms())
            await check_not_banned(records, space_id, message.by)
            await count(own)
            await records.set_deleted(message.id, None, None)
            if not own:
                entry = self._entry(space_id, asker, "message-restored", message.by.handle)
                await records.add_entry(replace(entry, details={"message": message_id}))
            back = replace(message, deleted_at_ms=None, deleted_by=None)
            return Shown(back, _is_pinned(space, message_id)), ()

        return await self._transact(work, tell=lambda shown: self._say(shown.message, "chat-back"))

    async def pin(self, space_id: str, message_id: str, asker: Person) -> Shown:
        """Everybody sees this message. Raises `Refused`, `NotFound` `space-unknown`, `message-unknown`,
        `Conflict` `space-ended`."""

        async def work(records: SpaceRecords) -> tuple[Shown, Sequence[Space]]:
            space = await found(records, space_id, lock=True)
            check_may(space.standing_of(asker.account_id), Act.MODERATE)
            message = await _known(records, space_id, message_id)
            if message.deleted:
                raise rules.unknown()
            by = message.by
            changed = space.pin(Pinned(message_id, by.handle, by.display_name, message.text))
            if changed is not space:
                await records.save(changed)
                entry = self._entry(space_id, asker, "message-pinned", by.handle)
                await records.add_entry(replace(entry, details={"message": message_id}))
            return Shown(message, True), (changed,) if changed is not space else ()

        return await self._transact(work)

    async def unpin(self, space_id: str, asker: Person) -> Space:
        """Nothing is pinned any more. Raises `Refused`, `NotFound` `space-unknown`."""

        def change(space: Space) -> Space:
            check_may(space.standing_of(asker.account_id), Act.MODERATE)
            return space.pin(None)

        return await self._change(space_id, change, self._entry(space_id, asker, "message-unpinned"))

    async def forget(self) -> None:
        """Takes away the words of what nobody may bring back any more. Call it from time to time."""

        async def work(records: SpaceRecords) -> tuple[None, Sequence[Space]]:
            await records.forget_texts(self._now_ms() - rules.RESTORE_MS)
            return None, ()

        await self._transact(work)

    def _say(self, message: Message, type: str) -> None:
        self._talk.say(
            message.space_id,
            type,
            id=str(message.id),
            by=message.by.handle,
            name=message.by.display_name,
            role=message.role.value if message.role is not None else None,
            text=message.text,
            reply_to=str(message.reply_to) if message.reply_to is not None else None,
            at_ms=message.at_ms,
        )


def _check_may_write(space: Space, asker: Person, text: str) -> None:
    seated = space.seat_of(asker.account_id) is not None
    mode = space.terms.chat_mode
    if mode is ChatMode.OFF or (mode is ChatMode.STAGE and not seated):
        who = "Nobody writes here now." if mode is ChatMode.OFF else "Only who has a seat writes here now."
        raise Refused("chat-closed", who)
    if not seated and not space.terms.chat_links and rules.has_link(text):
        raise UserError("link-refused", "Listeners may not write links here.")


async def _standing(records: SpaceRecords, space_id: str, message_id: int) -> Message | None:
    message = await records.message(space_id, message_id)
    return message if message is not None and not message.deleted else None


async def _known(records: SpaceRecords, space_id: str, message_id: str) -> Message:
    message = await records.message(space_id, rules.number(message_id))
    if message is None:
        raise rules.unknown()
    return message


def _is_pinned(space: Space, message_id: str) -> bool:
    return space.pinned is not None and space.pinned.id == message_id


def _too_soon(wait_ms: int) -> Overloaded:
    return Overloaded("slow-mode", "Slow mode: wait a little before you write again.", wait_ms / 1000)
