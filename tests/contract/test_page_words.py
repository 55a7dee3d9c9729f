"""What the server says in codes, the pages say in words, in both languages: the codes are read from the code.

- Errors: what OpenAPI says a route may answer, for the routes that a page asks; and the archive's table.
- The log: every act that an entry is made with, and every setting that an edit may change.
"""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import pytest

from parvis.api.app import create_app
from parvis.archive.front.problems import PROBLEMS as ARCHIVE
from parvis.spaces.terms import Terms
from parvis.spaces.visibility import Listing
from tests.contract.api_world import world

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = ROOT / "src" / "parvis"
WORDS: Final = ROOT / "web" / "src"

HALL: Final = frozenset(
    {
        "POST /accounts",
        "POST /sessions",
        "GET /sessions/current",
        "DELETE /sessions/current",
        "GET /sessions/ways",
        "POST /sessions/passkey",
        "POST /sessions/passkey/options",
        "GET /spaces/{space}/hands/mine",
        "POST /spaces/{space}/hands",
        "DELETE /spaces/{space}/hands/mine",
        "GET /spaces/{space}/messages",
        "POST /spaces/{space}/messages",
        "DELETE /spaces/{space}/messages/{message}",
        "POST /spaces/{space}/messages/{message}/restore",
        "GET /spaces/{space}/audience",
        "POST /spaces/{space}/badge",
        "PATCH /spaces/{space}/seats/{handle}",
        "DELETE /spaces/{space}/seats/{handle}",
        "POST /whip/{space}",
        "DELETE /whip/{space}/{session}",
    }
)
"""What the hall asks of control, under `/api/v1`."""

NOT_THE_STUDIOS: Final = re.compile(r"(\w+ /whep/|PATCH /whip/)")
"""Routes for other clients."""
NOT_FOR_PAGES: Final = frozenset({"feed-unknown", "range-unsatisfiable"})
"""What the archive says to players and podcast apps."""


def words_in(file: Path, block: str) -> set[str]:
    """The names of a block of words in a TypeScript file, as the linter wants it written."""
    text = file.read_text()
    opened = re.search(rf"^( *){block}: \{{$", text, re.MULTILINE)
    assert opened is not None, f"{file.name} has no {block}"
    inside = text[opened.end() :].partition(f"\n{opened[1]}}}")[0]
    return set(re.findall(r'(?:^|[{,])\s*"?([a-z_-]+)"?: ', inside, re.MULTILINE))


def of_studio(language: str, *blocks: str) -> set[str]:
    """The names of blocks in all of the studio's words of a language."""
    found: set[str] = set()
    for file in sorted((WORDS / "studio" / "words").glob(f"{language}*.ts")):
        for block in blocks:
            if re.search(rf"^ *{block}: \{{$", file.read_text(), re.MULTILINE):
                found |= words_in(file, block)
    return found


def codes_by_route(described: dict[str, Any]) -> dict[str, set[str]]:
    """What each route may answer, by its OpenAPI."""
    return {
        f"{method.upper()} {path.removeprefix('/api/v1')}": {
            code
            for status, answer in operation["responses"].items()
            if int(status) >= 400
            for code in re.findall(r"`([a-z-]+)`", answer["description"])
        }
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }


@pytest.fixture
async def codes(tmp_path: Path) -> dict[str, set[str]]:
    async with world(tmp_path) as w:
        return codes_by_route(create_app(w.services).openapi())


@pytest.mark.parametrize("language", ["en", "fr"])
def test_errors_that_the_studio_meets_have_words(codes: dict[str, set[str]], language: str) -> None:
    met = set().union(*(found for route, found in codes.items() if not NOT_THE_STUDIOS.match(route)))
    met |= set(ARCHIVE) - NOT_FOR_PAGES
    assert met - of_studio(language, "errors", "mannersErrors", "accountErrors") == set()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_errors_that_the_hall_meets_have_words(codes: dict[str, set[str]], language: str) -> None:
    assert set(codes) >= HALL
    met = set().union(*(codes[route] for route in HALL))
    assert met - words_in(WORDS / "hall" / "talk" / "words" / f"{language}.ts", "errors") == set()


def acts() -> set[str]:
    """Every act that an entry of the log is made with: a string, a choice of two, or a name given one."""
    found: set[str] = set()
    for file in (*(SOURCES / "spaces").glob("*.py"), SOURCES / "cli" / "operator.py"):
        tree = ast.parse(file.read_text())
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                called = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
                place = {"_entry": 2, "Entry": 3, "entry": 0, "_keep": 2}.get(called)
                if place is not None and len(call.args) > place:
                    found |= strings(call.args[place], function)
    return found


def strings(value: ast.expr, function: ast.AST) -> set[str]:
    """What a value may be."""
    if isinstance(value, ast.IfExp):
        return strings(value.body, function) | strings(value.orelse, function)
    if isinstance(value, ast.Constant):
        return {str(value.value)}
    given = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and isinstance(value, ast.Name)
        and any(isinstance(target, ast.Name) and target.id == value.id for target in node.targets)
    ]
    return set().union(*(strings(one, function) for one in given))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_acts_in_the_log_have_words(language: str) -> None:
    known = acts()
    assert {"edited", "removed", "hand-called", "message-pinned", "handoff-made", "ended-by-itself"} <= known
    assert known - of_studio(language, "logAct", "logManners") == set()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_settings_in_the_log_have_words(language: str) -> None:
    settings = {field.name for kind in (Terms, Listing) for field in fields(kind)}
    settings |= {"title", "description", "language", "starts_at_ms", "monitors"}
    assert settings - of_studio(language, "logSetting") == set()
