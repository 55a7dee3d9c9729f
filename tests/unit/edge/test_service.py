import pytest

from parvis.edge.service import capacities


@pytest.mark.parametrize(
    ("wanted", "files", "capacity", "spare"),
    [
        (18_000, 20_000, 18_000, 1024),
        (18_000, 10_000, 8_912, 1024),
        (18_000, 1024, 832, 128),
        (18_000, 60, 1, 7),
        (1_000_000, 1 << 62, 1_000_000, 1024),
    ],
)
def test_open_files_are_shared_between_listeners_and_short_answers(
    wanted: int, files: int, capacity: int, spare: int
) -> None:
    assert capacities(wanted, 1024, files) == (capacity, spare)
