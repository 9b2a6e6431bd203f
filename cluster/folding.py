"""`FoldWorker`: the far side of a question. It folds the claims of a batch with the coefficients that it is given, and judges nothing.

`Claimed` is what both sides make of requests: their claims, as far as they can be folded.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

import numpy as np

from coproc.engine.protocol import GT_WORDS, I64, U8, U64, Buffers, Engine, Parsed
from coproc.errors import EngineLost
from coproc.fold.claims import Claims
from coproc.fold.coefficients import coefficients
from coproc.fold.product import Fold, one
from coproc.fold.search import Contradiction, one_by_one, search
from coproc.fold.singly import settle_singly
from coproc.keys import KeyRegistry
from coproc.operation import Batch, Operation
from coproc.ops import OPERATIONS

from .pools.protocol import PackedBatch
from .sealed import CURVE_OF, Partial, Question, tag_sum, tags, weights

_log: Final = logging.getLogger("coproc.cluster")
KEPT: Final = 32
"""Folds that a worker keeps, in case it is asked who is to blame."""
KEPT_CLAIMS: Final = 1 << 16
"""Of all of them together; a claim takes about a kilobyte."""
LEAST_KEPT: Final = 4
"""Folds, of whatever size."""


class Forgotten(EngineLost):
    """A worker does not have the fold any more that it is asked about."""


@dataclass(slots=True)
class Claimed:
    """The requests of a batch, decoded.

    status uint8[n] and retbuf uint8[n, 1] as in `Columns`, before claims are settled. claims: all of them, or None; index int64[k]: whose
    each is. folded uint8[n]: 1 where the claim of a request can be folded.
    """

    status: U8
    retbuf: U8
    claims: Claims | None
    index: I64
    folded: U8

    @classmethod
    def of(cls, engine: Engine, keys: KeyRegistry, packed: PackedBatch) -> Claimed:
        operation, batch = OPERATIONS[packed.op], packed.batch()
        return cls.of_parsed(engine, keys, operation, batch, operation.parse(engine, batch))

    @classmethod
    def of_fields(cls, engine: Engine, keys: KeyRegistry, op: str, rules: U8, parsed: Parsed) -> Claimed:
        """`of` where the fields are known, and all buffers decode."""
        args = Buffers(parsed.fields[:, 0].copy(), parsed.counts[:, 0].copy())  # operations read the fields, not the buffers
        batch = Batch(args, np.full(len(rules), 8, np.uint8), rules)
        return cls.of_parsed(engine, keys, OPERATIONS[op], batch, parsed)

    @classmethod
    def of_parsed(cls, engine: Engine, keys: KeyRegistry, operation: Operation, batch: Batch, parsed: Parsed) -> Claimed:
        """`of` where the fields are known; of `batch` only the rules are read."""
        n = len(batch)
        pending = operation.begin(engine, keys, batch, parsed)
        if pending.claims is not None and pending.claims.foldable is not None and not pending.claims.foldable.all():
            pending = operation.begin(engine, keys, batch, parsed)  # some keys are prepared in full when they come again
        folded, claims = np.zeros(n, np.uint8), pending.claims
        if claims is None:
            return cls(pending.status, pending.retbuf, None, np.zeros(0, np.int64), folded)
        index = np.arange(n)[pending.index]
        folded[index if claims.foldable is None else index[claims.foldable]] = 1
        return cls(pending.status, pending.retbuf, claims, index, folded)

    def some(self, mask: Any) -> tuple[Claims | None, I64]:
        """The foldable claims of the requests in a mask bool[n], and whose they are."""
        if self.claims is None:
            return None, self.index
        chosen = np.flatnonzero(mask[self.index] & (self.folded[self.index] != 0))
        return (self.claims.take(chosen), self.index[chosen]) if len(chosen) else (None, self.index[:0])


def fold_of(engine: Engine, claims: Claims, pairs: U64) -> Fold:
    """The fold of claims under the halves of their coefficients, uint64[k, 2]."""
    return Fold(engine, claims.curve, [claims], coefficients(engine, claims.curve, pairs))


@dataclass(slots=True)
class _Kept:
    """A fold that was answered. hold: what its claims point into."""

    fold: Fold
    claims: Claims
    root: U64
    index: I64
    hold: list[object]


class FoldWorker:
    """Answers questions on one engine. Safe from any number of threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._keys = KeyRegistry(engine)
        self._lock = threading.Lock()
        self._folds: OrderedDict[bytes, _Kept] = OrderedDict()

    def fold(self, question: Question) -> Partial:
        start = perf_counter()
        n, curve, seed = len(question), CURVE_OF[question.op], question.seed
        claimed = Claimed.of_fields(self.engine, self._keys, question.op, question.rules, question.parsed)
        claims, index = claimed.some(np.ones(n, np.bool_))
        if claims is None:
            return Partial(question.number, claimed.folded, one(curve).copy(), 0, self.engine.name, perf_counter() - start)
        fold = fold_of(self.engine, claims, weights(seed, n)[index])
        root = fold.values([(0, len(claims))])
        with self._lock:
            self._folds[question.number] = _Kept(fold, claims, root, index, question.hold)
            claims_kept = sum(kept.fold.n for kept in self._folds.values())
            while len(self._folds) > KEPT or (claims_kept > KEPT_CLAIMS and len(self._folds) > LEAST_KEPT):
                claims_kept -= self._folds.popitem(last=False)[1].fold.n
        gt = root.reshape(GT_WORDS[curve]).copy()
        return Partial(question.number, claimed.folded, gt, tag_sum(tags(seed, n), index), self.engine.name, perf_counter() - start)

    def blame(self, number: bytes) -> I64:
        """The requests whose claims are false, as this worker sees it: a hint, each is proved again by whoever asks.

        Raises Forgotten.
        """
        with self._lock:
            kept = self._folds.pop(number, None)
        if kept is None:
            raise Forgotten("this worker does not remember that batch")
        fold, claims = kept.fold, kept.claims
        if fold.is_one(kept.root)[0]:
            return kept.index[:0]

        def single(some: I64) -> U8:
            return settle_singly(self.engine, claims.take(some))

        try:
            verdict = search(fold, kept.root, single, np.random.default_rng().permutation(len(claims)))
        except Contradiction:
            _log.exception("a fold of %d claims contradicts the single check", len(claims))
            verdict = one_by_one(fold, single, np.zeros(0, np.int64), np.zeros(0, np.uint8))
        blamed: I64 = kept.index[verdict == 0]
        return blamed
