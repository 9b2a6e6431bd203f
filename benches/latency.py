"""How long a single request waits beside a large batch: the 99th percentile of `submit(verify_schnorr)` while 10,000 PLONK run.

    python -m benches.latency [--engine E] [--workers N] [--batch N] [--seconds S] [--every MS] [--out FILE]

One thread runs the batch over and over; another submits one distinct signature every so often and waits for its answer. The same
without the batch comes first. Writes benches/results/latency-<cpu>.json.
"""

from __future__ import annotations

import argparse
import sys
import threading
from itertools import count
from pathlib import Path
from time import perf_counter, perf_counter_ns, sleep
from typing import Any

import coproc
from benches import machine, table
from coproc.coprocessor import Coprocessor
from coproc.engine.select import select
from coproc.measure.requests import make
from coproc.measure.throughput import Columns, percentile
from coproc.operation import Request

P99_MS = 20.0
DISTINCT = 1024


def waits(cp: Coprocessor, singles: list[Request], seconds: float, every_s: float) -> list[int]:
    """Nanoseconds from submit to answer of one request every `every_s`, for `seconds`."""
    found: list[int] = []
    until = perf_counter() + seconds
    for k in count():
        if perf_counter() >= until:
            return found
        start = perf_counter_ns()
        if cp.submit(singles[k % len(singles)]).result().value is not True:
            raise SystemExit("a true signature is refused")
        found.append(perf_counter_ns() - start)
        sleep(every_s)
    return found


def summary(values: list[int]) -> dict[str, Any]:
    """Milliseconds."""
    shares = {"median_ms": 0.5, "p99_ms": 0.99, "most_ms": 1.0}
    return {"requests": len(values)} | {name: round(percentile(values, share) / 1e6, 3) for name, share in shares.items()}


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, 1 with --check where the wanted figure is missed."""
    parser = argparse.ArgumentParser(prog="python -m benches.latency", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--engine", metavar="E", default="auto", help="the engine (what auto takes)")
    parser.add_argument("--workers", type=int, metavar="N", help="threads that compute (one a processor)")
    parser.add_argument("--batch", type=int, metavar="N", default=10_000, help="PLONK proofs of the batch (10,000)")
    parser.add_argument("--seconds", type=float, metavar="S", default=20.0, help="how long each of the two is measured (20)")
    parser.add_argument("--every", type=float, metavar="MS", default=5.0, help="milliseconds from an answer to the next request (5)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/latency-<cpu>.json)")
    parser.add_argument("--check", action="store_true", help="exit with 1 if the wanted figure is missed")
    args = parser.parse_args(argv)
    before = machine.describe(None)
    maker = select("cpu")
    singles = make(maker, "verify_schnorr", DISTINCT).requests
    columns = Columns(make(maker, "verify_plonk", min(args.batch, 2048)))
    stop, batches = threading.Event(), []
    with coproc.open(args.engine, args.workers) as cp:
        alone = summary(waits(cp, singles, args.seconds, args.every / 1e3))

        def run() -> None:
            requests = [Request("verify_plonk", columns_args(columns, i % len(columns)), singles[0].rules) for i in range(args.batch)]
            while not stop.is_set():
                start = perf_counter_ns()
                answers = cp.run(requests)
                batches.append((perf_counter_ns() - start, all(answer.value for answer in answers)))

        thread = threading.Thread(target=run)
        thread.start()
        sleep(0.5)
        beside = summary(waits(cp, singles, args.seconds, args.every / 1e3))
        stop.set()
        thread.join()
    result = {
        "bench": "latency", "schema": 1, "at": machine.stamp(), **machine.commit(), "machine": before, "engine": cp.engine.name,
        "workers": cp.workers, "batch": args.batch, "alone": alone, "beside": beside, "batches": len(batches),
        "batch_s": round(min(ns for ns, _ in batches) / 1e9, 3), "all_true": all(ok for _, ok in batches),
        "wanted": {"p99_ms": P99_MS, "met": beside["p99_ms"] <= P99_MS},
    }  # fmt: skip
    header = ["verify_schnorr, submitted alone", "requests", "median, ms", "p99, ms", "most, ms"]
    rows = [[name, f"{row['requests']:,}", *(f"{row[c]:.2f}" for c in ("median_ms", "p99_ms", "most_ms"))]
            for name, row in (("nothing else", alone), (f"beside {args.batch:,} verify_plonk", beside))]  # fmt: skip
    text = (
        f"# A single request beside a large batch: {cp.engine.name}, {cp.workers} worker(s), on {before['cpu']}\n\n"
        f"{table.markdown(header, rows)}\n\nWanted: p99 ≤ {P99_MS:g} ms beside the batch: "
        f"{'met' if beside['p99_ms'] <= P99_MS else 'MISSED'}. A batch took {result['batch_s']} s."
    )
    table.write(args.out or machine.RESULTS / f"latency-{machine.slug(before)}.json", result, text)
    print(text)
    return 1 if args.check and not result["wanted"]["met"] else 0


def columns_args(columns: Columns, i: int) -> bytes:
    """The argument buffer of request i."""
    return columns.data[columns.offsets[i] : columns.offsets[i + 1]].tobytes()


if __name__ == "__main__":
    sys.exit(main())
