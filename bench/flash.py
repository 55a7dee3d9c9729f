"""A flash crowd: ten times more people than there is room for, ten thousand a second, where others listen.

Half of the room is taken by a crowd that sits. Then the flash comes. What counts: those who sit hear every
part, the mixer is not late, and newcomers get sound or an answer at once. Writes build/flash.json, .md and
.svg.

    python -m bench.flash [--room 2000] [--times 10] [--rate 10000] [--edges 2] [--for 20] [--json]
"""

from __future__ import annotations

import argparse

from bench import machine, servers
from bench.scene import (
    arguments,
    finish_storm,
    folder,
    server_figures,
    server_rows,
    spread,
    start_storm,
    storm_rows,
    wait_while,
    write,
)
from bench.watch import Watch

SITTING_DOWN_S = 3.0
PATIENCE_S = 60.0


def run(options: argparse.Namespace) -> None:
    """Runs the flash and writes its result."""
    sitting, flash = options.room // 2, options.room * options.times
    arrive_s = flash / options.rate
    settings = {"PARVIS_MAX_CONNECTIONS": str(options.room // options.edges)}
    with (
        folder() as place,
        servers.demo(place, options.edges, machine.all_cores(), settings) as demo,
        Watch(demo.run_dir) as watch,
    ):
        stay_s = arrive_s + options.for_s + 10.0
        seated = start_storm(demo.share, place, listeners=sitting, arrive=SITTING_DOWN_S, for_s=stay_s)
        watch.add_load(seated.pid)
        try:
            # The kernel deals newcomers out by chance, so one edge may be full before all seats are taken.
            wait_while(seated, lambda: watch.listeners >= 0.95 * sitting, "the crowd that sits", PATIENCE_S)
            came_s = watch.now_s()
            storm = start_storm(demo.share, place, listeners=flash, arrive=arrive_s, for_s=options.for_s)
            watch.add_load(storm.pid)
            try:
                heard = finish_storm(storm)
            finally:
                machine.stop(storm)
            stayed = finish_storm(seated)
        finally:
            machine.stop(seated)
    during = [sample for sample in watch.samples if sample.at_s >= came_s]
    figures = server_figures(during)
    there, sound = stayed["listeners"], stayed["sound"]
    rows = [
        ("room, taken before", f"{options.room:,}, {sitting:,}"),
        ("arrivals", f"{flash:,} in {arrive_s:.1f} s"),
        ("those who sat: stalls", f"{sound['stalls']:,} at {there['stalled']:,} listeners"),
        ("those who sat: parts missing", f"{sound['missing_parts']:,} at {there['gapped']:,} listeners"),
        ("those who sat: thrown out", f"{there['dropped']:,}"),
        ("those who sat: delay", spread(stayed["delay_ms"])),
        ("newcomers without any answer", f"{heard['answers']['unanswered']:,}"),
        *storm_rows(heard),
        *server_rows(figures),
    ]
    title = f"A flash crowd of {flash:,} onto room for {options.room:,}"
    write(
        "flash", title, options, watch, {"rows": rows, "sitting": stayed, "storm": heard, "server": figures}
    )


def main() -> None:
    """Reads the options and runs."""
    parser = arguments(__doc__)
    parser.add_argument("--room", type=int, default=2_000, help="connections that the edges take together")
    parser.add_argument("--times", type=int, default=10, help="how many times the room come")
    parser.add_argument("--rate", type=float, default=10_000.0, help="arrivals a second")
    parser.add_argument(
        "--for", dest="for_s", type=float, default=20.0, help="seconds after the last has come"
    )
    run(parser.parse_args())


if __name__ == "__main__":
    main()
