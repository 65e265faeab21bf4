"""``python -m simulator``: write a simulated source folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from simulator.programme import simulate


def main() -> None:
    """Read the command line and simulate."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description="Write a simulated source folder.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--promoters", type=int, default=300)
    parser.add_argument("--months", type=int, default=6)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--dirt", type=float, default=0.0, help="share of rows with a planted fault")
    parser.add_argument("--honest", action="store_true", help="no cheats")
    parser.add_argument("--no-outage", dest="outage", action="store_false", help="no outage day")
    asked = vars(parser.parse_args())
    sys.stdout.write(f"{simulate(**asked)}\n")


main()
