"""`Steady`: clients of a server that can be held, and paced; `Waits`: how long they waited, by quarters of a time."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from math import exp, inf, log
from random import Random
from time import monotonic, sleep

import numpy as np

from coproc.cluster.client import Client
from coproc.engine.select import select
from coproc.measure.requests import make
from tests.cluster.processes import Served

from .kill_server import request

OP = "verify_schnorr"
FRAME = 16
ASKERS = 6
"""Clients that ask for signatures, a frame at a time: enough to keep two workers busy."""
PIECE = 200


class Waits:
    """Counts of waits in each quarter of a time: in classes half a percent wide, so that a day needs no more room than a minute."""

    LEAST, RATIO, CLASSES = 1e-5, 0.005, 4000

    def __init__(self, start: float, seconds: float) -> None:
        self._start, self._quarter = start, seconds / 4
        self._counts = np.zeros((4, self.CLASSES), np.int64)

    def add(self, at: float, seconds: float) -> None:
        place = int(log(max(seconds, self.LEAST) / self.LEAST) / self.RATIO)
        quarter = int((at - self._start) / self._quarter)
        self._counts[min(max(quarter, 0), 3), min(place, self.CLASSES - 1)] += 1

    def __len__(self) -> int:
        return int(self._counts.sum())

    def percentile(self, quarter: int, part: float) -> float:
        """Seconds; NaN where nothing was counted."""
        sums = np.cumsum(self._counts[quarter])
        if not sums[-1]:
            return float("nan")
        return self.LEAST * exp(self.RATIO * (int(np.searchsorted(sums, part * sums[-1])) + 0.5))


class Steady:
    """Some ask for signatures, one reads and lets go of a job, one connects and is gone in the middle of a frame.

    rate: signatures a second of all who ask, None: as many as are answered. A wait counts from when a frame was due, so that what a
    stalled server kept from being asked counts too. waits: those of the last `run`. wrong: what should not be.
    """

    def __init__(self, served: Served, seed: int) -> None:
        self.served, self._rng = served, Random(seed)
        self.rate: float | None = None
        self._requests = list(make(select("cpu"), OP, 512).requests)
        self._over, self._go = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self.waits = Waits(0.0, 1.0)
        self.wrong: list[str] = []
        self.kills = self.answered = self.frames = self.unserved = 0
        self._due = [0.0] * ASKERS
        self._busy = [False] * (ASKERS + 2)
        do: list[Callable[[], None]] = [*(partial(self._ask, i) for i in range(ASKERS)), self._job, self._gone]
        self._threads = [threading.Thread(target=self._loop, args=(i, one)) for i, one in enumerate(do)]

    def __enter__(self) -> Steady:
        self._clients = [Client(self.served.uds, 60) for _ in range(ASKERS)]
        self._reader = Client(self.served.uds, 60)
        self._known = self._clients[0].run(self._requests)
        self._number = self._read = 0
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._go.set()
        for thread in self._threads:
            thread.join()
        for client in (*self._clients, self._reader):
            client.close()

    def _loop(self, place: int, do: Callable[[], None]) -> None:
        try:
            while not self._over.is_set():
                self._go.wait()
                self._busy[place] = True
                if self._go.is_set() and not self._over.is_set():
                    do()
                self._busy[place] = False
        except Exception as error:
            self.wrong.append(repr(error))
        self._busy[place] = False

    def _ask(self, place: int) -> None:
        due = monotonic()
        if self.rate is not None:
            due, self._due[place] = self._due[place], self._due[place] + ASKERS * FRAME / self.rate
            sleep(max(0.0, due - monotonic()))
        with self._lock:
            at = self._rng.randrange(len(self._requests) - FRAME)
        answers = self._clients[place].run(self._requests[at : at + FRAME])
        now = monotonic()
        unserved = sum(answer.status == "unserved" for answer in answers)
        with self._lock:
            self.waits.add(now, now - due)
            self.answered += FRAME
            self.frames += 1
            self.unserved += unserved
        for number, (answer, known) in enumerate(zip(answers, self._known[at : at + FRAME], strict=True), at):
            if answer.status != "unserved" and answer != known:
                self.wrong.append(f"request {number}: {answer}, and before {known}")

    def _job(self) -> None:
        texts = [request(f"steady {self._number + i}") for i in range(PIECE)]
        self._number = self._reader.submit("steady", texts, self._number)
        while self._read < self._number and not self._over.is_set():
            answers, _ = self._reader.results("steady", ["sha256"] * (self._number - self._read), self._read, forget=True)
            self._read += len(answers)
            sleep(0.02)

    def _gone(self) -> None:
        with Client(self.served.uds, 60) as client:
            client.ping()
            assert client._socket is not None
            client._socket.sendall(b"\x40\0\0\0\1")  # a frame of 64 bytes, of which one comes
        sleep(0.05)

    def run(self, seconds: float, every: float = inf) -> float:
        """Load for so long, and a kill every so often, where a frame was answered since the last; how long it took."""
        start, frames = monotonic(), -1
        self.waits, end, kill = Waits(start, seconds), start + seconds, start + every
        if self.rate is not None:
            self._due = [start + i * FRAME / self.rate for i in range(ASKERS)]
        self._go.set()
        while (now := monotonic()) < end and not self.wrong:
            sleep(max(0.0, min(kill, end, now + 1) - now))
            if monotonic() < kill:
                continue
            kill += every
            if self.frames > frames and (workers := self.served.children()):
                frames = self.frames
                with suppress(ProcessLookupError):
                    os.kill(self._rng.choice(workers), signal.SIGKILL)
                    self.kills += 1
        self._go.clear()
        return monotonic() - start

    def idle(self) -> bool:
        """Whether nothing is asked."""
        return not any(self._busy)
