"""Faults of an accelerator, one a batch, over all stages: no wrong answer (R8).

    python -m benches.soak.faults [--count N] [--seed S] [--device card|opencl] [--ops OP,...] [--log FILE] [--out FILE]
    python -m benches.soak.faults --finish LOG [LOG ...] [--out FILE]

Each fault is one of `coproc.engine.device.faults` at one event of one batch. Stages (each kernel over each curve, each argument that is
copied there or back), what goes wrong, and batches that are true or were tampered with, follow one another, so that each has its share; the
batch and the event are drawn. The answers must be the CPU's. Batches are small, and so are groups of work-items and what counts as a
large sum (`small`), so that few requests reach every stage. What no operation asks for, and the engine does, is asked of the engine's
methods (`methods`).

The device is a card made of memory (`card`); "opencl": a processor's OpenCL in processes of their own, because a flipped index makes it
read and write anywhere: where such a process dies the host's answers count, as they do where a worker dies ("elsewhere"). Faults that
fall and change nothing are drawn again.

Writes the log as it goes, and goes on where the log ends; --finish, and the end of a campaign, write
benches/results/soak-faults-<cpu>.json. Exit status 1 where an answer was wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benches.soak import result
from benches.soak.faults import campaign, log


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benches.soak.faults", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, metavar="N", default=60_000, help="numbers of faults end before it (60,000)")
    parser.add_argument("--first", type=int, metavar="N", default=0, help="number of the first one (0)")
    parser.add_argument("--seed", type=int, metavar="S", default=1, help="of the campaign (1)")
    parser.add_argument("--device", choices=("card", "opencl"), default="card", help="what runs the kernels (card)")
    parser.add_argument("--ops", type=lambda text: tuple(text.split(",")), metavar="OP,...", help='operations, or "methods" (all)')
    parser.add_argument(
        "--log", type=Path, metavar="FILE", default=Path("faults.jsonl"), help="log to write and to go on with (faults.jsonl)"
    )
    parser.add_argument("--commit", metavar="ID", help="of the code, where it is not the one checked out")
    parser.add_argument("--strict", action="store_true", help="stop at the first wrong answer")
    parser.add_argument("--finish", type=Path, metavar="LOG", nargs="+", help="write the result file of these logs")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/soak-faults-<cpu>.json)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--died", type=int, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0, 1 where an answer was wrong."""
    args = parse(argv)
    if args.child:
        return campaign.child(args)
    figures = log.figures(args.finish) if args.finish else campaign.run(args)
    print(json.dumps({key: figures[key] for key in ("faults", "wrong", "verdicts", "fewest of a kernel", "fewest of a copy")}))
    result.write("faults", figures, args.out)
    return 1 if figures["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
