"""Which faults are rehearsed, in which order.

Rules:

- `none`, `standard` and `hard` are built in. A file is TOML: one `[[fault]]` each, with `do`, and `at_s` if
  it is to come at a certain second after going live; seconds rise.
- A fault that kills a process is only for a Parvis that the rehearsal started. A fault that takes the host
  away needs somebody else on stage. What cannot be done is left out, and said.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from parvis.errors import UserError


class Act(StrEnum):
    """One kind of fault."""

    HOST_DROPS = "host-drops"
    SUCCESSION = "succession"
    STAGE_KILLED = "stage-killed"
    STAGES_KILLED = "stages-killed"
    EDGE_KILLED = "edge-killed"
    CONTROL_KILLED = "control-killed"
    HERD = "herd"
    HANDOFF = "handoff"


TITLES: Final = {
    Act.HOST_DROPS: "The host's connection drops and comes back",
    Act.SUCCESSION: "The host stays away, and a co-host acts",
    Act.STAGE_KILLED: "The stage is killed",
    Act.STAGES_KILLED: "All stages are killed at once",
    Act.EDGE_KILLED: "The fullest edge is killed",
    Act.CONTROL_KILLED: "Control is killed",
    Act.HERD: "Every listener loses the connection at once",
    Act.HANDOFF: "The audience is handed to a second Space, and back",
}
KILLS: Final = frozenset({Act.STAGE_KILLED, Act.STAGES_KILLED, Act.EDGE_KILLED, Act.CONTROL_KILLED})
NEED_COMPANY: Final = frozenset({Act.HOST_DROPS, Act.SUCCESSION})

STANDARD: Final = (
    Act.HOST_DROPS, Act.SUCCESSION, Act.STAGE_KILLED, Act.EDGE_KILLED, Act.CONTROL_KILLED, Act.HERD,
    Act.HANDOFF,
)  # fmt: skip
HARD: Final = (
    Act.HERD, Act.STAGE_KILLED, Act.EDGE_KILLED, Act.HERD, Act.CONTROL_KILLED, Act.HOST_DROPS,
    Act.STAGES_KILLED, Act.SUCCESSION, Act.EDGE_KILLED, Act.HANDOFF, Act.STAGE_KILLED, Act.HANDOFF,
)  # fmt: skip
MOST_FAULTS: Final = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """What is to happen, `at_s` seconds after going live; None: in its turn."""

    act: Act
    at_s: float | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """Faults in order, and a name for people."""

    name: str
    faults: tuple[Fault, ...]

    @classmethod
    def parse(cls, text: str) -> Script:
        """Reads a `--faults` option: a built-in name, or a file. Raises `UserError` `script-invalid`."""
        built_in: dict[str, tuple[Act, ...]] = {"none": (), "standard": STANDARD, "hard": HARD}
        if text in built_in:
            return cls(text, tuple(Fault(act) for act in built_in[text]))
        try:
            told = tomllib.loads(Path(text).read_text(encoding="utf-8"))
        except OSError as error:
            known = ", ".join(built_in)
            reason = f"--faults {text} is none of {known}, and no file: {error.strerror}"
            raise UserError("script-invalid", reason) from error
        except ValueError as error:
            raise UserError("script-invalid", f"{text} is not TOML: {error}") from error
        return cls(Path(text).name, _faults(told, text))

    def possible(self, *, own: bool, speakers: int) -> tuple[tuple[Fault, ...], list[str]]:
        """(the faults that can be made, a sentence for each kind that cannot)."""
        why: dict[Act, str] = {}
        for fault in self.faults:
            if fault.act in KILLS and not own:
                why[fault.act] = "not in a Parvis that this rehearsal did not start"
            elif fault.act in NEED_COMPANY and speakers < 2:
                why[fault.act] = "needs two speakers"
        kept = tuple(fault for fault in self.faults if fault.act not in why)
        return kept, [f"Left out: {act} ({reason})." for act, reason in why.items()]


def _faults(told: dict[str, Any], file: str) -> tuple[Fault, ...]:
    entries = told.get("fault")
    if set(told) != {"fault"} or not isinstance(entries, list) or len(entries) > MOST_FAULTS:
        raise UserError(
            "script-invalid", f"{file} must hold [[fault]] tables (at most {MOST_FAULTS}) and nothing else"
        )
    faults = []
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or not {"do"} <= set(entry) <= {"do", "at_s"}:
            raise UserError(
                "script-invalid", f"{file}, fault {number}: it has do, and at_s if wanted, nothing else"
            )
        if entry["do"] not in list(Act):
            raise UserError("script-invalid", f"{file}, fault {number}: do is one of {', '.join(Act)}")
        faults.append(Fault(Act(entry["do"]), _seconds(entry.get("at_s"), f"{file}, fault {number}")))
    times = [fault.at_s for fault in faults if fault.at_s is not None]
    if any(later <= sooner for sooner, later in pairwise(times)):
        raise UserError("script-invalid", f"{file}: the seconds (at_s) must rise")
    return tuple(faults)


def _seconds(value: object, where: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise UserError("script-invalid", f"{where}: at_s is seconds from 0 up, not {value!r}")
    return float(value)
