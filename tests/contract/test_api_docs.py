"""docs/protocol.md §4 to §6, and what of §8 and §9 is control's, against code: codes, statuses, requests."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from parvis import errors
from parvis.api.app import ROUTERS
from parvis.api.problems import PROBLEMS

ROOT = Path(__file__).parents[2]
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()
CONTROL = PROTOCOL[PROTOCOL.index("## 4. ") : PROTOCOL.index("## 7. ")]
CONTROL += PROTOCOL[PROTOCOL.index("## 8. ") : PROTOCOL.index("**In the program.**")]
CONTROL += PROTOCOL[PROTOCOL.index("## 9. ") : PROTOCOL.index("**In the program** a caption")]
ERROR_CLASSES = {
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)
}
AT_START = {"setting-invalid", "session-key-invalid", "pass-key-invalid"}
"""Raised before anybody can ask: shown on the command line."""


def documented() -> dict[str, set[int]]:
    """Code → statuses, from the tables and from the `409 handle-taken` in the list of requests."""
    found: dict[str, set[int]] = {}
    for status, code in re.findall(r"`(\d{3}) ([a-z]+(?:-[a-z]+)+)`", CONTROL):
        found.setdefault(code, set()).add(int(status))
    for row in re.findall(r"^\| (`\d{3}`[^|]*)\| ([^|]*)\|", CONTROL, re.MULTILINE):
        statuses = [int(status) for status in re.findall(r"`(\d{3})`", row[0])]
        codes = re.findall(r"`([a-z-]+)`", row[1])
        for number, code in enumerate(codes):
            found.setdefault(code, set()).add(statuses[number] if len(statuses) > 1 else statuses[0])
    return found


def raised(*folders: str) -> set[str]:
    """Every code that a source under these folders gives to an error or a problem."""
    codes = set()
    for folder in folders:
        for path in (ROOT / "src" / "parvis" / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    position = 1 if node.func.id == "problem" else 0
                    if node.func.id in ERROR_CLASSES | {"problem"} and len(node.args) > position:
                        argument = node.args[position]
                        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                            codes.add(argument.value)
    return codes


def test_each_documented_code_is_in_the_table_with_its_status() -> None:
    also_overloaded = {"stage-full": 503}
    assert {code: statuses - {also_overloaded.get(code, 0)} for code, statuses in documented().items()} == {
        code: {status} for code, (status, _) in PROBLEMS.items()
    }


def test_each_code_of_the_table_is_raised_somewhere() -> None:
    by_http = {"not-found", "method-not-allowed"}
    assert set(PROBLEMS) - by_http - raised("api", "people", "spaces", "store", "stage") == set()


def test_each_code_that_control_raises_is_in_the_table() -> None:
    assert raised("api", "people", "spaces", "store") - AT_START - set(PROBLEMS) == set()


def test_each_documented_request_has_a_route_and_the_reverse() -> None:
    rows = re.findall(r"^\| `(GET|POST|PUT|PATCH|DELETE) (/[^`?]*)[^`]*`", CONTROL, re.MULTILINE)
    shapes = {(method, re.sub(r"{[^}]+}", "{}", path)) for method, path in rows}
    sessions = ("/whip/{}/{}", "/whep/{}/{}")  # §6: the Location
    shapes |= {(method, path) for method in ("PATCH", "DELETE") for path in sessions}
    routes = {
        (method, re.sub(r"{[^}]+}", "{}", route.path.removeprefix("/api/v1")))
        for router in ROUTERS
        for route in router.routes
        for method in route.methods
        if route.path.startswith("/api/v1") and method != "OPTIONS"
    }
    assert shapes - {("GET", "/healthz")} == routes
