"""Server, batcher, journal and workers in virtual time: clients of every kind, workers that die, stall, fail and lie late, a disk that
fails, a network that tears, loses, delays and parts, a server that crashes and a machine that loses its power.

    python -m benches.soak.simulation [--hours H] [--seeds N] [--seed S] [--faults F] [--jobs N] [--out FILE]

Each seed is a world of its own of H virtual hours; every accepted request must have exactly one answer, the true one or "unserved", and
nothing may be held beyond the limits; what the journal acknowledged is answered and keeps its answer. A failure names its seed;
`--seed S --seeds 1` replays it to the last answer. Writes benches/results/soak-simulation-<cpu>.json, with what befell by kind.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Final

from tests.cluster.simulation.disk import WORN
from tests.cluster.simulation.network import UNRELIABLE
from tests.cluster.simulation.pool import EVERYTHING
from tests.cluster.simulation.simulation import Report, everything

from . import result

SUMMED: Final = (
    "accepted", "served", "unserved", "expired", "busy", "batches", "retries", "lost", "crashes", "starts", "acknowledged", "frames",
    "asked_again", "abandoned", "events",
)  # fmt: skip


def world(hours: float, faults: float, seed: int) -> Report | str:
    """What happened, or what does not hold."""
    try:
        simulation = everything(seed, EVERYTHING.scaled(faults), disk=WORN.scaled(faults), network=UNRELIABLE.scaled(faults))
        return simulation.run(hours)
    except AssertionError as error:
        return str(error)


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, 1 where something does not hold."""
    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(prog="python -m benches.soak.simulation", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--hours", type=float, metavar="H", default=100.0, help="virtual hours of a seed (100)")
    parser.add_argument("--seeds", type=int, metavar="N", default=20, help="how many seeds (20)")
    parser.add_argument("--seed", type=int, metavar="S", default=1, help="the first seed (1)")
    parser.add_argument("--faults", type=float, metavar="F", default=1.0, help="so many times as many faults (1)")
    parser.add_argument("--jobs", type=int, metavar="N", default=cores, help=f"seeds at a time, each a process ({cores}: a core each)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/soak-simulation-<cpu>.json)")
    args = parser.parse_args(argv)
    start, hours, wrong = perf_counter(), 0.0, []
    summed, befell = dict.fromkeys(SUMMED, 0), Counter[str]()
    with ProcessPoolExecutor(args.jobs) as processes:
        for found in processes.map(partial(world, args.hours, args.faults), range(args.seed, args.seed + args.seeds)):
            if isinstance(found, str):
                wrong.append(found)
                print(found, file=sys.stderr)
                continue
            hours += found.hours
            befell.update(dict(found.faults))
            for name in summed:
                summed[name] += getattr(found, name)
            fate = f"{found.served:,} served, {found.unserved:,} unserved ({found.expired:,} expired)"
            faults = f"{found.lost:,} batches lost, {found.crashes} crashes, {found.acknowledged:,} in the journal"
            print(f"seed {found.seed}: {found.accepted:,} accepted, {fate}, {faults}, {found.digest}", flush=True)
    seconds = perf_counter() - start
    told = f"{summed['served']:,} requests served, {summed['acknowledged']:,} in the journal, {summed['lost']:,} batches lost"
    print(f"{hours:,.0f} virtual hours in {seconds:.1f} s: {told}, {summed['crashes']:,} crashes, {len(wrong)} seeds wrong")
    print(", ".join(f"{what} {n:,}" for what, n in sorted(befell.items())))
    asked = {"seed": args.seed, "seeds": args.seeds, "faults": args.faults, "jobs": args.jobs, "cores": cores}
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    times = {"real_seconds": round(seconds, 1), "processor_seconds": round(used.ru_utime + used.ru_stime, 1)}
    figures = {"hours": hours, **times, **summed, "faults_by_kind": dict(sorted(befell.items())), "wrong": wrong, "met": not wrong}
    result.write("simulation", asked | figures, args.out)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
