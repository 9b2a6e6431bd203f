"""Groth16 on a Ray cluster of this machine with one worker and with two, beside threads in process.

    python -m benches.ray [--counts N ...] [--distinct K] [--address HOST:PORT] [--op OP] [--rounds R] [--out FILE] [--check]

The requests are K distinct ones over and over, nothing is remembered between them; batches of 1,024, as many handed over as `AHEAD`. The
start of the cluster and of its workers is not counted, and neither is a first pass in which keys are sent and prepared. The workers are
not believed (docs/cluster.md): packing, canaries, the last equation and the sample run in this process, on the same processors.

A round has each way once, and every other round has them backwards. A ratio is the median of those of the rounds, so that a machine
that grows slower or faster meanwhile changes nothing. Writes benches/results/ray-<cpu>.json and a table of the same name.
"""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benches import machine, table, wanted
from coproc.cluster import laptop
from coproc.cluster.audit import Audited
from coproc.cluster.dispatch import Dispatcher
from coproc.cluster.pools.gateway import Gateway
from coproc.cluster.pools.protocol import PackedBatch, Pool
from coproc.cluster.pools.threads import ThreadPool
from coproc.engine.select import select
from coproc.measure.requests import make
from coproc.ops.shape import MAX_BATCH

WORKERS = (1, 2)
TWO_AGAINST_ONE = 1.7
AGAINST_THREADS = 0.85
PORT = 6399
COUNTS = (100_000, 300_000)
AHEAD = 128
"""Batches that are handed over at once: what has no worker waits, and goes in larger questions (`coproc.cluster.joining`)."""


def batches(made: PackedBatch, count: int) -> Iterator[PackedBatch]:
    """`count` requests in batches, from the first on, over and over."""
    at = 0
    while count > 0:
        n = min(MAX_BATCH, count, len(made) - at)
        yield made.slice(at, at + n)
        at = (at + n) % len(made)
        count -= n


def seconds(pool: Pool, made: PackedBatch, count: int) -> float:
    """To answer so many requests. Raises RuntimeError where an answer is not true."""
    chain, waiting = Dispatcher([pool]), deque[Any]()

    def take() -> None:
        answers = waiting.popleft().result()
        if answers.status.any() or not answers.value.all():
            raise RuntimeError(f"{int((answers.value == 0).sum())} of {len(answers)} requests are not true")

    start = perf_counter()
    for batch in batches(made, count):
        waiting.append(chain.run(batch))
        if len(waiting) > AHEAD:
            take()
    while waiting:
        take()
    return perf_counter() - start


def ways(stack: ExitStack, address: str, workers: int) -> tuple[Pool, Audited | None]:
    """Threads in process (0 workers), or so many of the cluster."""
    local = stack.enter_context(ThreadPool(select(), max(WORKERS)))
    if not workers:
        return local, None
    remote = Gateway(address, most=workers)
    audited = stack.enter_context(Audited(remote, local))
    if not remote.wait_until_up(workers, 120):
        raise RuntimeError(f"{len(remote.workers())} of {workers} workers came up")
    return audited, audited


def measure(args: argparse.Namespace, address: str, made: PackedBatch) -> list[dict[str, Any]]:
    """A row for each way and count. rounds: seconds of each."""
    ways_of = [("threads", 0), *(("ray", n) for n in WORKERS)]
    rows: dict[Any, dict[str, Any]] = {
        (way, n, count): {"way": way, "workers": n, "count": count, "rounds": []} for count in args.counts for way, n in ways_of
    }
    for turn in range(args.rounds):
        for way, workers in ways_of[:: -1 if turn % 2 else 1]:
            machine.say(f"round {turn + 1}: {way} {workers or max(WORKERS)}")
            with ExitStack() as stack:
                pool, audited = ways(stack, address, workers)
                seconds(pool, made, 2 * len(made))
                for count in args.counts:
                    row = rows[way, workers, count]
                    row["rounds"].append(round(seconds(pool, made, count), 4))
                    if audited is not None:
                        counts = audited.counts()
                        row["audit"] = {"questions": counts.questions, "checked": counts.checked, "mismatches": counts.mismatches}
    return [row | {"rate": round(row["count"] / median(row["rounds"]), 1)} for row in rows.values()]


