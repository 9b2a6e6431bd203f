"""The carry chains of the leaf, word for word as PTX and C have them, against Python integers: no carry is lost."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coproc.codegen.device.interpreter import LostCarry, run
from coproc.codegen.device.ir import Chain
from coproc.codegen.device.lazy import karatsuba, karatsuba_square
from coproc.codegen.device.leaf import BASE, SCALARS
from coproc.codegen.device.multiply import Modulus, multiply, product, reduce, square
from coproc.codegen.device.primitives import PRIMITIVES, PRIMITIVES2, modulus, program

FIELDS = {"bls12_381.Fp": BASE["bls12_381"], "bn254.Fp": BASE["bn254"], "bls12_381.Fr": SCALARS["bls12_381"], "bn254.Fr": SCALARS["bn254"]}
TOWERS = ("bls12_381.Fp", "bn254.Fp")
WIDTHS = (32, 64)


@cache
def chain(name: str, field: str, width: int) -> tuple[Chain, Modulus]:
    m = modulus(FIELDS[field], width)
    return program(name, m), m


def joined(words: Sequence[int], width: int) -> int:
    return sum(w << width * i for i, w in enumerate(words))


def answer(ch: Chain, m: Modulus, *values: int) -> tuple[int, ...]:
    """The outputs of a chain for its operands in order."""
    given_words = {name: m.split(v, len(ch.inputs[name])) for name, v in zip(ch.inputs, values, strict=True)}
    return tuple(joined(words, m.width) for words in run(ch, given_words).values())


def wanted(name: str, m: Modulus, v: Sequence[int]) -> tuple[int, ...]:
    p = m.p
    r = pow(m.base**m.n, -1, p)
    match name:
        case "fpr_mul":
            return (v[0] * v[1] * r % p,)
        case "fpr_sqr":
            return (v[0] * v[0] * r % p,)
        case "fpr_add":
            return ((v[0] + v[1]) % p,)
        case "fpr_sub":
            return ((v[0] - v[1]) % p,)
        case "fpr2_mul":
            return ((v[0] * v[2] - v[1] * v[3]) * r % p, (v[0] * v[3] + v[1] * v[2]) * r % p)
        case _:
            return ((v[0] * v[0] - v[1] * v[1]) * r % p, 2 * v[0] * v[1] * r % p)


def edges(m: Modulus) -> list[int]:
    """0, 1, p - 1, R, words of ones with one word of something else, and their neighbours."""
    p, r = m.p, m.base**m.n
    ones = (1 << p.bit_length() - 1) - 1
    holes = [ones ^ (m.base - 1) << m.width * i for i in range(m.n - 1)]
    values = {0, 1, 2, p - 1, p - 2, r % p, -r % p, r * r % p, ones, *holes, (p - 1) // 2, (p + 1) // 2, *(m.base**i for i in range(m.n))}
    return sorted(v for v in values if v < p)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("name", PRIMITIVES)
def test_chains_equal_integers_on_all_edges(name: str, field: str, width: int) -> None:
    ch, m = chain(name, field, width)
    for values in itertools.product(edges(m), repeat=len(ch.inputs)):
        assert answer(ch, m, *values) == wanted(name, m, values)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("field", TOWERS)
@pytest.mark.parametrize("name", PRIMITIVES2)
def test_chains_of_fp2_equal_integers_on_edges(name: str, field: str, width: int) -> None:
    ch, m = chain(name, field, width)
    few = [0, 1, m.p - 1, m.base**m.n % m.p, (1 << m.p.bit_length() - 1) - 1]
    for values in itertools.product(few, repeat=len(ch.inputs)):
        assert answer(ch, m, *values) == wanted(name, m, values)


@pytest.mark.parametrize("name", [*PRIMITIVES, *PRIMITIVES2])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_chains_equal_integers(name: str, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(list(FIELDS) if name in PRIMITIVES else TOWERS))
    ch, m = chain(name, field, data.draw(st.sampled_from(WIDTHS)))
    element = st.one_of(st.sampled_from(edges(m)), st.integers(0, m.p - 1))
    values = [data.draw(element) for _ in ch.inputs]
    assert answer(ch, m, *values) == wanted(name, m, values)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("field", FIELDS)
def test_the_first_factor_of_a_product_may_be_any_words(field: str, width: int) -> None:
    ch, m = chain("fpr_mul", field, width)
    r = m.base**m.n
    for a in (r - 1, m.p, m.p + 1, 2 * m.p, r - m.base, (m.base - 1) * m.base ** (m.n - 1)):
        for b in (0, 1, m.p - 1, r * r % m.p):
            assert answer(ch, m, a, b) == wanted("fpr_mul", m, (a, b))


@pytest.mark.parametrize("p", [3, 5, 7])
def test_toy_fields_are_right_on_every_input(p: int) -> None:
    """Two words of two bits: every pair of elements, every word of the first factor of a product."""
    m = Modulus(p, 2, 2)
    for name in PRIMITIVES:
        ch = program(name, m)
        for values in itertools.product(range(p), repeat=len(ch.inputs)):
            assert answer(ch, m, *values) == wanted(name, m, values), name
    rows = Chain(2)
    x = rows.input("x", 2), rows.input("y", 2)
    rows.outputs["d"] = tuple(multiply(rows, m, x[1], x[0]))
    for a, b in itertools.product(range(16), range(p)):
        (d,) = answer(rows, m, a, b)
        assert d < 2 * p
        assert d * 16 % p == a * b % p
    for name in PRIMITIVES2:
        ch = program(name, m)
        for values in itertools.product(range(p), repeat=len(ch.inputs)):
            assert answer(ch, m, *values) == wanted(name, m, values), name


@pytest.mark.parametrize("p", [p for p in range(3, 128, 2) if all(p % q for q in range(3, 12, 2)) or p < 12])
def test_toy_reductions_are_right_on_every_product(p: int) -> None:
    """Four words of two bits, odd moduli below R / 2: t < p R."""
    m = Modulus(p, 4, 2)
    ch = Chain(2)
    ch.outputs["d"] = tuple(reduce(ch, m, ch.input("t", 8)))
    for t in range(0, p * 256, 7 if p > 16 else 1):
        (d,) = answer(ch, m, t)
        assert d < 2 * p
        assert d * 256 % p == t % p


@pytest.mark.parametrize("make", [product, karatsuba])
def test_toy_products_are_right_on_every_input(make: object) -> None:
    m = Modulus(3, 4, 1)
    ch = Chain(1)
    a, b = ch.input("a", 4), ch.input("b", 4)
    ch.outputs["d"] = tuple((product if make is product else karatsuba)(ch, a, b))
    for x, y in itertools.product(range(16), repeat=2):
        assert answer(ch, m, x, y) == (x * y,)


@pytest.mark.parametrize("width", [1, 2])
def test_toy_squares_are_right_on_every_input(width: int) -> None:
    m = Modulus(3, 4, width)
    for make in (square, karatsuba_square):
        ch = Chain(width)
        ch.outputs["d"] = tuple(make(ch, ch.input("a", 4)))
        for x in range(1 << 4 * width):
            assert answer(ch, m, x) == (x * x,)


def test_a_lost_carry_is_seen() -> None:
    ch = Chain(32)
    (a,) = ch.input("a", 1)
    ch.outputs["d"] = (ch.add(a, 1),)
    with pytest.raises(LostCarry):
        run(ch, {"a": [0xFFFFFFFF]})
