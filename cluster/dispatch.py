"""`Dispatcher`: batches that get answers whatever happens to workers, or an honest "unserved".

There is a chain of pools, the next one for what the one before cannot do. A batch whose worker died runs again; when its worker dies a
second time the batch is cut in halves, so that a request that kills workers ends alone, is tried once more, and goes to the next pool (a
slow engine in a process of its own). Batches that fail and requests that come back unserved go the same way. A pool that is unavailable
or contradicts itself hands the batch to the next one whole. An answer counts once, the first time: a worker that was given up may answer
later, and nobody listens.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np

from coproc.batch import unserved
from coproc.engine.protocol import I64, Status
from coproc.errors import EngineBug, EngineLost, EngineUnavailable
from coproc.ops import OPERATIONS

from .clock import Clock, RealClock
from .pools.protocol import PackedAnswers, PackedBatch, Pool

_log: Final = logging.getLogger("coproc.cluster")
TRIES: Final = 2
"""Times that a piece runs in one pool before it is cut, or, when it is a single request, goes to the next."""
FAILURES: Final = 64
"""Runs that may fail on the account of a peer, before what fails next of it goes to the next pool: one bad request among 1,024 takes 13.

A run is on a peer's account where all its requests are of the tenants of that peer (the name before the first "/"), else on a common one.
Batches are cut where peers meet, so whoever sends many bad requests uses up the runs of nobody else.
"""
STALL_SECONDS: Final = 150.0


class Stage(NamedTuple):
    """A pool of the chain, and how many requests may be in it at once: those of a slow one must not pile up. None: any number."""

    pool: Pool
    most: int | None = None


@dataclass(slots=True)
class _Job:
    """A batch, its answers so far, and how many requests are still out."""

    batch: PackedBatch
    future: Future[PackedAnswers]
    answers: PackedAnswers
    out: int
    failures: dict[str | None, int] = field(default_factory=dict)  # by peer
    engines: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Piece:
    """Some requests of a job: `index` are their places in it. turn: which of its runs counts."""

    job: _Job
    batch: PackedBatch
    index: I64
    stage: int = 0
    tries: int = 0
    turn: int = 0
    overdue: float = 0.0


class Dispatcher:
    """Runs batches of at most `MAX_BATCH` requests on a chain of pools. Safe from any number of threads."""

    def __init__(self, stages: Sequence[Stage | Pool], clock: Clock | None = None, stall_seconds: float = STALL_SECONDS) -> None:
        """stall_seconds: a piece without an answer by then is given up and runs again (`expire` looks at that)."""
        self._stages = [stage if isinstance(stage, Stage) else Stage(stage) for stage in stages]
        self._clock = clock or RealClock()
        self._stall = stall_seconds
        self._lock = threading.Lock()
        self._running: dict[_Piece, None] = {}  # in the order of their starts, and so of when they are overdue
        self._inside = [0] * len(self._stages)
        self.retries = 0
        self.lost = 0

    @property
    def capacity(self) -> int:
        """Batches that run at once in the first pool."""
        return self._stages[0].pool.capacity

    def run(self, batch: PackedBatch) -> Future[PackedAnswers]:
        """The answers in order, later; the future never fails."""
        operation, n = OPERATIONS[batch.op], len(batch)
        retbuf = np.zeros((n, operation.width), np.uint8)
        value = retbuf[:, 0] if operation.kind == "bool" else np.zeros(0, np.uint8)
        answers = PackedAnswers(np.full(n, Status.UNSERVED, np.uint8), value, retbuf, np.zeros(n, np.int64), "")
        job = _Job(batch, Future(), answers, n)
        if n:
            self._start(_Piece(job, batch, np.arange(n)))
        else:
            job.future.set_result(answers)
        return job.future

    def expire(self) -> float | None:
        """Give up what is overdue; when to look again, None where nothing runs."""
        now, given_up = self._clock.now(), []
        with self._lock:
            for piece in self._running:
                if piece.overdue > now:
                    break
                given_up.append(piece)
            for piece in given_up:
                self._stop(piece)
        for piece in given_up:
            _log.error("a batch of %d %s has no answer after %g s: it runs again", len(piece.batch), piece.batch.op, self._stall)
            self._again(piece)
        with self._lock:
            return next((piece.overdue for piece in self._running), None)

    # ---- a piece ----
    def _start(self, piece: _Piece) -> None:
        stage = self._stages[piece.stage]
        with self._lock:
            full = stage.most is not None and self._inside[piece.stage] + len(piece.batch) > stage.most
            if not full:
                self._inside[piece.stage] += len(piece.batch)
                piece.overdue = self._clock.now() + self._stall
                self._running[piece] = None
        if full:
            self._next(piece)
            return
        turn = piece.turn
        try:
            future = stage.pool.run(piece.batch)
        except Exception as error:  # it never should, and a request must not be lost if it does
            future = Future()
            future.set_exception(error)
        future.add_done_callback(lambda future: self._done(piece, turn, future))

    def _stop(self, piece: _Piece) -> None:
        """It runs no more, whatever its worker says later. With the lock held."""
        del self._running[piece]
        self._inside[piece.stage] -= len(piece.batch)
        piece.turn += 1

    def _done(self, piece: _Piece, turn: int, future: Future[PackedAnswers]) -> None:
        with self._lock:
            if piece.turn != turn:
                return
            self._stop(piece)
        error = None if future.cancelled() else future.exception()
        if future.cancelled() or isinstance(error, EngineLost):
            with self._lock:
                self.lost += 1
            _log.warning("a batch of %d %s was lost: %s", len(piece.batch), piece.batch.op, error)
            self._again(piece)
        elif isinstance(error, (EngineUnavailable, EngineBug)):
            _log.warning("a batch of %d %s has no answer here: %s", len(piece.batch), piece.batch.op, error)
            self._next(piece)
        elif error is not None:
            _log.error("a batch of %d %s failed: %s: %s", len(piece.batch), piece.batch.op, type(error).__name__, error)
            self._again(piece)
        else:
            self._answered(piece, future.result())

    def _answered(self, piece: _Piece, answers: PackedAnswers) -> None:
        if not answers.fits(piece.batch):
            _log.error("what came back for a batch of %d %s are no answers", len(piece.batch), piece.batch.op)
            self._next(piece)
            return
        left = np.flatnonzero(answers.status == Status.UNSERVED)
        if not len(left):
            self._count(piece.job, piece.index, answers)
            return
        good = np.flatnonzero(answers.status != Status.UNSERVED)
        if len(good):
            some = PackedAnswers(
                answers.status[good], answers.value, answers.retbuf[good], answers.gas[good], answers.engine, answers.seconds
            )
            self._count(piece.job, piece.index[good], some)
            piece.batch, piece.index = piece.batch.take(left.tolist()), piece.index[left]
        self._again(piece)

    def _again(self, piece: _Piece) -> None:
        """Another try, in halves after some, in the next pool for a single request."""
        piece.tries += 1
        peer, middle = _cut(piece.batch)
        with self._lock:
            self.retries += 1
            failures = piece.job.failures
            failures[peer] = failures.get(peer, 0) + 1
            too_many = failures[peer] > FAILURES
        if too_many:
            self._next(piece)
            return
        if piece.tries < TRIES:
            self._start(piece)
            return
        n = len(piece.batch)
        if n == 1:
            self._next(piece)
            return
        for start, stop in ((0, middle), (middle, n)):
            self._start(_Piece(piece.job, piece.batch.slice(start, stop), piece.index[start:stop], piece.stage, TRIES - 1))

    def _next(self, piece: _Piece) -> None:
        """The next pool; behind the last one nothing serves these requests."""
        piece.stage, piece.tries = piece.stage + 1, 0
        if piece.stage < len(self._stages):
            self._start(piece)
            return
        batch = piece.batch
        nothing = unserved(OPERATIONS[batch.op], batch.batch(), "")
        self._count(piece.job, piece.index, PackedAnswers.of(nothing))

    def _count(self, job: _Job, index: Any, answers: PackedAnswers) -> None:
        """These requests are answered."""
        with self._lock:
            into = job.answers
            into.status[index], into.retbuf[index], into.gas[index] = answers.status, answers.retbuf, answers.gas
            into.seconds += answers.seconds
            if answers.engine:
                job.engines[answers.engine] = None
            job.out -= len(index)
            last = not job.out
            if last:
                into.engine = "+".join(sorted(job.engines))
        if last:
            job.future.set_result(job.answers)


def _cut(batch: PackedBatch) -> tuple[str | None, int]:
    """Whose requests a batch has, None: of several peers; and where to cut it: where two peers meet, as near to the middle as can be."""
    n, at, edges = len(batch), 0, []
    peers: list[str] = []
    for tenant, requests in batch.tenants:
        peer = tenant.partition("/")[0]
        if peers and peers[-1] != peer:
            edges.append(at)
        if not peers or peers[-1] != peer:
            peers.append(peer)
        at += requests
    if not edges:
        return peers[0] if peers else "", n // 2
    return None, min(edges, key=lambda edge: abs(edge - n // 2))
