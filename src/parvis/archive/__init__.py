"""Recording and replay: parts to disk as they come, and what people hear later made of them.

Where to look::

    bus ─▶ recorder ─▶ recording ─▶ lane ─▶ writer ─▶ parts_file     on the way to the disk
                        │
    record (what is known of a Space, and what its host decided: trim, cuts, visibility)
                        │
    timeline ─▶ build (m4a, ogg, turns, captions, waveform) ─▶ replay/  a process of its own, at idle priority
                        │
    shelf (folders)  store (object store)  front/ (HTTP)              on the way to ears

Nothing is encoded twice: a replay holds the very access units that listeners got.
"""
