"""Groth16 on a Ray cluster of this machine with one worker and with two, beside threads in process.

    python -m benches.ray [--count N] [--distinct K] [--address HOST:PORT] [--op OP] [--rounds R] [--out FILE] [--check]

The requests are K distinct ones over and over, nothing is remembered between them; batches of 1,024, as many under way as the workers
take. The start of the cluster and of its workers is not counted, and neither is a first pass in which keys are sent and prepared. The
workers are not believed (docs/cluster.md): packing, canaries, the last equation and the sample run in this process, on the same
processors. The least of R rounds counts, ways in turn. Writes benches/results/ray-<cpu>.json and a table of the same name.
"""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
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
    ahead = pool.capacity + 1

    def take() -> None:
        answers = waiting.popleft().result()
        if answers.status.any() or not answers.value.all():
            raise RuntimeError(f"{int((answers.value == 0).sum())} of {len(answers)} requests are not true")

    start = perf_counter()
    for batch in batches(made, count):
        waiting.append(chain.run(batch))
        if len(waiting) > ahead:
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
    rows: list[dict[str, Any]] = [{"way": name, "workers": n, "rounds": []} for name, n in (("threads", 0), ("ray", 1), ("ray", 2))]
    for turn in range(args.rounds):
        for row in rows:
            machine.say(f"round {turn + 1}: {row['way']} {row['workers'] or max(WORKERS)}")
            with ExitStack() as stack:
                pool, audited = ways(stack, address, row["workers"])
                seconds(pool, made, min(args.count, 2 * len(made)))
                row["rounds"].append(round(seconds(pool, made, args.count), 4))
                if audited is not None:
                    row["audit"] = {"checked": audited.counts().checked, "mismatches": audited.counts().mismatches}
    for row in rows:
        row["rate"] = round(args.count / min(row["rounds"]), 1)
    return rows


def judged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rate = {(row["way"], row["workers"]): row["rate"] for row in rows}
    for row in rows:
        if row["workers"] == max(WORKERS):
            row["against_one"] = wanted.at_least(TWO_AGAINST_ONE, round(row["rate"] / rate["ray", 1], 3))
            row["against_threads"] = wanted.at_least(AGAINST_THREADS, round(row["rate"] / rate["threads", 0], 3))
    return rows


def render(rows: list[dict[str, Any]]) -> str:
    header = ["way", "requests a second", "× one worker", "wanted", "× threads", "wanted"]
    lines = []
    for row in rows:
        one, threads = row.get("against_one"), row.get("against_threads")
        name = f"Ray, {row['workers']} workers" if row["workers"] else f"{max(WORKERS)} threads in process"
        lines.append([
            name, f"{row['rate']:,.0f}", f"{one['measured']:.2f}" if one else "–", wanted.verdict(one) if one else "",
            f"{threads['measured']:.2f}" if threads else "–", wanted.verdict(threads) if threads else "",
        ])  # fmt: skip
    return table.markdown(header, lines)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benches.ray", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, metavar="N", default=20_000, help="requests of a pass (20,000)")
    parser.add_argument("--distinct", type=int, metavar="K", default=2048, help="distinct requests (2,048; 36 kB each)")
    parser.add_argument("--op", metavar="OP", default="verify_groth16_bn254")
    parser.add_argument("--rounds", type=int, metavar="R", default=2, help="of each way (2)")
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
    address = args.address or laptop.up(max(WORKERS), 1, PORT).address
    started = perf_counter() - start
    try:
        rows = judged(measure(args, address, made))
    finally:
        if not args.address:
            laptop.down()
    result = {
        "bench": "ray", "schema": 1, "at": machine.stamp(), **machine.commit(), "machine": before,
        "load_after": machine.describe(None)["load"], "op": args.op, "count": args.count, "distinct": args.distinct,
        "start_seconds": None if args.address else round(started, 1), "rows": rows,
    }  # fmt: skip
    text = (
        f"# {args.op} on a Ray cluster of one machine: {before['cpu']}\n\n"
        f"Commit {result['commit']}{' with changes' if result['changed'] else ''}, {result['at']}; {args.count:,} requests, "
        f"{args.distinct:,} of them distinct, in batches of {MAX_BATCH:,}. The start is not counted; keys are sent once.\n\n"
    )
    table.write(args.out or machine.RESULTS / f"ray-{machine.slug(before)}.json", result, text + render(rows))
    print(text + render(rows))
    missed = [c for row in rows for name in ("against_one", "against_threads") if (c := row.get(name)) and not c["met"]]
    return 1 if args.check and missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
