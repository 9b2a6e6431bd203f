"""Scalar multiplication on a device, of every group, on every kind of scalar and point."""

from __future__ import annotations

import random

import numpy as np
import pytest

from coproc.codegen.device import curves as constants
from coproc.engine.device import points
from coproc.engine.protocol import POINT_WORDS, U64, Group
from tests.device.curves import BLOCK, GROUPS, cpu, device, edge_scalars, name, order, randoms
from tests.engine import kit


def product(group: Group, given: U64, scalars: U64, block: int = BLOCK) -> U64:
    with device().stream() as stream:
        return points.scalar_mul(stream, group, given, scalars, block)


@pytest.mark.parametrize("group", GROUPS, ids=name)
def test_multiples_are_those_of_the_cpu(group: Group) -> None:
    values = [*edge_scalars(group), *(random.Random(5).randrange(1 << 256) for _ in range(6))]
    given = randoms(group, len(values))
    given[[4, 9]] = 0
    scalars = kit.scalars(values)
    assert np.array_equal(product(group, given, scalars), cpu().scalar_mul(group, given, scalars))


@pytest.mark.parametrize("group", GROUPS, ids=name)
def test_short_multipliers_are_congruent_and_as_short_as_the_windows_say(group: Group) -> None:
    curve, degree = points.CURVE_NAME[group], points.DEGREE[group]
    values = [*edge_scalars(group), *(random.Random(6).randrange(1 << 256) for _ in range(20))]
    with device().stream() as stream:
        buffer, words, windows = points.split(stream, group, kit.scalars(values), block=BLOCK)
        found = stream.download(buffer, np.empty((2 * degree, words, len(values)), np.uint32))
    bound = constants.short_bound(curve, degree)
    lattice = constants.LATTICES[curve, degree]
    for i, k in enumerate(values):
        short = [int.from_bytes(found[j, :, i].tobytes(), "little") - constants.offset(windows) for j in range(2 * degree)]
        assert all(abs(v) <= bound for v in short)
        assert (sum(v * lattice.mu**j for j, v in enumerate(short)) - k) % order(group) == 0


def test_coefficients_of_a_fold_are_short_twice() -> None:
    """a + b mu for a, b below 2^64, so that most windows of the ladder are empty."""
    for group in (Group.BLS12_381_G1, Group.BN254_G1):
        mu = constants.LATTICES[points.CURVE_NAME[group], 1].mu
        pairs = [(1, 0), (0, 1), ((1 << 64) - 1, (1 << 64) - 1), (12345, 1 << 63)]
        signs = -1 if group == Group.BLS12_381_G1 else 1  # coefficients are a + b x^2, mu is -x^2
        with device().stream() as stream:
            scalars = kit.scalars((a + signs * b * mu) % order(group) for a, b in pairs)
            buffer, words, windows = points.split(stream, group, scalars, block=BLOCK)
            found = stream.download(buffer, np.empty((2, words, len(pairs)), np.uint32))
        short = [
            [int.from_bytes(found[j, :, i].tobytes(), "little") - constants.offset(windows) for j in (0, 1)] for i in range(len(pairs))
        ]
        assert short == [[a, signs * b] for a, b in pairs]


@pytest.mark.parametrize("n", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1])
def test_scalar_mul_takes_any_number_of_points(n: int) -> None:
    group = Group.BN254_G1
    given, scalars = randoms(group, n), kit.scalars(range(n))
    found = product(group, given, scalars)
    assert found.shape == (n, POINT_WORDS[group])
    assert np.array_equal(found, cpu().scalar_mul(group, given, scalars))


def test_the_size_of_a_group_changes_nothing() -> None:
    group = Group.BN254_G1
    given, scalars = randoms(group, 9), kit.scalars(edge_scalars(group)[-9:])
    for block in (64,):
        assert np.array_equal(product(group, given, scalars, block), cpu().scalar_mul(group, given, scalars))
