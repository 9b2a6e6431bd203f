"""Fields: every operation is that of integers modulo p, at random and at the edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coproc.engine.protocol import FIELD_WORDS, Curve, Engine, Field, FieldOp
from tests.engine import kit

FIELDS = pytest.mark.parametrize("field", list(Field), ids=lambda f: f.name.lower())


def edges(field: Field) -> list[int]:
    """Montgomery representations around 0, p and the limb boundaries, all below p."""
    p, bits = kit.MODULUS[field], 64 * FIELD_WORDS[field]
    near = [0, 1, 2, p - 1, p - 2, (p - 1) // 2, (p + 1) // 2, (1 << bits) % p, (1 << 2 * bits) % p, p >> 1]
    near += [(1 << 64 * i) - 1 for i in range(1, FIELD_WORDS[field])] + [1 << 64 * i for i in range(1, FIELD_WORDS[field])]
    near += [p - (1 << 64 * i) for i in range(1, FIELD_WORDS[field])]
    return [v % p for v in near]


def run(engine: Engine, field: Field, op: FieldOp, a: list[int], b: list[int] | None = None) -> list[int]:
    """On representations: limbs as they stand, no conversion."""
    limbs = FIELD_WORDS[field]
    out = engine.field(field, op, kit.words_of(a, limbs), None if b is None else kit.words_of(b, limbs))
    return kit.ints_of(out)


def assert_ring(engine: Engine, field: Field, a: list[int], b: list[int]) -> None:
    p = kit.MODULUS[field]
    inverse = pow(1 << 64 * FIELD_WORDS[field], -1, p)
    assert run(engine, field, FieldOp.ADD, a, b) == [(x + y) % p for x, y in zip(a, b, strict=True)]
    assert run(engine, field, FieldOp.SUB, a, b) == [(x - y) % p for x, y in zip(a, b, strict=True)]
    assert run(engine, field, FieldOp.MUL, a, b) == [x * y * inverse % p for x, y in zip(a, b, strict=True)]
    assert run(engine, field, FieldOp.NEG, a) == [-x % p for x in a]
    assert run(engine, field, FieldOp.SQR, a) == [x * x * inverse % p for x in a]
    assert run(engine, field, FieldOp.FROM_MONT, a) == [x * inverse % p for x in a]


@FIELDS
def test_ring_operations_at_the_edges(engine: Engine, field: Field) -> None:
    values = edges(field)
    pairs = [(x, y) for x in values for y in values]
    assert_ring(engine, field, [x for x, _ in pairs], [y for _, y in pairs])


@FIELDS
def test_ring_operations_on_any_elements(engine: Engine, field: Field, thorough: bool) -> None:
    element = st.integers(0, kit.MODULUS[field] - 1)

    @settings(max_examples=100 if thorough else 20, deadline=None)
    @given(st.lists(st.tuples(element, element), min_size=1, max_size=20))
    def law(pairs: list[tuple[int, int]]) -> None:
        assert_ring(engine, field, [x for x, _ in pairs], [y for _, y in pairs])

    law()


@FIELDS
def test_to_mont_takes_any_limbs(engine: Engine, field: Field) -> None:
    p, bits = kit.MODULUS[field], 64 * FIELD_WORDS[field]
    values = [*edges(field), p, p + 1, 2 * p - 1, (1 << bits) - 1, (1 << bits) - p, 1 << (bits - 1)]
    values = [v for v in values if v < 1 << bits]
    assert run(engine, field, FieldOp.TO_MONT, values) == [(v << bits) % p for v in values]


@FIELDS
def test_inverse_times_itself_is_one_and_that_of_zero_is_zero(engine: Engine, field: Field) -> None:
    p, bits = kit.MODULUS[field], 64 * FIELD_WORDS[field]
    values = [*edges(field), *(pow(3, i, p) for i in range(50))]
    wanted = [pow(v, -1, p) * pow(1 << bits, 2, p) % p if v else 0 for v in values]
    assert run(engine, field, FieldOp.INV, values) == wanted


@FIELDS
def test_sqrt_squares_back_or_is_zero(engine: Engine, field: Field) -> None:
    """JubJub's scalar field has no use for roots: it is not asked."""
    if field == Field.JUBJUB_FR:
        return
    p, bits = kit.MODULUS[field], 64 * FIELD_WORDS[field]
    plain = [0, 1, 4, 5, 7, p - 1, 2, 3, *(pow(5, i, p) for i in range(40))]
    values = [(v << bits) % p for v in plain]
    roots = kit.plain(field, kit.words_of(run(engine, field, FieldOp.SQRT, values), FIELD_WORDS[field]))
    for v, root in zip(plain, roots, strict=True):
        square = v == 0 or pow(v, (p - 1) // 2, p) == 1
        assert root * root % p == (v if square else 0)


@pytest.mark.parametrize("curve", list(Curve), ids=lambda c: c.name.lower())
def test_fp12_is_a_field(engine: Engine, curve: Curve, thorough: bool) -> None:
    """Associative, commutative, distributive over itself by squares, with inverses."""
    p = kit.MODULUS[kit.BASE_FIELD[curve]]
    count = 20 if thorough else 4

    def rows(seed: int) -> np.ndarray:
        flat = [pow(seed + i, 65537, p) * (i % 11 != 3) % p for i in range(12 * count)]
        return kit.montgomery(kit.BASE_FIELD[curve], flat).reshape(count, -1)

    def mul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return engine.fp12(curve, FieldOp.MUL, a, b)

    a, b, c = rows(2), rows(1000), rows(10**6)
    assert np.array_equal(mul(a, b), mul(b, a))
    assert np.array_equal(mul(mul(a, b), c), mul(a, mul(b, c)))
    assert np.array_equal(engine.fp12(curve, FieldOp.SQR, a), mul(a, a))
    inverse = engine.fp12(curve, FieldOp.INV, a)
    one = kit.montgomery(kit.BASE_FIELD[curve], kit.gt_one(curve)).reshape(1, -1)
    assert np.array_equal(mul(a, inverse), np.repeat(one, count, axis=0))
    assert np.array_equal(mul(a, np.repeat(one, count, axis=0)), a)
    assert not engine.fp12(curve, FieldOp.INV, np.zeros_like(one)).any()


@pytest.mark.parametrize("curve", list(Curve), ids=lambda c: c.name.lower())
def test_fp12_is_the_tower_of_the_house(engine: Engine, curve: Curve) -> None:
    """w^2 = v, v^3 = xi, u^2 = -1: products of the basis, slot (i, j, k) being w^i v^j u^k."""
    p = kit.MODULUS[kit.BASE_FIELD[curve]]
    xi = (1, 1) if curve == Curve.BLS12_381 else (9, 1)

    def slot(i: int, j: int, k: int) -> int:
        return 6 * i + 2 * j + k

    def basis(a: int) -> list[int]:
        return [int(x == a) for x in range(12)]

    def product(a: tuple[int, int, int], b: tuple[int, int, int]) -> list[int]:
        i, j, k = a[0] + b[0], a[1] + b[1], a[2] + b[2]
        c = [0, 0]
        c[k % 2] = (-1) ** (k // 2)
        if i == 2:
            i, j = 0, j + 1
        for _ in range(j // 3):
            c = [xi[0] * c[0] - xi[1] * c[1], xi[0] * c[1] + xi[1] * c[0]]
        out = [0] * 12
        out[slot(i, j % 3, 0)], out[slot(i, j % 3, 1)] = c[0] % p, c[1] % p
        return out

    indexes = [(i, j, k) for i in range(2) for j in range(3) for k in range(2)]
    pairs = [(a, b) for a in indexes for b in indexes]
    left = kit.montgomery(kit.BASE_FIELD[curve], [x for a, _ in pairs for x in basis(slot(*a))]).reshape(len(pairs), -1)
    right = kit.montgomery(kit.BASE_FIELD[curve], [x for _, b in pairs for x in basis(slot(*b))]).reshape(len(pairs), -1)
    found = kit.gt_coordinates(curve, engine.fp12(curve, FieldOp.MUL, left, right))
    assert [list(f) for f in found] == [product(a, b) for a, b in pairs]
