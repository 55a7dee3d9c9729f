"""deploy/parvis.toml and docs/operations/settings.md against the code: every setting, its true default."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from parvis.config_sample import PAGE, SAMPLE, page, sample, words
from parvis.configuration import DEFAULTS, Configuration, homes

ANEW = "write it anew: python -m parvis.config_sample"


def test_the_sample_is_what_the_code_says() -> None:
    assert SAMPLE.read_text(encoding="utf-8") == sample(), ANEW


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), ANEW


def test_the_sample_with_every_line_taken_in_changes_nothing(tmp_path: Path) -> None:
    """So every key is known, stands where it may, and has its true default."""
    keys = re.compile(r"^# ([a-z0-9_]+ = .*)$", re.MULTILINE)
    text = "\n".join(
        line
        for line in keys.sub(r"\1", SAMPLE.read_text()).splitlines()
        if not re.match(r"[a-z_]+_file = ", line)
    )
    file = tmp_path / "parvis.toml"
    file.write_text(text)
    configuration = Configuration.load(file, {})
    for process, default in DEFAULTS.items():
        assert configuration.settings(process, default) == default
    read = tomllib.loads(text)
    told = {*read, *(key for table in read.values() if isinstance(table, dict) for key in table)}
    assert told - {*DEFAULTS} == set(homes())


def test_each_setting_says_what_it_is() -> None:
    said = words()
    assert [(p, n) for n, processes in homes().items() for p in processes if not said.get((p, n))] == []