def judged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With the ratios of the most workers to the others, each the median over the rounds."""
    took = {(row["way"], row["workers"], row["count"]): row["rounds"] for row in rows}

    def ratio(row: dict[str, Any], way: str, workers: int) -> float:
        other = took[way, workers, row["count"]]
        return round(float(median(theirs / ours for ours, theirs in zip(row["rounds"], other, strict=True))), 3)

    for row in rows:
        if row["workers"] == max(WORKERS):
            row["against_one"] = wanted.at_least(TWO_AGAINST_ONE, ratio(row, "ray", 1))
            row["against_threads"] = wanted.at_least(AGAINST_THREADS, ratio(row, "threads", 0))
    return rows


def render(rows: list[dict[str, Any]]) -> str:
    header = ["requests", "way", "a second", "× one worker", "wanted", "× threads", "wanted"]
    lines = []
    for row in rows:
        one, threads = row.get("against_one"), row.get("against_threads")
        plural = "s" if row["workers"] > 1 else ""
        name = f"Ray, {row['workers']} worker{plural}" if row["workers"] else f"{max(WORKERS)} threads in process"
        lines.append([
            f"{row['count']:,}", name, f"{row['rate']:,.0f}", f"{one['measured']:.2f}" if one else "–", wanted.verdict(one) if one else "",
            f"{threads['measured']:.2f}" if threads else "–", wanted.verdict(threads) if threads else "",
        ])  # fmt: skip
    return table.markdown(header, lines)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benches.ray", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--counts", type=int, nargs="+", metavar="N", default=COUNTS, help="requests of a pass (100,000 and 300,000)")
    parser.add_argument("--distinct", type=int, metavar="K", default=2048, help="distinct requests (2,048; 36 kB each)")
    parser.add_argument("--op", metavar="OP", default="verify_groth16_bn254")
    parser.add_argument("--rounds", type=int, metavar="R", default=5, help="of each way (5)")
    parser.add_argument("--address", metavar="HOST:PORT", help="a cluster that runs (one of this machine is started and ended)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/ray-<cpu>.json)")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a wanted figure is missed")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, 1 with --check where a wanted figure is missed."""
    args = arguments(argv)
    before = machine.describe(None)
    made = PackedBatch.of(make(select(), args.op, args.distinct).requests)
    start = perf_counter()
    address = args.address or laptop.up(1, max(WORKERS), PORT).address
    started = perf_counter() - start
    try:
        rows = judged(measure(args, address, made))
    finally:
        if not args.address:
            laptop.down()
    result = {
        "bench": "ray", "schema": 2, "at": machine.stamp(), **machine.commit(), "machine": before,
        "load_after": machine.describe(None)["load"], "op": args.op, "distinct": args.distinct,
        "start_seconds": None if args.address else round(started, 1), "rows": rows,
    }  # fmt: skip
    text = (
        f"# {args.op} on a Ray cluster of one machine: {before['cpu']}\n\n"
        f"Commit {result['commit']}{' with changes' if result['changed'] else ''}, {result['at']}; {args.distinct:,} distinct requests "
        f"over and over, in batches of {MAX_BATCH:,}; medians of {args.rounds} rounds. The start is not counted; keys are sent once.\n\n"
    )
    table.write(args.out or machine.RESULTS / f"ray-{machine.slug(before)}.json", result, text + render(rows))
    print(text + render(rows))
    missed = [c for row in rows for name in ("against_one", "against_threads") if (c := row.get(name)) and not c["met"]]
    return 1 if args.check and missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
