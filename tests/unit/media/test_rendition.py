from __future__ import annotations

from parvis.clock import PART_SAMPLES
from parvis.media.rendition import Rendition


def test_both_renditions_cut_at_the_same_sample() -> None:
    assert {r: (r.frames_per_part, r.frame_samples) for r in Rendition} == {
        Rendition.OPUS: (16, 960),
        Rendition.AAC: (15, 1024),
    }
    assert {r.frames_per_part * r.frame_samples for r in Rendition} == {PART_SAMPLES}
