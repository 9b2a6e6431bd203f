"""Kills the server under load (R6): each acknowledged request gets exactly one verdict, and it is back and serving soon.

    python -m benches.soak.kill_server [--kills N] [--queued N] [--clients N] [--seed S] [--seconds LEAST MOST] [--recovery S]
        [--out FILE]

Clients append requests to jobs of their own, each answered by its SHA-256, and remember what was acknowledged; the server is killed with
SIGKILL at random moments and started again. At the end every job is read back, twice: every acknowledged request has the answer that this
script computes by itself, once, and the second reading is the first. Then `--queued` requests are put into the journal of a server that is
killed before it runs them: the time until the next one answers is measured (and the
processor time that it used until then: on a busy machine it is what there is to compare), and all of them are answered. Writes
benches/results/soak-kill-server-<cpu>.json.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any

from coproc.cluster import frames
from coproc.cluster.client import Client, Disconnected
from coproc.cluster.frames import WireError
from coproc.cluster.journal import Journal
from coproc.cluster.ticket import Busy
from coproc.engine.protocol import Layout
from coproc.operation import Request
from coproc.wire import rkyv
from tests.cluster.processes import Served

from . import result

RATE = 2000
"""Requests a second that a client appends at most: fewer than are answered meanwhile, or reading back takes longer than the rest."""
PATIENCE = 120.0
"""Seconds without anything new after which it is lost. A busy machine is slow, and does go on."""


def request(text: str) -> Request:
    return Request("sha256", rkyv.write(Layout.BYTES, [text.encode()]))


@dataclass
class Load:
    """A client that appends to a job until it is told to stop, through every loss of its server."""

    path: Path
    job: str
    seed: int
    stop: threading.Event
    acknowledged: list[str] = field(default_factory=list)
    lost: int = 0
    problem: str = ""

    def run(self) -> None:
        random = Random(f"{self.job} {self.seed}")
        with Client(self.path, 30) as client:
            while not self.stop.is_set() and not self.problem:
                first = len(self.acknowledged)
                texts = [f"{self.job} {first + i}" for i in range(random.choice((1, 3, 20, 200)))]
                self._append(client, texts)
                self.stop.wait(len(texts) / RATE)

    def _append(self, client: Client, texts: list[str]) -> None:
        """The same submission until it is acknowledged: it counts once."""
        asked, first = [request(text) for text in texts], len(self.acknowledged)
        while True:
            try:
                total = client.submit(self.job, asked, first)
            except (Disconnected, Busy):
                self.lost += 1
                if self.stop.is_set():
                    return
                sleep(0.01)
            except WireError as error:
                if error.code != frames.DRAINING:
                    self.problem = f"{self.job}: {error}"
                    return
                sleep(0.01)
            else:
                if total != first + len(texts):
                    self.problem = f"{self.job}: {total} requests where {first + len(texts)} were sent"
                self.acknowledged += texts
                return


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something. Raises SystemExit where it does not come to hold."""
    end = monotonic() + PATIENCE
    while not condition():
        if monotonic() > end:
            raise SystemExit(f"{what}: not in {PATIENCE:g} s")
        sleep(0.002)


def read_back(path: Path, job: str, n: int) -> list[bytes | None]:
    """The return buffers of a whole job. Raises SystemExit where no more of them come."""
    found: list[bytes | None] = []
    end = monotonic() + PATIENCE
    with Client(path, 30) as client:
        while len(found) < n:
            answers, _ = client.results(job, ["sha256"] * min(n - len(found), 8192), len(found))
            found += [answer.retbuf for answer in answers]
            if answers:
                end = monotonic() + PATIENCE
            else:
                if monotonic() > end:
                    raise SystemExit(f"{job}: {len(found)} answers to {n} acknowledged requests")
                sleep(0.02)
    return found


