"""Claims with known logarithms: claim i says e(g1, g2)^(error i) = 1, in every form that a claim can have."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from coproc.engine.protocol import U64, Curve, Engine, address_of, rows_of
from coproc.fold.claims import Claims, Slot, Sum
from tests.engine import kit

FORMS = ("sums", "points", "lines", "mixed")


def points(engine: Engine, curve: Curve, which: int, logs: Sequence[int]) -> U64:
    """Multiples of the generator of the first (0) or second (1) group."""
    group = kit.GROUPS[curve][which]
    base = np.tile(kit.points(group, [kit.GENERATOR[group]]), (len(logs), 1))
    return engine.scalar_mul(group, base, kit.scalars([x % kit.ORDER[curve] for x in logs]))


def power(engine: Engine, curve: Curve, exponent: int) -> U64:
    """e(g1, g2)^exponent, uint64[1, words of Gt]."""
    return engine.pairing(curve, kit.offsets([1]), points(engine, curve, 0, [exponent]), points(engine, curve, 1, [1]))


def claims(engine: Engine, curve: Curve, errors: Sequence[int], form: str, seed: int = 0) -> list[Claims]:
    """Blocks of claims with these errors.

    sums: two pairs with lines that all share, one of them a sum with a point in common. points: a pair with a point of G2 each. lines: a
    pair with lines of its own. mixed: a third of each, and lines that two claims share.
    """
    if form == "mixed":
        n = len(errors)
        cut = (0, n // 3, 2 * n // 3, n)
        kinds = zip(("lines", "sums", "points"), cut, cut[1:], strict=False)
        return [block for kind, a, b in kinds if b > a for block in claims(engine, curve, errors[a:b], kind, seed)]
    rng = random.Random(f"{curve}{form}{seed}")
    n, r = len(errors), kit.ORDER[curve]
    a = [rng.randrange(r) for _ in errors]
    fixed = engine.lines(curve, points(engine, curve, 1, [1, r - 1]))
    line, minus = rows_of(fixed).tolist()
    generator = points(engine, curve, 0, [1])
    hold: list[object] = [fixed, generator]
    if form == "sums":
        # a - (s + t b) = error
        b, t = rng.randrange(r), [rng.randrange(r) for _ in errors]
        other = points(engine, curve, 0, [b])
        hold.append(other)
        first = Slot(points(engine, curve, 0, a), lines=np.full(n, line, np.uint64))
        scalars = np.empty((n, 2, 4), np.uint64)
        scalars[:, 0] = kit.scalars([(x - e - k * b) % r for x, e, k in zip(a, errors, t, strict=True)])
        scalars[:, 1] = kit.scalars(t)
        at = np.tile(np.array([address_of(generator), address_of(other)], np.uint64), (n, 1))
        slots = [first, Slot(Sum(at, scalars, common=1), lines=np.full(n, minus, np.uint64))]
    else:
        # a b - s = error
        b_each = [rng.randrange(1, r) for _ in errors]
        g2 = points(engine, curve, 1, b_each)
        own = Slot(points(engine, curve, 0, a), g2=g2)
        if form == "lines":
            prepared = engine.lines(curve, g2)
            hold.append(prepared)
            own = Slot(own.g1, lines=rows_of(prepared))
        scalars = kit.scalars([(x * y - e) % r for x, y, e in zip(a, b_each, errors, strict=True)]).reshape(n, 1, 4)
        at = np.full((n, 1), address_of(generator), np.uint64)
        slots = [own, Slot(Sum(at, scalars, common=1), lines=np.full(n, minus, np.uint64))]
    return [Claims(curve, slots, lambda: form.encode() + bytes([seed]), hold=hold)]
