"""The use cases of handoffs: making one, asking for one, answering, and codes of consent (`handoff.py`)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Final

from parvis.errors import Refused, UserError
from parvis.spaces import handoff as rules
from parvis.spaces import words
from parvis.spaces.changes import Changes, found, found_together
from parvis.spaces.handoff import Handoff, HandoffCode, HandoffState
from parvis.spaces.log import check_reason
from parvis.spaces.permissions import Act, check_may, may
from parvis.spaces.port import SpaceRecords
from parvis.spaces.seat import Person
from parvis.spaces.space import Space

_HOPS_MAX: Final = 32
"""How far handoffs of handoffs are followed."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Where an audience should go. Exactly one of `to` and `url`; `only_from` "" means everybody."""

    reason: str
    to: str | None = None
    url: str | None = None
    code: str | None = None
    only_from: str = ""
    end: bool = True


@dataclass(frozen=True, slots=True)
class NewCode:
    """A code of consent, which is never shown again."""

    code: str
    expires_at_ms: int


class Handoffs(Changes):
    """`asker` is the person who asks, already known to be who it says."""

    async def hand_off(self, space_id: str, wish: Wish, asker: Person) -> Handoff:
        """A handoff that is made, or asked when the other side must consent.

        Raises `UserError` `input-invalid`, `Refused` `no-seat`, `forbidden`, `handoff-code-invalid`,
        `NotFound` `space-unknown`, `Conflict` `space-ended`, `space-not-live`, `handoff-loop`.
        """
        wish = _checked(wish)

        async def work(records: SpaceRecords) -> tuple[Handoff, list[Space]]:
            space = await found(records, space_id)
            check_may(space.standing_of(asker.account_id), Act.HAND_OFF, operator=asker.operator)
            return await self.hand_off_within(records, space_id, wish, asker)

        return await self._transact(work)

    async def hand_off_within(
        self, records: SpaceRecords, space_id: str, wish: Wish, asker: Person
    ) -> tuple[Handoff, list[Space]]:
        """The same inside a transaction, for who has asked whether the asker may. Gives what it has kept."""
        now_ms = self._now_ms()
        handoff = Handoff(
            id=rules.new_id(),
            from_id=space_id,
            to_id=wish.to,
            url=wish.url or "",
            title=rules.site_of(wish.url) if wish.url else "",
            reason=wish.reason,
            by=asker.handle,
            asked_at_ms=now_ms,
            end=wish.end,
            only_from=wish.only_from,
        )
        if wish.to is None:
            [space] = await found_together(records, space_id)
            changed = [rules.make(space, handoff, now_ms)]
        else:
            space, to = await found_together(records, space_id, wish.to)
            space.check_open()
            rules.check_target(space, to, handoff, await _leads_to(records, to))
            handoff = replace(handoff, title=to.title)
            if await self._consents(records, to, wish.code, asker, now_ms):
                changed = _made(space, to, handoff, now_ms)
            else:
                changed = [rules.ask(space, handoff)]
        kept = rules.find(changed[0], handoff.id)
        act = "handoff-asked" if kept.state is HandoffState.ASKED else "handoff-made"
        await self._keep(records, changed, act, kept, asker)
        return kept, changed

    async def decide(self, to_id: str, handoff_id: str, asker: Person, *, accept: bool) -> Handoff:
        """The answer of the Space that was asked.

        Raises `Refused`, `NotFound` `space-unknown`, `handoff-unknown`, `Conflict` `handoff-over`,
        `space-ended`, `space-not-live`, `handoff-loop`.
        """

        async def work(records: SpaceRecords) -> tuple[Handoff, list[Space]]:
            to = await found(records, to_id)
            check_may(to.standing_of(asker.account_id), Act.RECEIVE)
            from_id = await records.handoff_from(handoff_id) if rules.is_id(handoff_id) else None
            if from_id is None:
                raise rules.unknown()
            space, to = await found_together(records, from_id, to_id)
            now_ms = self._now_ms()
            decided = rules.decide(space, handoff_id, to_id, asker.handle, now_ms, accept=accept)
            handoff = rules.find(decided, handoff_id)
            changed = [decided]
            if accept:
                rules.check_target(space, to, handoff, await _leads_to(records, to))
                changed += _back(to, handoff)
            act = "handoff-accepted" if accept else "handoff-declined"
            await self._keep(records, changed, act, handoff, asker)
            return handoff, changed

        return await self._transact(work)

    async def new_code(self, space_id: str, expires_in_s: int, asker: Person) -> NewCode:
        """Consent of this Space to one handoff into it. Raises `Refused`, `Conflict` `space-ended`."""
        if not rules.CODE_EXPIRES_MIN_S <= expires_in_s <= rules.CODE_EXPIRES_MAX_S:
            allowed = f"{rules.CODE_EXPIRES_MIN_S} to {rules.CODE_EXPIRES_MAX_S}"
            raise UserError("input-invalid", f"expires_in_s: {allowed} are allowed.")
        now_ms = self._now_ms()
        code = words.new_code()
        kept = HandoffCode(
            id=secrets.token_urlsafe(12),
            space_id=space_id,
            code_hash=words.code_hash(code),
            created_by=asker.account_id,
            created_at_ms=now_ms,
            expires_at_ms=now_ms + expires_in_s * 1000,
        )

        async def work(records: SpaceRecords) -> tuple[NewCode, list[Space]]:
            space = await found(records, space_id, lock=True)
            check_may(space.standing_of(asker.account_id), Act.MAKE_HANDOFF_CODES)
            space.check_open()
            await records.add_handoff_code(kept)
            await records.add_entry(self._entry(space_id, asker, "handoff-code-made"))
            return NewCode(code, kept.expires_at_ms), []

        return await self._transact(work)

    async def _consents(
        self, records: SpaceRecords, to: Space, code: str | None, asker: Person, now_ms: int
    ) -> bool:
        """Whether nobody there need be asked. A code that is presented must be good, and is spent."""
        if code is not None:
            kept = await records.handoff_code(words.code_hash(code))
            if kept is None or not kept.is_good(to.id, now_ms):
                raise Refused("handoff-code-invalid", "This handoff code is not valid, or no longer.")
            await records.set_handoff_code_used(kept.id, now_ms)
            return True
        return asker.operator or may(to.standing_of(asker.account_id), Act.RECEIVE)

    async def _keep(
        self,
        records: SpaceRecords,
        changed: list[Space],
        act: str,
        handoff: Handoff,
        asker: Person,
    ) -> None:
        """Writes the Spaces and what both sides' logs say."""
        for space in changed:
            await records.save(space)
        details = {"handoff": handoff.id, "url": handoff.url, "only_from": handoff.only_from}
        for side in filter(None, (handoff.from_id, handoff.to_id)):
            entry = self._entry(side, asker, act, handoff.to_id or handoff.url, handoff.reason)
            await records.add_entry(replace(entry, details={**details, "from": handoff.from_id}))


