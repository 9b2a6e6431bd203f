"""A tenant floods with false proofs, as much as is taken: the others keep their throughput and their waits (R11).

    python -m benches.soak.flood [--seconds S] [--honest N] [--op OP] [--workers N] [--pool threads|processes] [--engine E]

Honest tenants ask in a closed loop: each keeps so many requests open and asks the next when one is answered. Alone and beside the
flood in turn, for S seconds each in all. The flood submits false requests, all different, packed as a server hands them on, and comes back
when it was told to. The process is set up as that of a server (`tune`): honest and hostile requests meet in its one interpreter.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter, sleep
from typing import Any

import numpy as np

from coproc.cluster.batcher import Batcher
from coproc.cluster.memo import Memo
from coproc.cluster.pools.processes import ProcessPool
from coproc.cluster.pools.protocol import PackedBatch
from coproc.cluster.pools.threads import ThreadPool
from coproc.cluster.server.serve import tune
from coproc.cluster.ticket import Busy, Kind, Ticket
from coproc.engine.select import select
from coproc.measure.requests import make
from coproc.measure.throughput import percentile
from coproc.operation import Answer, Request

from . import result

OPEN = 32  # requests that an honest tenant keeps open
PACK = 256  # requests of the flood at once
DISTINCT = 512
ROUNDS = 3
KEPT, SLOWER = 0.8, 2.0


@dataclass
class Honest:
    """A tenant in a closed loop. waits: seconds from question to answer, of each request."""

    batcher: Batcher
    name: str
    requests: Sequence[Request]
    kind: Kind = "mempool"
    waits: list[float] = field(default_factory=list)
    wrong: int = 0
    over: bool = False

    def start(self) -> None:
        self._next = count()
        for _ in range(OPEN):
            self._ask()

    def _ask(self) -> None:
        request, at = self.requests[next(self._next) % len(self.requests)], perf_counter()
        try:
            future = self.batcher.submit(Ticket(request, self.kind, tenant=self.name))
        except Busy as busy:
            threading.Timer(busy.retry_after, self._ask).start()
            return
        future.add_done_callback(lambda future: self._answered(future, at))

    def _answered(self, future: Future[Answer], at: float) -> None:
        if self.over:
            return
        self.waits.append(perf_counter() - at)
        self.wrong += future.result().value is not True
        self._ask()


class Flood:
    """False requests, all different, as fast as they are taken."""

    def __init__(self, batcher: Batcher, requests: Sequence[Request], kind: Kind = "mempool") -> None:
        self.batcher, self.requests, self.kind = batcher, requests, kind
        self.sent = self.busy = 0
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flood")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.over.set()
        self._thread.join()

    def _run(self) -> None:
        base = PackedBatch.of([self.requests[i % len(self.requests)] for i in range(PACK)])
        firsts = base.offsets[:-1, None] + np.arange(8)
        number = 0
        while not self.over.is_set():
            spoilt = np.arange(number + 1, number + PACK + 1, dtype="<u8").view(np.uint8).reshape(PACK, 8)
            number += PACK
            data = base.data.copy()
            data[firsts] ^= spoilt  # a message, a proof or a digest is another one
            batch = PackedBatch(base.op, base.rules, base.aligns, data, base.offsets)
            try:
                self.batcher.submit_packed(batch, self.kind, monotonic() + 60, "flood")
                self.sent += PACK
            except Busy as busy:
                self.busy += 1
                self.over.wait(busy.retry_after)


def phase(batcher: Batcher, honest: list[list[Request]], seconds: float, flood: Flood | None) -> dict[str, Any]:
    """Figures of the honest tenants, with or without the flood."""
    tenants = [Honest(batcher, f"honest {i}", requests) for i, requests in enumerate(honest)]
    if flood is not None:
        flood.start()
        sleep(min(2.0, seconds / 5))
    for tenant in tenants:
        tenant.start()
    sleep(seconds / 10)
    for tenant in tenants:
        tenant.waits.clear()
    start = perf_counter()
    sleep(seconds)
    taken = perf_counter() - start
    for tenant in tenants:
        tenant.over = True
    if flood is not None:
        flood.stop()
    waits = sorted(wait for tenant in tenants for wait in tenant.waits)
    nanoseconds = [int(1e9 * wait) for wait in waits]
    return {
        "throughput": round(len(waits) / taken, 1), "least": round(min(len(tenant.waits) for tenant in tenants) / taken, 1),
        "median_ms": round(percentile(nanoseconds, 0.5) / 1e6, 2), "p99_ms": round(percentile(nanoseconds, 0.99) / 1e6, 2),
        "wrong": sum(tenant.wrong for tenant in tenants),
    }  # fmt: skip


def flooded(op: str, tenants: int, seconds: float, open_batcher: Callable[[], Batcher], engine: str = "cpu") -> dict[str, Any]:
    """Both phases in turn, `ROUNDS` of each, so that what else the machine does falls on both; and what is kept."""
    requests = make(select(engine), op, DISTINCT * tenants).requests
    honest = [requests[i::tenants] for i in range(tenants)]
    found: dict[str, Any] = {"op": op, "tenants": tenants, "seconds": seconds, "rounds": ROUNDS}
    phases: dict[str, list[dict[str, Any]]] = {"alone": [], "beside": []}
    for i in range(2 * ROUNDS):
        with open_batcher() as batcher:
            flood = Flood(batcher, requests) if i % 2 else None
            figures = phase(batcher, honest, seconds / ROUNDS, flood)
            stats = batcher.stats()
            figures |= {"held": stats.held, "held_bytes": stats.held_bytes}
            if flood is not None:
                figures |= {"flood_sent": flood.sent, "flood_told_busy": flood.busy}
            phases["beside" if i % 2 else "alone"].append(figures)
            batcher.drain(60)
    for name, rounds in phases.items():
        middle = {key: round(median(figures[key] for figures in rounds), 2) for key in ("throughput", "least", "median_ms", "p99_ms")}
        most = {key: max(figures[key] for figures in rounds) for key in rounds[0] if key not in middle}
        found[name] = middle | most
    found["kept"] = round(found["beside"]["throughput"] / found["alone"]["throughput"], 3)
    found["p99_times"] = round(found["beside"]["p99_ms"] / found["alone"]["p99_ms"], 2)
    found["wrong"] = found["alone"]["wrong"] + found["beside"]["wrong"]
    return found


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, 1 where the others keep less than 80 % or wait more than twice as long at the 99th percentile."""
    parser = argparse.ArgumentParser(prog="python -m benches.soak.flood", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, metavar="S", default=60.0, help="of each phase (60)")
    parser.add_argument("--honest", type=int, metavar="N", default=4, help="honest tenants (4)")
    parser.add_argument("--op", default="verify_schnorr", help="the operation (verify_schnorr)")
    parser.add_argument("--workers", type=int, metavar="N", default=2, help="workers of the pool (2)")
    parser.add_argument("--pool", choices=("threads", "processes"), default="processes", help="the pool (processes)")
    parser.add_argument("--engine", metavar="E", default="cpu", help="the engine (cpu)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/soak-flood[-threads]-<cpu>.json)")
    args = parser.parse_args(argv)
    tune()
    pool = ThreadPool(args.engine, args.workers) if args.pool == "threads" else ProcessPool(args.workers, args.engine)
    with pool:
        if isinstance(pool, ProcessPool):
            pool.wait_until_up(120)
        found = flooded(args.op, args.honest, args.seconds, lambda: Batcher(pool, memo=Memo(0)), args.engine)
    print(json.dumps(found, indent=1))
    held = found["kept"] >= KEPT and found["p99_times"] <= SLOWER and not found["wrong"]
    verdict = "held" if held else "NOT HELD"
    print(f"kept {found['kept']:.0%} (wanted {KEPT:.0%}), p99 {found['p99_times']:.2f} times (wanted {SLOWER:g}): {verdict}")
    asked = {"pool": args.pool, "workers": args.workers, "engine": args.engine}
    result.write("flood" if args.pool == "processes" else "flood-threads", asked | found | {"met": held}, args.out)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
