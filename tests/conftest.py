"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from parvis.stage.peer import allow_loopback
from tests.databases import any_database, empty_database, postgres  # noqa: F401 - fixtures
from tests.parvis import Parvis

# How long an example takes says something of the machine, nothing of the code.
settings.register_profile("parvis", deadline=None)
settings.load_profile("parvis")


ALONE = ("chaos", "soak")
"""Folders of which every test wants both processors."""
LAST = ("unit", "contract", "integration", "browser")
"""Folders in the reverse of the order in which they run: those that wait the most begin first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent

    def folder(item: pytest.Item) -> str:
        return item.path.relative_to(here).parts[0]

    for item in items:
        if folder(item) in ALONE:
            item.add_marker("alone")
    items.sort(key=lambda item: LAST.index(folder(item)) if folder(item) in LAST else -1, reverse=True)


@pytest.fixture(scope="session")
def long() -> bool:
    """True where the long form of a test is wanted: `PARVIS_LONG=1`, as `make soak` sets it."""
    return os.environ.get("PARVIS_LONG") == "1"


@pytest.fixture(scope="session", autouse=True)
def _peers_on_this_machine() -> None:
    """Before any peer is made: after the first of a process it can't be said any more."""
    allow_loopback()


@pytest.fixture(autouse=True)
def _end_what_began() -> Iterator[None]:
    """Ends the Spaces that a test leaves on air: they would cost all tests after it their time."""
    before = {parvis: set(parvis.on_air()) for parvis in Parvis.running}
    yield
    for parvis, spaces in before.items():
        if parvis in Parvis.running:
            parvis.end({space: host for space, host in parvis.on_air().items() if space not in spaces})
