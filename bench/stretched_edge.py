"""`parvis edge` whose newcomers get bursts of `--stretch` parts from the first, as under strain.

A calm edge takes one part a burst; what a longer burst saves can only be measured when everybody has it.
"""

from __future__ import annotations

import argparse

from parvis.compose import run_edge
from parvis.edge import server
from parvis.settings import BusSettings, EdgeSettings, from_environment


def main() -> None:
    """Runs the edge until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stretch", type=int, required=True, choices=range(1, 33), metavar="1-32")
    parser.add_argument("--name", default="edge-1")
    options = parser.parse_args()
    vars(server)["STRETCH"] = options.stretch
    run_edge(from_environment(BusSettings()), from_environment(EdgeSettings(name=options.name)))


if __name__ == "__main__":
    main()
