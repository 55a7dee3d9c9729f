"""A whole evening: a crowd comes to one Space, stays and listens, with the load beside the server.

Starts `parvis demo` with many edges, and `parvis storm` against its share link; watches what each uses and
how late the mixer is. Writes build/evening.json, .md and .svg.

    python -m bench.evening [--listeners 5000] [--edges 2] [--arrive 15] [--for 30] [--json]
    python -m bench.evening --listeners 600000 --edges 34 --after 35 --arrive 300 --for 600
"""

from __future__ import annotations

import argparse
import time

from bench import machine, servers
from bench.scene import (
    arguments,
    finish_storm,
    folder,
    server_figures,
    server_rows,
    start_storm,
    storm_rows,
    write,
)
from bench.watch import INTERVAL_S, Watch

LARGE = 100_000
LARGE_INTERVAL_S = 3.0
"""A look at a hundred processes is work, too."""


def run(options: argparse.Namespace) -> None:
    """Runs the evening and writes its result."""
    with (
        folder() as place,
        servers.demo(place, options.edges, machine.all_cores()) as demo,
        Watch(demo.run_dir, LARGE_INTERVAL_S if options.listeners >= LARGE else INTERVAL_S) as watch,
    ):
        time.sleep(options.after_s)
        storm = start_storm(
            demo.share,
            place,
            listeners=options.listeners,
            arrive=options.arrive,
            for_s=options.for_s,
            skim=options.skim,
        )
        watch.add_load(storm.pid)
        try:
            heard = finish_storm(storm)
        finally:
            machine.stop(storm)
    figures = server_figures(watch.samples)
    rows = [*storm_rows(heard), *server_rows(figures)]
    title = f"An evening with {options.listeners:,} listeners at {options.edges} edges"
    write("evening", title, options, watch, {"rows": rows, "storm": heard, "server": figures})


def main() -> None:
    """Reads the options and runs."""
    parser = arguments(__doc__)
    parser.add_argument("--listeners", type=int, default=5_000)
    parser.add_argument(
        "--after", dest="after_s", type=float, default=0.0, help="seconds for which the Space is live before"
    )
    parser.add_argument("--arrive", default="15", help="seconds, or a curve as the storm takes it")
    parser.add_argument("--for", dest="for_s", type=float, default=30.0, help="seconds that they stay then")
    parser.add_argument("--skim", action="store_true", help="as `parvis storm --skim`")
    run(parser.parse_args())


if __name__ == "__main__":
    main()
