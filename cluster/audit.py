"""`Audited`: a `Pool` of workers that are not believed.

A batch is parsed and priced here. What decodes is sent with false requests among it (`sealing`), and what comes back is held against what
this side knows (`judge`):

    value    the product of the weighted values of the claims that this side knows to be false; when it is not, the worker says who
             else is false, each of those is proved false here, and then the value must be the product of all of them
    tags     the sum over the claims that the worker says it folded
    others   what was not folded is answered here, from the start

A "no" is thus always this side's own. One "yes" in `EVERY` is verified again here, on another engine. A worker that is found to
have said anything wrong is quarantined, and the batch is lost: it runs again elsewhere.

What this cannot find: a worker that does the work, sees which claims are false, knows which of them its accomplice made, and leaves
exactly that one out of the value. Only the sample finds it, one time in `EVERY`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from random import choice
from typing import Final

import numpy as np

from coproc.engine.protocol import I64, Engine, Parsed, Status
from coproc.engine.select import select
from coproc.errors import EngineLost, EngineUnavailable
from coproc.operation import Columns
from coproc.ops import OPERATIONS

from .canaries import Canaries, parsed_of
from .joining import Joining, Task
from .judge import Judge, Lie
from .pools.protocol import PackedAnswers, PackedBatch, Pool
from .remote import Asked, Remote
from .sampler import Sampler
from .sealed import CURVE_OF
from .sealing import Sent, seal_all

_log: Final = logging.getLogger("coproc.cluster")
LEAST: Final = 32
"""Requests of a batch from which on it is sent: below, the way there and the check cost more than the answers."""


@dataclass
class Counts:
    """Since the start. checked: "yes" verified again; mismatches: lies and disagreements, which must be 0; proved: "no" proved here."""

    batches: int = 0
    questions: int = 0
    requests: int = 0
    canaries: int = 0
    proved: int = 0
    checked: int = 0
    mismatches: int = 0
    quarantined: int = 0


@dataclass(slots=True)
class _Opened:
    """A batch on its way: what of it decodes, its answers as far as they are known, and where in them those of `batch` go."""

    task: Task
    batch: PackedBatch
    parsed: Parsed
    columns: Columns
    good: I64


class Audited:
    """A `Pool`: `remote` folds, `local` answers what has no claims or is too small to be sent. A context manager."""

    def __init__(
        self,
        remote: Remote,
        local: Pool,
        engine: Engine | None = None,
        sampler: Sampler | None = None,
        least: int = LEAST,
        threads: int = 4,
        on_lie: Callable[[Sent, Asked, Lie], None] | None = None,
    ) -> None:
        """engine: of this side's own checks, None: the default. on_lie is told what a worker was asked, what it said and what is wrong."""
        self._remote, self._local = remote, local
        self._engine = engine or select()
        self._canaries = Canaries(self._engine)
        self._judge = Judge(remote, self._engine, sampler or Sampler())
        self._least, self._on_lie = least, on_lie
        self._threads = ThreadPoolExecutor(threads, "coproc-audit")
        self._lock = threading.Lock()
        self._joining = Joining()
        self._counts = Counts()
        self._liars: set[str] = set()

    # ---- a pool ----
    @property
    def capacity(self) -> int:
        return self._remote.capacity or self._local.capacity

    @property
    def remote_capacity(self) -> int:
        """Batches that the workers take at once; 0 while there is none."""
        return self._remote.capacity

    @property
    def engines(self) -> tuple[str, ...]:
        return self._remote.engines or self._local.engines

    def counts(self) -> Counts:
        """A copy of the figures: `audit_checked_total` is `checked`, `audit_mismatch_total` is `mismatches`."""
        with self._lock:
            return replace(self._counts)

    def run(self, batch: PackedBatch) -> Future[PackedAnswers]:
        """Hand over many times `capacity` where throughput counts: batches that wait here go in larger questions."""
        if batch.op not in CURVE_OF or len(batch) < self._least or not self._remote.capacity:
            return self._local.run(batch)
        task = Task(batch)
        with self._lock:
            self._joining.add(task)
        self._next()
        return task.future

    def close(self) -> None:
        """The local pool is the caller's to close."""
        self._threads.shutdown()
        self._remote.close()

    def __enter__(self) -> Audited:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _next(self, ended: int = 0) -> None:
        """Ask what there are places for; ended: questions that have one no more."""
        places = self._remote.capacity
        with self._lock:
            self._joining.out -= ended
            questions = sum(iter(lambda: self._joining.reserve(places), False))
        for _ in range(questions):
            tasks: list[Task] = []
            self._then(tasks, partial(self._send, tasks))

    def _then(self, tasks: list[Task], step: Callable[[], None]) -> None:
        """The next step of a question, in a thread of this pool; what it raises ends the question."""

        def do() -> None:
            try:
                step()
            except BaseException as error:
                self._failed(tasks, error)

        try:
            self._threads.submit(do)
        except RuntimeError:  # shut down in the middle
            with self._lock:
                tasks = [*tasks, *self._joining.clear()]
            for task in tasks:
                _fail(task, EngineUnavailable("this pool is closed"))

    def _failed(self, tasks: list[Task], error: BaseException) -> None:
        """A question is lost. Of several batches each is asked about by itself: what is wrong with one is not wrong with all."""
        left = [task for task in tasks if not task.future.done()]
        if len(left) > 1 and not isinstance(error, EngineUnavailable):
            _log.warning("a question of %d batches was lost: %s", len(left), error)
            with self._lock:
                self._joining.again(left)
        else:
            for task in left:
                _fail(task, error)
        self._next(ended=1)

    # ---- there ----
    def _send(self, tasks: list[Task]) -> None:
        """tasks: takes the batches of the question."""
        places = self._remote.capacity
        with self._lock:
            tasks += self._joining.take(places)
        if not tasks:
            return
        opened: list[_Opened] = []
        for task in tasks:
            try:
                opened += self._opened(task)
            except BaseException as error:
                _fail(task, error)
        if not opened:
            self._next(ended=1)
            return
        batches, parsed = [one.batch for one in opened], [one.parsed for one in opened]
        learned = choice(opened)
        self._canaries.learn(learned.batch, learned.parsed)
        sent = seal_all(self._engine, self._canaries, batches, parsed)

        def back(asked: Future[Asked]) -> None:
            error = asked.exception()
            if error is not None:
                self._failed(tasks, error)
            else:
                self._then(tasks, lambda: self._receive(sent, asked.result(), opened))

        self._remote.ask(sent.question).add_done_callback(back)

    def _opened(self, task: Task) -> list[_Opened]:
        """A batch, parsed and priced; [] where nothing of it decodes, which is then answered. Raises InvalidInput."""
        batch = replace(task.batch, tenants=())
        batch.check()
        operation = OPERATIONS[batch.op]
        _, parsed = parsed_of(self._engine, batch)
        gas = operation.costs(batch.batch(), parsed)
        n = len(batch)
        retbuf = np.zeros((n, operation.width), np.uint8)
        columns = Columns(parsed.status.copy(), retbuf[:, 0], retbuf, gas, self._engine.name)
        good = np.flatnonzero(parsed.status == Status.OK)
        if not len(good):
            _answer(task, PackedAnswers.of(columns))
            return []
        if len(good) < n:
            batch = batch.take(good.tolist())
            _, parsed = parsed_of(self._engine, batch)
        return [_Opened(task, batch, parsed, columns, good)]

    # ---- and back ----
    def _receive(self, sent: Sent, asked: Asked, opened: list[_Opened]) -> None:
        try:
            verdict, status, checked = self._judge(sent, asked)
        except Lie as lie:
            self._found(sent, asked, lie)
            raise EngineLost(f"worker {asked.worker} said what is wrong: {lie}") from None
        n = len(verdict)
        with self._lock:
            self._counts.batches += len(opened)
            self._counts.questions += 1
            self._counts.requests += n
            self._counts.canaries += len(sent.canaries_at)
            self._counts.proved += n - int(np.count_nonzero(verdict))
            self._counts.checked += checked
        self._next(ended=1)
        at = 0
        for one in opened:
            columns, k = one.columns, len(one.good)
            columns.status[one.good], columns.retbuf[one.good, 0] = status[at : at + k], verdict[at : at + k]
            columns.engine = asked.partial.engine
            at += k
            _answer(one.task, PackedAnswers.of(columns, asked.partial.seconds * k / n))

    def _found(self, sent: Sent, asked: Asked, lie: Lie) -> None:
        _log.error("worker %s is quarantined: %s", asked.worker, lie)
        with self._lock:
            self._counts.mismatches += 1
            self._liars.add(asked.worker)
            self._counts.quarantined = len(self._liars)
        self._remote.quarantine(asked.worker, str(lie))
        if self._on_lie is not None:
            self._on_lie(sent, asked, lie)


def _answer(task: Task, answers: PackedAnswers) -> None:
    """Where it is cancelled nobody listens."""
    with suppress(InvalidStateError):
        task.future.set_result(answers)


def _fail(task: Task, error: BaseException) -> None:
    with suppress(InvalidStateError):
        task.future.set_exception(error)
