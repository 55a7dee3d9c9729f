"""Two mutes that don't touch each other."""

from __future__ import annotations

import pytest

from parvis.errors import Refused
from parvis.spaces.seat import MutedBy, Role, Seat
from tests.unit.spaces.makers import ANA, NOW_MS, person

BEN = Seat(person("ben"), Role.SPEAKER, NOW_MS)


def test_ones_own_mute() -> None:
    muted = BEN.mute_own()
    assert (BEN.muted_by, muted.muted_by, muted.unmute_own().muted_by) == (None, MutedBy.SELF, None)


def test_the_hosts_mute_is_the_hosts() -> None:
    muted = BEN.mute_by_host()
    assert muted.muted_by is MutedBy.HOST
    with pytest.raises(Refused, match="muted-by-host"):
        muted.unmute_own()
    assert muted.unmute_by_host().muted_by is None


def test_nobody_opens_anothers_microphone() -> None:
    both = BEN.mute_own().mute_by_host()
    assert both.muted_by is MutedBy.HOST
    after = both.unmute_by_host()
    assert after.muted_by is MutedBy.SELF
    with pytest.raises(Refused, match="muted-by-self"):
        after.unmute_by_host()
    assert BEN.unmute_by_host() == BEN


def test_the_host_is_never_locked_out() -> None:
    host = Seat(ANA, Role.HOST, NOW_MS).mute_by_host().mute_own()
    assert host.unmute_own().muted_by is None
