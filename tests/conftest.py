"""What all tests share."""

from __future__ import annotations

import os

import pytest

from tests.databases import any_database, empty_database, postgres  # noqa: F401 - fixtures


@pytest.fixture(scope="session")
def long() -> bool:
    """True where the long form of a test is wanted: `PARVIS_LONG=1`, as `make soak` sets it."""
    return os.environ.get("PARVIS_LONG") == "1"
