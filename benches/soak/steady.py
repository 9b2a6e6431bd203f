"""A server under load and faults for a while: waits, descriptors and threads stay as they are, its log says nothing strange (R21).

    python -m benches.soak.steady [--seconds S] [--every S] [--rate N] [--seed S] [--drift PART] [--out FILE]

One client asks for signatures at a steady rate in frames of 16, one reads and lets go of a job, one connects and is gone in the middle of a
frame; a worker process is killed every so often. The first and the last third are compared. Five minutes with a kill each half second
are a day with a hundredth of the faults. Writes benches/results/soak-steady-<cpu>.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from math import inf
from pathlib import Path
from random import Random
from time import monotonic, perf_counter_ns, sleep
from typing import Any

from coproc.cluster.client import Client
from coproc.engine.select import select
from coproc.measure.requests import make
from coproc.measure.throughput import percentile
from tests.cluster.processes import Served

from . import result
from .kill_server import request

OP = "verify_schnorr"
FRAME = 16
PIECE = 200
EXPLAINED = re.compile(r"^(serving|draining|drained|ended)$|\(SIGKILL\)")
"""What the log may say: that it begins and ends, and what the kills of workers bring about."""


class Steady:
    """Clients of a server, that can be held.

    waits: when each frame was answered, and after how many nanoseconds. wrong: what should not be.
    """

    def __init__(self, served: Served, seed: int, rate: float) -> None:
        self.served, self._rng, self._pause = served, Random(seed), FRAME / rate
        self._requests = list(make(select("cpu"), OP, 512).requests)
        self._over, self._go = threading.Event(), threading.Event()
        self.waits: list[tuple[float, int]] = []
        self.wrong: list[str] = []
        self.kills = self.answered = self.unserved = 0
        self._busy = [0, 0, 0]
        self._threads = [threading.Thread(target=self._loop, args=(i, do)) for i, do in enumerate((self._ask, self._job, self._gone))]

    def __enter__(self) -> Steady:
        self._client, self._reader = Client(self.served.uds, 60), Client(self.served.uds, 60)
        self._known = self._client.run(self._requests)
        self._number = self._read = 0
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._go.set()
        for thread in self._threads:
            thread.join()
        self._client.close()
        self._reader.close()

    def _loop(self, place: int, do: Callable[[], None]) -> None:
        try:
            while not self._over.is_set():
                self._go.wait()
                self._busy[place] = 1
                if self._go.is_set() and not self._over.is_set():
                    do()
                self._busy[place] = 0
        except Exception as error:
            self.wrong.append(repr(error))
        self._busy[place] = 0

    def _ask(self) -> None:
        at = self._rng.randrange(len(self._requests) - FRAME)
        start = perf_counter_ns()
        answers = self._client.run(self._requests[at : at + FRAME])
        self.waits.append((monotonic(), perf_counter_ns() - start))
        self.answered += FRAME
        for number, (answer, known) in enumerate(zip(answers, self._known[at : at + FRAME], strict=True), at):
            if answer.status == "unserved":
                self.unserved += 1
            elif answer != known:
                self.wrong.append(f"request {number}: {answer}, and before {known}")
        sleep(self._pause)

    def _job(self) -> None:
        texts = [request(f"steady {self._number + i}") for i in range(PIECE)]
        self._number = self._reader.submit("steady", texts, self._number)
        while self._read < self._number and not self._over.is_set():
            answers, _ = self._reader.results("steady", ["sha256"] * (self._number - self._read), self._read, forget=True)
            self._read += len(answers)
            self.answered += len(answers)
            sleep(0.02)

    def _gone(self) -> None:
        with Client(self.served.uds, 60) as client:
            client.ping()
            assert client._socket is not None
            client._socket.sendall(b"\x40\0\0\0\1")  # a frame of 64 bytes, of which one comes
        sleep(0.05)

    def run(self, seconds: float, every: float = inf) -> None:
        """Load for so long, and a kill every so often, where a frame was answered since the last: a slow machine has fewer."""
        self._go.set()
        end, frames = monotonic() + seconds, -1
        while monotonic() < end and not self.wrong:
            sleep(min(every, max(0.0, end - monotonic())))
            if every < inf and len(self.waits) > frames and (workers := self.served.children()):
                frames = len(self.waits)
                with suppress(ProcessLookupError):
                    os.kill(self._rng.choice(workers), signal.SIGKILL)
                    self.kills += 1
        self._go.clear()

    def still(self, workers: int) -> dict[str, int]:
        """What the server holds, once nothing is asked and its workers are up. Raises SystemExit where they do not come up."""
        end = monotonic() + 60
        while any(self._busy) or len(self.served.children()) < workers:
            if monotonic() > end:
                raise SystemExit(f"{len(self.served.children())} workers of {workers}; clients at work: {self._busy}; {self.wrong}")
            sleep(0.05)
        sleep(1.0)
        place = Path(f"/proc/{self.served.pid}")
        return {
            "descriptors": len(list((place / "fd").iterdir())), "threads": len(list((place / "task").iterdir())),
            "workers": len(self.served.children()), "resident": self.served.resident(),
        }  # fmt: skip


def soak(folder: Path, seconds: float, every: float, rate: float, seed: int, workers: int = 2) -> dict[str, Any]:
    """Warm for a tenth of the time, then measure. Raises SystemExit where the server does not drain."""
    with Served(folder, "--processes", "--workers", str(workers), "--memo-entries", "0", "--log-level", "warning") as served:
        with Steady(served, seed, rate) as steady:
            steady.run(max(2.0, seconds / 10), every)
            before, start = steady.still(workers), monotonic()
            steady.waits.clear()
            steady.run(seconds, every)
            took = monotonic() - start
            after = steady.still(workers)
            while after["workers"] != before["workers"] and monotonic() < start + took + 60:  # one comes when it is asked
                steady.run(1.0)
                after = steady.still(workers)
        if served.stop() != 0:
            raise SystemExit("the server did not drain")
        lines = [json.loads(line) for line in served.log.read_text().splitlines()]
    thirds = [[w for at, w in steady.waits if at <= start + took / 3], [w for at, w in steady.waits if at >= start + took * 2 / 3]]
    first, last = (percentile(part, 0.99) / 1e6 for part in thirds)
    unexplained = [line for line in lines if not EXPLAINED.search(line["event"])]
    return {
        "seconds": round(took, 1), "kills": steady.kills, "frames": len(steady.waits), "answered": steady.answered,
        "unserved": steady.unserved, "wrong": steady.wrong, "before": before, "after": after,
        "p99_first_ms": round(first, 2), "p99_last_ms": round(last, 2), "drift": round(last / first - 1, 3),
        "log_lines": len(lines), "unexplained": unexplained[:20],
    }  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, 1 where something grew, drifted, was wrong or was logged that nothing explains."""
    parser = argparse.ArgumentParser(prog="python -m benches.soak.steady", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=300.0, metavar="S", help="of load (300)")
    parser.add_argument("--every", type=float, default=0.5, metavar="S", help="from one kill to the next (0.5)")
    parser.add_argument("--rate", type=float, default=2000.0, metavar="N", help="signatures a second (2,000)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of requests and kills (1)")
    parser.add_argument("--drift", type=float, metavar="PART", help="exit with 1 where the p99 of the last third is longer by more")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/soak-steady-<cpu>.json)")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="coproc-") as folder:
        found = soak(Path(folder), args.seconds, args.every, args.rate, args.seed)
    same = all(found["before"][name] == found["after"][name] for name in ("descriptors", "threads", "workers"))
    quiet = not (found["unserved"] or found["unexplained"] or found["wrong"])
    good = same and quiet and (args.drift is None or found["drift"] <= args.drift)
    print(json.dumps(found))
    result.write("steady", {"every": args.every, "rate": args.rate, "seed": args.seed} | found | {"met": good}, args.out)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
