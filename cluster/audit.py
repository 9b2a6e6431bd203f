"""`Audited`: a `Pool` of workers that are not believed.

A batch is parsed and priced here. What decodes is sent with false requests among it (`sealing`), and what comes back is held against what
this side knows (`judge`):

    value    the product of the weighted values of the claims that this side knows to be false; when it is not, the worker says who
             else is false, each of those is proved false here, and then the value must be the product of all of them
    tags     the sum over the claims that the worker says it folded
    others   what was not folded is answered here, from the start

A "no" is thus always this side's own. One "yes" in `EVERY` is verified again here, by itself, on another engine. A worker that is found to
have said anything wrong is quarantined, and the batch is lost: it runs again elsewhere.

What this cannot find: a worker that does the work, sees which claims are false, knows which of them its accomplice made, and leaves
exactly that one out of the value. Only the sample finds it, one time in `EVERY`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from coproc.engine.protocol import I64, Engine, Status
from coproc.engine.select import select
from coproc.errors import EngineLost
from coproc.operation import Columns
from coproc.ops import OPERATIONS

from .canaries import Canaries, parsed_of
from .judge import Judge, Lie
from .pools.protocol import PackedAnswers, PackedBatch, Pool
from .remote import Asked, Remote
from .sampler import Sampler
from .sealed import CURVE_OF
from .sealing import Sent, seal

_log: Final = logging.getLogger("coproc.cluster")
LEAST: Final = 32
"""Requests of a batch from which on it is sent: below, the way there and the check cost more than the answers."""


@dataclass
class Counts:
    """Since the start. checked: "yes" verified again; mismatches: lies and disagreements, which must be 0; proved: "no" proved here."""

    batches: int = 0
    requests: int = 0
    canaries: int = 0
    proved: int = 0
    checked: int = 0
    mismatches: int = 0
    quarantined: int = 0


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
        if batch.op not in CURVE_OF or len(batch) < self._least or not self._remote.capacity:
            return self._local.run(batch)
        future: Future[PackedAnswers] = Future()
        self._then(future, lambda: self._send(batch, future))
        return future

    def close(self) -> None:
        """The local pool is the caller's to close."""
        self._threads.shutdown()
        self._remote.close()

    def __enter__(self) -> Audited:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _then(self, future: Future[PackedAnswers], step: Callable[[], None]) -> None:
        """The next step of a batch, in a thread of this pool; what it raises ends the batch."""

        def do() -> None:
            try:
                step()
            except BaseException as error:
                future.set_exception(error)

        try:
            self._threads.submit(do)
        except RuntimeError:  # shut down in the middle
            future.set_exception(EngineLost("this pool is closed"))

    # ---- there ----
    def _send(self, batch: PackedBatch, future: Future[PackedAnswers]) -> None:
        batch.check()
        operation = OPERATIONS[batch.op]
        _, parsed = parsed_of(self._engine, batch)
        gas = operation.costs(batch.batch(), parsed)
        n = len(batch)
        retbuf = np.zeros((n, operation.width), np.uint8)
        columns = Columns(parsed.status.copy(), retbuf[:, 0], retbuf, gas, self._engine.name)
        good = np.flatnonzero(parsed.status == Status.OK)
        if len(good) < n:
            batch = batch.take(good.tolist())
            _, parsed = parsed_of(self._engine, batch)
        if not len(good):
            future.set_result(PackedAnswers.of(columns))
            return
        self._canaries.learn(replace(batch, tenants=()), parsed)
        sent = seal(self._engine, self._canaries, replace(batch, tenants=()), parsed)

        def back(asked: Future[Asked]) -> None:
            error = asked.exception()
            if error is not None:
                future.set_exception(error)
            else:
                self._then(future, lambda: self._receive(sent, asked.result(), columns, good, future))

        self._remote.ask(sent.question).add_done_callback(back)

    # ---- and back ----
    def _receive(self, sent: Sent, asked: Asked, columns: Columns, good: I64, future: Future[PackedAnswers]) -> None:
        try:
            verdict, status, checked = self._judge(sent, asked)
        except Lie as lie:
            self._found(sent, asked, lie)
            raise EngineLost(f"worker {asked.worker} said what is wrong: {lie}") from None
        columns.status[good], columns.retbuf[good, 0] = status, verdict
        columns.engine = asked.partial.engine
        with self._lock:
            self._counts.batches += 1
            self._counts.requests += len(good)
            self._counts.canaries += len(sent.canaries)
            self._counts.proved += int(np.count_nonzero(verdict == 0))
            self._counts.checked += checked
        future.set_result(PackedAnswers.of(columns, asked.partial.seconds))

    def _found(self, sent: Sent, asked: Asked, lie: Lie) -> None:
        _log.error("worker %s is quarantined: %s", asked.worker, lie)
        with self._lock:
            self._counts.mismatches += 1
            self._liars.add(asked.worker)
            self._counts.quarantined = len(self._liars)
        self._remote.quarantine(asked.worker, str(lie))
        if self._on_lie is not None:
            self._on_lie(sent, asked, lie)
