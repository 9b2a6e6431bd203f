"""Who is to blame: the false claims of a batch, by bisection where they are few and one by one where they are many.

A stretch that is not one is cut in two; the value of the right half is the quotient of both others, so each cut costs one check. k
false claims among n have at most k log2(n/k) + k stretches above them that are cut. Where most parts are false, stretches are cut in
more than two at once, which costs as many checks and fewer sums. A sample comes first: where most of it is false, the fold gives way.
Whatever the bisection calls false is confirmed by the single check, so with the sample and the first fold there are at most
2 k log2(n/k) + 2 k + 1 checks.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log2
from typing import Final

import numpy as np

from coproc.engine.protocol import U8, U64
from coproc.fold.product import LEAF, Fold, Stretch
from coproc.fold.terms import Ids

Single = Callable[[Ids], U8]
"""Verdicts of some claims, each on its own."""

_FIRST: Final = 8
_SECOND: Final = 16
_SEVERAL: Final = 16  # parts of the first cut where the sample has false claims: the bound leaves room for it from k = 2 on
_SEVERAL_FROM: Final = 512
_MANY: Final = 8
_LATE: Final = 32
_LATE_FROM: Final = 32  # false stretches: k is at least that, and k log2(n/k) more than the sample where n >= 64


class Contradiction(RuntimeError):
    """What the fold says about a claim is not what the single check says: one of the two computations is wrong."""


def search(fold: Fold, root: U64, single: Single, order: Ids) -> U8:
    """verdict uint8[n] of a fold whose value `root` uint64[1, words] is not one. order: the n claims in a random order.

    Raises Contradiction.
    """
    sampled, found, most = _sample(fold, single, order)
    if most or fold.n == 1:
        return one_by_one(fold, single, sampled, found)
    several = fold.n >= _SEVERAL_FROM and np.count_nonzero(found == 0) >= 2
    blamed, undecided = _bisect(fold, root, _SEVERAL if several else 2, lambda: _many_false(fold, single, order))
    doubtful = np.sort(np.concatenate((blamed, undecided)))
    verdict = np.ones(fold.n, np.uint8)
    verdict[doubtful] = single(doubtful)
    fold.checks += len(doubtful)
    if verdict[blamed].any() or verdict.all() or (verdict[sampled] != found).any():
        raise Contradiction(f"{np.count_nonzero(verdict[blamed])} of {len(blamed)} claims that the fold refuses are true alone")
    return verdict


def _sample(fold: Fold, single: Single, order: Ids) -> tuple[Ids, U8, bool]:
    """Some claims, their verdicts, and whether so many are false that a search does not pay.

    A first sample of log2 n, at most `_FIRST`: false by 3/4 is too many. Three false ones in it call for a second, of what the bound leaves
    for k >= 3: 2 k log2(n/k) + 2 k + 1 less the first sample and what the search itself may cost, k log2(n/k) + 2 k + 1. Then 3/8 is
    too many.
    """
    n = fold.n
    size = min(_FIRST, n.bit_length() - 1)
    sampled = np.sort(order[:size])
    found = single(sampled)
    fold.checks += size
    false = int(np.count_nonzero(found == 0))
    extra = min(_SECOND, int(3 * log2(n / 3)) - size)
    if 4 * false >= 3 * size or false < 3 or extra <= 0:
        return sampled, found, 4 * false >= 3 * size > 0
    more = np.sort(order[size : size + extra])
    fold.checks += extra
    sampled, found = np.concatenate((sampled, more)), np.concatenate((found, single(more)))
    return sampled, found, 8 * int(np.count_nonzero(found == 0)) >= 3 * len(sampled)


def one_by_one(fold: Fold, single: Single, known: Ids, found: U8) -> U8:
    """verdict uint8[n]: found[i] of claim known[i]; all others singly."""
    verdict = np.zeros(fold.n, np.uint8)
    verdict[known] = found
    others = np.setdiff1d(np.arange(fold.n), known)
    verdict[others] = single(others)
    fold.checks += len(others)
    return verdict


def _many_false(fold: Fold, single: Single, order: Ids) -> bool:
    """A late sample, of claims that no other has seen: whether 3/8 of it are false."""
    sampled = np.sort(order[-_LATE:])
    fold.checks += len(sampled)
    return 8 * int(np.count_nonzero(single(sampled) == 0)) >= 3 * len(sampled)


def _bisect(fold: Fold, root: U64, parts: int, many_false: Callable[[], bool]) -> tuple[Ids, Ids]:
    """Claims that the fold calls false; and those whose stretches are better settled one by one.

    parts: how many the first cut makes. many_false: asked once, where so many stretches are false that the bound leaves room for a sample.
    """
    blamed: list[int] = []
    stretches: list[Stretch] = [(0, fold.n)]
    gt = root
    asked = False
    while stretches and not _give_way(fold, stretches):
        cuts = [_cut(stretch, parts) for stretch in stretches]
        values = fold.values([part for cut in cuts for part in cut[:-1]])
        bad = ~fold.is_one(values)
        first = np.cumsum([0, *(len(cut) - 1 for cut in cuts)])
        # the last part of each stretch: what is left of its value
        rest = gt.copy()
        for j in range(parts - 1):
            index = np.array([i for i, cut in enumerate(cuts) if j < len(cut) - 1 and bad[first[i] + j]], np.int64)
            if len(index):
                rest[index] = fold.quotients(rest[index], values[first[index] + j])
        bad_rest = ~fold.is_one(rest)
        following: list[tuple[Stretch, U64]] = []
        for i, cut in enumerate(cuts):
            following += [(part, values[k]) for k, part in enumerate(cut[:-1], int(first[i])) if bad[k]]
            if bad_rest[i]:
                following.append((cut[-1], rest[i]))
        # where nearly all parts are false a cut in four costs less than two cuts in two
        share = len(following) / sum(map(len, cuts))
        parts = 4 if len(following) >= _MANY and share >= 0.75 else 2
        blamed += [start for (start, stop), _ in following if stop - start == 1]
        following = [(stretch, value) for stretch, value in following if stretch[1] - stretch[0] > 1]
        stretches = [stretch for stretch, _ in following]
        gt = np.array([value for _, value in following])
        if not asked and len(stretches) >= _LATE_FROM and share >= 0.9:
            asked = True
            if many_false():
                break
    undecided = [i for start, stop in stretches for i in range(start, stop)]
    return np.array(sorted(blamed), np.int64), np.array(undecided, np.int64)


def _cut(stretch: Stretch, parts: int) -> list[Stretch]:
    """A stretch in about equal parts, a power of two of them, or as many as it has claims."""
    start, stop = stretch
    if parts == 1 or stop - start == 1:
        return [stretch]
    middle = _middle(start, stop)
    return _cut((start, middle), parts // 2) + _cut((middle, stop), parts // 2)


def _middle(start: int, stop: int) -> int:
    """Halves are whole leaves as long as they can be."""
    size = stop - start
    return start + (-(-size // (2 * LEAF)) * LEAF if size > LEAF else size // 2)


def _give_way(fold: Fold, stretches: list[Stretch]) -> bool:
    """Whether the claims of what is left are better settled one by one: most stretches are false, and the bound allows it."""
    k, n = len(stretches), fold.n
    left = sum(stop - start for start, stop in stretches)
    return 2 * left >= n and k > 1 and fold.checks + left <= 2 * k * log2(n / k) + 2 * k + 1
