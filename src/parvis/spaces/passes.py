"""The use cases of passes: making them, listing them, taking them back, and knowing one that is shown.

What edges must know at once, which passes are good no more, is told to `PassAnnouncer` in the order in which
it was kept. Void passes stay in the list: a host sees what became of them.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parvis.clock import Clock
from parvis.errors import Conflict, NotFound, Refused
from parvis.people.account import is_handle
from parvis.spaces import entry_pass, pass_text
from parvis.spaces.changes import found
from parvis.spaces.entry_pass import PASSES_MAX, Pass, VoidReason
from parvis.spaces.log import Entry
from parvis.spaces.permissions import Act, check_may
from parvis.spaces.port import SpaceStore
from parvis.spaces.seat import Person
from parvis.spaces.words import check_line

_NO_LABEL: Final = ""


class PassAnnouncer(Protocol):
    """Told of every pass that is made or void, once it is kept."""

    def announce_pass(self, told: Pass) -> None: ...


class Passes:
    """`asker` is the person who asks, already known to be who it says."""

    def __init__(
        self, store: SpaceStore, announcer: PassAnnouncer, clock: Clock, key: Ed25519PrivateKey
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._clock = clock
        self._key = key

    async def make(
        self,
        space_id: str,
        asker: Person,
        label: str,
        uses: int,
        expires_in_s: int | None,
        handle: str | None = None,
    ) -> tuple[Pass, str]:
        """A new pass and its text, which can be had again (`text_of`); with a handle one for that account.

        Raises `UserError` `input-invalid`, `Refused` `banned` (that account is) and others, `NotFound`
        `account-unknown`, `Conflict` `space-ended`, `passes-full`.
        """
        entry_pass.check_terms(uses, expires_in_s)
        now_ms = self._now_ms()
        made = Pass(
            id=secrets.token_urlsafe(12),
            space_id=space_id,
            label=check_line("label", label, entry_pass.LABEL_MAX) if label else _NO_LABEL,
            uses=uses,
            created_at_ms=now_ms,
            expires_at_ms=None if expires_in_s is None else now_ms + expires_in_s * 1000,
            created_by=asker.account_id,
        )
        async with self._store.write_spaces() as records:
            space = await found(records, space_id, lock=True)
            check_may(space.standing_of(asker.account_id), Act.INVITE)
            space.check_open()
            if await records.count_passes(space_id) >= PASSES_MAX:
                raise Conflict("passes-full", f"A Space has at most {PASSES_MAX} passes.")
            if handle is not None:
                account = await records.account(handle) if is_handle(handle) else None
                if account is None:
                    raise NotFound("account-unknown", "Nobody has this handle.")
                if (ban := await records.ban_of(space_id, account.id)) is not None:
                    raise ban.refusal()
                made = replace(made, held_by=account.id)
            await records.add_pass(made)
            details: dict[str, object] = {"pass": made.id, "label": made.label, "uses": uses}
            entry = Entry(space_id, now_ms, asker.handle, "pass-made", None, None)
            await records.add_entry(replace(entry, details=details))
        self._announcer.announce_pass(made)
        return made, self.text_of(made)

    def text_of(self, made: Pass) -> str:
        """What lets in by this pass."""
        expires_at_s = None if made.expires_at_ms is None else made.expires_at_ms // 1000
        claims = pass_text.Claims(made.id, made.space_id, made.uses, made.created_at_ms // 1000, expires_at_s)
        return pass_text.sign(claims, self._key)

    async def listed(self, space_id: str, asker: Person) -> list[Pass]:
        """All passes of a Space, the newest first. Raises `Refused`."""
        async with self._store.read_spaces() as records:
            space = await found(records, space_id)
            check_may(space.standing_of(asker.account_id), Act.INVITE)
            return await records.passes(space_id)

    async def revoke(self, space_id: str, pass_id: str, asker: Person) -> None:
        """Good no more, at once; already void: nothing changes.

        Raises `Refused`, `NotFound` `pass-unknown`.
        """
        async with self._store.write_spaces() as records:
            space = await found(records, space_id, lock=True)
            check_may(space.standing_of(asker.account_id), Act.INVITE)
            kept = await records.pass_(pass_id)
            if kept is None or kept.space_id != space_id:
                raise entry_pass.unknown()
            if kept.is_void:
                return
            now_ms = self._now_ms()
            await records.set_pass_void(pass_id, now_ms, VoidReason.REVOKED)
            entry = Entry(space_id, now_ms, asker.handle, "pass-revoked", None, None)
            await records.add_entry(replace(entry, details={"pass": pass_id, "label": kept.label}))
        self._announcer.announce_pass(replace(kept, void_at_ms=now_ms, void_reason=VoidReason.REVOKED))

    async def void_shared(self, space_id: str, pass_id: str, listeners: int) -> None:
        """More listened by it than it is for, for too long: good no more. Parvis itself does this."""
        async with self._store.write_spaces() as records:
            kept = await records.pass_(pass_id)
            if kept is None or kept.is_void:
                return
            now_ms = self._now_ms()
            await records.set_pass_void(pass_id, now_ms, VoidReason.SHARED)
            details: dict[str, object] = {"pass": pass_id, "label": kept.label, "listeners": listeners}
            entry = Entry(space_id, now_ms, None, "pass-void", None, None)
            await records.add_entry(replace(entry, details=details))
        self._announcer.announce_pass(replace(kept, void_at_ms=now_ms, void_reason=VoidReason.SHARED))

    async def check(self, space_id: str, text: str) -> None:
        """Raises `Refused`: `pass-needed` without one, `pass-invalid` for one that is not good here."""
        if not text:
            raise pass_needed()
        claims = pass_text.read(text, self._key.public_key())
        if claims.space_id != space_id:
            raise pass_text.invalid()
        if claims.expires_at_s is not None and claims.expires_at_s <= self._clock.wall_s():
            raise pass_text.invalid()
        async with self._store.read_spaces() as records:
            kept = {one.id: one for one in await records.passes(space_id)}.get(claims.pass_id)
        if kept is None or kept.is_void:
            raise pass_text.invalid()

    def _now_ms(self) -> int:
        return int(self._clock.wall_s() * 1000)


def pass_needed() -> Refused:
    """Nobody comes in without one."""
    return Refused(
        "pass-needed", "This Space is for members: open the link that you were sent, the whole of it."
    )
