"""Slow clients and garbage (R12): memory stays, honest clients hardly notice, and the slow ones are gone in time.

    python -m benches.soak.slow_clients [--slow N] [--garbage MB] [--seconds S] [--seed S] [--growth MIB] [--p99 RATIO] [--gone S]

N connections begin a frame and send a byte of it now and then, for ever; others send garbage: random bytes, plausible lengths with nonsense
behind them, frames that are cut off, frames of another version. An honest client asks for an answer that the memo knows, alone, meanwhile,
and alone again.

Hostile clients stand for other machines, but run on this one, and take processor from those who are measured. So it is done twice: with
them at the priority of everybody, on the same processors, which is what is judged; and, for a shorter time, at a priority that runs only
where nobody else does (SCHED_IDLE). Both are in the result, with the processor that they took.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter, sleep
from typing import Any

from coproc.cluster.client import Client
from coproc.cluster.server.serve import raise_files
from tests.cluster.processes import Served

from . import result
from .hostile import KNOWN, Hostile, Priority

IDLE = 0.1
"""Part of the garbage that is sent at idle priority, at the same rate."""
PART = 10.0
"""Seconds of the honest client between looks at whether all garbage is sent."""


def honest(path: Path, seconds: float, pause: float) -> list[float]:
    """Seconds of each round trip of an answer that is known."""
    times = []
    with Client(path, 30) as client:
        (wanted,) = client.run([KNOWN])
        end = monotonic() + seconds
        while monotonic() < end:
            start = perf_counter()
            (answer,) = client.run([KNOWN])
            times.append(perf_counter() - start)
            if answer != wanted:
                raise SystemExit("an honest client got another answer")
            sleep(pause)
    return times


def p99(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.99))]


def run(
    served: Served, slow: int, total: int, seconds: float, seed: int, pause: float, rate: float, log: Callable[[str], None],
    priority: Priority = "equal",
) -> dict[str, Any]:  # fmt: skip
    """Figures: growth of memory in bytes, p99 of an honest client alone and meanwhile, how long slow connections lived.

    seconds: alone, half before and half after, and meanwhile at least. processor: seconds of it a second, of server and hostile clients.
    """
    raise_files(2 * slow + 256)
    most = [0]
    with ProcessPoolExecutor(1, get_context("spawn")) as other:  # the hostile threads must not delay the honest client by themselves

        def times(length: float) -> list[float]:
            return other.submit(honest, served.uds, length, pause).result()

        times(min(2.0, seconds))
        before, used, start = served.resident(), served.processor_seconds(), monotonic()
        alone = times(seconds / 2)
        quiet = (served.processor_seconds() - used) / (monotonic() - start)
        with Hostile(served.uds, slow, total, seed, rate, priority) as hostile:
            watch = threading.Thread(target=_watch, args=(served, hostile.stop, most), daemon=True)
            watch.start()
            used, start = served.processor_seconds(), monotonic()
            meanwhile = times(seconds)
            while hostile.sent < total:
                log(f"{hostile.sent >> 20} MiB of garbage sent, {hostile.gone} slow connections gone")
                meanwhile += times(min(PART, seconds))
            length = monotonic() - start
            busy = (served.processor_seconds() - used) / length
        alone += times(seconds / 2)
    watch.join()
    return {
        "priority": priority, "slow": slow, "gone": hostile.gone, "oldest_s": round(hostile.oldest, 2), "garbage_bytes": hostile.sent,
        "length_s": round(length, 1), "growth_bytes": max(most[0], served.resident()) - before, "requests": len(meanwhile),
        "p50_alone_us": round(median(alone) * 1e6, 1), "p50_meanwhile_us": round(median(meanwhile) * 1e6, 1),
        "p99_alone_us": round(p99(alone) * 1e6, 1), "p99_meanwhile_us": round(p99(meanwhile) * 1e6, 1),
        "p99_times": round(p99(meanwhile) / p99(alone), 2),
        "processor": {"server_alone": round(quiet, 3), "server": round(busy, 3), "hostile": round(hostile.processor / length, 3)},
    }  # fmt: skip


def _watch(served: Served, stop: threading.Event, most: list[int]) -> None:
    while not stop.wait(0.05):
        most[0] = max(most[0], served.resident())


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, 1 where a figure is missed (p99 at equal priority) or an honest client got no or another answer."""
    parser = argparse.ArgumentParser(prog="python -m benches.soak.slow_clients", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--slow", type=int, default=2000, metavar="N", help="slow connections (2,000)")
    parser.add_argument("--garbage", type=int, default=1000, metavar="MB", help="megabytes of garbage (1,000)")
    parser.add_argument("--seconds", type=float, default=20.0, metavar="S", help="of the honest client alone, and at least meanwhile (20)")
    parser.add_argument("--pause", type=float, default=0.002, metavar="S", help="between honest requests (0.002)")
    parser.add_argument("--rate", type=float, default=12.0, metavar="MB", help="megabytes of garbage a second, at most (12)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of the garbage (1)")
    parser.add_argument("--growth", type=float, default=64.0, metavar="MIB", help="exit with 1 where memory grows by more (64)")
    parser.add_argument("--p99", type=float, default=1.5, metavar="RATIO", help="exit with 1 where the honest p99 grows by more (1.5)")
    parser.add_argument("--gone", type=float, default=10.0, metavar="S", help="exit with 1 where a slow connection lives longer (10)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/soak-slow-clients-<cpu>.json)")
    args = parser.parse_args(argv)

    def log(text: str) -> None:
        print(text, file=sys.stderr)

    with tempfile.TemporaryDirectory(prefix="coproc-") as folder, Served(Path(folder), "--workers", "1", journal=False) as served:
        total, rate = args.garbage * 1_000_000, args.rate * 1e6
        found = run(served, args.slow, total, args.seconds, args.seed, args.pause, rate, log)
        idle = run(served, args.slow, int(IDLE * total), args.seconds, args.seed + 1, args.pause, rate, log, "idle")
        if served.stop() != 0:
            raise SystemExit("the server did not drain")
    found |= {"idle": idle, "memory_of_this_script": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10}
    print(json.dumps(found, indent=1))
    met = {
        "growth": all(figures["growth_bytes"] <= args.growth * (1 << 20) for figures in (found, idle)),
        "p99": found["p99_times"] <= args.p99,
        "p99 at idle priority": idle["p99_times"] <= args.p99,
        "gone": all(figures["oldest_s"] <= args.gone for figures in (found, idle)),
    }
    for name, held in met.items():
        print(f"{name}: {'held' if held else 'NOT HELD'}")
    held = met["growth"] and met["p99"] and met["gone"]
    asked = {"seed": args.seed, "seconds": args.seconds, "pause": args.pause, "rate": args.rate}
    result.write("slow-clients", asked | found | {"held": met, "met": held}, args.out)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
