"""`Coprocessor`: requests in, answers out, on all cores of this machine.

A run is cut into batches of one operation; threads of this process answer them, and native code runs without the interpreter lock.
Answers do not depend on how a run is cut, on the number of threads or on what else runs.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from operator import attrgetter
from typing import Any, Final

import numpy as np

from coproc.batch import Part, answer_batch, answer_batches, answers_of
from coproc.engine.memory import I64, U8, Buffers
from coproc.engine.protocol import Engine, is_accelerated
from coproc.engine.select import select
from coproc.errors import CoprocError, InvalidInput
from coproc.fold.settle import Combiner
from coproc.keys import KeyRegistry
from coproc.operation import ALIGNMENTS, DEFAULT_RULES, Answer, Batch, Columns, Operation, Request, Rules
from coproc.ops import OPERATIONS
from coproc.ops.shape import MAX_BATCH
from coproc.settings import setting

_BATCHES_A_WORKER: Final = 2  # so that no core waits long for the last batch
_LEAST_DIGESTS: Final = 256
_MAX_BYTES: Final = 16 << 20  # argument bytes of a batch: what an operation allocates grows with them
_ON_DEVICE: Final = 4096, 16384
"""Requests of a batch on an accelerator, at least and at most: fewer do not fill it, and Python between its calls shows."""
_BYTES_ON_DEVICE: Final = 256 << 20
_MAX_WAITING: Final = 128  # requests that a thread takes from those that wait
_ONE: Final = {value: np.array([value], np.uint8) for value in range(64)}


def operation_of(name: str) -> Operation:
    """Raises InvalidInput."""
    try:
        return OPERATIONS[name]
    except (KeyError, TypeError):
        raise InvalidInput(f"unknown operation {name!r}: one of {', '.join(OPERATIONS)}") from None


def default_workers() -> int:
    """`COPROC_WORKERS` (or `workers` of `COPROC_CONFIG`), else the processors that this process may use. Raises InvalidInput."""
    text = setting("workers")
    if text is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not text.isdecimal() or not int(text):
        raise InvalidInput(f"COPROC_WORKERS={text}: a number of threads is wanted, 1 or more")
    return int(text)


class Coprocessor:
    """Answers requests on one engine with `workers` threads. A context manager; safe from any number of threads."""

    least_verifications = 32  # of a batch: below, the one final exponentiation of a fold shows
    large_on_device = True  # whether an accelerator's batches may have more than `MAX_BATCH` requests

    def __init__(
        self,
        engine: Engine | str | None = None,
        workers: int | None = None,
        cluster: str | None = None,
        *,
        combiner: Combiner | None = None,
    ) -> None:
        """engine: a name (`coproc.engine.select`), an engine, or None for the default. combiner: one that keeps records of its folds, say.

        Raises EngineUnavailable and InvalidInput.
        """
        if cluster is not None:
            raise InvalidInput("cluster: coproc.open gives a coprocessor on a cluster")
        if workers is not None and workers < 1:
            raise InvalidInput(f"workers: {workers} is less than 1")
        self._engine = select(engine) if engine is None or isinstance(engine, str) else engine
        self.keys = KeyRegistry(self._engine)
        self.combiner = combiner or Combiner()
        self.workers = workers or default_workers()
        self._pool = ThreadPoolExecutor(self.workers, "coproc") if self.workers > 1 else None
        self._waiting: deque[tuple[Request, Future[Answer]]] = deque()
        self._state = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._closed = False

    @property
    def engine(self) -> Engine:
        """The engine that answers; its `name` is the one in answers."""
        return self._engine

    # ---- a whole batch ----
    def run(self, requests: Sequence[Request], tenant: str = "") -> list[Answer]:
        """The answers of requests, in order; operations and rules may be mixed. Raises InvalidInput for what is no request.

        tenant: whose share of the registry of keys these requests may fill.
        """
        self._check_open()
        n = len(requests)
        if n == 1:
            return self._single(requests[0], tenant)
        if n == 0:
            return []
        ops, args, rules, aligns = zip(*requests, strict=True)
        batch = Batch(Buffers.of(_all_bytes(args)), _all_aligns(aligns), _codes(rules))
        if ops.count(ops[0]) == n:
            operation = operation_of(ops[0])
            return answers_of(operation, self._columns([(operation, batch)], tenant)[0])
        positions: dict[str, list[int]] = {}
        try:
            for i, op in enumerate(ops):
                positions.setdefault(op, []).append(i)
        except TypeError:  # no name at all
            raise InvalidInput(f"unknown operation {op!r}") from None
        parts = [(operation_of(op), batch.take(index)) for op, index in positions.items()]
        answers: list[Any] = [None] * n
        for (operation, _), columns, index in zip(parts, self._columns(parts, tenant), positions.values(), strict=True):
            for i, answer in zip(index, answers_of(operation, columns), strict=True):
                answers[i] = answer
        return answers

    def run_columns(
        self, op: str, data: U8 | bytes, offsets: I64, rules: Rules = DEFAULT_RULES, align: int | U8 = 8, tenant: str = ""
    ) -> Columns:
        """The answers of many requests of one operation, without a Python object a request.

        data uint8[any], offsets int64[n + 1]: request i is data[offsets[i]:offsets[i + 1]]. align: one for all, or uint8[n].
        Raises InvalidInput.
        """
        self._check_open()
        operation = operation_of(op)
        buffer = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else np.ascontiguousarray(data)
        offsets = np.ascontiguousarray(offsets, np.int64)
        if buffer.dtype != np.uint8 or buffer.ndim != 1:
            raise InvalidInput("data: bytes or a uint8 array of one dimension are wanted")
        if offsets.ndim != 1 or not offsets.size or offsets[0] < 0 or offsets[-1] > buffer.size or np.any(offsets[1:] < offsets[:-1]):
            raise InvalidInput("offsets: one more than requests are wanted, ascending and within data")
        n = len(offsets) - 1
        aligns = np.ascontiguousarray(align, np.uint8) if isinstance(align, np.ndarray) else np.full(n, _align(align), np.uint8)
        if aligns.shape != (n,) or not np.isin(aligns, ALIGNMENTS).all():
            raise InvalidInput("align: 1, 2, 4 or 8 is wanted for each request")
        batch = Batch(Buffers.columns(buffer, offsets), aligns, np.full(n, rules.code, np.uint8))
        return self._columns([(operation, batch)], tenant)[0]

    def _single(self, request: Request, tenant: str) -> list[Answer]:
        operation = operation_of(request.op)
        args, align = request.args, request.align
        if type(args) is not bytes:
            (args,) = _all_bytes((args,))
        aligns = _ONE[align] if align == 8 else _ONE[_align(align)]
        batch = Batch(Buffers.one(args), aligns, _ONE[request.rules.code])
        return answers_of(operation, answer_batch(operation, self._engine, self.keys.of(tenant), self.combiner, batch))

    def _columns(self, parts: list[tuple[Operation, Batch]], tenant: str) -> list[Columns]:
        """The columns of some batches of any size.

        Job j answers slice j of every operation, so that a run of mixed operations is folded as it was mixed.
        """
        cuts = [(operation, batch, self._cut(operation, batch)) for operation, batch in parts]
        jobs: list[list[Part]] = [[] for _ in range(max(len(slices) for _, _, slices in cuts))]
        for operation, batch, slices in cuts:
            for job, s in zip(jobs, slices, strict=False):
                job.append(Part(operation, batch.take(s) if len(slices) > 1 else batch))
        if self._pool is None or len(jobs) == 1:
            done = [self._job(job, tenant) for job in jobs]
        else:
            futures = [self._pool.submit(self._job, job, tenant) for job in jobs]
            try:
                done = [future.result() for future in futures]
            except BaseException:  # an interrupt: do not leave the rest of the run behind in the pool
                for future in futures:
                    future.cancel()
                raise
        results = [iter(columns) for columns in done]
        return [_joined([next(results[j]) for j in range(len(slices))], operation) for operation, _, slices in cuts]

    def _job(self, parts: list[Part], tenant: str = "") -> list[Columns]:
        return answer_batches(self._engine, self.keys.of(tenant), self.combiner, parts)

    def _cut(self, operation: Operation, batch: Batch) -> list[slice]:
        """Slices of at most `MAX_BATCH` requests and about `_MAX_BYTES`, several a worker where there are enough.

        What an accelerator does a part of (verifications, Poseidon) goes there in larger ones.
        """
        n = len(batch)
        if n == 0:
            return []
        share = -(-n // (self.workers * _BATCHES_A_WORKER)) if self.workers > 1 else n
        least, most, nbytes = self.least_verifications if operation.kind == "bool" else _LEAST_DIGESTS, MAX_BATCH, _MAX_BYTES
        if self.large_on_device and is_accelerated(self._engine) and (operation.kind == "bool" or operation.name == "poseidon_hash"):
            (least, most), nbytes = _ON_DEVICE, _BYTES_ON_DEVICE
        size = min(max(share, least), most)
        cuts: Sequence[int] = range(0, n, size)
        if int(batch.args.lengths.max()) * size > nbytes:
            blocks = np.cumsum(batch.args.lengths) // np.uint64(nbytes)
            cuts = sorted({*cuts, *(np.flatnonzero(np.diff(blocks)) + 1).tolist()})
        return [slice(start, stop) for start, stop in zip(cuts, [*cuts[1:], n], strict=True)]

    # ---- one request among others ----
    def submit(self, request: Request) -> Future[Answer]:
        """A future of the answer; the request is batched with whatever else is waiting. Raises InvalidInput."""
        operation_of(request.op)
        _align(request.align)
        _all_bytes((request.args,))
        future: Future[Answer] = Future()
        with self._state:
            self._check_open()
            self._waiting.append((request, future))
            if self._idle:
                self._state.notify()
            elif len(self._threads) < self.workers:
                thread = threading.Thread(target=self._serve, name=f"coproc-submit-{len(self._threads)}", daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def _serve(self) -> None:
        """Take a share of what waits, answer it, until closed."""
        while True:
            with self._state:
                while not self._waiting:
                    if self._closed:
                        return
                    self._idle += 1
                    self._state.wait()
                    self._idle -= 1
                share = min(-(-len(self._waiting) // (self._idle + 1)), _MAX_WAITING)
                taken = [self._waiting.popleft() for _ in range(share)]
            taken = [(request, future) for request, future in taken if future.set_running_or_notify_cancel()]
            if not taken:
                continue
            try:
                answers = self._here([request for request, _ in taken])
            except BaseException as error:
                for _, future in taken:
                    future.set_exception(error)
                continue
            for (_, future), answer in zip(taken, answers, strict=True):
                future.set_result(answer)

    def _here(self, requests: list[Request]) -> list[Answer]:
        """`run` in this thread alone."""
        groups: dict[str, list[int]] = {}
        for i, request in enumerate(requests):
            groups.setdefault(request.op, []).append(i)
        parts = []
        for op, index in groups.items():
            some = [requests[i] for i in index]
            args, aligns, rules = [r.args for r in some], [r.align for r in some], [r.rules for r in some]
            parts.append(Part(OPERATIONS[op], Batch(Buffers.of(_all_bytes(args)), _all_aligns(aligns), _codes(rules))))
        answers: list[Any] = [None] * len(requests)
        for part, columns, index in zip(parts, self._job(parts), groups.values(), strict=True):
            for i, answer in zip(index, answers_of(part.operation, columns), strict=True):
                answers[i] = answer
        return answers

    # ---- the end ----
    def _check_open(self) -> None:
        if self._closed:
            raise CoprocError("this coprocessor is closed")

    def close(self) -> None:
        """Answer what was submitted, then end the threads. A closed coprocessor takes no requests."""
        with self._state:
            self._closed = True
            self._state.notify_all()
        for thread in self._threads:
            thread.join()
        if self._pool is not None:
            self._pool.shutdown()

    def __enter__(self) -> Coprocessor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open(
    engine: Engine | str | None = None, workers: int | None = None, cluster: str | None = None, kept: str | None = None
) -> Coprocessor:  # fmt: skip
    """A coprocessor.

    engine: None (`COPROC_ENGINE`, else "auto"), a name, or an engine. workers: threads; None: `COPROC_WORKERS`, else one a processor.
    cluster: HOST:PORT of a Ray cluster, or "auto" for the one that this machine is a node of; None: this machine alone.
    kept: a folder for what a worker of the cluster was asked when it lied, to be run again (`coproc replay`).
    Raises EngineUnavailable where an engine or a cluster was asked for and is absent, InvalidInput for other words.
    """
    if cluster is None:
        return Coprocessor(engine, workers)
    attached: Coprocessor = import_module("coproc.cluster.attached").ClusterCoprocessor(engine, workers, cluster, kept=kept)
    return attached


def _align(align: int) -> int:
    if align not in ALIGNMENTS:
        raise InvalidInput(f"align: {align!r} is none of 1, 2, 4, 8")
    return align


def _all_bytes(args: Sequence[Any]) -> Sequence[bytes]:
    if set(map(type, args)) == {bytes}:
        return args
    for arg in args:
        if not isinstance(arg, (bytes, bytearray, memoryview)):
            raise InvalidInput(f"args: bytes are wanted, not {type(arg).__name__}")
    return [bytes(arg) for arg in args]


def _all_aligns(aligns: Sequence[int]) -> U8:
    n = len(aligns)
    if aligns.count(8) == n:
        return np.full(n, 8, np.uint8)
    for align in set(aligns):
        _align(align)
    return np.fromiter(aligns, np.uint8, n)


def _codes(rules: Sequence[Rules]) -> U8:
    n = len(rules)
    if rules.count(rules[0]) == n:
        return np.full(n, rules[0].code, np.uint8)
    return np.fromiter(map(attrgetter("code"), rules), np.uint8, n)


def _joined(columns: list[Columns], operation: Operation) -> Columns:
    if len(columns) == 1:
        return columns[0]
    if not columns:
        nothing = np.zeros(0, np.uint8)
        return Columns(nothing, nothing, np.zeros((0, operation.width), np.uint8), np.zeros(0, np.int64), "")
    retbuf = np.concatenate([c.retbuf for c in columns])
    return Columns(
        np.concatenate([c.status for c in columns]),
        retbuf[:, 0] if operation.kind == "bool" else columns[0].value,
        retbuf,
        np.concatenate([c.gas for c in columns]),
        columns[0].engine,
    )
