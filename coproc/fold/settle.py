"""`Combiner`: the verdicts of claims, folded over each curve where there are enough of them; always those of the single check."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import shake_256
from typing import Final

import numpy as np

from coproc.engine.protocol import U8, U64, Curve, Engine, is_accelerated
from coproc.fold.claims import Claims
from coproc.fold.coefficients import BITS, SEED_BYTES, coefficients, halves, seal
from coproc.fold.product import Fold
from coproc.fold.search import Contradiction, Single, one_by_one, search
from coproc.fold.singly import settle_singly
from coproc.fold.terms import Ids

_log: Final = logging.getLogger("coproc")
LEAST: Final = 3
"""Claims over one curve from which on a fold is cheaper than single checks."""


@dataclass(frozen=True)
class Record:
    """What an audit needs to draw the same coefficients again: the seed of one fold, the digest of what was read, and what came out.

    checks: final exponentiations and single checks. false: claims that were refused.
    """

    curve: Curve
    claims: int
    seed: bytes
    digest: bytes
    checks: int
    false: int


class Combiner:
    """Settles claims. Safe from any number of threads.

    bits shortens the coefficients, for tests of their calibration. draw_seed gives 32 secret bytes a fold. on_record is called with
    the `Record` of each fold.
    """

    def __init__(
        self,
        bits: int = BITS,
        draw_seed: Callable[[], bytes] | None = None,
        on_record: Callable[[Record], None] | None = None,
        least: int = LEAST,
    ) -> None:
        if not 1 <= bits <= BITS:
            raise ValueError(f"bits: {bits} is not within 1 and {BITS}")
        self._bits, self._on_record, self._least = bits, on_record, least
        self._draw_seed = draw_seed or (lambda: os.urandom(SEED_BYTES))

    def settle(self, engine: Engine, blocks: list[Claims]) -> list[U8]:
        """verdict uint8[n] of each block."""
        verdicts: list[U8] = [np.zeros(len(block), np.uint8) for block in blocks]
        for curve in Curve:
            places: list[tuple[int, Ids]] = []
            for i, block in enumerate(blocks):
                if block.curve == curve:
                    foldable = np.ones(len(block), np.bool_) if block.foldable is None else block.foldable
                    places.append((i, np.flatnonzero(foldable)))
            folded = sum(len(index) for _, index in places) >= self._least
            for i, index in places:
                block = blocks[i]
                if not folded:
                    verdicts[i] = settle_singly(engine, block)
                elif len(index) < len(block):
                    others = np.setdiff1d(np.arange(len(block)), index)
                    verdicts[i][others] = settle_singly(engine, block.take(others))
            if folded:
                places = [(i, index) for i, index in places if len(index)]
                chosen = [blocks[i] if len(index) == len(blocks[i]) else blocks[i].take(index) for i, index in places]
                for (i, index), verdict in zip(places, self._fold(engine, curve, chosen), strict=True):
                    verdicts[i][index] = verdict
        return verdicts

    def _fold(self, engine: Engine, curve: Curve, blocks: list[Claims]) -> list[U8]:
        sizes = [len(block) for block in blocks]
        n = sum(sizes)
        ends = np.cumsum(sizes)
        seed = self._draw_seed()
        digest = seal(curve, [block.seal() for block in blocks], seed)
        r = coefficients(engine, curve, halves(digest, n, self._bits))
        fold = Fold(engine, curve, blocks, r)
        root = fold.values([(0, n)])
        if fold.is_one(root)[0]:
            verdict = np.ones(n, np.uint8)
        else:
            verdict = _blame(engine, fold, root, lambda index: _single(engine, blocks, ends, index), _shuffled(digest, n))
        if self._on_record is not None:
            self._on_record(Record(curve, n, seed, digest, fold.checks, n - int(np.count_nonzero(verdict))))
        return np.split(verdict, ends[:-1])


def _blame(engine: Engine, fold: Fold, root: U64, single: Single, order: Ids) -> U8:
    try:
        return search(fold, root, single, order)
    except Contradiction as contradiction:
        _log.exception("a fold of %d claims contradicts the single check: all are settled one by one", fold.n)
        if is_accelerated(engine):
            engine.suspect(str(contradiction))
        return one_by_one(fold, single, np.zeros(0, np.int64), np.zeros(0, np.uint8))


def _shuffled(digest: bytes, n: int) -> Ids:
    """The numbers below n in an order that nobody knows who does not know the seed."""
    words = np.frombuffer(shake_256(digest + b"order").digest(8 * n), "<u8")
    return np.argsort(words, kind="stable")


def _single(engine: Engine, blocks: list[Claims], ends: Ids, index: Ids) -> U8:
    """The verdicts of some claims of all blocks (ascending), each on its own."""
    verdict = np.zeros(len(index), np.uint8)
    start = 0
    for block, end in zip(blocks, ends.tolist(), strict=True):
        here = np.flatnonzero((index >= start) & (index < end))
        if len(here):
            verdict[here] = settle_singly(engine, block.take(index[here] - start))
        start = end
    return verdict


__all__ = ["LEAST", "Combiner", "Record"]
