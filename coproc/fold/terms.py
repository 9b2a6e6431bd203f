"""The terms of a fold as flat columns: every multiple of every pair, times the coefficient of its claim.

Pairs with the same prepared lines are one pair of the fold, whose point of the first group is a sum over claims. What has a point of the
second group to itself is scaled once and kept.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coproc.engine.protocol import U64, Addresses, Curve, Engine, FieldOp, rows_of
from coproc.fold.claims import G1_OF, SCALARS_OF, Claims, Slot, Sum
from coproc.fold.coefficients import Coefficients, montgomery

Ids = NDArray[np.int64]

_ONE_EACH: Final = 1


class Shared(NamedTuple):
    """Terms under shared lines: the claim of each (ascending), its line's number, point, scalar uint64[k, 4] and table (or 0)."""

    claim: Ids
    line: Ids
    point: Addresses
    scalar: U64
    table: Addresses

    def take(self, index: Any) -> Shared:
        return Shared(self.claim[index], self.line[index], self.point[index], self.scalar[index], self.table[index])


class Common(NamedTuple):
    """Terms whose points follow from the line: c for each claim (ascending), scalars uint64[k, c, 4]."""

    claim: Ids
    line: Ids
    points: Addresses
    scalars: U64
    tables: Addresses


class Alone(NamedTuple):
    """Pairs that no other claim shares: the claim of each (ascending), its scaled point, and either prepared lines or a point of G2."""

    claim: Ids
    g1: U64
    g2: U64


class Terms(NamedTuple):
    """addresses uint64[L]: the lines behind their numbers. hold: what addresses point into."""

    addresses: Addresses
    shared: Shared
    common: list[Common]
    lines: Alone
    points: Alone
    hold: list[object]


def _slots(blocks: list[Claims]) -> list[tuple[int, Slot]]:
    """Every slot that takes part in a fold, and the first claim of its block."""
    found, start = [], 0
    for block in blocks:
        found += [(start, slot) for slot in block.slots]
        if block.closing is not None:
            found.append((start, block.closing))
        start += len(block)
    return found


def weigh(engine: Engine, curve: Curve, blocks: list[Claims], r: Coefficients) -> Terms:
    """The terms of some blocks of claims, whose coefficients are numbered through."""
    words = 12 if curve == Curve.BLS12_381 else 8
    slots = _slots(blocks)
    lines = [slot.lines for _, slot in slots if slot.lines is not None]
    addresses, numbers = _numbered(lines)
    many = _shared_by_many(slots, addresses, numbers)
    shared: list[Shared] = []
    common: list[Common] = []
    alone_lines, alone_points, hold = [], [], []
    place = 0
    for start, slot in slots:
        n = len(slot.g1.points) if isinstance(slot.g1, Sum) else len(slot.g1)
        claim = np.arange(start, start + n)
        if slot.g2 is not None and not isinstance(slot.g1, Sum):
            bare = np.arange(n) if slot.lines is None else np.flatnonzero(slot.lines == 0)
            if len(bare):
                alone_points.append(Alone(claim[bare], slot.g1[bare], slot.g2[bare]))
        if slot.lines is None:
            continue
        number = numbers[place : place + n]
        place += n
        keep: Any = slice(None)
        if np.count_nonzero(slot.lines) < n:  # pairs with infinity are left out
            keep = np.flatnonzero(slot.lines)
        if isinstance(slot.g1, Sum):
            own, key = _weighted(engine, curve, slot.g1.take(keep), claim[keep], number[keep], r)
            shared += own
            common += key
            continue
        claim, number, points = claim[keep], number[keep], slot.g1
        lonely = ~many[number]
        if lonely.any():
            index = np.flatnonzero(lonely)
            alone_lines.append(Alone(claim[index], points[keep][index], addresses[number[index]].reshape(-1, 1)))
            claim, number = claim[~lonely], number[~lonely]
        if len(claim):
            points = np.ascontiguousarray(points)
            hold.append(points)
            at = rows_of(points)[claim - start]
            shared.append(Shared(claim, number, at, r.plain[claim], np.zeros(len(claim), np.uint64)))
    return Terms(
        addresses,
        _joined(shared),
        common,
        _scaled(engine, curve, alone_lines, r, words, 1),
        _scaled(engine, curve, alone_points, r, words, 2 * words),
        [*hold, blocks],
    )


