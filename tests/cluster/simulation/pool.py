"""`FaultyPool`: workers in virtual time, with faults drawn from a seed."""

from __future__ import annotations

from collections import Counter, deque
from concurrent.futures import Future
from dataclasses import dataclass
from math import log2
from random import Random

import numpy as np

from coproc.cluster.cost import TABLE, units
from coproc.cluster.pools.protocol import PackedAnswers, PackedBatch
from coproc.engine.protocol import Status
from coproc.errors import EngineBug, EngineError, EngineLost, EngineUnavailable

from . import truth
from .world import World


@dataclass(frozen=True)
class Faults:
    """Chances, a batch each."""

    dies: float = 0.0  # the worker, somewhere in the batch; another one comes up later
    stalls: float = 0.0  # no answer until it is given up; then a wrong one, to which nobody may listen
    fails: float = 0.0  # an EngineError, EngineBug, EngineUnavailable or something else
    unserved: float = 0.0  # some requests come back unserved
    misfits: float = 0.0  # what comes back has not the shape of answers
    raises: float = 0.0  # `run` itself raises
    slow: float = 0.0  # ten times as long
    repeats: float = 0.0  # a worker elsewhere says what it said last once more, before its answers
    poison_kills: bool = True

    def scaled(self, factor: float) -> Faults:
        """The same faults, so many times as often."""
        rates = {name: value * factor for name in self.__dataclass_fields__ if not isinstance(value := getattr(self, name), bool)}
        return Faults(**rates, poison_kills=self.poison_kills)


EVERYTHING = Faults(dies=0.03, stalls=0.002, fails=0.01, unserved=0.01, misfits=0.004, raises=0.002, slow=0.02, repeats=0.002)


class FaultyPool:
    """A `Pool`. Its capacity changes when `workers` is set."""

    def __init__(
        self, world: World, rng: Random, workers: int, faults: Faults, engine: str = "cpu:sim", speed: float = 1.0, stall: float = 150.0
    ) -> None:
        self.world, self.rng, self.faults, self._engine, self._speed, self.stall = world, rng, faults, engine, speed, stall
        self.workers = workers
        self._busy = 0
        self._queue: deque[tuple[PackedBatch, Future[PackedAnswers]]] = deque()
        self.runs: Counter[int] = Counter()  # by the number of a request; those that were answered
        self.counting = False
        self.batches = 0
        self.happened: Counter[str] = Counter()

    @property
    def capacity(self) -> int:
        return self.workers

    @property
    def engines(self) -> tuple[str, ...]:
        return (self._engine,)

    def close(self) -> None:
        pass

    def run(self, batch: PackedBatch) -> Future[PackedAnswers]:
        if self.rng.random() < self.faults.raises:
            self.happened["raises"] += 1
            raise RuntimeError("the pool itself fails")
        batch.check()
        future: Future[PackedAnswers] = Future()
        self._queue.append((batch, future))
        self.start()
        return future

    def start(self) -> None:
        """Workers that are free take what waits."""
        while self._queue and self._busy < self.workers:
            self._busy += 1
            self.batches += 1
            self._work(*self._queue.popleft())

    def _free(self) -> None:
        self._busy -= 1
        self.start()

    def _seconds(self, batch: PackedBatch) -> float:
        """A batch, its requests, and the search for those that are not true."""
        n, bad = len(batch), truth.refused(batch)
        seconds = TABLE[batch.op].batch + units(batch.op, n, batch.nbytes)
        if bad:
            seconds += bad * (log2(n / bad) + 1) * TABLE[batch.op].request
        return seconds * self._speed * (0.8 + 0.4 * self.rng.random())

    def fate(self, batch: PackedBatch) -> tuple[float, str | None]:
        """How long a batch takes, and what befalls it."""
        seconds = self._seconds(batch)
        if self.faults.slow and self.rng.random() < self.faults.slow:
            self.happened["slow"] += 1
            seconds *= 10
        fault = self._fault(batch)
        if fault is not None:
            self.happened[fault] += 1
        return seconds, fault

    def result(self, batch: PackedBatch, fault: str | None, seconds: float) -> PackedAnswers:
        """The answers; some of them, where it is at fault."""
        result = truth.answers(batch, self._engine)
        result.seconds = seconds
        if fault == "unserved":
            gone = np.array([self.rng.random() < 0.3 for _ in range(len(batch))])
            result.status[gone], result.retbuf[gone] = Status.UNSERVED, 0
        elif self.counting and fault is None:
            self.runs.update(truth.numbers(batch))
        return result

    def repeats(self) -> bool:
        """Whether something is said once more."""
        repeats = self.rng.random() < self.faults.repeats
        self.happened["repeats"] += repeats
        return repeats

    def _work(self, batch: PackedBatch, future: Future[PackedAnswers]) -> None:
        rng, world = self.rng, self.world
        seconds, fault = self.fate(batch)
        if fault == "dies":
            world.after(seconds * rng.random(), lambda: future.set_exception(EngineLost("the worker died")))
            world.after(seconds + 0.5, self._free)  # another one is up
        elif fault == "stalls":
            world.after(self.stall + 10 * rng.random(), lambda: self._finish(future, self.wrong(batch)))
        elif fault == "fails":
            errors = (EngineError("no"), EngineBug("two engines disagree"), EngineUnavailable("none"), ValueError("anything"))
            error = rng.choice(errors)
            world.after(seconds, lambda: self._fail(future, error))
        else:
            result = self.result(batch, fault, seconds)
            if fault == "misfits":
                result.gas = result.gas[:-1]
            world.after(seconds, lambda: self._finish(future, result))

    def _fault(self, batch: PackedBatch) -> str | None:
        faults = self.faults
        if faults.poison_kills and truth.poisoned(batch):
            return "dies"
        drawn = self.rng.random()
        for name in ("dies", "stalls", "fails", "unserved", "misfits"):
            drawn -= getattr(faults, name)
            if drawn < 0:
                return name
        return None

    def _finish(self, future: Future[PackedAnswers], result: PackedAnswers) -> None:
        future.set_result(result)
        self._free()

    def _fail(self, future: Future[PackedAnswers], error: Exception) -> None:
        future.set_exception(error)
        self._free()

    def wrong(self, batch: PackedBatch) -> PackedAnswers:
        """The contrary of the truth."""
        wrong = truth.answers(batch, "late")
        wrong.retbuf[:] ^= 1
        return wrong
