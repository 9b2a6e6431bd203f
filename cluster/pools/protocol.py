"""`Pool`: whatever runs batches. `PackedBatch` and `PackedAnswers`: what goes in and what comes out, a handful of arrays each.

Arrays cost little to send: one buffer each through a socket or Ray's object store, whatever the number of requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import numpy as np

from coproc.engine.protocol import I64, U8, Buffers, Status
from coproc.errors import InvalidInput
from coproc.operation import ALIGNMENTS, Batch, Columns, Request
from coproc.ops import OPERATIONS

_EMPTY: Any = np.zeros(0, np.uint8)


class Seeds(NamedTuple):
    """Those of the folds of some requests in a row, answered together: (seed, digest) of each, as `coproc.fold.settle.Record`."""

    requests: int
    folds: tuple[tuple[bytes, bytes], ...]


class Run(NamedTuple):
    """So many requests in a row are a tenant's."""

    tenant: str
    requests: int


@dataclass(slots=True)
class PackedBatch:
    """n requests of one operation.

    op       name of the operation
    rules    uint8[n], `Rules.code` of each
    aligns   uint8[n], 1, 2, 4 or 8
    data     uint8[any]; request i is data[offsets[i]:offsets[i + 1]]
    offsets  int64[n + 1], ascending, within data
    tenants  whose kept keys the requests may use, in order; () where all have those of nobody ("")
    """

    op: str
    rules: U8
    aligns: U8
    data: U8
    offsets: I64
    tenants: tuple[Run, ...] = ()

    def __len__(self) -> int:
        return len(self.rules)

    @property
    def nbytes(self) -> int:
        """Argument bytes."""
        return int(self.offsets[-1] - self.offsets[0])

    def args(self, i: int) -> bytes:
        """The argument buffer of a request."""
        return self.data[self.offsets[i] : self.offsets[i + 1]].tobytes()

    def slice(self, start: int, stop: int) -> PackedBatch:
        """The requests from `start` on, before `stop`; nothing is copied but the offsets."""
        first, last = int(self.offsets[start]), int(self.offsets[stop])
        return PackedBatch(
            self.op, self.rules[start:stop], self.aligns[start:stop], self.data[first:last], self.offsets[start : stop + 1] - first,
            _runs(self.tenants, start, stop),
        )  # fmt: skip

    def take(self, index: Sequence[int]) -> PackedBatch:
        """The requests of an index, ascending."""
        at = np.asarray(index, np.int64)
        starts, stops = self.offsets[:-1][at], self.offsets[1:][at]
        offsets = np.zeros(len(at) + 1, np.int64)
        np.cumsum(stops - starts, out=offsets[1:])
        data = [_EMPTY, *(self.data[start:stop] for start, stop in zip(starts.tolist(), stops.tolist(), strict=True))]
        return PackedBatch(self.op, self.rules[at], self.aligns[at], np.concatenate(data), offsets, _runs_at(self.tenants, at))

    def batch(self) -> Batch:
        """The same requests for an operation; they point into `data`."""
        return Batch(Buffers.columns(self.data, self.offsets), self.aligns, self.rules)

    @classmethod
    def of(cls, requests: Sequence[Request], tenant: str = "") -> PackedBatch:
        """The requests, one or more, all of one operation, of one tenant. Raises InvalidInput."""
        op = requests[0].op
        if any(request.op != op for request in requests):
            raise InvalidInput("a packed batch has one operation")
        offsets = np.zeros(len(requests) + 1, np.int64)
        np.cumsum([len(request.args) for request in requests], out=offsets[1:])
        packed = cls(
            op,
            np.array([request.rules.code for request in requests], np.uint8),
            np.array([request.align for request in requests], np.uint8),
            np.frombuffer(b"".join(request.args for request in requests), np.uint8),
            offsets,
            (Run(tenant, len(requests)),) if tenant else (),
        )
        packed.check()
        return packed

    def check(self) -> None:
        """Raises InvalidInput where the arrays do not fit together, so that nothing is read outside `data`."""
        n = len(self.rules)
        if self.op not in OPERATIONS:
            raise InvalidInput(f"unknown operation {self.op!r}")
        if any(a.ndim != 1 or a.dtype != np.uint8 for a in (self.rules, self.aligns, self.data)) or self.offsets.dtype != np.int64:
            raise InvalidInput("rules, aligns and data: uint8 arrays of one dimension are wanted, offsets: int64")
        if not self.data.flags.c_contiguous or self.aligns.shape != (n,) or self.offsets.shape != (n + 1,):
            raise InvalidInput("a rules code, an alignment and an offset are wanted for each request, and one offset more")
        if self.offsets[0] < 0 or self.offsets[-1] > self.data.size or np.any(self.offsets[1:] < self.offsets[:-1]):
            raise InvalidInput("offsets: ascending ones within data are wanted")
        if not _IS_ALIGN[self.aligns].all():
            raise InvalidInput("align: 1, 2, 4 or 8 is wanted for each request")
        if not _IS_RULES[self.rules].all():
            raise InvalidInput("rules: PLONK's version 1, 2 or 3 with fork 0, 1 or 2 is wanted for each request")
        if self.tenants and sum(run.requests for run in self.tenants) != n:
            raise InvalidInput("tenants: as many as requests are wanted")


