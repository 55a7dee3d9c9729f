from __future__ import annotations

import numpy as np

from parvis.clock import TICK_SAMPLES
from parvis.storm.rehearsal.troupe import BREATH_TICKS, without_pauses


def test_pauses_are_cut_to_a_breath_and_nothing_else_is() -> None:
    loud, quiet = np.full(TICK_SAMPLES, 3_000, np.int16), np.full(TICK_SAMPLES, 30, np.int16)
    voice = np.concatenate([loud] * 5 + [quiet] * 40 + [loud] * 5 + [quiet] * 3 + [loud])
    told = [int(tick[0]) for tick in without_pauses(voice)]
    assert told == [3_000] * 5 + [30] * BREATH_TICKS + [3_000] * 5 + [30] * 3 + [3_000]
