"""The subgroup check is multiplication by r: it refuses every point outside, however small its order, alone or hidden behind a good one."""

from __future__ import annotations

import numpy as np
import pytest

from coproc.engine.protocol import Check, Engine, Group, Status
from tests.engine import kit, torsion

WITH_COFACTOR = [Group.BLS12_381_G1, Group.BLS12_381_G2, Group.BN254_G2]


def verdicts(engine: Engine, group: Group, points: list[kit.Point], checks: int = 3) -> list[bool]:
    return [s == Status.OK for s in engine.check(group, checks, kit.points(group, points))]


@pytest.mark.parametrize("group", WITH_COFACTOR, ids=lambda g: g.name.lower())
def test_points_of_each_small_order_are_refused(engine: Engine, group: Group) -> None:
    points = [torsion.point_of_order(group, order) for order in torsion.SMALL_ORDERS[group]]
    assert len(points) >= 2
    assert verdicts(engine, group, points, Check.ON_CURVE) == [True] * len(points)
    assert verdicts(engine, group, points) == [False] * len(points)


@pytest.mark.parametrize("group", WITH_COFACTOR, ids=lambda g: g.name.lower())
def test_a_good_point_plus_a_small_one_is_refused(engine: Engine, group: Group) -> None:
    good = torsion.multiply(group, 0xC0FFEE, kit.GENERATOR[group])
    points = [good]
    for order in torsion.SMALL_ORDERS[group]:
        points.append(torsion.add(group, good, torsion.point_of_order(group, order)))
    assert verdicts(engine, group, points) == [True] + [False] * (len(points) - 1)


@pytest.mark.parametrize("group", list(Group), ids=lambda g: g.name.lower())
def test_check_agrees_with_multiplication_by_the_order(engine: Engine, group: Group, thorough: bool) -> None:
    """Points from small x lie in the group of prime order only by chance; their multiples by the cofactor always do."""
    some = list(torsion._random_points(group, 6 if thorough else 2))
    cleared = [torsion.multiply(group, torsion.COFACTOR[group], a) for a in some]
    points = some + cleared + [None]
    assert verdicts(engine, group, points) == [torsion.in_subgroup(group, a) for a in points]
    assert all(verdicts(engine, group, cleared))


@pytest.mark.parametrize("group", list(Group), ids=lambda g: g.name.lower())
def test_points_off_the_curve_are_refused(engine: Engine, group: Group) -> None:
    generator = kit.GENERATOR[group]
    points = [(*generator[:i], generator[i] ^ 1, *generator[i + 1 :]) for i in range(len(generator))]
    assert verdicts(engine, group, points, Check.ON_CURVE) == [False] * len(points)
    assert verdicts(engine, group, points) == [False] * len(points)


@pytest.mark.parametrize("group", list(Group), ids=lambda g: g.name.lower())
def test_no_points_is_a_legal_batch(engine: Engine, group: Group) -> None:
    empty = np.zeros((0, kit.points(group, [None]).shape[1]), np.uint64)
    assert engine.check(group, 3, empty).shape == (0,)
    assert engine.add(group, empty, empty).shape == empty.shape
    assert engine.scalar_mul(group, empty, kit.scalars([])).shape == empty.shape
