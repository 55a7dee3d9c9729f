"""Pure signal work: levels, voice activity, levelling, limiter, mix-minus, drift. No I/O, no clock.

Sound is 48 kHz mono. It comes and goes as int16 and is float32 inside, with full scale at ±1.0: dividing by
32,768 is exact, so what is not changed on purpose comes out bit for bit. Everything moves in ticks of 960
samples (20 ms) and for all seats of a Space at once, as arrays of `[seats, 960]`: one NumPy call, not
thirteen. A row is a seat's place for as long as it is there; whoever gives it to somebody else resets it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Int16 = NDArray[np.int16]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]

FULL_SCALE: Final = 32_768
"""The int16 value that float32 sound calls 1.0."""
MAX_SEATS: Final = 13
"""Seats on one stage: a host, two co-hosts, ten speakers."""
SILENCE_DBFS: Final = -120.0
"""What stands for the level of digital silence, below the last bit of int16."""
