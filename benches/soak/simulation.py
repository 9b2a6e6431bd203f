"""The batcher in virtual time: clients of every kind, workers that die, stall, fail and lie late, a server that crashes.

    python -m benches.soak.simulation [--hours H] [--seeds N] [--seed S] [--faults F] [--jobs N]

Each seed is a world of its own of H virtual hours; every accepted request must have exactly one answer, the true one or "unserved", and
nothing may be held beyond the limits. A failure names its seed; `--seed S --seeds 1` replays it to the last answer.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from time import perf_counter

from tests.cluster.simulation.pool import EVERYTHING
from tests.cluster.simulation.simulation import Report, everything


def world(hours: float, faults: float, seed: int) -> Report | str:
    """What happened, or what does not hold."""
    try:
        return everything(seed, EVERYTHING.scaled(faults)).run(hours)
    except AssertionError as error:
        return f"seed {seed}: {error}"


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, 1 where something does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benches.soak.simulation", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--hours", type=float, metavar="H", default=100.0, help="virtual hours of a seed (100)")
    parser.add_argument("--seeds", type=int, metavar="N", default=20, help="how many seeds (20)")
    parser.add_argument("--seed", type=int, metavar="S", default=1, help="the first seed (1)")
    parser.add_argument("--faults", type=float, metavar="F", default=1.0, help="so many times as many faults (1)")
    parser.add_argument("--jobs", type=int, metavar="N", default=1, help="seeds at a time (1)")
    args = parser.parse_args(argv)
    start, wrong, hours, served, lost = perf_counter(), 0, 0.0, 0, 0
    with ProcessPoolExecutor(args.jobs) as processes:
        for found in processes.map(partial(world, args.hours, args.faults), range(args.seed, args.seed + args.seeds)):
            if isinstance(found, str):
                wrong += 1
                print(found, file=sys.stderr)
                continue
            hours, served, lost = hours + found.hours, served + found.served, lost + found.lost
            fate = f"{found.served:,} served, {found.unserved:,} unserved ({found.expired:,} expired)"
            faults = f"{found.lost:,} batches lost, {found.crashes} crashes"
            print(f"seed {found.seed}: {found.accepted:,} accepted, {fate}, {faults}, {found.digest}", flush=True)
    seconds = perf_counter() - start
    print(f"{hours:,.0f} virtual hours in {seconds:.1f} s: {served:,} requests served, {lost:,} batches lost, {wrong} seeds wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
