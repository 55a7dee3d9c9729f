"""The page on chaos names every scenario, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from tests.chaos.scenarios.every import SCENARIOS

PAGE = Path(__file__).parents[2] / "docs" / "operations" / "chaos.md"


def test_the_page_has_every_scenario() -> None:
    _, _, table = PAGE.read_text().partition("## The faults")
    rows = re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)
    documented = [name for row in rows for name in re.findall("`([a-z0-9-]+)`", row)]
    names = [scenario.name for scenario in SCENARIOS]
    assert sorted(documented) == sorted(names)
    assert len(set(names)) == len(names)