def _numbered(lines: list[Addresses]) -> tuple[Addresses, Ids]:
    """The distinct addresses, and the number of each line of all slots."""
    if not lines:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    addresses, numbers = np.unique(np.concatenate(lines), return_inverse=True)
    return addresses, numbers.reshape(-1)


def _shared_by_many(slots: list[tuple[int, Slot]], addresses: Addresses, numbers: Ids) -> NDArray[np.bool_]:
    """bool[L]: lines under which more than one bare point comes, or any sum."""
    counts = np.bincount(numbers, minlength=len(addresses))
    place = 0
    for _, slot in slots:
        if slot.lines is None:
            continue
        if isinstance(slot.g1, Sum):
            counts[numbers[place : place + len(slot.lines)]] += 1
        place += len(slot.lines)
    return counts > _ONE_EACH


def _weighted(engine: Engine, curve: Curve, s: Sum, claim: Ids, line: Ids, r: Coefficients) -> tuple[list[Shared], list[Common]]:
    """The terms of sums: r_i times each scalar."""
    n, t = s.points.shape
    factors = np.repeat(r.mont[claim], t, axis=0)
    # plain times Montgomery is plain
    scalars = engine.field(SCALARS_OF[curve], FieldOp.MUL, np.ascontiguousarray(s.scalars).reshape(-1, 4), factors).reshape(n, t, 4)
    tables = np.zeros_like(s.points) if s.tables is None else s.tables
    c = s.common
    common = [Common(claim, line, s.points[:, :c], scalars[:, :c], tables[:, :c])] if c else []
    if c == t:
        return [], common
    own = Shared(
        np.repeat(claim, t - c), np.repeat(line, t - c), s.points[:, c:].ravel(), scalars[:, c:].reshape(-1, 4), tables[:, c:].ravel()
    )
    return [own], common


def _scaled(engine: Engine, curve: Curve, parts: list[Alone], r: Coefficients, words: int, words_2: int) -> Alone:
    """All of them in one, r_i times their points."""
    if not parts:
        return Alone(np.zeros(0, np.int64), np.zeros((0, words), np.uint64), np.zeros((0, words_2), np.uint64))
    claim = np.concatenate([p.claim for p in parts])
    g1, g2 = np.concatenate([p.g1 for p in parts]), np.concatenate([p.g2 for p in parts])
    scaled = engine.scalar_mul(G1_OF[curve], g1, r.plain[claim])
    if len(parts) == 1:
        return Alone(claim, scaled, g2)
    order = np.argsort(claim, kind="stable")
    return Alone(claim[order], scaled[order], g2[order])


def _joined(parts: list[Shared]) -> Shared:
    if not parts:
        nothing = np.zeros(0, np.int64)
        return Shared(nothing, nothing, np.zeros(0, np.uint64), np.zeros((0, 4), np.uint64), np.zeros(0, np.uint64))
    return parts[0] if len(parts) == 1 else Shared(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def sum_scalars(engine: Engine, curve: Curve, scalars: U64, starts: Ids) -> U64:
    """Sums mod r of consecutive rows (fewer than 2^32): uint64[k, c, 4] -> uint64[g, c, 4]; group j begins at starts[j]."""
    g, c = len(starts), scalars.shape[1]
    # 32-bit digits add up without carry: a sum is E + 2^32 O, with the even and the odd digits as 64-bit limbs
    digits = np.add.reduceat(np.ascontiguousarray(scalars).view(np.uint32).reshape(-1, c, 8), starts, axis=0, dtype=np.uint64)
    field = SCALARS_OF[curve]
    parts = np.concatenate((digits[:, :, ::2].reshape(-1, 4), digits[:, :, 1::2].reshape(-1, 4)))
    mont = engine.field(field, FieldOp.TO_MONT, parts)
    odd = engine.field(field, FieldOp.MUL, mont[g * c :], np.repeat(montgomery(curve, 1 << 32), g * c, axis=0))
    return engine.field(field, FieldOp.FROM_MONT, engine.field(field, FieldOp.ADD, mont[: g * c], odd)).reshape(g, c, 4)
