"""Rate limits: who asks too often is told when to come back (`429 too-many-requests`).

A moving window, in memory: control is one process, and a restart may forget. Counted before the work is done;
what many share, a Space's chat, only for who may use it.

- By address: IPv6 by its /64, for one household has all of it. A newsroom behind one address is many people.
- Whatever is read counts by address before anything is looked up (`guards.ReadLimit`), and by account where
  one asks; pictures and scripts by a limit of their own, for a page asks for many. Some routes have tighter
  limits beside.
- A handle is limited per address tightly and over all addresses loosely: guessing gets nowhere, and a
  stranger can't lock a host out on the evening of the event.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from parvis.clock import Clock
from parvis.errors import Overloaded
from parvis.people.account import is_handle
from parvis.settings import ControlSettings

FILES_A_READ: Final = 5
"""For each read, one address may ask for so many pictures, scripts and styles."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How often what may be done, in the notation of the `limits` library; "" means as often as one likes."""

    read_by_address: str = "2400 per minute"
    read_by_account: str = "1200 per minute"
    file_by_address: str = "12000 per minute"
    sign_up_by_address: str = "30 per minute"
    sign_up_by_handle: str = "10 per minute"
    sign_in_by_address: str = "60 per minute"
    sign_in_by_handle_and_address: str = "10 per minute"
    sign_in_by_handle: str = "60 per minute"
    write_by_account: str = "240 per minute"
    whip_by_account: str = "30 per minute"
    whep_by_account: str = "30 per minute"
    trickle_by_account: str = "120 per minute"
    events_by_account: str = "60 per minute"
    hand_by_account: str = "12 per minute"
    hand_by_address: str = "240 per minute"
    hand_look_by_account: str = "20 per minute"
    hand_look_by_address: str = "600 per minute"
    message_by_account: str = "20 per minute"
    message_burst_by_account: str = "5 per 5 second"
    message_by_address: str = "240 per minute"
    message_by_space: str = "1800 per minute"
    message_undo_by_account: str = "20 per minute"
    message_undo_by_space: str = "1800 per minute"
    moderation_by_account: str = "120 per minute"
    messages_read_by_account: str = "60 per minute"
    messages_read_by_address: str = "600 per minute"
    badge_by_account: str = "30 per minute"
    badge_by_address: str = "600 per minute"
    look_by_address: str = "300 per minute"
    lists_by_address: str = "600 per minute"
    confirm_by_account: str = "10 per 10 minute"
    avatar_by_account: str = "20 per 10 minute"
    upload_by_account: str = "40 per 10 minute"
    export_by_account: str = "6 per 10 minute"
    relation_by_account: str = "60 per minute"
    invite_by_account: str = "30 per minute"
    profile_by_address: str = "240 per minute"
    ceremony_by_address: str = "30 per minute"

    @classmethod
    def of(cls, settings: ControlSettings) -> Rates:
        """As an operator has set them."""

        def per_minute(times: int) -> str:
            return f"{times} per minute" if times else ""

        return cls(
            read_by_address=per_minute(settings.reads_per_minute),
            read_by_account=per_minute(settings.account_reads_per_minute),
            file_by_address=per_minute(FILES_A_READ * settings.reads_per_minute),
        )


