"""Actors of a Ray cluster are killed while requests are verified: none is lost, none is answered twice, none wrongly (R5).

    python -m benches.soak.kill_ray [--kills N] [--every S] [--count N] [--nodes N] [--false F] [--gateways] [--lies] [--address HOST:PORT]

A cluster of this machine is started, unless one is named. Requests of three operations, of which one in F is false, go through the whole
road, batch by batch, until there were both `--kills` kills (SIGKILL, one each S seconds) and `--count` requests. --gateways: so is the
process that is connected to Ray. --lies: an actor in each third life says that everything is true. Prints one line of JSON, writes
benches/results/soak-kill-ray-<cpu>.json (--out); exit status 1 where a figure is not what it must be.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from benches.soak import result
from coproc.batch import answer_batch
from coproc.cluster import laptop
from coproc.cluster.audit import Audited
from coproc.cluster.canaries import Canaries, parsed_of
from coproc.cluster.dispatch import Dispatcher
from coproc.cluster.pools.gateway import Gateway
from coproc.cluster.pools.protocol import PackedAnswers, PackedBatch
from coproc.cluster.pools.threads import ThreadPool
from coproc.engine.protocol import Engine, Status
from coproc.engine.select import select
from coproc.fold.settle import Combiner
from coproc.keys import KeyRegistry
from coproc.measure.requests import make
from coproc.ops import OPERATIONS

OPS = ("verify_groth16_bn254", "verify_kzg_proof", "verify_bls")
PORT = 6397
LYING = "benches.soak.lying:SometimesLying"


def batches(engine: Engine, size: int, false: int) -> list[tuple[PackedBatch, PackedAnswers]]:
    """Four of each operation, with their answers; each `false`-th request is one with a field of another."""
    found = []
    for op in OPS:
        packed = PackedBatch.of(make(engine, op, size).requests)
        canaries = Canaries(engine)
        for _ in range(16):
            canaries.learn(packed, parsed_of(engine, packed)[1])
        wrong = canaries.pick(op, 8)
        requests = make(engine, op, 4 * size).requests
        mixed = [r._replace(args=wrong[i % len(wrong)].args(0)) if wrong and i % false == 0 else r for i, r in enumerate(requests)]
        for at in range(0, len(mixed), size):
            batch = PackedBatch.of(mixed[at : at + size])
            columns = answer_batch(OPERATIONS[op], engine, KeyRegistry(engine), Combiner(), batch.batch())
            found.append((batch, PackedAnswers.of(columns)))
    return found


def soak(args: argparse.Namespace, address: str) -> dict[str, Any]:
    engine = select()
    jobs = batches(engine, args.size, args.false)
    counted = {"requests": 0, "lost": 0, "wrong": 0, "kills": 0}
    over = threading.Event()
    start = monotonic()
    with ThreadPool(engine) as local:
        remote = Gateway(address, local=engine, actor=LYING if args.lies else None)
        with Audited(remote, local, engine) as audited:
            if not remote.wait_until_up(1, 120):
                raise RuntimeError("no worker came up")
            chain = Dispatcher([audited, local])

            def kill() -> None:
                while not over.wait(args.every) and counted["kills"] < args.kills:
                    gateway = [] if remote.pid is None or not args.gateways else [remote.pid]
                    pids = [*remote.pids().values(), *gateway]
                    if pids:
                        with suppress(ProcessLookupError):
                            os.kill(random.choice(pids), signal.SIGKILL)
                        counted["kills"] += 1

            killer = threading.Thread(target=kill, daemon=True)
            killer.start()

            def more() -> bool:
                """Whether to go on: liars in quarantine cannot be killed."""
                return turn * args.size < args.count or (counted["kills"] < args.kills and len(remote.quarantined()) < args.nodes)

            waiting: deque[Any] = deque()
            turn = 0
            while waiting or more():
                if len(waiting) < 8 and more():
                    batch, wanted = jobs[turn % len(jobs)]
                    waiting.append((chain.run(batch), wanted))
                    turn += 1
                    continue
                future, wanted = waiting.popleft()
                answers = future.result()
                counted["requests"] += len(answers)
                counted["lost"] += int(np.count_nonzero(answers.status == Status.UNSERVED))
                same = (answers.status == wanted.status) & (answers.value == wanted.value) & (answers.gas == wanted.gas)
                counted["wrong"] += int(np.count_nonzero(~same & (answers.status != Status.UNSERVED)))
            over.set()
            killer.join()
            counts = audited.counts()
            return counted | {
                "asked": turn * args.size, "deaths": remote.deaths, "starts": remote.starts, "gateways": remote.lives,
                "far": counts.requests,
                "retries": chain.retries, "quarantined": counts.quarantined, "mismatches": counts.mismatches, "checked": counts.checked,
                "seconds": round(monotonic() - start, 1),
            }  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0, 1 where a request was lost, answered wrongly, or an honest worker was called a liar."""
    parser = argparse.ArgumentParser(prog="python -m benches.soak.kill_ray", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--kills", type=int, metavar="N", default=30)
    parser.add_argument("--every", type=float, metavar="S", default=10.0, help="seconds from one kill to the next (10)")
    parser.add_argument("--count", type=int, metavar="N", default=200_000, help="requests at least (200,000)")
    parser.add_argument("--size", type=int, metavar="N", default=512, help="requests of a batch (512)")
    parser.add_argument("--false", type=int, metavar="F", default=97, help="one request in F is false (97)")
    parser.add_argument("--nodes", type=int, metavar="N", default=2)
    parser.add_argument("--gateways", action="store_true", help="kill the gateway to Ray, too")
    parser.add_argument("--lies", action="store_true", help="some actors lie")
    parser.add_argument("--address", metavar="HOST:PORT")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/soak-kill-ray-<cpu>.json)")
    args = parser.parse_args(argv)
    address = args.address or laptop.up(args.nodes, 1, PORT).address
    try:
        found = soak(args, address)
    finally:
        if not args.address:
            laptop.down()
    once = found["asked"] == found["requests"]
    good = once and not found["lost"] and not found["wrong"] and (args.lies or not found["mismatches"])
    asked = {name: getattr(args, name) for name in ("every", "size", "false", "nodes", "gateways", "lies")}
    print(json.dumps(found))
    result.write("kill-ray", asked | found | {"met": good}, args.out)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
