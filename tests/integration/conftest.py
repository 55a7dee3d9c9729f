"""A Parvis that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.parvis import Parvis


@pytest.fixture(scope="package")
def parvis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parvis]:
    """Runs for all tests of this folder; one that breaks processes starts its own."""
    running = Parvis(tmp_path_factory.mktemp("parvis") / "data")
    running.start()
    yield running
    assert running.stop() == 0
