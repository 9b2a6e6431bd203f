"""Claims settled one by one: a sum of points and a pairing check each, over the whole batch. The verdict that a fold must give too."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from coproc.engine.protocol import U8, U64, Addresses, Curve, Engine, host_of, multiples, rows_of
from coproc.fold.claims import G1_OF, Claims, Sum


def settle_singly(engine: Engine, claims: Claims) -> U8:
    """verdict uint8[n]; of an accelerator the host settles them, whose "no" counts."""
    engine = host_of(engine)
    n, slots = len(claims), claims.slots
    if n == 0:
        return np.zeros(0, np.uint8)
    sums = _sums(engine, claims.curve, [slot.g1 for slot in slots if isinstance(slot.g1, Sum)])
    if len(sums) and sums.shape[1] == len(slots):
        g1 = sums
    else:
        g1 = np.empty((n, len(slots), sums.shape[2]), np.uint64)
        added = 0
        for k, slot in enumerate(slots):
            if isinstance(slot.g1, Sum):
                g1[:, k] = sums[:, added]
                added += 1
            else:
                g1[:, k] = slot.g1
    lines = np.empty((n, len(slots)), np.uint64)
    hold = []
    for k, slot in enumerate(slots):
        lines[:, k] = 0 if slot.lines is None else slot.lines
        if slot.g2 is not None:
            bare = np.flatnonzero(lines[:, k] == 0)
            at, prepared = lines_of(engine, claims.curve, slot.g2[bare])
            lines[bare, k] = at
            hold.append(prepared)
    verdict = engine.pairing_check(claims.curve, multiples(n + 1, len(slots)), g1, lines.ravel(), claims.targets)
    del hold
    return verdict


def lines_of(engine: Engine, curve: Curve, g2: U64) -> tuple[Addresses, U64]:
    """Addresses of the prepared lines of each point, 0 for infinity; and what they point into."""
    finite = np.logical_or.reduce(g2, axis=1)
    if np.count_nonzero(finite) == len(finite):
        lines = engine.lines(curve, g2)
        return rows_of(lines), lines
    lines = engine.lines(curve, g2[finite])
    at = np.zeros(len(g2), np.uint64)
    at[finite] = rows_of(lines)
    return at, lines


def _sums(engine: Engine, curve: Curve, sums: list[Sum]) -> U64:
    """uint64[n, k, words]: k sums of each claim, in one msm."""
    words = 12 if curve == Curve.BLS12_381 else 8
    if not sums:
        return np.zeros((0, 0, words), np.uint64)
    n = len(sums[0].points)
    offsets = _offsets(tuple(s.points.shape[1] for s in sums), n)
    if len(sums) == 1:
        points, scalars, tables = sums[0].points, sums[0].scalars, sums[0].tables
    else:
        points = np.concatenate([s.points for s in sums], axis=1)
        scalars = np.concatenate([s.scalars for s in sums], axis=1)
        tables = None
        if any(s.tables is not None for s in sums):
            tables = np.concatenate([np.zeros_like(s.points) if s.tables is None else s.tables for s in sums], axis=1)
    flat = None if tables is None else tables.ravel()
    return engine.msm(G1_OF[curve], offsets, points.ravel(), scalars.reshape(-1, 4), flat).reshape(n, len(sums), words)


@lru_cache(maxsize=64)
def _period(widths: tuple[int, ...]) -> U64:
    return np.cumsum((0, *widths), dtype=np.uint64)


def _offsets(widths: tuple[int, ...], n: int) -> U64:
    """0, a, a + b, ..., repeated for n claims."""
    if len(widths) == 1:
        return multiples(n + 1, widths[0])
    period = _period(widths)
    offsets = np.empty(n * len(widths) + 1, np.uint64)
    offsets[:-1] = (multiples(n, int(period[-1]))[:, None] + period[:-1]).ravel()
    offsets[-1] = n * int(period[-1])
    return offsets
