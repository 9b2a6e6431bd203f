"""`Audited`: a `Pool` of workers that are not believed. And `Sampler`: some of the "yes" verified again on another engine.

A batch is parsed and priced here. What decodes is sent with false requests among it (`sealed`), and what comes back is held against what
this side knows:

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
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from random import SystemRandom
from typing import Any, Final

import numpy as np

from coproc.engine.library import ISAS, unavailable
from coproc.engine.protocol import I64, U8, Engine, Parsed, Status
from coproc.engine.select import select
from coproc.errors import CoprocError, EngineLost
from coproc.fold.product import one
from coproc.fold.settle import Combiner
from coproc.keys import KeyRegistry
from coproc.operation import Columns
from coproc.ops import OPERATIONS

from .canaries import Canaries, parsed_of
from .folding import Claimed, Forgotten, fold_of
from .pools.protocol import PackedAnswers, PackedBatch, Pool
from .remote import Asked, Remote
from .sealed import CURVE_OF, NUMBER_BYTES, SEED_BYTES, Partial, Question, joined, tag_sum, tags, weights

_log: Final = logging.getLogger("coproc.cluster")
EVERY: Final = 256
CANARIES: Final = 2
LEAST: Final = 32
"""Requests of a batch from which on it is sent: below, the way there and the check cost more than the answers."""
_SHARE_LEFT_OUT: Final = 4
"""A worker that leaves out more than one in so many of the claims that can be folded is as good as none."""


STRIKES: Final = 2
"""Times in a row that a worker may have forgotten what it is asked about. A worker that restarts or is behind forgets."""


class Lie(CoprocError):
    """What a worker said is wrong, and here is why."""


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


class Sampler:
    """Verifies some claims again, each by itself, on an engine other than the one that answered. Safe from any number of threads."""

    def __init__(self, every: int = EVERY, engines: dict[str, Engine] | None = None) -> None:
        """every: one in so many, by chance. engines: those to choose from, by name; None: the instruction sets of this machine."""
        self.every = every
        self._random = SystemRandom()
        self._lock = threading.Lock()
        self._engines = engines
        self._keys: dict[str, KeyRegistry] = {}

    def sample(self, index: I64) -> I64:
        """Each with a chance of 1 / every."""
        if not len(index):
            return index
        words = np.frombuffer(os.urandom(8 * len(index)), np.uint64)
        chosen: I64 = index[words % np.uint64(self.every) == 0]
        return chosen

    def other(self, name: str) -> Engine:
        """An engine that is not `name`, or that one where there is no other: then at least the way is another."""
        with self._lock:
            if self._engines is None:
                self._engines = {f"cpu:{isa}": select(f"cpu:{isa}") for isa in ISAS if unavailable(isa) is None} or {"spec": select("spec")}
            others = [engine for known, engine in self._engines.items() if known != name]
            return self._random.choice(others or list(self._engines.values()))

    def disagree(self, packed: PackedBatch, name: str) -> I64:
        """Which requests, all answered true by the engine `name`, are not true on another engine."""
        engine = self.other(name)
        with self._lock:
            keys = self._keys.setdefault(engine.name, KeyRegistry(engine))
        operation, batch = OPERATIONS[packed.op], packed.batch()
        status, retbuf = operation.run(engine, keys, batch, operation.parse(engine, batch))
        return np.flatnonzero((status != Status.OK) | (retbuf[:, 0] != 1))


@dataclass(slots=True)
class _Sent:
    """A question with what only this side knows: places of the real requests and of the canaries in it."""

    question: Question
    real: PackedBatch
    at: I64
    canaries: list[PackedBatch]
    canaries_at: I64


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
        on_lie: Callable[[str, str, Question], None] | None = None,
    ) -> None:
        """engine: of this side's own checks, None: the default. on_lie is told the worker, the reason and what it was asked."""
        self._remote, self._local = remote, local
        self._engine = engine or select()
        self._keys = KeyRegistry(self._engine)
        self._combiner = Combiner()
        self._canaries = Canaries(self._engine)
        self._sampler = sampler or Sampler()
        self._least, self._on_lie = least, on_lie
        self._random = SystemRandom()
        self._threads = ThreadPoolExecutor(threads, "coproc-audit")
        self._lock = threading.Lock()
        self._counts = Counts()
        self._liars: set[str] = set()
        self._strikes: dict[str, int] = {}

    # ---- a pool ----
    @property
    def capacity(self) -> int:
        return self._remote.capacity or self._local.capacity

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
        sent = self._seal(replace(batch, tenants=()), parsed)

        def back(asked: Future[Asked]) -> None:
            error = asked.exception()
            if error is not None:
                future.set_exception(error)
            else:
                self._then(future, lambda: self._receive(sent, asked.result(), columns, good, future))

        self._remote.ask(sent.question).add_done_callback(back)

    def _seal(self, batch: PackedBatch, parsed: Parsed) -> _Sent:
        """Canaries at secret places; the seed is drawn last."""
        canaries = self._canaries.pick(batch.op, CANARIES)
        n, k = len(batch), len(canaries)
        canaries_at = np.array(sorted(self._random.sample(range(n + k), k)), np.int64)
        at = np.setdiff1d(np.arange(n + k), canaries_at)
        rules = np.empty(n + k, np.uint8)
        fields, counts = np.empty((2, n + k, parsed.fields.shape[1]), np.uint64)
        rules[at], fields[at], counts[at] = batch.rules, parsed.fields, parsed.counts
        for place, canary in zip(canaries_at.tolist(), canaries, strict=True):
            _, its = parsed_of(self._engine, canary)
            rules[place], fields[place], counts[place] = canary.rules[0], its.fields[0], its.counts[0]
        every = Parsed(fields, counts, np.zeros(n + k, np.uint8))
        question = Question(os.urandom(NUMBER_BYTES), batch.op, rules, every, os.urandom(SEED_BYTES), [batch, canaries])
        return _Sent(question, batch, at, canaries, canaries_at)

    # ---- and back ----
    def _receive(self, sent: _Sent, asked: Asked, columns: Columns, good: I64, future: Future[PackedAnswers]) -> None:
        try:
            verdict, status, checked = self._judge(sent, asked)
        except Lie as lie:
            self._found(sent, asked.worker, str(lie))
            raise EngineLost(f"worker {asked.worker} said what is wrong: {lie}") from None
        columns.status[good], columns.retbuf[good, 0] = status, verdict
        columns.engine = asked.partial.engine
        with self._lock:
            self._counts.batches += 1
            self._counts.requests += len(good)
            self._counts.canaries += len(sent.canaries)
            self._counts.proved += int(np.count_nonzero(verdict == 0))
            self._counts.checked += checked
            self._strikes.pop(asked.worker, None)
        future.set_result(PackedAnswers.of(columns, asked.partial.seconds))

    def _found(self, sent: _Sent, worker: str, reason: str) -> None:
        _log.error("worker %s is quarantined: %s", worker, reason)
        with self._lock:
            self._counts.mismatches += 1
            self._liars.add(worker)
            self._counts.quarantined = len(self._liars)
        self._remote.quarantine(worker, reason)
        if self._on_lie is not None:
            self._on_lie(worker, reason, sent.question)

    def _judge(self, sent: _Sent, asked: Asked) -> tuple[U8, U8, int]:
        """verdict and status uint8[n] of the real requests, and how many were verified again. Raises Lie and EngineError."""
        question, partial = sent.question, asked.partial
        reason = partial.fits(question)
        if reason is not None:
            raise Lie(reason)
        total = len(question)
        went_in = partial.folded != 0
        if partial.tags != tag_sum(tags(question.seed, total), np.flatnonzero(went_in)):
            raise Lie("the tags do not add up: some claim was left out, or put in")
        doubtful = ~went_in
        if not np.array_equal(partial.gt, self._value(sent, self._claimed(sent, sent.canaries_at), went_in)):
            doubtful |= self._blamed(sent, asked)
        doubtful[sent.canaries_at] = False
        index = np.flatnonzero(doubtful)
        verdict, status = np.ones(total, np.uint8), np.zeros(total, np.uint8)
        if len(index):
            self._prove(sent, partial, index, verdict, status)
        yes = np.flatnonzero(went_in[sent.at] & (verdict[sent.at] == 1))
        checked = self._sample(sent, partial, yes)
        return verdict[sent.at], status[sent.at], checked

    def _blamed(self, sent: _Sent, asked: Asked) -> Any:
        """bool[all]: whose claims the worker calls false, once its value is not what the canaries make."""
        total = len(sent.question)
        try:
            index = self._remote.blame(asked.worker, sent.question.number)
        except Forgotten:
            with self._lock:
                self._strikes[asked.worker] = strikes = self._strikes.get(asked.worker, 0) + 1
            if strikes >= STRIKES:
                raise Lie(f"its value is wrong, {strikes} times in a row, and it has forgotten why") from None
            raise
        good = isinstance(index, np.ndarray) and index.dtype == np.int64 and index.ndim == 1
        if not good or np.any((index < 0) | (index >= total)):
            raise Lie("it blames what is not there")
        blamed = np.zeros(total, np.bool_)
        blamed[index] = True
        if np.any(asked.partial.folded[index] == 0):
            raise Lie("it blames claims that it did not fold")
        canaries = sent.canaries_at[asked.partial.folded[sent.canaries_at] != 0]
        if not blamed[canaries].all():
            raise Lie("its value is wrong, and it takes false claims for true ones")
        if np.count_nonzero(blamed) == len(canaries):
            raise Lie("its value is wrong, and it blames nobody for that")
        return blamed

    def _claimed(self, sent: _Sent, index: I64) -> tuple[I64, Claimed, PackedBatch]:
        """Some requests of a question as this side decodes them; the last is what they point into."""
        place = {int(at): canary for at, canary in zip(sent.canaries_at, sent.canaries, strict=True)}
        pieces: list[PackedBatch] = []
        for i in index.tolist():
            canary = place.get(i)
            real = int(np.searchsorted(sent.at, i))
            pieces.append(sent.real.slice(real, real + 1) if canary is None else canary)
        if not pieces:
            pieces = [sent.real.slice(0, 0)]
        packed = joined(pieces)
        return index, Claimed.of(self._engine, self._keys, packed), packed

    def _value(self, sent: _Sent, known: tuple[I64, Claimed, PackedBatch], went_in: Any) -> Any:
        """uint64[words of Gt]: what the worker's value is where the claims that are known are all that is false."""
        index, claimed, _ = known
        claims, whose = claimed.some(went_in[index])
        if claims is None or len(claims) < np.count_nonzero(went_in[sent.canaries_at]):
            if np.any(went_in[index]):
                raise Lie("it folds what cannot be folded")
            # Nothing false was mixed in, or nothing of it folded: a value of one says nothing then.
            raise Lie("it folds no canary") if len(sent.canaries) else EngineLost("no canary for this operation")
        fold = fold_of(self._engine, claims, weights(sent.question.seed, len(sent.question))[index[whose]])
        value = fold.values([(0, len(claims))])[0]
        if np.array_equal(value, one(claims.curve)):
            raise EngineLost("the canaries of this batch are true together")
        return value

    def _prove(self, sent: _Sent, partial: Partial, index: I64, verdict: U8, status: U8) -> None:
        """Answer some requests here; those that the worker blames must be false and, with the canaries, make up its value."""
        known = self._claimed(sent, np.union1d(index, sent.canaries_at))
        at, claimed, _ = known
        here = claimed.retbuf[:, 0].copy()
        if claimed.claims is not None:
            here[claimed.index] = self._combiner.settle(self._engine, [claimed.claims])[0]
        verdict[at], status[at] = here, claimed.status
        went_in = partial.folded != 0
        blamed = went_in[at]
        if np.any(here[blamed]):
            raise Lie("it blames a claim that is true")
        if np.any(claimed.folded[blamed] == 0):
            raise Lie("it folds what cannot be folded")
        left_out = np.count_nonzero(~blamed & (claimed.folded != 0))
        if left_out * _SHARE_LEFT_OUT > len(sent.real):
            raise Lie(f"it left out {left_out} claims that can be folded")
        if np.any(went_in[index]) and not np.array_equal(partial.gt, self._value(sent, known, went_in)):
            raise Lie("its value is not that of the claims that it blames")

    def _sample(self, sent: _Sent, partial: Partial, yes: I64) -> int:
        """Verify some of the "yes" again; how many. Raises Lie."""
        chosen = self._sampler.sample(yes)
        if not len(chosen):
            return 0
        wrong = self._sampler.disagree(sent.real.take(chosen.tolist()), partial.engine)
        if len(wrong):
            raise Lie(f"{len(wrong)} of {len(chosen)} claims that it folds as true are not true on another engine")
        return len(chosen)


__all__ = ["Asked", "Audited", "Counts", "Lie", "Remote", "Sampler"]