class RateLimits:
    """Counts what was done, by whom."""

    def __init__(self, rates: Rates, clock: Clock) -> None:
        words = {name: getattr(rates, name) for name in Rates.__dataclass_fields__}
        self._items = {name: parse(text) for name, text in words.items() if text}
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._clock = clock

    async def read(self, address: str) -> None:
        """Anything that is read. Raises `Overloaded` `too-many-requests`."""
        await self._count("read_by_address", _network(address))

    async def read_file(self, address: str) -> None:
        """A picture, a script or a style. Raises `Overloaded` `too-many-requests`."""
        await self._count("file_by_address", _network(address))

    async def read_as(self, account_id: str) -> None:
        """Anything that is read by somebody who is signed in. Raises `Overloaded` `too-many-requests`."""
        await self._count("read_by_account", account_id)

    async def sign_up(self, address: str, handle: str) -> None:
        """Raises `Overloaded` `too-many-requests`."""
        await self._count("sign_up_by_address", _network(address))
        await self._count("sign_up_by_handle", handle)

    async def sign_in(self, address: str, handle: str) -> None:
        """Raises `Overloaded` `too-many-requests`."""
        handle = handle if is_handle(handle) else "-"
        await self._count("sign_in_by_address", _network(address))
        await self._count("sign_in_by_handle_and_address", handle, _network(address))
        await self._count("sign_in_by_handle", handle)

    async def write(self, account_id: str) -> None:
        """Raises `Overloaded` `too-many-requests`."""
        await self._count("write_by_account", account_id)

    async def whip(self, account_id: str) -> None:
        """Raises `Overloaded` `too-many-requests`."""
        await self._count("whip_by_account", account_id)

    async def lists(self, address: str) -> None:
        """Lists, search, calendars, pictures: for strangers. Raises `Overloaded` `too-many-requests`."""
        await self._count("lists_by_address", _network(address))

    async def hand(self, account_id: str, address: str) -> None:
        """Raises `Overloaded` `too-many-requests`."""
        await self._count("hand_by_account", account_id)
        await self._count("hand_by_address", _network(address))

    async def hand_look(self, account_id: str, address: str) -> None:
        """Raises `Overloaded` `too-many-requests`."""
        await self._count("hand_look_by_account", account_id)
        await self._count("hand_look_by_address", _network(address))

    async def message(self, account_id: str, address: str) -> None:
        """An attempt to write. Raises `Overloaded` `too-many-requests`."""
        await self._count("message_burst_by_account", account_id)
        await self._count("message_by_account", account_id)
        await self._count("message_by_address", _network(address))

    async def message_in(self, space_id: str) -> None:
        """A message of somebody who may write there: nobody else uses up what a Space takes, which is about
        twice what its program carries. Raises `Overloaded` `too-many-requests`."""
        await self._count("message_by_space", space_id)

    async def message_undo(self, account_id: str, space_id: str) -> None:
        """A message of one's own is taken back, or comes back. Raises `Overloaded` `too-many-requests`."""
        await self._count("message_undo_by_account", account_id)
        await self._count("message_undo_by_space", space_id)

    async def moderation(self, account_id: str) -> None:
        """What a manager does to messages. A Space that is full keeps nobody from it.

        Raises `Overloaded` `too-many-requests`.
        """
        await self._count("moderation_by_account", account_id)

    async def read_messages(self, account_id: str, address: str) -> None:
        """Raises `Overloaded` `too-many-requests`."""
        await self._count("messages_read_by_account", account_id)
        await self._count("messages_read_by_address", _network(address))

    async def badge(self, account_id: str, address: str) -> None:
        """A badge, or a look at who is there. Raises `Overloaded` `too-many-requests`."""
        await self._count("badge_by_account", account_id)
        await self._count("badge_by_address", _network(address))

    async def look(self, address: str) -> None:
        """What anybody may ask. Raises `Overloaded` `too-many-requests`."""
        await self._count("look_by_address", _network(address))

    async def whep(self, account_id: str) -> None:
        """Raises `Overloaded` `too-many-requests`."""
        await self._count("whep_by_account", account_id)

    async def trickle(self, account_id: str) -> None:
        """Raises `Overloaded` `too-many-requests`."""
        await self._count("trickle_by_account", account_id)

    async def events(self, account_id: str) -> None:
        """Raises `Overloaded` `too-many-requests`."""
        await self._count("events_by_account", account_id)

    async def confirm(self, account_id: str) -> None:
        """A password that is asked for again. Raises `Overloaded` `too-many-requests`."""
        await self._count("confirm_by_account", account_id)

    async def avatar(self, account_id: str) -> None:
        """Raises `Overloaded` `too-many-requests`."""
        await self._count("avatar_by_account", account_id)

    async def upload(self, account_id: str) -> None:
        """A picture or a sound for a Space: work to decode. Raises `Overloaded` `too-many-requests`."""
        await self._count("upload_by_account", account_id)

    async def export(self, account_id: str) -> None:
        """Raises `Overloaded` `too-many-requests`."""
        await self._count("export_by_account", account_id)

    async def relation(self, account_id: str) -> None:
        """A follow or a block. Raises `Overloaded` `too-many-requests`."""
        await self._count("relation_by_account", account_id)

    async def invite(self, account_id: str) -> None:
        """An invitation to a handle. Raises `Overloaded` `too-many-requests`."""
        await self._count("invite_by_account", account_id)

    async def profile(self, address: str) -> None:
        """Raises `Overloaded` `too-many-requests`."""
        await self._count("profile_by_address", _network(address))

    async def ceremony(self, address: str) -> None:
        """A step of a sign-in by passkey or by OpenID Connect. Raises `Overloaded` `too-many-requests`."""
        await self._count("ceremony_by_address", _network(address))

    async def _count(self, name: str, *key: str) -> None:
        item: RateLimitItem | None = self._items.get(name)
        if item is None or await self._limiter.hit(item, name, *key):
            return
        window = await self._limiter.get_window_stats(item, name, *key)
        retry_after_s = max(1.0, window.reset_time - self._clock.wall_s())
        raise Overloaded("too-many-requests", "Too many requests; wait a little.", retry_after_s)


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address
