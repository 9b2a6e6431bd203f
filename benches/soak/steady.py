"""A server under load and faults for a while: waits, memory, descriptors and threads stay as they are, its log says nothing strange (R21).

    python -m benches.soak.steady [--seconds S] [--every S] [--load PART] [--rate N] [--seed S] [--drift PART] [--growth MIB] [--out FILE]

First as many signatures are asked for as are answered; then, for a tenth of the time and the time itself, a part of that (`--load`), in
frames of 16 that are due at fixed moments: waits count from then. One more client reads and lets go of a job, one connects and is gone in
the middle of a frame; a worker process is killed every so often. The p99 of the first and the last quarter are compared, and the memory of
the server; its descriptors, threads and workers before and after, when nothing is asked. Five minutes with a kill each half second are
a day with a hundredth of the faults. Writes benches/results/soak-steady-<cpu>.json.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from tests.cluster.processes import Served

from . import held, result
from .held import Held
from .steady_clients import FRAME, Steady

EXPLAINED = re.compile(r"^(serving|draining|drained|ended)$|\(SIGKILL\)")
"""What the log may say: that it begins and ends, and what the kills of workers bring about."""
LOOKS = 400
"""At memory, descriptors and threads; not more often than each half second."""


def still(steady: Steady, workers: int) -> dict[str, int]:
    """What the server holds, once nothing is asked and its workers are up. Raises SystemExit where they do not come up."""
    served, end = steady.served, monotonic() + 60
    while not steady.idle() or len(served.children()) < workers:
        if monotonic() > end:
            raise SystemExit(f"{len(served.children())} workers of {workers}, idle: {steady.idle()}; {steady.wrong}")
        sleep(0.05)
    sleep(1.0)
    children = served.children()
    looked = held.look(served.pid, children)
    return {"descriptors": looked.descriptors, "threads": looked.threads, "workers": len(children), "resident": looked.resident}


def capacity(steady: Steady, seconds: float) -> float:
    """Signatures a second that are answered where who has an answer asks again at once."""
    steady.run(seconds / 2)
    before = steady.frames
    took = steady.run(seconds)
    return (steady.frames - before) * FRAME / took


def soak(folder: Path, seconds: float, every: float, load: float, seed: int, rate: float | None = None, workers: int = 2) -> dict[str, Any]:
    """rate: signatures a second, None: `load` times those that can be answered. Raises SystemExit where the server does not drain."""
    with Served(folder, "--processes", "--workers", str(workers), "--memo-entries", "0", "--log-level", "warning") as served:
        with Steady(served, seed) as steady:
            most = capacity(steady, max(2.0, seconds / 20))
            steady.rate = load * most if rate is None else rate
            steady.run(max(2.0, seconds / 10), every)
            before = still(steady, workers)
            used, busy, answered = held.processor_seconds(served.pid), held.machine_busy(), steady.answered
            with Held(served, max(0.5, seconds / LOOKS)) as looks:
                took = steady.run(seconds, every)
            answered = steady.answered - answered
            waits, worked = steady.waits, [b - a for a, b in zip(busy, held.machine_busy(), strict=True)]
            after, end = still(steady, workers), monotonic() + 60
            while after["workers"] != before["workers"] and monotonic() < end:  # one comes when it is asked
                steady.run(1.0)
                after = still(steady, workers)
            used = held.processor_seconds(served.pid) - used
        if served.stop() != 0:
            raise SystemExit("the server did not drain")
        lines = [json.loads(line) for line in served.log.read_text().splitlines()]
    first, last = (waits.percentile(quarter, 0.99) * 1e3 for quarter in (0, 3))
    unexplained = [line for line in lines if not EXPLAINED.search(line["event"])]
    return {
        "seconds": round(took, 1), "capacity_per_s": round(most), "rate_per_s": round(steady.rate),
        "answered_per_s": round(answered / took),
        "machine_busy": round(worked[0] / worked[1], 3), "server_processor_s": round(used, 1),
        "kills": steady.kills, "frames": len(waits), "unserved": steady.unserved, "wrong": steady.wrong, "before": before, "after": after,
        "p50_ms": [round(waits.percentile(quarter, 0.5) * 1e3, 2) for quarter in range(4)],
        "p99_ms": [round(waits.percentile(quarter, 0.99) * 1e3, 2) for quarter in range(4)], "drift": round(last / first - 1, 3),
        **looks.figures(), "log_lines": len(lines), "unexplained": unexplained[:20],
    }  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, 1 where something grew, drifted, was wrong or was logged that nothing explains."""
    parser = argparse.ArgumentParser(prog="python -m benches.soak.steady", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=300.0, metavar="S", help="of load (300)")
    parser.add_argument("--every", type=float, default=0.5, metavar="S", help="from one kill to the next (0.5)")
    parser.add_argument("--load", type=float, default=0.7, metavar="PART", help="of the signatures that can be answered (0.7)")
    parser.add_argument("--rate", type=float, metavar="N", help="signatures a second, instead of a part of what can be answered")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of requests and kills (1)")
    parser.add_argument("--drift", type=float, metavar="PART", help="exit with 1 where the p99 of the last quarter is longer by more")
    parser.add_argument("--growth", type=float, default=32.0, metavar="MIB", help="exit with 1 where the server grew by more (32)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/soak-steady-<cpu>.json)")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="coproc-") as folder:
        found = soak(Path(folder), args.seconds, args.every, args.load, args.seed, args.rate)
    good = met(found, args.drift, args.growth)
    print(json.dumps(found))
    asked = {"every": args.every, "load": args.load if args.rate is None else None, "seed": args.seed}
    result.write("steady", asked | found | {"met": good}, args.out)
    return 0 if good else 1


def met(found: dict[str, Any], drift: float | None, growth: float) -> bool:
    """Whether nothing grew, drifted, was wrong or is unexplained."""
    same = all(found["before"][name] == found["after"][name] for name in ("descriptors", "threads", "workers"))
    quiet = not (found["unserved"] or found["unexplained"] or found["wrong"])
    small = found["after"]["resident"] - found["before"]["resident"] <= growth * (1 << 20)
    return same and quiet and small and (drift is None or found["drift"] <= drift)


if __name__ == "__main__":
    sys.exit(main())
