"""Writes deploy/parvis.toml and docs/operations/settings.md out of `settings.py`: every setting, its default,
its unit, and why one would change it.

    python -m parvis.config_sample          both files of a checkout
    python -m parvis.config_sample --toml   the sample on standard output, for who has no checkout

What is said of a setting stands under its field in `settings.py`, and nowhere else.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from dataclasses import fields
from pathlib import Path
from typing import Final

from parvis import settings
from parvis.configuration import BUS, DEFAULTS, as_text, homes, stands_at_the_top
from parvis.settings import is_secret

ROOT: Final = Path(__file__).resolve().parents[2]
SAMPLE: Final = ROOT / "deploy" / "parvis.toml"
PAGE: Final = ROOT / "docs" / "operations" / "settings.md"
_WIDTH: Final = 100
_HEAD: Final = """\
# Settings of Parvis, for all its processes. Every setting is here, with its default: take the # away
# to change one.
#
# Read from --config FILE, else PARVIS_CONFIG, else ./parvis.toml, else /etc/parvis/parvis.toml.
# A variable PARVIS_… of the environment overrides it, an option of the command overrides both.
# `parvis doctor --config` shows what is in force, and from where.
#
# A setting above the first table counts for all processes; in the table of one, for that one alone.
# A secret may stand in a file of its own: metrics_token_file = "/etc/parvis/metrics-token".
# Relative paths count from the folder in which Parvis is started.
"""
_TABLES: Final = {
    "up": "`parvis up`: how many processes. The other tables count for what it starts, too.",
    "control": "Control: API, studio, database: for who hosts, speaks or moderates, not for listeners.",
    "stage": "Stages: WebRTC and mixing. Their UDP ports must be open to speakers, not to listeners.",
    "edge": "Edges: all listeners. These limits decide when newcomers get an appointment instead of sound.",
    "archive": "The archive: recordings, replays, feeds.",
    "captioner": "The captioner: captions by a machine, at idle priority; see docs/how-to/captions.md.",
}
_PAGE_HEAD: Final = """\
# Settings

Written by `python -m parvis.config_sample` from `src/parvis/settings.py`;
[deploy/parvis.toml](../../deploy/parvis.toml) is the same as a file to edit.

What counts first: option of the command, variable of the environment, file, default. The file is
`--config FILE`, else `PARVIS_CONFIG` (empty: none), else `./parvis.toml`, else `/etc/parvis/parvis.toml`.
`parvis doctor --config` shows what is in force, and from where.

A setting that several processes read stands at the top of the file; in the table of a process it counts for
that process alone. Secrets (marked *secret*) may be given as `…_file` (`PARVIS_…_FILE`): the path of a file
that holds nothing else. A key that is not known, or a value that is not allowed, ends the start with one line
that names file, key and what is allowed.
"""


def words() -> dict[tuple[str, str], str]:
    """What is said of each setting, by the process that reads it and its name."""
    by_class: dict[str, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(settings)).body:
        if isinstance(node, ast.ClassDef):
            by_class[node.name] = {
                target.target.id: " ".join(text.value.value.split())
                for target, text in zip(node.body, node.body[1:], strict=False)
                if isinstance(target, ast.AnnAssign)
                and isinstance(target.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
                and isinstance(text.value.value, str)
            }
    return {
        (process, name): text
        for process, default in DEFAULTS.items()
        for name, text in by_class[type(default).__name__].items()
    }


def sample() -> str:
    """deploy/parvis.toml."""
    said, lines = words(), [_HEAD]
    for table, names in _by_table().items():
        if table:
            lines += [*_comment(_TABLES[table]), f"[{table}]"]
        for name, processes in names.items():
            lines += [*_comment(_told(said, name, processes)), f"# {name} = {_toml(processes[0], name)}"]
            if is_secret(name):
                lines.append(f'# {name}_file = ""')
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def page() -> str:
    """docs/operations/settings.md."""
    said, lines = words(), [_PAGE_HEAD]
    for table, names in _by_table().items():
        lines.append(
            f"## [{table}]\n\n{_TABLES[table]}\n" if table else "## At the top: several processes read them\n"
        )
        lines.append("| setting, variable | default | meaning |\n|---|---|---|")
        for name, processes in names.items():
            secret = " *Secret.*" if is_secret(name) else ""
            told = _told(said, name, processes).replace("|", "\\|")
            default = as_text(getattr(DEFAULTS[processes[0]], name))
            shown = f"`{default}`" if default else "empty"
            lines.append(f"| `{name}`<br>`PARVIS_{name.upper()}` | {shown} | {told}{secret} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _by_table() -> dict[str, dict[str, list[str]]]:
    """Settings and who reads them, by the table in which they stand; "" is the top."""
    known = homes()
    found: dict[str, dict[str, list[str]]] = {"": {}}
    found.update({process: {} for process in DEFAULTS if process != BUS})
    for process in ("control", "edge", "stage", "archive", "captioner", BUS, "up"):
        for one in fields(DEFAULTS[process]):
            processes = known.get(one.name, [])
            if processes:
                found["" if stands_at_the_top(processes) else process].setdefault(one.name, processes)
    return found


def _told(said: dict[tuple[str, str], str], name: str, processes: list[str]) -> str:
    """One sentence or more; where processes mean different things by it, each after its name."""
    texts = {said[process, name]: process for process in reversed(processes)}
    if len(texts) == 1:
        return next(iter(texts))
    return " ".join(f"{process}: {text}" for text, process in reversed(texts.items()))


def _toml(process: str, name: str) -> str:
    value = getattr(DEFAULTS[process], name)
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ")


def main() -> None:
    """Writes both, or prints the sample."""
    if "--toml" in sys.argv[1:]:
        sys.stdout.write(sample())
        return
    SAMPLE.write_text(sample(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
