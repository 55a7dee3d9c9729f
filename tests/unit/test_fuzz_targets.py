"""The short form of `make fuzz`: every target with its seeds, changed a little, and with noise."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import SEEDS, TARGETS, open_descriptors


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=150)
@given(data=st.data())
def test_no_bytes_break_a_target(name: str, data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from(SEEDS[name]))
    at = data.draw(st.integers(0, len(seed)))
    cut = data.draw(st.integers(0, 40))
    TARGETS[name](seed[:at] + data.draw(st.binary(max_size=60)) + seed[at + cut :])


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60)
@given(noise=st.binary(max_size=300))
def test_noise_breaks_no_target(name: str, noise: bytes) -> None:
    TARGETS[name](noise)


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_are_good_and_leave_nothing_behind(name: str) -> None:
    for seed in SEEDS[name]:
        TARGETS[name](seed)
    before = open_descriptors()
    for seed in SEEDS[name]:
        TARGETS[name](seed)
    assert open_descriptors() == before
