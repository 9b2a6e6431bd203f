"""`Fold`: the value in Gt of the weighted claims of any stretch of a batch, from partial sums and products that are kept.

A stretch is [start, stop) in the order of the claims. Miller products of pairs that no two claims share are kept, for each leaf of `LEAF`
claims and within a leaf for each claim, so a stretch pays only for its sums of points, its few shared pairs and its final exponentiation.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np

from coproc.engine.protocol import GT_WORDS, U64, Addresses, Curve, Engine, FieldOp
from coproc.fold.claims import G1_OF, Claims
from coproc.fold.coefficients import Coefficients
from coproc.fold.terms import Alone, Common, Ids, Shared, sum_scalars, weigh

LEAF: Final = 64
Stretch = tuple[int, int]


@cache
def one(curve: Curve) -> U64:
    """uint64[words of Gt]: the neutral element. Not to be written to."""
    from coproc.params import bls12_381, bn254

    p, words = (bls12_381.P, 6) if curve == Curve.BLS12_381 else (bn254.P, 4)
    neutral = np.zeros(GT_WORDS[curve], np.uint64)
    neutral[:words] = np.frombuffer(((1 << 64 * words) % p).to_bytes(8 * words, "little"), "<u8")
    neutral.flags.writeable = False
    return neutral


class Fold:
    """The weighted claims of some blocks. `checks` counts the final exponentiations that were asked for."""

    def __init__(self, engine: Engine, curve: Curve, blocks: list[Claims], r: Coefficients) -> None:
        self._engine, self._curve = engine, curve
        self.n = sum(map(len, blocks))
        self._terms = weigh(engine, curve, blocks, r)
        self._leaves: U64 | None = None
        self._claims: U64 | None = None
        self._known = np.zeros(self.n, np.bool_)
        self.checks = 0

    def values(self, stretches: list[Stretch]) -> U64:
        """uint64[m, words of Gt] for m disjoint stretches in ascending order: one where all claims of a stretch are true, and else only
        by a chance of 2^-128."""
        f = self._miller(stretches)
        self.checks += len(stretches)
        return self._engine.final_exponentiation(self._curve, f)

    def quotients(self, a: U64, b: U64) -> U64:
        """a / b, uint64[m, words of Gt] each."""
        inverse = self._engine.fp12(self._curve, FieldOp.INV, b)
        return self._engine.fp12(self._curve, FieldOp.MUL, a, inverse)

    def is_one(self, gt: U64) -> Any:
        """bool[m]."""
        return (gt == one(self._curve)).all(axis=1)

    # ---- products ----
    def _miller(self, stretches: list[Stretch]) -> U64:
        m = len(stretches)
        node = np.full(self.n, -1, np.int64)
        for i, (start, stop) in enumerate(stretches):
            node[start:stop] = i
        at, sums, of = self._sums(node, m)
        if not len(self._terms.lines.claim) and not len(self._terms.points.claim):
            return self._with_lines(m, at, sums, of)
        f = np.empty((m, GT_WORDS[self._curve]), np.uint64)
        whole = [start % LEAF == 0 and (stop % LEAF == 0 or stop == self.n) for start, stop in stretches]
        for values, index in ((self._of_leaves, np.flatnonzero(whole)), (self._of_claims, np.flatnonzero(np.logical_not(whole)))):
            if len(index):
                f[index] = values([stretches[i] for i in index.tolist()])
        return self._times(f, self._with_lines(m, at, sums, of)) if len(of) else f

    def _of_leaves(self, stretches: list[Stretch]) -> U64:
        """The products of pairs of their own, for stretches of whole leaves."""
        if self._leaves is None:
            self._leaves = self._alone(np.arange(self.n) // LEAF, -(-self.n // LEAF))
        return self._product(self._leaves, [(start // LEAF, -(-stop // LEAF)) for start, stop in stretches])

    def _of_claims(self, stretches: list[Stretch]) -> U64:
        """The same for stretches within leaves, whose claims are then taken one by one, once."""
        new = np.zeros(self.n, np.bool_)
        for leaf in {start // LEAF for start, _ in stretches}:
            new[leaf * LEAF : (leaf + 1) * LEAF] = True
        if self._claims is None:
            self._claims = np.empty((self.n, GT_WORDS[self._curve]), np.uint64)
        new &= ~self._known
        index = np.flatnonzero(new)
        if len(index):
            node = np.full(self.n, -1, np.int64)
            node[index] = np.arange(len(index))
            self._claims[index] = self._alone(node, len(index))
            self._known |= new
        return self._product(self._claims, stretches)

    def _product(self, values: U64, stretches: list[Stretch]) -> U64:
        """The product of the values of each stretch."""
        size = max(stop - start for start, stop in stretches)
        grid = np.tile(one(self._curve), (size, len(stretches), 1))
        for i, (start, stop) in enumerate(stretches):
            grid[: stop - start, i] = values[start:stop]
        words = grid.shape[2]
        while len(grid) > 1:
            half = len(grid) // 2
            product = self._times(grid[:half].reshape(-1, words), grid[half : 2 * half].reshape(-1, words)).reshape(half, -1, words)
            grid = np.concatenate((product, grid[2 * half :]))
        product_of: U64 = grid[0]
        return product_of

    def _alone(self, node: Ids, m: int) -> U64:
        """uint64[m, words of Gt]: Miller products of the pairs of their own, of the claims in each of m nodes (-1: in none)."""
        lines, points = self._terms.lines, self._terms.points
        f = None
        if len(lines.claim):
            g1, g2, offsets = _chosen(lines, node, m)
            f = self._engine.miller_loop_lines(self._curve, offsets, g1, g2.ravel())
        if len(points.claim):
            g1, g2, offsets = _chosen(points, node, m)
            g = self._engine.miller_loop(self._curve, offsets, g1, g2)
            f = g if f is None else self._times(f, g)
        assert f is not None
        return f

    def _with_lines(self, m: int, at: Addresses, sums: U64, of: Ids) -> U64:
        """Miller products of pairs with prepared lines; of: the node of each, ascending."""
        return self._engine.miller_loop_lines(self._curve, _offsets(of, m), sums, at)

    def _times(self, a: U64, b: U64) -> U64:
        return self._engine.fp12(self._curve, FieldOp.MUL, np.ascontiguousarray(a), np.ascontiguousarray(b))

    # ---- sums ----
    def _sums(self, node: Ids, m: int) -> tuple[Addresses, U64, Ids]:
        """For each node and each shared line of its claims: the line, the sum of points, the node (ascending)."""
        size = len(self._terms.addresses)
        parts = [self._own(node, size), *(self._common(c, node, size) for c in self._terms.common)]
        key = np.concatenate([k for k, _ in parts])
        if not len(key):
            nothing = np.zeros(0, np.uint64)
            return nothing, np.zeros((0, GT_WORDS[self._curve] // 6), np.uint64), np.zeros(0, np.int64)
        order = np.argsort(key.astype(np.uint16) if m * size < 1 << 16 else key, kind="stable")
        key = key[order]
        first = np.flatnonzero(np.diff(key, prepend=-1))
        offsets = np.append(first, len(key)).astype(np.uint64)
        point, scalar, table = (np.concatenate([getattr(t, name) for _, t in parts])[order] for name in ("point", "scalar", "table"))
        sums = self._engine.msm(G1_OF[self._curve], offsets, point, scalar, table)
        distinct = key[first]
        return self._terms.addresses[distinct % size], sums, distinct // size

    def _own(self, node: Ids, size: int) -> tuple[Ids, Shared]:
        shared = self._terms.shared
        of = node[shared.claim]
        if np.count_nonzero(of < 0):
            index = np.flatnonzero(of >= 0)
            shared, of = shared.take(index), of[index]
        return of * size + shared.line, shared

    def _common(self, common: Common, node: Ids, size: int) -> tuple[Ids, Shared]:
        """The points of keys: their scalars are added up over the claims of a node."""
        of = node[common.claim]
        index = np.flatnonzero(of >= 0)
        key = of[index] * size + common.line[index]
        order = np.argsort(key, kind="stable")
        key, index = key[order], index[order]
        first = np.flatnonzero(np.diff(key, prepend=-1))
        c = common.points.shape[1]
        if not len(first):
            return np.zeros(0, np.int64), self._terms.shared.take(slice(0))
        scalars = sum_scalars(self._engine, self._curve, common.scalars[index], first)
        chosen = index[first]
        key = np.repeat(key[first], c)
        return key, Shared(key, key, common.points[chosen].ravel(), scalars.reshape(-1, 4), common.tables[chosen].ravel())


def _offsets(of: Ids, m: int) -> U64:
    """Where each of m nodes begins in an ascending list of nodes."""
    return np.searchsorted(of, np.arange(m + 1)).astype(np.uint64)


def _chosen(alone: Alone, node: Ids, m: int) -> tuple[U64, U64, U64]:
    """The pairs whose claims are in a node, and their offsets; nodes ascend with claims."""
    of = node[alone.claim]
    if np.count_nonzero(of < 0):
        index = np.flatnonzero(of >= 0)
        return np.ascontiguousarray(alone.g1[index]), np.ascontiguousarray(alone.g2[index]), _offsets(of[index], m)
    return alone.g1, alone.g2, _offsets(of, m)
