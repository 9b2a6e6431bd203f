"""Primitives of an engine in bulk, under the names that the peers' programs use: curve, operation, n, nanoseconds an item."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from time import process_time_ns
from typing import Final, NamedTuple

import numpy as np

from coproc.engine.protocol import Buffers, Check, Curve, Encoding, Engine, Group, rows_of
from coproc.measure.groups import ORDER, limbs, progression
from coproc.measure.requests import DST

BULK: Final = 1024
"""Elements of a call for operations that the peers' programs time one by one."""
G1, G2, B1, B2 = Group.BLS12_381_G1, Group.BLS12_381_G2, Group.BN254_G1, Group.BN254_G2
CURVES: Final = {"bls12-381": (Curve.BLS12_381, G1, G2, Encoding.ZCASH), "bn254": (Curve.BN254, B1, B2, Encoding.ARK_COMPRESSED)}


class Primitive(NamedTuple):
    """n: as the peers count it, what is done at a time; items: what a figure is divided by."""

    curve: str
    op: str
    n: int
    items: int
    run: Callable[[], object]


def primitives(engine: Engine, largest: int) -> Iterator[Primitive]:
    """Everything that is timed; largest: points of the largest sum."""
    for name, (curve, g1, g2, encoding) in CURVES.items():
        random = Random(name)
        order = ORDER[g1]

        def number(random: Random = random, order: int = order) -> int:
            return random.randrange(1, order)

        ps, qs = progression(engine, g1, max(BULK, largest), number(), number()), progression(engine, g2, BULK, number(), number())
        some = np.ascontiguousarray(ps.points[:BULK])
        for n in (1, 2, 64, 256):
            offsets = np.array([0, n], np.uint64)
            a, b = np.ascontiguousarray(ps.points[:n]), np.ascontiguousarray(qs.points[:n])
            op = "pairing" if n == 1 else "multi_pairing"
            yield Primitive(name, op, n, n, lambda o=offsets, a=a, b=b, c=curve: engine.pairing(c, o, a, b))  # type: ignore[misc]
        for label, group, points in (("g1", g1, some), ("g2", g2, qs.points)):
            encoded = engine.encode(group, encoding, points)
            at = rows_of(encoded)

            def decode(checks: int, group: Group = group, at: object = at, held: object = encoded, e: Encoding = encoding) -> object:
                return engine.decode(group, e, checks, at)  # type: ignore[arg-type]

            yield Primitive(name, f"{label}_decompress", 1, BULK, lambda d=decode: d(0))  # type: ignore[misc]
            if (name, label) != ("bn254", "g1"):  # every point of that curve is in the group
                yield Primitive(name, f"{label}_decompress_checked", 1, BULK, lambda d=decode: d(Check.IN_SUBGROUP))  # type: ignore[misc]
                yield Primitive(name, f"{label}_subgroup", 1, BULK, lambda g=group, p=points: engine.check(g, Check.IN_SUBGROUP, p))  # type: ignore[misc]
        if name == "bls12-381":
            messages = [random.randbytes(32) for _ in range(BULK)]
            yield Primitive(name, "hash_g1", 32, BULK, lambda m=messages: engine.hash_to_g1(Buffers.of(m), DST))  # type: ignore[misc]
        for n in (64, 1024, 16384):
            if n <= largest:
                for op, bits in (("msm_g1", 256), ("msm_g1_128bit", 128)):
                    scalars = limbs([number() & ((1 << bits) - 1) for _ in range(n)])
                    terms, offsets = rows_of(ps.points)[:n].copy(), np.array([0, n], np.uint64)
                    yield Primitive(name, op, n, n, lambda g=g1, o=offsets, t=terms, s=scalars, held=ps: engine.msm(g, o, t, s))  # type: ignore[misc]


def time_primitive(primitive: Primitive, budget_ns: float) -> float:
    """The least nanoseconds an item of samples for about `budget_ns`, three at least; by the processor's clock, as the peers."""
    primitive.run()
    best, spent, samples = float("inf"), 0, 0
    while spent < budget_ns or samples < 3:
        before = process_time_ns()
        primitive.run()
        took = process_time_ns() - before
        best, spent, samples = min(best, took / primitive.items), spent + took, samples + 1
    return best
