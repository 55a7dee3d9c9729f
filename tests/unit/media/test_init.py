from __future__ import annotations

import pytest

from parvis.media.boxes import walk
from parvis.media.init import AAC_AUDIO_SPECIFIC_CONFIG, init_segment
from parvis.media.rendition import Rendition


def descend(data: bytes, *path: bytes) -> memoryview:
    """Payload of the box at the end of `path`."""
    payload = memoryview(data)
    for kind in path:
        payload = next(child for found, child in walk(payload, "parent") if found == kind)
    return payload


@pytest.mark.parametrize("rendition", Rendition)
def test_it_is_ftyp_and_moov_and_small(rendition: Rendition) -> None:
    data = init_segment(rendition)
    assert [kind for kind, _ in walk(memoryview(data), "file")] == [b"ftyp", b"moov"]
    assert len(data) < 700


@pytest.mark.parametrize("rendition", Rendition)
def test_it_has_no_edit_list_and_no_samples(rendition: Rendition) -> None:
    data = init_segment(rendition)
    assert b"edts" not in data
    stbl = descend(data, b"moov", b"trak", b"mdia", b"minf", b"stbl")
    tables = [(kind, bytes(payload)) for kind, payload in walk(stbl, "stbl") if kind != b"stsd"]
    assert tables == [(b"stts", bytes(8)), (b"stsc", bytes(8)), (b"stsz", bytes(12)), (b"stco", bytes(8))]


def test_opus_is_announced_without_pre_skip() -> None:
    stsd = descend(init_segment(Rendition.OPUS), b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
    entry = descend(bytes(stsd[8:]), b"Opus")
    version, channels, pre_skip, rate, gain, family = 0, 1, 0, 48_000, 0, 0
    expected = bytes([version, channels]) + pre_skip.to_bytes(2, "big") + rate.to_bytes(4, "big")
    assert bytes(descend(bytes(entry[28:]), b"dOps")) == expected + gain.to_bytes(2, "big") + bytes([family])


def test_aac_is_announced_as_lc_mono_at_48_khz() -> None:
    assert f"{int.from_bytes(AAC_AUDIO_SPECIFIC_CONFIG, 'big'):016b}" == "0001000110001000"
    stsd = descend(init_segment(Rendition.AAC), b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
    entry = descend(bytes(stsd[8:]), b"mp4a")
    assert AAC_AUDIO_SPECIFIC_CONFIG in bytes(descend(bytes(entry[28:]), b"esds"))


def test_only_aac_claims_the_cmaf_profile_of_aac() -> None:
    brands = {r: bytes(descend(init_segment(r), b"ftyp")) for r in Rendition}
    assert brands[Rendition.OPUS] == b"iso6\0\0\0\0iso6cmfccmf2"
    assert brands[Rendition.AAC] == b"iso6\0\0\0\0iso6cmfccmf2caac"
