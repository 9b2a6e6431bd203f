"""`Answerer`: an engine with its kept keys, which answers packed batches. What every worker is, in whatever process."""

from __future__ import annotations

from time import thread_time
from typing import Final

import numpy as np

from coproc.batch import Part, answer_batches
from coproc.engine.protocol import I64, Engine
from coproc.fold.settle import Combiner, Record
from coproc.keys import KeyRegistry
from coproc.operation import Batch, Columns, Operation
from coproc.ops import OPERATIONS
from coproc.ops.shape import MAX_BATCH

from .pools.protocol import PackedAnswers, PackedBatch, Seeds

FEW: Final = 4
OTHERS: Final = "*"
"""Tenants with fewer than `FEW` requests in a batch share the keys of this one: a part of its own costs more than a key."""


class Answerer:
    """Answers batches on one engine. Safe from any number of threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._keys = KeyRegistry(engine)

    def __call__(self, packed: PackedBatch) -> PackedAnswers:
        """The answers of any number of requests; those that the engine fails on are unserved. Raises InvalidInput."""
        start = thread_time()
        packed.check()
        operation, batch = OPERATIONS[packed.op], packed.batch()
        columns, seeds = [], []
        for first in range(0, len(packed), MAX_BATCH):
            some = packed.slice(first, min(first + MAX_BATCH, len(packed))) if len(packed) > MAX_BATCH else packed
            records: list[Record] = []
            columns.append(self._some(operation, some, batch if some is packed else some.batch(), Combiner(on_record=records.append)))
            seeds.append(Seeds(len(some), tuple((record.seed, record.digest) for record in records)))
        joined = columns[0] if len(columns) == 1 else concatenated(operation, columns)
        return PackedAnswers.of(joined, thread_time() - start, tuple(seeds))

    def _some(self, operation: Operation, packed: PackedBatch, batch: Batch, combiner: Combiner) -> Columns:
        """The parts of the tenants, whose claims are settled together."""
        index = places(packed)
        if len(index) < 2:
            keys = self._keys.of(next(iter(index), ""))
            return answer_batches(self.engine, keys, combiner, [Part(operation, batch)])[0]
        parts = [Part(operation, batch.take(i), self._keys.of(tenant)) for tenant, i in index.items()]
        columns = concatenated(operation, answer_batches(self.engine, self._keys, combiner, parts))
        back = np.argsort(np.concatenate(list(index.values())), kind="stable")
        retbuf = columns.retbuf[back]
        return Columns(
            columns.status[back], retbuf[:, 0] if operation.kind == "bool" else columns.value, retbuf, columns.gas[back], columns.engine
        )


def places(packed: PackedBatch) -> dict[str, I64]:
    """Whose kept keys the requests of a batch use -> which requests; {} where all use those of nobody."""
    found: dict[str, list[I64]] = {}
    at = 0
    for tenant, requests in packed.tenants:
        name = tenant if requests >= FEW or not tenant else OTHERS
        found.setdefault(name, []).append(np.arange(at, at + requests))
        at += requests
    return {name: np.concatenate(pieces) for name, pieces in found.items()}


def concatenated(operation: Operation, columns: list[Columns]) -> Columns:
    """Columns one after another; none at all: those of no request."""
    if not columns:
        nothing = np.zeros(0, np.uint8)
        return Columns(nothing, nothing, np.zeros((0, operation.width), np.uint8), np.zeros(0, np.int64), "")
    retbuf = np.concatenate([c.retbuf for c in columns])
    value = retbuf[:, 0] if operation.kind == "bool" else columns[0].value
    return Columns(np.concatenate([c.status for c in columns]), value, retbuf, np.concatenate([c.gas for c in columns]), columns[0].engine)
