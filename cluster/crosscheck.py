"""`Crosschecked`: a `Pool` of this machine of whose answers some are looked at again, one by one, on another engine.

One request in `EVERY`, by chance, whatever was answered. It costs no time of the request: the answer has gone out, so what this finds is
an engine (a kernel, a core, a memory) that is wrong, not a lie before it is told. Where the two disagree the specification decides; the
batch is kept as a file that replays, the engine that was wrong is not used any more, and the other one goes on in its place.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from math import log
from pathlib import Path
from random import SystemRandom
from time import sleep
from typing import Final

import numpy as np

from coproc.engine.library import ISAS, unavailable
from coproc.engine.protocol import I64, Status
from coproc.errors import EngineError
from coproc.operation import Request
from coproc.ops.shape import MAX_BATCH
from coproc.replay import Fold, Kept, Part, Run, Step, Told, keep

from .answerer import places
from .kept import requests_of
from .pools.protocol import PackedAnswers, PackedBatch, Pool, Seeds

_log: Final = logging.getLogger("coproc.cluster")
EVERY: Final = 256
MOST: Final = 16
MOST_BYTES: Final = 64 << 20
"""Batches that wait to be looked at, and their bytes; more are not."""
JUDGED: Final = 4
"""Requests of a batch that the specification decides on; it is slow."""
SECONDS: Final = 120.0
"""For one request to be answered again."""
_AFTER: Final = 0.005
"""Seconds from an answer to the look at it: what is looked at has gone out, and nothing that goes out waits for it."""
_Task = tuple[str, PackedBatch, PackedAnswers, I64]
"""Who answered, what, and which of the requests are to be looked at."""
Make = Callable[[str, int | None], Pool]
"""A pool of an engine by name, with so many workers; None: one a processor."""


@dataclass
class Counts:
    """Since the start. checked: requests looked at again. mismatches: disagreements, which must be 0. stopped: engines."""

    checked: int = 0
    mismatches: int = 0
    stopped: int = 0


def other_than(names: Sequence[str]) -> str | None:
    """The fastest engine of this machine that is none of these, the specification at last; None where none is left."""
    known = [f"cpu:{isa}" for isa in reversed(ISAS) if unavailable(isa) is None] + ["spec"]
    return next((name for name in known if name not in names), None)


class Crosschecked:
    """A `Pool`. A context manager; safe from any number of threads."""

    def __init__(
        self,
        engine: str,
        make: Make,
        workers: int | None = None,
        every: int = EVERY,
        folder: str | Path | None = None,
        on_stop: Callable[[], None] | None = None,
    ) -> None:
        """engine: the name of an engine that is here. every: one request in so many, 0: none. folder: of the batches that are kept.

        on_stop: called when an engine that served was wrong, whose answers may be remembered somewhere, and when its last batch has ended.
        """
        self._engine, self._make, self._workers, self._every = engine, make, workers, every
        self._folder, self._on_stop = folder, on_stop
        self._pool = make(engine, workers)
        self._wrong: list[str] = []
        self._counts = Counts()
        self._tasks: deque[_Task] = deque()
        self._state = threading.Condition()
        self._closed = self._busy = False
        self._out = 0  # batches that run, or whose sample is not drawn yet
        self._random = SystemRandom()
        self._before = self._skipped()  # requests that pass before the next that is looked at
        self._thread = threading.Thread(target=self._look, name="coproc-crosscheck", daemon=True)
        if every:
            self._thread.start()

    # ---- a pool ----
    @property
    def capacity(self) -> int:
        return self._pool.capacity

    @property
    def engines(self) -> tuple[str, ...]:
        return self._pool.engines

    @property
    def serving(self) -> Pool:
        """The pool that answers now."""
        return self._pool

    def counts(self) -> Counts:
        """A copy of the figures."""
        with self._state:
            return replace(self._counts)

    def run(self, batch: PackedBatch) -> Future[PackedAnswers]:
        if not self._every:
            return self._pool.run(batch)
        with self._state:
            self._out += 1
            engine, pool = self._engine, self._pool
        future = pool.run(batch)
        future.add_done_callback(lambda done: self._sample(engine, batch, done))
        return future

    def close(self) -> None:
        with self._state:
            self._closed = True
            self._state.notify_all()
        if self._every:
            self._thread.join()
        self._pool.close()

    def settle(self) -> None:
        """Wait until nothing runs and everything that waits was looked at."""
        with self._state:
            self._state.wait_for(lambda: not self._out and not self._tasks and not self._busy)

    def __enter__(self) -> Crosschecked:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- look again ----
    def _sample(self, engine: str, batch: PackedBatch, done: Future[PackedAnswers]) -> None:
        answers = None if done.cancelled() or done.exception() is not None else done.result()
        with self._state:
            self._out -= 1
            index = self._drawn(len(batch))
            room = len(self._tasks) < MOST and sum(task[1].nbytes for task in self._tasks) + batch.nbytes <= MOST_BYTES
            if answers is not None and len(index) and room and engine not in self._wrong:
                self._tasks.append((engine, batch, answers, index))
            self._state.notify_all()

    def _drawn(self, n: int) -> I64:
        """Which of the next n requests are looked at: each with a chance of one in `every`, whatever became of the others."""
        found, at = [], self._before
        while at < n:
            found.append(at)
            at += 1 + self._skipped()
        self._before = at - n
        return np.array(found, np.int64)

    def _skipped(self) -> int:
        """Failures before the first success, geometrically spread. Nobody can tell which request is next."""
        return int(log(1.0 - self._random.random()) / log(1.0 - 1.0 / self._every)) if self._every > 1 else 0

    def _look(self) -> None:
        checker: Pool | None = None
        while True:
            with self._state:
                self._busy = False
                self._state.notify_all()
                self._state.wait_for(lambda: self._tasks or self._closed)
                if self._closed:
                    break
                task, self._busy = self._tasks.popleft(), True
            sleep(_AFTER)
            name = other_than([task[0], *self._wrong])
            if name is None or task[0] in self._wrong or not task[2].fits(task[1]):
                continue
            try:
                checker = checker or self._make(name, 1)
                if not self._agree(*task, name, checker):
                    checker.close()
                    checker = None
            except Exception:
                _log.exception("a sample of %d %s could not be looked at again", len(task[3]), task[1].op)
        if checker is not None:
            checker.close()

    def _agree(self, engine: str, batch: PackedBatch, answers: PackedAnswers, index: I64, name: str, checker: Pool) -> bool:
        """Whether another engine tells the same; if not, all that follows from it is done."""
        own, index = told_of(answers), index[answers.status[index] != Status.UNSERVED]
        theirs = _singly(checker, batch, index.tolist())
        with self._state:
            self._counts.checked += len(theirs)
        disputed = [i for i, told in theirs.items() if told != own[i]]
        if not disputed:
            return True
        spec = self._make("spec", 1)
        try:
            truth = theirs if name == "spec" else _singly(spec, batch, disputed[:JUDGED])
        finally:
            spec.close()
        told = ((engine, dict(enumerate(own))), (name, theirs))
        liars = [liar for liar, said in told if any(said[i] != truth[i] for i in truth)]
        with self._state:
            self._counts.mismatches += len(disputed)
        wrong = " and ".join(liars) or "none"
        _log.error("%s and %s disagree on %d %s; by the specification %s is wrong", engine, name, len(disputed), batch.op, wrong)
        self._keep(engine, batch, answers.seeds, own, {name: theirs, "spec": truth})
        for liar in liars:
            self._stop(liar)
        return not liars

    def _keep(self, served: str, batch: PackedBatch, seeds: tuple[Seeds, ...], own: list[Told], others: dict[str, dict[int, Told]]) -> None:
        if self._folder is None:
            return
        requests: list[Request] = requests_of(batch)
        runs = [Run(served, steps_of(batch, seeds), tuple(own), "served")]
        for engine, said in others.items():
            steps = tuple(Step((Part((i,)),)) for i in said)
            runs.append(Run(engine, steps, tuple(said.get(i) for i in range(len(requests))), "looked again, one by one"))
        keep(self._folder, Kept(tuple(requests), tuple(runs), f"{served} and {next(iter(others))} disagree"))

    def _stop(self, liar: str) -> None:
        """Use an engine no more. Where it is the one that serves, another one takes its place."""
        with self._state:
            self._wrong.append(liar)
            self._counts.stopped += 1
            self._tasks = deque(task for task in self._tasks if task[0] != liar)
        if liar != self._engine:
            return
        name = other_than(self._wrong)
        if name is None:
            _log.error("no engine is left in place of %s", liar)
            return
        new = self._make(name, self._workers)
        with self._state:
            old, self._pool, self._engine = self._pool, new, name
        _log.error("%s serves in place of %s", name, liar)
        told = self._on_stop or (lambda: None)
        told()
        old.close()
        told()


def told_of(answers: PackedAnswers) -> list[Told]:
    """What was told of each request."""
    rows = zip(answers.status.tolist(), answers.retbuf, answers.gas.tolist(), strict=True)
    return [Told(status, retbuf.tobytes(), gas) for status, retbuf, gas in rows]


def steps_of(batch: PackedBatch, seeds: tuple[Seeds, ...]) -> tuple[Step, ...]:
    """How an `Answerer` cuts a batch, with the seeds of its folds, where it said them."""
    sizes = [one.requests for one in seeds]
    if sum(sizes) != len(batch) or max(sizes, default=0) > MAX_BATCH:  # nobody said them, or not of this batch
        seeds, sizes = (), [min(MAX_BATCH, len(batch) - first) for first in range(0, len(batch), MAX_BATCH)]
    steps, at = [], 0
    for i, size in enumerate(sizes):
        index = places(batch.slice(at, at + size)) or {"": np.arange(size)}
        parts = tuple(Part(tuple((at + own).tolist()), tenant) for tenant, own in index.items())
        steps.append(Step(parts, tuple(Fold(*fold) for fold in seeds[i].folds) if seeds else ()))
        at += size
    return tuple(steps)


def _singly(pool: Pool, batch: PackedBatch, index: Sequence[int]) -> dict[int, Told]:
    """What a pool tells of some requests, each on its own; those that it cannot answer are left out."""
    futures = {i: pool.run(batch.slice(i, i + 1)) for i in index}
    found: dict[int, Told] = {}
    for i, future in futures.items():
        try:
            (told,) = told_of(future.result(SECONDS))
        except (EngineError, TimeoutError) as error:
            _log.warning("a %s could not be looked at again: %s", batch.op, error)
            continue
        if told.status != Status.UNSERVED:
            found[i] = told
    return found


__all__ = ["EVERY", "Counts", "Crosschecked", "other_than"]
