import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from parvis.edge.appointment_key import appointment_key
from parvis.errors import UserError


def test_the_first_edge_makes_it_and_the_others_find_it(tmp_path: Path) -> None:
    key = appointment_key("", tmp_path)
    assert len(key) == 32
    assert appointment_key("", tmp_path) == key
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_edges_that_start_together_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: appointment_key("", tmp_path), range(64)))
    assert len(keys) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_a_key_from_the_settings_counts(tmp_path: Path) -> None:
    assert appointment_key("ab" * 32, tmp_path) == b"\xab" * 32
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("written", ["ab", "xy" * 32, "ab" * 33])
def test_a_bad_key_is_said_so(tmp_path: Path, written: str) -> None:
    with pytest.raises(UserError, match="setting-invalid"):
        appointment_key(written, tmp_path)


def test_a_broken_file_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "appointment.key").write_bytes(b"short")
    with pytest.raises(UserError, match="data-unusable"):
        appointment_key("", tmp_path)
    (tmp_path / "appointment.key").unlink()
    (tmp_path / "appointment.key").mkdir()
    with pytest.raises(UserError, match="data-unusable"):
        appointment_key("", tmp_path)


def test_without_a_folder_each_has_its_own(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert appointment_key("", nowhere) != appointment_key("", nowhere)
    assert not nowhere.exists()
