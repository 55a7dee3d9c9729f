"""docs/protocol.md §7 against the archive: requests, codes, statuses."""

from __future__ import annotations

import re

from parvis.archive.front.app import routes
from parvis.archive.front.problems import PROBLEMS
from tests.contract.test_api_docs import PROTOCOL, raised

ARCHIVE = PROTOCOL[PROTOCOL.index("## 7. ") :].partition("\n## ")[0]
COMMAND_LINE_ONLY = {"setting-invalid"}
"""Raised before anybody can ask."""
INSIDE = {"record-invalid", "build-failed"}
"""Logged and tried again: nobody asked."""


def shape(path: str) -> str:
    return re.sub(r"{[^}]+}", "{}", path)


def test_each_documented_request_has_a_route_and_the_reverse() -> None:
    documented = set()
    for row in re.findall(r"^\| (`(?:GET|POST|PATCH|DELETE) /[^|]*)\|", ARCHIVE, re.MULTILINE):
        words = re.findall(r"`(?:([A-Z]+) )?([^` ]+)`", row)
        method, last = words[0]
        for _, path in words:
            # `audio.opus` after `/replay/{space}/audio.m4a` stands in the same folder.
            last = path if path.startswith("/") else f"{last.rpartition('/')[0]}/{path}"
            documented.add((method, shape(last)))
    there = {
        (method, shape(route.path))
        for route in routes()
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert documented == there


def test_each_code_has_its_status_in_the_text_or_stands_with_the_status_before_it() -> None:
    documented: dict[str, int] = {}
    status = 0
    for told in re.findall(r"`(?:(\d{3}) )?([a-z]+(?:-[a-z]+)+|forbidden)`|`(\d{3})`", ARCHIVE):
        if told[0] or told[2]:
            status = int(told[0] or told[2])
        if told[1] in PROBLEMS:
            assert documented.setdefault(told[1], status) == status, told[1]
    unspoken = {"not-found", "method-not-allowed", "internal"}
    """As everywhere (§4)."""
    assert documented == {code: number for code, (number, _) in PROBLEMS.items() if code not in unspoken}


def test_each_code_that_the_archive_raises_is_in_the_table_and_the_reverse() -> None:
    found = raised("archive") - COMMAND_LINE_ONLY - INSIDE
    elsewhere = {"not-signed-in", "input-invalid", "method-not-allowed"}
    assert found - set(PROBLEMS) == set()
    assert set(PROBLEMS) - found - elsewhere == set()
