"""Workers that lie in every way, batch after batch: no lie gets out, and each liar is found within two batches (R7).

    python -m benches.soak.liars [--batches N] [--size N] [--every N] [--resume] [--out FILE]

Each way of `tests/cluster/liars.py` has N batches in all, shared by liars that are each asked until they are quarantined, then by the next
one, which has another name and the keys of the one before; whoever checks stays the same. The way that only the sample finds is run too,
with one "yes" in `--every` verified again, and what got out of it is told and not judged: it is what docs/cluster.md says is not covered.
Prints one line of JSON a way, with the commit that it was run on, writes benches/results/soak-liars-<cpu>.json; exit status 1 where a lie
got out of the others.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from benches import machine
from benches.soak import result
from benches.soak.kill_ray import batches
from coproc.cluster.audit import Audited
from coproc.cluster.dispatch import Dispatcher
from coproc.cluster.pools.threads import ThreadPool
from coproc.cluster.sampler import EVERY, Sampler
from coproc.engine.select import select
from coproc.keys import KeyRegistry
from tests.cluster.liars import HIDES, MODES, Liar, OneAfterAnother


def soak(mode: str, count: int, size: int, every: int) -> dict[str, Any]:
    """escaped: answers that are not this machine's. most: batches that a liar was asked before it was quarantined. processor: seconds."""
    engine = select()
    jobs, keys = batches(engine, size, 5), KeyRegistry(engine)
    liar = Liar(engine, mode, 0, keys)
    escaped, remote, start = 0, OneAfterAnother(liar), process_time()
    with ThreadPool(engine, 1) as local, Audited(remote, local, engine, sampler=Sampler(every), least=1) as audited:
        chain = Dispatcher([audited, local])
        most = number = 0
        for turn in range(count):
            if not remote.capacity:
                number += 1
                liar = Liar(engine, mode, number, keys)
                remote.succeed(liar)
            batch, wanted = jobs[turn % len(jobs)]
            answers = chain.run(batch).result()
            escaped += int(np.count_nonzero((answers.value != wanted.value) | (answers.status != wanted.status)))
            most = max(most, liar.questions)
        checked = audited.counts().checked
    return {
        "mode": mode, "batches": count, "liars": number + 1, "quarantined": len(remote.reasons), "escaped": escaped, "most": most,
        "checked": checked, "processor": round(process_time() - start, 1), **machine.commit(),
    }  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0, 1 where a lie got out that should not."""
    parser = argparse.ArgumentParser(prog="python -m benches.soak.liars", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--batches", type=int, metavar="N", default=5000, help="of each way (5,000)")
    parser.add_argument("--size", type=int, metavar="N", default=32, help="requests of a batch (32)")
    parser.add_argument("--every", type=int, metavar="N", default=EVERY, help=f"one yes in N is verified again ({EVERY})")
    parser.add_argument("--resume", action="store_true", help="go on behind the ways that the result file has")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/soak-liars-<cpu>.json)")
    args = parser.parse_args(argv)
    asked = {"batches": args.batches, "size": args.size, "every": args.every}
    rows = begun(result.place("liars", args.out), asked) if args.resume else []
    good = all(met(row) for row in rows)
    for mode in (*MODES, HIDES):
        if any(row["mode"] == mode for row in rows):
            continue
        row = soak(mode, args.batches, args.size, args.every)
        print(json.dumps(row), flush=True)
        good &= met(row)
        rows.append(row)
        result.write("liars", asked | {"rows": rows, "met": good and len(rows) > len(MODES)}, args.out)
    return 0 if good else 1


def met(row: dict[str, Any]) -> bool:
    """Whether no lie got out, and each liar was found in time, where that is promised."""
    return row["mode"] == HIDES or (not row["escaped"] and row["most"] <= 2)


def begun(path: Path, asked: dict[str, int]) -> list[dict[str, Any]]:
    """The ways that an earlier run of the same size has done."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return []
    return list(found["rows"]) if all(found.get(name) == value for name, value in asked.items()) else []


if __name__ == "__main__":
    sys.exit(main())