RULE_CODES: Final = np.array([version | fork << 4 for fork in range(3) for version in (1, 2, 3)], np.uint8)
"""Every `Rules.code`."""
_IS_ALIGN: Final = np.isin(np.arange(256), ALIGNMENTS)
_IS_RULES: Final = np.isin(np.arange(256), RULE_CODES)


@dataclass(slots=True)
class PackedAnswers:
    """The answers of a batch.

    status   uint8[n]: 0 ok, 1 malformed, 2 panic, 3 unserved
    value    uint8[n], 0 or 1 (operations that answer a bool, else empty)
    retbuf   uint8[n, width]: zeros for panic and unserved
    gas      int64[n]
    engine   who answered, "" where nobody did
    seconds  of work, processor time, so that a loaded machine does not pass for a slow one; 0 where nobody measured
    seeds    of the folds, in order; () where nobody said them
    """

    status: U8
    value: U8
    retbuf: U8
    gas: I64
    engine: str
    seconds: float = 0.0
    seeds: tuple[Seeds, ...] = ()

    def __len__(self) -> int:
        return len(self.status)

    def columns(self) -> Columns:
        return Columns(self.status, self.value, self.retbuf, self.gas, self.engine)

    @classmethod
    def of(cls, columns: Columns, seconds: float = 0.0, seeds: tuple[Seeds, ...] = ()) -> PackedAnswers:
        return cls(columns.status, columns.value, columns.retbuf, columns.gas, columns.engine, seconds, seeds)

    def slice(self, start: int, stop: int) -> PackedAnswers:
        """The answers from `start` on, before `stop`."""
        return PackedAnswers(self.status[start:stop], self.value[start:stop], self.retbuf[start:stop], self.gas[start:stop], self.engine)

    def fits(self, batch: PackedBatch) -> bool:
        """Whether the arrays have the shapes and ranges of answers of a batch: what a worker sends is not believed."""
        operation, n = OPERATIONS[batch.op], len(batch)
        is_bool = operation.kind == "bool"
        shapes = (self.status, (n,)), (self.retbuf, (n, operation.width)), (self.value, (n,) if is_bool else (0,))
        if any(array.dtype != np.uint8 or array.shape != shape for array, shape in shapes):
            return False
        if self.gas.shape != (n,) or self.gas.dtype != np.int64 or np.any(self.status > Status.UNSERVED):
            return False
        return not is_bool or bool(np.all(self.value <= 1) and np.array_equal(self.value, self.retbuf[:, 0]))


class Pool(Protocol):
    """Runs batches of at most `MAX_BATCH` requests. Safe from any number of threads."""

    @property
    def capacity(self) -> int:
        """Batches that run at once; more may be handed over, they wait inside."""

    @property
    def engines(self) -> tuple[str, ...]:
        """The engines that answer, each once."""

    def run(self, batch: PackedBatch) -> Future[PackedAnswers]:
        """The answers in order, later. Never raises.

        The future has EngineLost where the worker died with this batch in hand, any other EngineError where this pool cannot answer
        it; other batches are not touched by that.
        """

    def close(self) -> None:
        """Finish what was handed over, then end the workers."""


def _runs(tenants: tuple[Run, ...], start: int, stop: int) -> tuple[Run, ...]:
    """The runs of the requests from `start` on, before `stop`."""
    found, at = [], 0
    for tenant, requests in tenants:
        inside = min(stop, at + requests) - max(start, at)
        if inside > 0:
            found.append(Run(tenant, inside))
        at += requests
    return tuple(found)


def _runs_at(tenants: tuple[Run, ...], index: I64) -> tuple[Run, ...]:
    """The runs of the requests of an index, ascending."""
    ends = np.cumsum([run.requests for run in tenants])
    counts = np.diff(np.searchsorted(index, ends), prepend=0).tolist() if tenants else []
    return tuple(Run(run.tenant, n) for run, n in zip(tenants, counts, strict=True) if n)
