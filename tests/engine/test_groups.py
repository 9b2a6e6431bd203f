"""Addition, scalar multiplication and sums are those of the group Z/r."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coproc.engine.protocol import Engine, Group
from tests.engine import kit, torsion

GROUPS = pytest.mark.parametrize("group", list(Group), ids=lambda g: g.name.lower())

#: Scalars at which carries, endomorphism splits and signed digits go wrong first.
EDGES = [0, 1, 2, 3, 2**64 - 1, 2**64, 2**127, 2**128 - 1, 2**128, 2**252, 2**254, 2**255, 2**256 - 1]


def edge_scalars(group: Group) -> list[int]:
    r = kit.ORDER[kit.curve_of(group)]
    return [*EDGES, r - 2, r - 1, r, r + 1, 2 * r % 2**256, (r - 1) // 2, (r + 1) // 2, 0xD201000000010000, 0xD201000000010000**2 - 1]


def multiples(engine: Engine, group: Group, ks: list[int]) -> np.ndarray:
    generator = kit.points(group, [kit.GENERATOR[group]])
    return engine.scalar_mul(group, np.repeat(generator, len(ks), axis=0), kit.scalars(ks))


@GROUPS
def test_addition_is_chord_and_tangent(engine: Engine, group: Group) -> None:
    """All pairs of: infinity, P, -P, 2P, Q, a point outside the group; equal, opposite and unrelated ones alike."""
    base = kit.GENERATOR[group]
    some = [None, base, kit.negated(group, base), torsion.add(group, base, base), torsion.multiply(group, 77, base)]
    some += list(torsion._random_points(group, 1))
    if torsion.SMALL_ORDERS[group]:
        some.append(torsion.point_of_order(group, torsion.SMALL_ORDERS[group][0]))
    pairs = list(itertools.product(some, some))
    sums = engine.add(group, kit.points(group, [a for a, _ in pairs]), kit.points(group, [b for _, b in pairs]))
    assert kit.coordinates(group, sums) == [torsion.add(group, a, b) for a, b in pairs]


@GROUPS
def test_scalar_mul_is_repeated_addition(engine: Engine, group: Group) -> None:
    ks = edge_scalars(group)
    if engine.name == "spec":
        ks = ks[::3]
    assert kit.coordinates(group, multiples(engine, group, ks)) == [torsion.multiply(group, k, kit.GENERATOR[group]) for k in ks]


@GROUPS
def test_scalar_mul_of_infinity_is_infinity(engine: Engine, group: Group) -> None:
    ks = [0, 1, 5, 2**256 - 1]
    out = engine.scalar_mul(group, kit.points(group, [None] * len(ks)), kit.scalars(ks))
    assert not out.any()


@GROUPS
def test_batches_are_added_and_multiplied_as_their_elements(engine: Engine, group: Group, thorough: bool) -> None:
    """Scalars of every length, infinity, equal and opposite points beside each other; the batch grows from one element to 40."""
    count = 40 if thorough else 5
    r = kit.ORDER[kit.curve_of(group)]
    x2 = 0xD201000000010000**2
    ks = [0, 5, 2**64 - 1, 2**64 * x2 % r, (2**64 - 1) + (2**63 + 1) * x2, 2**128 - 1, r - 1, 3**100 % r]
    ms = [7, 1, 0, r - 1, 2, 7, r - 7, 11]
    exponents = [(ms[i * i % 8], ms[i * 3 % 8], ks[(i + i // 8) % 8]) for i in range(count)]
    left, right = (multiples(engine, group, [e[i] for e in exponents]) for i in (0, 1))
    sums = multiples(engine, group, [(a + b) % r for a, b, _ in exponents])
    products = multiples(engine, group, [a * k % r for a, _, k in exponents])
    for n in range(count + 1) if thorough else (count,):
        assert np.array_equal(engine.add(group, left[:n], right[:n]), sums[:n])
        assert np.array_equal(engine.scalar_mul(group, left[:n], kit.scalars([e[2] for e in exponents[:n]])), products[:n])


@GROUPS
def test_scalars_count_modulo_the_order(engine: Engine, group: Group, thorough: bool) -> None:
    r = kit.ORDER[kit.curve_of(group)]

    @settings(max_examples=30 if thorough else 2, deadline=None)
    @given(st.lists(st.integers(0, 2**256 - 1), min_size=1, max_size=6))
    def law(ks: list[int]) -> None:
        assert np.array_equal(multiples(engine, group, ks), multiples(engine, group, [k % r for k in ks]))

    law()


@GROUPS
def test_scalar_mul_is_a_homomorphism(engine: Engine, group: Group, thorough: bool) -> None:
    """[a]G + [b]G = [a + b]G and [a]([b]G) = [ab]G."""
    r = kit.ORDER[kit.curve_of(group)]

    @settings(max_examples=30 if thorough else 2, deadline=None)
    @given(st.integers(0, 2**256 - 1), st.integers(0, 2**256 - 1))
    def law(a: int, b: int) -> None:
        rows = multiples(engine, group, [a, b, (a + b) % r, a * b % r])
        assert np.array_equal(engine.add(group, rows[0:1], rows[1:2]), rows[2:3])
        assert np.array_equal(engine.scalar_mul(group, rows[1:2], kit.scalars([a])), rows[3:4])

    law()


@GROUPS
@pytest.mark.parametrize("tables", [False, True], ids=["bare", "with-tables"])
def test_msm_is_linear(engine: Engine, group: Group, tables: bool, thorough: bool) -> None:
    """A sum over multiples [m_j]G with scalars k_j is [sum k_j m_j]G; sums of one batch do not touch each other."""
    r = kit.ORDER[kit.curve_of(group)]
    scalar = st.one_of(st.integers(0, 2**256 - 1), st.sampled_from(edge_scalars(group)), st.integers(0, 2**128 - 1))
    term = st.tuples(st.integers(0, r - 1), scalar)

    @settings(max_examples=25 if thorough else 2, deadline=None)
    @given(st.lists(st.lists(term, max_size=12), max_size=5))
    def law(sums: list[list[tuple[int, int]]]) -> None:
        rows = [(multiples(engine, group, [m for m, _ in s]), [k for _, k in s]) for s in sums]
        found = kit.msm(engine, group, rows, tables=tables)
        wanted = multiples(engine, group, [sum(m * k for m, k in s) % r for s in sums])
        assert np.array_equal(found, wanted)

    law()


@GROUPS
@pytest.mark.parametrize("size", [1, 2, 3, 31, 32, 33, 100, 257, 1024])
def test_msm_of_every_size_class_is_right(engine: Engine, group: Group, size: int, thorough: bool) -> None:
    """Sizes at which the windows change; repeated points, opposite points, infinity and zero scalars among them."""
    if not thorough and size > (33 if group in (Group.BLS12_381_G1, Group.BN254_G1) else 3):
        size = 5
    r = kit.ORDER[kit.curve_of(group)]
    ms = [pow(7, j, r) if j % 5 else (1, r - 1, 0)[j // 5 % 3] for j in range(size)]
    ks = [pow(11, j + 1, r) * (j % 7 != 3) for j in range(size)]
    if size > 20:
        ms[10], ms[11], ks[10], ks[11] = ms[12], r - ms[12] if ms[12] else 0, ks[12], ks[12]
    points = multiples(engine, group, ms)
    wanted = multiples(engine, group, [sum(m * k for m, k in zip(ms, ks, strict=True)) % r])
    assert np.array_equal(kit.msm(engine, group, [(points, ks)]), wanted)


@GROUPS
def test_msm_of_equal_points_with_equal_scalars_is_right(engine: Engine, group: Group, thorough: bool) -> None:
    """Every addition in a bucket is then a doubling or meets infinity: batch-affine addition must notice."""
    count = 64 if thorough else 3
    generator = kit.points(group, [kit.GENERATOR[group]])
    same = np.repeat(generator, count, axis=0)
    mixed = same.copy()
    mixed[1::2] = kit.points(group, [kit.negated(group, kit.GENERATOR[group])])
    k = 0x1234567890ABCDEF1234567890ABCDEF
    wanted = multiples(engine, group, [k * count % kit.ORDER[kit.curve_of(group)], k * (count % 2)])
    assert np.array_equal(kit.msm(engine, group, [(same, [k] * count), (mixed, [k] * count)]), wanted)


@GROUPS
def test_an_empty_sum_is_infinity(engine: Engine, group: Group) -> None:
    generator = kit.points(group, [kit.GENERATOR[group]])
    found = kit.msm(engine, group, [(generator[:0], []), (generator, [1]), (generator[:0], [])])
    assert kit.coordinates(group, found) == [None, kit.GENERATOR[group], None]
    assert kit.msm(engine, group, []).shape == (0, generator.shape[1])