def _made(space: Space, to: Space, handoff: Handoff, now_ms: int) -> list[Space]:
    return [rules.make(space, handoff, now_ms), *_back(to, handoff)]


def _back(to: Space, handoff: Handoff) -> list[Space]:
    """The Space to which its audience returns, if that changes it."""
    back = rules.take_back(to) if handoff.is_return else to
    return [] if back is to else [back]


async def _leads_to(records: SpaceRecords, space: Space) -> list[str]:
    """The Spaces to which the audience of this one is led now, one after the other."""
    seen = [space.id]
    while (next_one := rules.in_force(space)) is not None and next_one.to_id is not None:
        if next_one.to_id in seen or len(seen) > _HOPS_MAX:
            break
        following = await records.get(next_one.to_id)
        assert following is not None, "Spaces are never deleted"
        space = following
        seen.append(space.id)
    return seen[1:]


def _checked(wish: Wish) -> Wish:
    if (wish.to is None) == (wish.url is None):
        raise UserError("input-invalid", "to, url: exactly one of both is needed.")
    if wish.only_from and not words.is_space_id(wish.only_from):
        raise UserError("input-invalid", "only_from: this is not a Space's id.")
    url = rules.check_url(wish.url) if wish.url is not None else None
    return replace(wish, reason=check_reason(wish.reason), url=url)
