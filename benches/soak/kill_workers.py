"""`kill -9` of a worker every second while requests run: none lost, none answered twice, none wrong (R5).

    python -m benches.soak.kill_workers [--kills N] [--requests N] [--every S] [--workers N] [--engine E] [--light] [--seed S] [--out FILE]

Requests are signatures, one in eight of them false, in packed submissions whose answers are known; they go on until both numbers are
reached. --light: digests, of workers that import nothing and so are up again after 20 ms (`light_worker.py`). Writes
benches/results/soak-kill-workers-<cpu>.json.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from coproc.cluster.answerer import Answerer
from coproc.cluster.batcher import Batcher
from coproc.cluster.pools.process import COMMAND
from coproc.cluster.pools.processes import ProcessPool
from coproc.cluster.pools.protocol import PackedAnswers, PackedBatch
from coproc.engine.select import select
from coproc.measure.requests import make
from coproc.ops import OPERATIONS
from coproc.ops.digest import Digest

from . import light_worker, result

OP, LIGHT_OP = "verify_schnorr", "sha256"
PACK = 1000
FALSE = 8  # one in so many
AHEAD = 6  # submissions that are not answered


@dataclass
class Storm:
    """What happened. lost: batches whose worker died with them in hand; wrong: answers that are not the known ones."""

    kills: int = 0
    starts: int = 0
    requests: int = 0
    answered: int = 0
    lost: int = 0
    unserved: int = 0
    wrong: int = 0
    seconds: float = 0.0

    @property
    def held(self) -> bool:
        """Whether none was lost, doubled or wrong."""
        return self.requests == self.answered and not self.unserved and not self.wrong


def packs(engine: str, op: str) -> list[tuple[PackedBatch, PackedAnswers]]:
    """Packed requests and their answers; of some signatures the message is another."""
    chosen = select(engine)
    requests = list(make(chosen, op, PACK).requests)
    if op == OP:
        for i in range(0, PACK, FALSE):
            args = bytearray(requests[i].args)
            args[0] ^= 1
            requests[i] = requests[i]._replace(args=bytes(args))
    batch = PackedBatch.of(requests)
    answers = Answerer(chosen)(batch)
    return [(batch, answers), (batch.slice(0, PACK // 2), answers.slice(0, PACK // 2))]


def light_command() -> tuple[str, ...]:
    """The command of a light worker."""
    price = OPERATIONS[LIGHT_OP]
    assert isinstance(price, Digest)
    return sys.executable, "-I", "-S", light_worker.__file__, str(price.base), str(price.per_byte)


def storm(kills: int, requests: int, every: float, workers: int, engine: str = "cpu", seed: int = 1, light: bool = False) -> Storm:
    """Run until so many kills, one each `every` seconds, and so many requests have happened."""
    found, rng, over = Storm(), random.Random(seed), threading.Event()
    some = packs(engine, LIGHT_OP if light else OP)
    with ProcessPool(workers, engine, light_command() if light else COMMAND) as pool, Batcher(pool) as batcher:
        if not pool.wait_until_up(120):
            raise SystemExit("the workers do not come up")

        def kill() -> None:
            while found.kills < kills and not over.wait(every):
                if pids := pool.pids():
                    os.kill(rng.choice(pids), signal.SIGKILL)
                    found.kills += 1

        killer = threading.Thread(target=kill)
        start = perf_counter()
        killer.start()
        out: deque[tuple[Future[PackedAnswers], PackedAnswers]] = deque()
        try:
            while out or found.requests < requests or killer.is_alive():
                if len(out) < AHEAD and (found.requests < requests or killer.is_alive()):
                    batch, wanted = rng.choice(some)
                    out.append((batcher.submit_packed(batch, "bulk", tenant="storm"), wanted))
                    found.requests += len(batch)
                    continue
                future, wanted = out.popleft()
                answers = future.result(600)
                found.answered += len(answers)
                found.unserved += int(np.count_nonzero(answers.status == 3))
                same = (answers.status == wanted.status) & (answers.retbuf == wanted.retbuf).all(axis=1) & (answers.gas == wanted.gas)
                found.wrong += int(np.count_nonzero(~same))
        finally:
            over.set()
            killer.join()
        found.seconds = round(perf_counter() - start, 1)
        stats = batcher.stats()
        found.lost, found.starts = stats.lost, pool.starts
        if (stats.accepted, stats.answered) != (found.requests, found.requests):
            raise AssertionError(f"{stats.accepted} were accepted and {stats.answered} answered of {found.requests}")
    return found


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, 1 where something was lost, doubled or wrong."""
    parser = argparse.ArgumentParser(prog="python -m benches.soak.kill_workers", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--kills", type=int, metavar="N", default=300, help="kills (300)")
    parser.add_argument("--requests", type=int, metavar="N", default=200_000, help="requests at least (200,000)")
    parser.add_argument("--every", type=float, metavar="S", default=1.0, help="seconds from one kill to the next (1)")
    parser.add_argument("--workers", type=int, metavar="N", default=2, help="worker processes (2)")
    parser.add_argument("--engine", metavar="E", default="cpu", help="their engine (cpu)")
    parser.add_argument("--light", action="store_true", help="digests, of workers that import nothing")
    parser.add_argument("--seed", type=int, metavar="S", default=1, help="of the workers that are killed and the sizes (1)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/soak-kill-workers-<cpu>.json)")
    args = parser.parse_args(argv)
    found = storm(args.kills, args.requests, args.every, args.workers, args.engine, args.seed, args.light)
    print(" ".join(f"{name}={value:,}" for name, value in asdict(found).items()), "held" if found.held else "NOT HELD")
    asked = {"seed": args.seed, "every": args.every, "workers": args.workers, "engine": args.engine, "op": LIGHT_OP if args.light else OP}
    result.write("kill-workers", asked | asdict(found) | {"met": found.held}, args.out)
    return 0 if found.held else 1


if __name__ == "__main__":
    sys.exit(main())