def under_load(served: Served, kills: int, clients: int, seed: int, between: Sequence[float]) -> dict[str, Any]:
    """Kill the server under load; counts. Raises SystemExit for whatever is lost, twice or wrong."""
    random, stop = Random(seed), threading.Event()
    loads = [Load(served.uds, f"job-{i}", seed, stop) for i in range(clients)]
    threads = [threading.Thread(target=load.run) for load in loads]
    served.start()
    for thread in threads:
        thread.start()
    recoveries = []

    def more_than(n: int) -> Callable[[], bool]:
        return lambda: sum(len(load.acknowledged) for load in loads) > n or any(load.problem for load in loads)

    try:
        for i in range(kills):
            if i % 4:  # a life that acknowledges something; the others end when they will, perhaps before they served anybody
                until(more_than(sum(len(load.acknowledged) for load in loads)), "an acknowledgement")
            sleep(random.uniform(*between))
            served.kill()
            recoveries.append(served.start())
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    for load in loads:
        if load.problem:
            raise SystemExit(load.problem)
        wanted = [sha256(text.encode()).digest() for text in load.acknowledged]
        for _ in range(2):
            if read_back(served.uds, load.job, len(wanted)) != wanted:
                raise SystemExit(f"{load.job}: an answer is wrong")
    if served.stop() != 0:
        raise SystemExit("the server did not drain")
    acknowledged = sum(len(load.acknowledged) for load in loads)
    if not acknowledged:
        raise SystemExit("nothing was acknowledged")
    lost = sum(load.lost for load in loads)
    return {"kills": kills, "acknowledged": acknowledged, "lost_connections": lost, "recovery_s": [round(s, 3) for s in sorted(recoveries)]}


def with_a_queue(served: Served, queued: int) -> dict[str, Any]:
    """How long a server takes to be back with a long queue, and whether all of it is answered."""
    size = 5000
    with Journal(served.folder / "journal") as journal:
        for first in range(0, queued, size):
            asked = [request(f"queued {first + i}") for i in range(size)]
            submit = frames.read_submit(frames.write_submit(asked, b"queue", first, f"uid:{os.getuid()}"), size, size)
            with journal.transaction():
                journal.append(submit)
        waiting = journal.waiting()
    seconds = served.start()
    used = served.processor_seconds()
    served.kill()
    again = served.start()
    used_again = served.processor_seconds()
    wanted = [sha256(f"queued {i}".encode()).digest() for i in range(queued)]
    if read_back(served.uds, "queue", queued) != wanted:
        raise SystemExit("queue: an answer is wrong")
    served.stop()
    return {"queued": waiting, "back_s": [round(seconds, 3), round(again, 3)], "back_cpu_s": [used, used_again]}


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, 1 where a request is lost, answered twice or wrongly, or the server takes too long to be back."""
    parser = argparse.ArgumentParser(prog="python -m benches.soak.kill_server", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--kills", type=int, default=100, metavar="N", help="kills under load (100)")
    parser.add_argument("--queued", type=int, default=100_000, metavar="N", help="requests that wait while it starts (100,000)")
    parser.add_argument("--clients", type=int, default=4, metavar="N", help="clients at once (4)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of the moments and sizes (1)")
    parser.add_argument("--seconds", type=float, nargs=2, default=(0.0, 1.0), metavar=("LEAST", "MOST"), help="from start to kill (0 1)")
    parser.add_argument("--recovery", type=float, metavar="S", help="exit with 1 where being back with the queue takes longer")
    parser.add_argument("--processes", action="store_true", help="workers in processes of their own")
    parser.add_argument("--out", type=Path, metavar="FILE", help="result file (benches/results/soak-kill-server-<cpu>.json)")
    args = parser.parse_args(argv)
    options = ["--workers", "1", *(["--processes"] if args.processes else [])]
    with tempfile.TemporaryDirectory(prefix="coproc-") as folder:
        served = Served(Path(folder), *options)
        try:
            found = under_load(served, args.kills, args.clients, args.seed, args.seconds) | with_a_queue(served, args.queued)
        finally:
            if served.process is not None and served.process.poll() is None:
                served.kill()
    print(json.dumps(found))
    good = args.recovery is None or max(found["back_s"]) <= args.recovery
    asked = {"seed": args.seed, "clients": args.clients, "seconds": list(args.seconds), "processes": args.processes}
    # whatever was lost, answered twice or wrongly ended this script before
    result.write("kill-server", asked | found | {"lost": 0, "duplicated": 0, "wrong": 0, "met": good}, args.out)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
