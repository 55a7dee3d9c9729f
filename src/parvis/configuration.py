"""What is in force, and from where: defaults, the file `parvis.toml`, the environment, options.

Rules:

- One file for all processes (deploy/parvis.toml is a sample of it): `--config FILE`, else `PARVIS_CONFIG`
  (empty: none), else ./parvis.toml, else /etc/parvis/parvis.toml, where there is one.
- A setting that several processes read stands at the top of the file; in the table of a process
  (`[control]`, `[edge]` …) it counts for that process alone. One that a single process reads stands in its
  table.
- The environment overrides the file, in any form: `PARVIS_METRICS_TOKEN` also a `metrics_token_file`.
- A secret may be given as `…_file`, the path of a file that holds it and nothing else.
- Anything wrong is one `UserError` `setting-invalid` that names file, key and what is allowed.

Inside, the file becomes `PARVIS_…` variables for each process: what `parvis up` hands to its children, so
that one that is started again has the same settings as its siblings, whatever the file says by then.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from parvis.errors import UserError
from parvis.settings import (
    KINDS,
    ArchiveSettings,
    BusSettings,
    CaptionerSettings,
    ControlSettings,
    EdgeSettings,
    Settings,
    StageSettings,
    UpSettings,
    from_environment,
    is_secret,
)

PLACES: Final = (Path("parvis.toml"), Path("/etc/parvis/parvis.toml"))
"""Where a file is looked for that nobody named."""
BUS: Final = "bus"
"""Not a process, but what all of them share."""
DEFAULTS: Final[Mapping[str, Any]] = {
    "up": UpSettings(),
    BUS: BusSettings(),
    "control": ControlSettings(),
    "stage": StageSettings(),
    "edge": EdgeSettings(),
    "archive": ArchiveSettings(),
    "captioner": CaptionerSettings(),
}
"""What each process is told, by its name in the file."""
BY_ENVIRONMENT_ONLY: Final = frozenset({"name", "pages"})
"""Of one process each, or a part of what is installed."""
DEFAULT: Final = "default"
_VARIABLE: Final = re.compile(r"PARVIS_([A-Z0-9_]+)")


@dataclass(frozen=True, slots=True)
class InForce:
    """One setting of one process as it counts now. `source` is `default`, a variable, or `FILE: key`."""

    process: str
    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the file and the environment say. `given` holds the file's variables by process, and `keys` how
    each of them is called in the file."""

    file: Path | None = None
    given: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    keys: Mapping[tuple[str, str], str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @classmethod
    def load(cls, file: Path | None = None, environment: Mapping[str, str] = os.environ) -> Configuration:
        """Reads the file, or the one that is found. Raises `UserError` `setting-invalid`."""
        found = file or _found(environment)
        if found is None:
            return cls(environment=environment)
        given: dict[str, dict[str, str]] = {process: {} for process in DEFAULTS}
        keys: dict[tuple[str, str], str] = {}
        for key, process, name, text in _entries(found, _read(found)):
            variable = f"PARVIS_{name.upper()}"
            given[process][variable] = text
            keys[process, variable] = key
        return cls(found, given, keys, environment)

    def settings(self, process: str, default: Settings) -> Settings:
        """The settings of a process; `default` may hold what only its command knows, as its name."""
        try:
            return from_environment(default, self.variables(process))
        except UserError as error:
            raise UserError(error.code, self._as_written(process, error.detail)) from error

    def variables(self, process: str) -> dict[str, str]:
        """The `PARVIS_…` variables that count for a process: the file's, and over them the environment's."""
        overridden = {name for name in self.environment if name.startswith("PARVIS_")}
        kept = {
            name: text
            for name, text in self.given.get(process, {}).items()
            if not {name, name.removesuffix("_FILE"), f"{name}_FILE"} & overridden
        }
        return {**kept, **{name: self.environment[name] for name in overridden}}

    def from_file(self, process: str) -> dict[str, str]:
        """The variables of a process that are the file's alone: what its environment does not say already."""
        counting = self.variables(process)
        return {
            name: text
            for name, text in self.given.get(process, {}).items()
            if counting.get(name) == text and name not in self.environment
        }

    def source(self, process: str, name: str) -> str:
        """Where the value of a setting comes from."""
        counting = self.variables(process)
        for variable in (f"PARVIS_{name.upper()}", f"PARVIS_{name.upper()}_FILE"):
            if variable in counting:
                if variable in self.environment:
                    return variable
                return f"{self.file}: {self.keys[process, variable]}"
        return DEFAULT

    def in_force(self) -> Iterator[InForce]:
        """Every setting of every process. Secrets are only said to be set. Raises `UserError`
        `setting-invalid`."""
        for process, default in DEFAULTS.items():
            settings = self.settings(process, default)
            for one in fields(settings):
                value = getattr(settings, one.name)
                shown = ("(set)" if value else "") if is_secret(one.name) else as_text(value)
                yield InForce(process, one.name, shown, self.source(process, one.name))

    def _as_written(self, process: str, detail: str) -> str:
        """What is wrong, in the words of the file where the file said it."""
        named = []

        def rename(found: re.Match[str]) -> str:
            key = self.keys.get((process, found[0]))
            if key is None or found[0] in self.environment:
                return found[0]
            named.append(key)
            return key

        written = _VARIABLE.sub(rename, detail)
        return f"{self.file}: {written}" if named else detail


def as_text(value: object) -> str:
    """A setting as the environment would say it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def homes() -> dict[str, list[str]]:
    """Which processes read each setting that a file may give."""
    found: dict[str, list[str]] = {}
    for process, default in DEFAULTS.items():
        for one in fields(default):
            if one.name not in BY_ENVIRONMENT_ONLY:
                found.setdefault(one.name, []).append(process)
    return found


def stands_at_the_top(processes: list[str]) -> bool:
    """Whether a setting that these processes read belongs above all tables."""
    return len(processes) > 1 or processes == [BUS]


def _found(environment: Mapping[str, str]) -> Path | None:
    named = environment.get("PARVIS_CONFIG")
    if named is not None:
        return Path(named) if named else None
    return next((place for place in PLACES if place.is_file()), None)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError("setting-invalid", f"cannot read {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError("setting-invalid", f"{file} is not TOML: {error}") from error


def _entries(file: Path, content: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """(key as written, process, name of the setting, text) for all that the file says; what stands in a table
    comes last, and so counts."""
    known = homes()
    tables = [process for process in DEFAULTS if process != BUS]
    top = {key: value for key, value in content.items() if not isinstance(value, dict)}
    for key, value in top.items():
        name = _setting(key)
        processes = known.get(name)
        if processes is None:
            shared = [name for name, processes in known.items() if stands_at_the_top(processes)]
            raise _unknown(file, key, key, shared)
        if not stands_at_the_top(processes):
            raise UserError("setting-invalid", f"{file}: {key} belongs into the table [{processes[0]}]")
        for process in processes:
            yield key, process, key, _text(file, key, process, name, value)
        _refuse_twice(file, "", key, top)
    for table, entries in content.items():
        if not isinstance(entries, dict):
            continue
        if table not in tables:
            raise _unknown(file, f"[{table}]", table, tables)
        for key, value in entries.items():
            name, written = _setting(key), f"[{table}] {key}"
            if table not in known.get(name, ()):
                own = [name for name, processes in known.items() if table in processes]
                raise _unknown(file, written, key, own)
            yield written, table, key, _text(file, written, table, name, value)
            _refuse_twice(file, f"[{table}] ", key, entries)


def _setting(key: str) -> str:
    """The setting that a key gives: itself, or that of which it names the file."""
    name = key.removesuffix("_file")
    return name if name != key and is_secret(name) else key


def _refuse_twice(file: Path, where: str, key: str, entries: Mapping[str, Any]) -> None:
    if f"{key}_file" in entries and is_secret(key):
        raise UserError("setting-invalid", f"{file}: give {where}{key} or {key}_file, not both")


def _unknown(file: Path, written: str, key: str, allowed: list[str]) -> UserError:
    near = difflib.get_close_matches(key, allowed, 1)
    hint = f"did you mean {near[0]}?" if near else f"allowed here: {', '.join(sorted(allowed))}"
    return UserError("setting-invalid", f"{file}: {written} is not known; {hint}")


def _text(file: Path, written: str, process: str, name: str, value: object) -> str:
    """A value of the file as the environment would say it."""
    if written.endswith("_file") and not isinstance(value, str):
        raise UserError("setting-invalid", f"{file}: {written} must be a path, not {value!r}")
    kind = str if written.endswith("_file") else type(getattr(DEFAULTS[process], name))
    allowed: dict[type, tuple[type, ...]] = {int: (int,), float: (int, float), bool: (bool,)}
    is_right = isinstance(value, allowed.get(kind, (str,))) and (kind is bool or not isinstance(value, bool))
    if not is_right:
        words = "true or false" if kind is bool else KINDS[kind]
        raise UserError("setting-invalid", f"{file}: {written} must be {words}, not {value!r}")
    return as_text(value)
