"""The crowd's own process: a storm that says on standard output how it goes, a JSON object a line.

It is a process of its own because a storm forks, and the director has threads (WebRTC). The order is one JSON
object on standard input: `url`, `listeners`, `arrive` (as `--arrive`), `hold_s`, `owned`. Each line is
`{"sample": …}`, and the last `{"final": …}`, or `{"error": {"code", "detail"}}`.

SIGUSR1 is a herd, SIGINT the end; and it ends with its parent.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import json
import os
import signal
import sys
from dataclasses import asdict
from typing import Any, Final

from parvis.errors import ParvisError
from parvis.ops.process import raise_open_files
from parvis.storm.curve import Curve
from parvis.storm.fleet import Fleet, Sample, server_offset_s
from parvis.storm.plan import Plan
from parvis.storm.target import Target

NICE: Final = 5
"""As an edge: a crowd on the same machine must not make its speakers late."""
_PR_SET_PDEATHSIG = 1


def planned(order: dict[str, Any]) -> tuple[Plan, Target]:
    """What an order means, on both sides. Raises `UserError` as `Plan` and `Target` do."""
    plan = Plan(int(order["listeners"]), Curve.parse(order["arrive"]), hold_s=float(order["hold_s"]))
    return plan, Target.of(order["url"], owned=bool(order["owned"]))


def main() -> None:
    """The whole life of the process."""
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # until there is a crowd
    order = json.loads(sys.stdin.readline())
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
        if os.getppid() != order["parent"]:
            return
    with contextlib.suppress(PermissionError):
        os.nice(NICE)
    try:
        plan, target = planned(order)
        fleet = Fleet(plan, target, files_per_process=raise_open_files(), offset_s=server_offset_s(target))
        outcome = fleet.run(_say_sample)
    except ParvisError as error:
        _say({"error": {"code": error.code, "detail": error.detail}})
        return
    _say(
        {
            "final": {
                "workers": outcome.workers,
                "seconds": outcome.seconds,
                "peak": outcome.peak_connected,
                "missed": outcome.missed_workers,
                "report": base64.b64encode(outcome.report.encode()).decode(),
            }
        }
    )


def _say_sample(sample: Sample) -> None:
    _say({"sample": asdict(sample)})


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
