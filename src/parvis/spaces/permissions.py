"""Who may do what in a Space: one table, standing × act.

Strangers and listeners have no standing and may do none of these. What stands beside the table: one's own
seat is one's own (mute it, leave it), whatever the role. An acting host may do what the host may, except give
the role of the host away: it is not its to give. Co-hosts neither make co-hosts, not even by an invitation,
nor remove or ban who acts as host. An operator runs this Parvis and need not have a seat.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from parvis.errors import Refused


class Standing(StrEnum):
    """What one is in a Space at this moment."""

    OPERATOR = "operator"
    HOST = "host"
    ACTING_HOST = "acting host"
    CO_HOST = "co-host"
    SPEAKER = "speaker"


class Act(StrEnum):
    """What needs a standing."""

    SEE_STAGE = "see the stage"
    SPEAK = "speak"
    EDIT = "edit the Space"
    START = "start the Space"
    INVITE = "invite"
    MUTE_OTHERS = "mute others"
    REMOVE_OTHERS = "remove others"
    HANG_UP_OTHERS = "end another's session"
    SEE_LOG = "read the log"
    HAND_OFF = "hand the audience off"
    RECEIVE = "decide who hands an audience to this Space"
    RESCUE = "rescue the Space"
    TAKE_HANDS = "decide about hands"
    BAN = "ban"
    MODERATE = "moderate the chat"
    POLL = "hold a poll"
    CAPTION = "write captions"
    CHANGE_ROLES = "change roles"
    NAME_SUCCESSORS = "name successors"
    NAME_CAPTIONERS = "name captioners"
    NAME_MONITORS = "name monitors"
    MAKE_HANDOFF_CODES = "make handoff codes"
    END = "end the Space"
    HAND_ROLE_ON = "give the host role away"


_SPEAKER: Final = frozenset({Act.SEE_STAGE, Act.SPEAK})
_CO_HOST: Final = _SPEAKER | {
    Act.EDIT,
    Act.START,
    Act.INVITE,
    Act.MUTE_OTHERS,
    Act.REMOVE_OTHERS,
    Act.HANG_UP_OTHERS,
    Act.SEE_LOG,
    Act.HAND_OFF,
    Act.RECEIVE,
    Act.RESCUE,
    Act.TAKE_HANDS,
    Act.BAN,
    Act.MODERATE,
    Act.POLL,
    Act.CAPTION,
}
_ACTING_HOST: Final = _CO_HOST | {
    Act.CHANGE_ROLES,
    Act.NAME_SUCCESSORS,
    Act.NAME_CAPTIONERS,
    Act.NAME_MONITORS,
    Act.MAKE_HANDOFF_CODES,
    Act.END,
}
_HOST: Final = _ACTING_HOST | {Act.HAND_ROLE_ON}
_OPERATOR: Final = frozenset({Act.SEE_LOG, Act.HAND_OFF})

MAY: Final[Mapping[Standing, frozenset[Act]]] = MappingProxyType(
    {
        Standing.SPEAKER: _SPEAKER,
        Standing.CO_HOST: _CO_HOST,
        Standing.ACTING_HOST: _ACTING_HOST,
        Standing.HOST: _HOST,
        Standing.OPERATOR: _OPERATOR,
    }
)


def check_may(standing: Standing | None, act: Act, *, operator: bool = False) -> None:
    """Raises `Refused`: `no-seat` for strangers, `forbidden` for the rest."""
    if operator and act in MAY[Standing.OPERATOR]:
        return
    if standing is None:
        raise Refused("no-seat", "You have no seat in this Space.")
    if act not in MAY[standing]:
        article = "An" if standing is Standing.ACTING_HOST else "A"
        raise Refused("forbidden", f"{article} {standing.value} may not {act.value}.")


def check_may_take_away(standing: Standing | None, other: Standing | None) -> None:
    """Who acts as host is removed and banned by the host alone: a co-host would take its place by that.

    Raises `Refused` `forbidden`.
    """
    if other is Standing.ACTING_HOST and not may(standing, Act.CHANGE_ROLES):
        raise Refused("forbidden", "Who acts as host is removed or banned by the host only.")


def may(standing: Standing | None, act: Act) -> bool:
    """The same as an answer, for a standing in the Space."""
    return standing is not None and act in MAY[standing]
