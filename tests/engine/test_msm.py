"""Sums of multiples: what a thousand terms, a batch of sums and prepared tables must have in common."""

from __future__ import annotations

import numpy as np
import pytest

from coproc.engine.protocol import POINT_WORDS, U64, Engine, Group
from tests.engine import kit

GROUPS = pytest.mark.parametrize("group", list(Group), ids=lambda g: g.name.lower())


def known_multiples(engine: Engine, group: Group, n: int) -> tuple[list[int], U64]:
    """Logarithms to the generator and the points, uint64[n, words]."""
    logarithms = [pow(7, i + 1, kit.ORDER[kit.curve_of(group)]) for i in range(n)]
    generator = kit.points(group, [kit.GENERATOR[group]])
    return logarithms, engine.scalar_mul(group, np.repeat(generator, n, axis=0), kit.scalars(logarithms))


def multiple(engine: Engine, group: Group, k: int) -> U64:
    return engine.scalar_mul(group, kit.points(group, [kit.GENERATOR[group]]), kit.scalars([k % kit.ORDER[kit.curve_of(group)]]))


def sizes(engine: Engine) -> list[int]:
    return [5, 12] if engine.name == "spec" else [31, 63, 65, 127, 130, 700]


def scalars_of(group: Group, bits: int, n: int) -> list[int]:
    """Below 2^bits, the first ones right below it: there signed digits carry out of the highest window."""
    return [(1 << bits) - 1 - i if i < 3 else pow(3, 5 * i + 1, (1 << bits) - 1) for i in range(n)]


@GROUPS
@pytest.mark.parametrize("bits", [64, 127, 128, 255])
def test_msm_is_the_multiple_by_the_inner_product(engine: Engine, group: Group, bits: int) -> None:
    for n in sizes(engine):
        logarithms, points = known_multiples(engine, group, n)
        ks = scalars_of(group, bits, n)
        found = kit.msm(engine, group, [(points, ks)])
        assert np.array_equal(found, multiple(engine, group, sum(k * m for k, m in zip(ks, logarithms, strict=True))))


@GROUPS
def test_msm_of_a_batch_is_each_sum_alone(engine: Engine, group: Group) -> None:
    """Lengths mixed as in a batch of proofs, with tables and without: order and neighbours do not matter."""
    lengths = [4, 0, 2, 1] if engine.name == "spec" else [27, 2, 0, 1, 90, 3, 27, 2, 1, 64, 5, 1]
    _, points = known_multiples(engine, group, max(lengths))
    sums = [(points[:n], scalars_of(group, 255, n)) for n in lengths]
    alone = np.concatenate([kit.msm(engine, group, [one]) for one in sums])
    for tables in (False, True):
        assert np.array_equal(kit.msm(engine, group, sums, tables=tables), alone)
        assert np.array_equal(kit.msm(engine, group, sums[::-1], tables=tables), alone[::-1])


@GROUPS
@pytest.mark.parametrize("n", [3, 8, 60, 200])
def test_msm_of_one_point_many_times(engine: Engine, group: Group, n: int) -> None:
    """Equal points under equal scalars, and opposite ones, which cancel: the exceptions of affine addition, in every sum."""
    if engine.name == "spec" and n > 8:
        n = 9
    base = kit.GENERATOR[group]
    same = np.repeat(kit.points(group, [base]), n, axis=0)
    mixed = same.copy()
    mixed[1::2] = kit.points(group, [kit.negated(group, base)])
    for k in (1, 2, 3, 2**64 - 1, 2**128 - 1):
        assert np.array_equal(kit.msm(engine, group, [(same, [k] * n)]), multiple(engine, group, k * n))
        assert np.array_equal(kit.msm(engine, group, [(mixed, [k] * n)]), multiple(engine, group, k * (n % 2)))


@GROUPS
def test_msm_skips_infinity_and_zero(engine: Engine, group: Group) -> None:
    n = 6 if engine.name == "spec" else 150
    logarithms, points = known_multiples(engine, group, n)
    points[::3] = 0
    ks = [0 if i % 4 == 1 else i + 1 for i in range(n)]
    wanted = sum(k * m for i, (k, m) in enumerate(zip(ks, logarithms, strict=True)) if i % 3)
    for tables in (False, True):
        assert np.array_equal(kit.msm(engine, group, [(points, ks)], tables=tables), multiple(engine, group, wanted))
    assert not kit.msm(engine, group, [(np.zeros((n, POINT_WORDS[group]), np.uint64), ks)]).any()
