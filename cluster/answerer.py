"""`Answerer`: an engine with its kept keys, which answers packed batches. What every worker is, in whatever process."""

from __future__ import annotations

from time import thread_time
from typing import Final

import numpy as np

from coproc.batch import Part, answer_batches
from coproc.engine.protocol import Engine
from coproc.fold.settle import Combiner
from coproc.keys import KeyRegistry
from coproc.operation import Batch, Columns, Operation
from coproc.ops import OPERATIONS
from coproc.ops.shape import MAX_BATCH

from .pools.protocol import PackedAnswers, PackedBatch

FEW: Final = 4
OTHERS: Final = "*"
"""Tenants with fewer than `FEW` requests in a batch share the keys of this one: a part of its own costs more than a key."""


class Answerer:
    """Answers batches on one engine. Safe from any number of threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._keys = KeyRegistry(engine)
        self._combiner = Combiner()

    def __call__(self, packed: PackedBatch) -> PackedAnswers:
        """The answers of any number of requests; those that the engine fails on are unserved. Raises InvalidInput."""
        start = thread_time()
        packed.check()
        operation, batch = OPERATIONS[packed.op], packed.batch()
        columns = []
        for first in range(0, len(packed), MAX_BATCH):
            some = packed.slice(first, first + MAX_BATCH) if len(packed) > MAX_BATCH else packed
            columns.append(self._some(operation, some, batch if some is packed else some.batch()))
        joined = columns[0] if len(columns) == 1 else concatenated(operation, columns)
        return PackedAnswers.of(joined, thread_time() - start)

    def _some(self, operation: Operation, packed: PackedBatch, batch: Batch) -> Columns:
        """The parts of the tenants, whose claims are settled together."""
        places: dict[str, list[slice]] = {}
        at = 0
        for tenant, requests in packed.tenants:
            name = tenant if requests >= FEW or not tenant else OTHERS
            places.setdefault(name, []).append(slice(at, at + requests))
            at += requests
        if len(places) < 2:
            keys = self._keys.of(next(iter(places), ""))
            return answer_batches(self.engine, keys, self._combiner, [Part(operation, batch)])[0]
        order = np.arange(len(packed))
        index = [np.concatenate([order[s] for s in slices]) for slices in places.values()]
        parts = [Part(operation, batch.take(i), self._keys.of(tenant)) for tenant, i in zip(places, index, strict=True)]
        columns = concatenated(operation, answer_batches(self.engine, self._keys, self._combiner, parts))
        back = np.argsort(np.concatenate(index), kind="stable")
        retbuf = columns.retbuf[back]
        return Columns(
            columns.status[back], retbuf[:, 0] if operation.kind == "bool" else columns.value, retbuf, columns.gas[back], columns.engine
        )


def concatenated(operation: Operation, columns: list[Columns]) -> Columns:
    """Columns one after another; none at all: those of no request."""
    if not columns:
        nothing = np.zeros(0, np.uint8)
        return Columns(nothing, nothing, np.zeros((0, operation.width), np.uint8), np.zeros(0, np.int64), "")
    retbuf = np.concatenate([c.retbuf for c in columns])
    value = retbuf[:, 0] if operation.kind == "bool" else columns[0].value
    return Columns(np.concatenate([c.status for c in columns]), value, retbuf, np.concatenate([c.gas for c in columns]), columns[0].engine)
