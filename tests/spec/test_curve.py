"""Groups: the group law, multiples of points of any order, and py_ecc as a second opinion."""

from __future__ import annotations

import random
from types import ModuleType
from typing import Any

import pytest
from py_ecc import bls12_381, bn128

from coproc.spec import curve
from coproc.spec.curve import Curve
from coproc.spec.fields import PrimeField

GROUPS = [
    pytest.param(curve.BLS12_381_G1, bls12_381, "G1", id="bls12_381_g1"),
    pytest.param(curve.BLS12_381_G2, bls12_381, "G2", id="bls12_381_g2"),
    pytest.param(curve.BN254_G1, bn128, "G1", id="bn254_g1"),
    pytest.param(curve.BN254_G2, bn128, "G2", id="bn254_g2"),
]


def plain(point: Any) -> Any:
    """A point of py_ecc as a point of the specification."""
    if point is None:
        return None
    return tuple(int(c) if not hasattr(c, "coeffs") else tuple(int(x) for x in c.coeffs) for c in point)


@pytest.mark.parametrize(("group", "library", "name"), GROUPS)
def test_multiples_and_sums_are_the_ones_of_py_ecc(group: Curve[Any], library: ModuleType, name: str) -> None:
    draw = random.Random(3)
    theirs = getattr(library, name)
    for _ in range(3):
        n, m = draw.randrange(1 << 40), draw.randrange(1 << 40)
        a, b = library.multiply(theirs, n), library.multiply(theirs, m)
        assert group.mul(n, group.generator) == plain(a)
        assert group.add(plain(a), plain(b)) == plain(library.add(a, b))


@pytest.mark.parametrize(("group", "library", "name"), GROUPS)
def test_the_generator_has_the_order_and_no_smaller_one(group: Curve[Any], library: ModuleType, name: str) -> None:
    del library, name
    assert group.in_subgroup(group.generator)
    assert group.mul(group.order - 1, group.generator) == group.neg(group.generator)
    assert group.mul(group.order + 2, group.generator) == group.add(group.generator, group.generator)
    assert group.mul(-3, group.generator) == group.neg(group.mul(3, group.generator))


def test_every_multiple_of_every_point_of_a_toy_curve_is_a_repeated_sum() -> None:
    """y^2 = x^3 + 7 over F_43 has 31 points, y^2 = x^3 + 1 over F_37 has 48: points of order 2 and 3 among them."""
    for p, b in ((43, 7), (37, 1)):
        toy = Curve(PrimeField(p, 1), b, 1, (0, 0))
        points: list[tuple[int, int] | None] = [(x, y) for x in range(p) for y in range(p) if toy.contains((x, y))]
        points.append(None)
        for point in points:
            total: tuple[int, int] | None = None
            for n in range(len(points) + 2):
                assert toy.mul(n, point) == total
                total = toy.add(total, point)
            assert toy.mul(len(points), point) is None
            for other in points:
                assert toy.add(point, other) == toy.add(other, point)
                assert toy.msm([(5, point), (-3, other)]) == toy.sub(toy.mul(5, point), toy.mul(3, other))


def test_a_sum_of_multiples_is_the_sum_of_the_multiples() -> None:
    g, draw = curve.BLS12_381_G1, random.Random(4)
    factors = [draw.randrange(g.order) for _ in range(6)] + [0, 1]
    points = [g.mul(draw.randrange(g.order), g.generator) for _ in range(7)] + [None]
    total = None
    for n, point in zip(factors, points, strict=True):
        total = g.add(total, g.mul(n, point))
    assert g.msm(zip(factors, points, strict=True)) == total
    assert g.msm([]) is None


def test_points_outside_the_subgroup_are_found_out() -> None:
    """Points of the curves at small x: cofactors are large, so they are outside."""
    for group in (curve.BLS12_381_G1, curve.BLS12_381_G2, curve.BN254_G2):
        found = 0
        for x in range(1, 40):
            at = x if isinstance(group.b, int) else (x, 1)
            y = group.field.sqrt(group.y_squared(at))  # type: ignore[arg-type]
            if y is not None:
                found += 1
                assert not group.in_subgroup((at, y))  # type: ignore[arg-type]
        assert found
