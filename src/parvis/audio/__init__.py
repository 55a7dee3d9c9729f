"""Pure signal work on int16 and float32 arrays: levels, levelling, limiter, mix-minus."""
