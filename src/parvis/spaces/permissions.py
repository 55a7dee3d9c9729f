"""Who may do what in a Space: one table, role × act.

Strangers and listeners have no role and may do none of these. What stands beside the table: one's own seat is
one's own (mute it, leave it), whatever the role.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from parvis.errors import Refused
from parvis.spaces.seat import Role


class Act(StrEnum):
    """What needs a role."""

    SEE_STAGE = "see the stage"
    SPEAK = "speak"
    EDIT = "edit the Space"
    START = "start the Space"
    INVITE = "invite"
    MUTE_OTHERS = "mute others"
    REMOVE_OTHERS = "remove others"
    HANG_UP_OTHERS = "end another's session"
    CHANGE_ROLES = "change roles"
    END = "end the Space"


_SPEAKER: Final = frozenset({Act.SEE_STAGE, Act.SPEAK})
_CO_HOST: Final = _SPEAKER | {
    Act.EDIT,
    Act.START,
    Act.INVITE,
    Act.MUTE_OTHERS,
    Act.REMOVE_OTHERS,
    Act.HANG_UP_OTHERS,
}
_HOST: Final = _CO_HOST | {Act.CHANGE_ROLES, Act.END}

MAY: Final[Mapping[Role, frozenset[Act]]] = MappingProxyType(
    {Role.SPEAKER: _SPEAKER, Role.CO_HOST: _CO_HOST, Role.HOST: _HOST}
)


def check_may(role: Role | None, act: Act) -> Role:
    """The role, if it may. Raises `Refused`: `no-seat` for strangers, `forbidden` for the rest."""
    if role is None:
        raise Refused("no-seat", "You have no seat in this Space.")
    if act not in MAY[role]:
        raise Refused("forbidden", f"A {role.value} may not {act.value}.")
    return role
