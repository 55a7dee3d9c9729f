"""A herd: `kill -9` of one edge. How fast is everyone back, what did they miss, and who carries them?

The edge with the most listeners is killed once the whole crowd is there. Its listeners come back with
jitter, to any edge, and ask for the part after their last. Listeners are counted by heartbeats, once a
second, so the time until all are back is exact to about a second; what each listener missed is exact.
Writes build/herd.json, .md and .svg.

    python -m bench.herd [--listeners 4000] [--edges 4] [--arrive 10] [--after 25] [--json]
"""

from __future__ import annotations

import argparse
import os
import signal
from statistics import fmean

from bench import machine, servers
from bench.scene import (
    arguments,
    finish_storm,
    folder,
    server_figures,
    server_rows,
    start_storm,
    storm_rows,
    wait_while,
    write,
)
from bench.watch import Watch
from parvis.clock import PART_MS

WHOLE_SHARE = 0.999
SETTLE_S = 4.0
LOOK_S = 0.2
"""Who comes back within a second would not be missed between two looks."""
ARRIVING_PATIENCE_S = 60.0


def run(options: argparse.Namespace) -> None:
    """Runs the herd and writes its result."""
    with (
        folder() as place,
        servers.demo(place, options.edges, machine.all_cores()) as demo,
        Watch(demo.run_dir, LOOK_S) as watch,
    ):
        stay_s = SETTLE_S + options.after + ARRIVING_PATIENCE_S / 4
        storm = start_storm(
            demo.share, place, listeners=options.listeners, arrive=options.arrive, for_s=stay_s
        )
        watch.add_load(storm.pid)
        whole = WHOLE_SHARE * options.listeners

        def settled() -> bool:
            return all(s.listeners >= whole for s in watch.samples[-int(2 * SETTLE_S / LOOK_S) :]) and bool(
                watch.samples
            )

        try:
            wait_while(storm, settled, "the crowd", options.arrive + ARRIVING_PATIENCE_S)
            before = watch.samples[-1]
            victim = max(before.by_edge, key=lambda name: before.by_edge[name])
            os.kill(watch.edges()[victim], signal.SIGKILL)
            killed_s = watch.now_s()
            wait_while(
                storm,
                lambda: any(s.listeners < whole for s in watch.samples[-int(3 / LOOK_S) :]),
                "the loss",
                options.after,
            )
            wait_while(storm, lambda: watch.listeners >= whole, "the herd's return", options.after)
            back_s = watch.samples[-1].at_s - killed_s
            heard = finish_storm(storm)
        finally:
            machine.stop(storm)
    lost = before.by_edge[victim]
    after = [s for s in watch.samples if s.at_s > killed_s + back_s and s.listeners >= whole]
    shares = list(after[-1].by_edge.values())
    figures = server_figures([sample for sample in watch.samples if sample.at_s >= killed_s])
    missing = heard["sound"]["missing_parts"]
    rows = [
        ("killed", f"{victim} with {lost:,} of {before.listeners:,} listeners; {options.edges} edges"),
        ("all back after", f"{back_s:.1f} s, counted by heartbeats, one a second"),
        (
            "sound lost",
            f"{missing:,} parts, {missing * PART_MS / max(1, lost):,.0f} ms a listener who was hit",
        ),
        (
            "evenness after: fullest edge",
            f"{max(shares) / fmean(shares):.2f} of the mean ({after[-1].by_edge})",
        ),
        *storm_rows(heard),
        *server_rows(figures),
    ]
    title = f"An edge with {lost:,} of {before.listeners:,} listeners is killed"
    result = {
        "rows": rows,
        "victim": victim,
        "lost_listeners": lost,
        "back_s": round(back_s, 2),
        "by_edge_before": before.by_edge,
        "by_edge_after": after[-1].by_edge,
        "storm": heard,
        "server": figures,
    }
    write("herd", title, options, watch, result)


def main() -> None:
    """Reads the options and runs."""
    parser = arguments(__doc__)
    parser.set_defaults(edges=4)
    parser.add_argument("--listeners", type=int, default=4_000)
    parser.add_argument("--arrive", type=float, default=10.0, help="seconds in which they come")
    parser.add_argument("--after", type=float, default=25.0, help="seconds in which they may come back")
    run(parser.parse_args())


if __name__ == "__main__":
    main()
