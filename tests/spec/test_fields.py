"""Prime fields, Fp2 and the tower are fields, and their roots are roots."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coproc.spec import fields
from coproc.spec.fields import PrimeField, QuadraticField
from coproc.spec.tower import BLS12_381_TOWER, BN254_TOWER, Fp12, Tower

PRIME = [fields.BLS12_381_FP, fields.BLS12_381_FR, fields.BN254_FP, fields.BN254_FR, fields.JUBJUB_FR, PrimeField(13, 1), PrimeField(17, 1)]
QUADRATIC = [fields.BLS12_381_FP2, fields.BN254_FP2, QuadraticField(PrimeField(7, 1)), QuadraticField(PrimeField(19, 1))]
TOWERS = [BLS12_381_TOWER, BN254_TOWER]


def by_size(f: PrimeField | QuadraticField) -> str:
    return f"{f.p:x}"[:8]


@pytest.mark.parametrize("f", PRIME, ids=by_size)
def test_squares_of_a_prime_field_have_roots_and_others_none(f: PrimeField) -> None:
    draw = random.Random(f.p)
    for a in [0, 1, f.p - 1, *(draw.randrange(f.p) for _ in range(20))]:
        root = f.sqrt(f.sqr(a))
        assert root in (a, f.neg(a))
        other = f.sqrt(a)
        assert (other is not None) == f.is_square(a)
        assert other is None or f.sqr(other) == a


@pytest.mark.parametrize("k", QUADRATIC, ids=by_size)
def test_squares_of_fp2_have_roots_and_others_none(k: QuadraticField) -> None:
    draw = random.Random(k.p)
    small = [(a, b) for a in range(min(k.p, 7)) for b in range(min(k.p, 7))]
    for a in small + [(draw.randrange(k.p), draw.randrange(k.p)) for _ in range(20)]:
        root = k.sqrt(a)
        assert (root is not None) == k.is_square(a)
        assert root is None or k.sqr(root) == a


def test_every_element_of_a_toy_fp2_obeys_the_field_laws() -> None:
    """All pairs over Fp2 of F_7: inverses, distributivity, Frobenius."""
    k = QUADRATIC[2]
    everything = [(a, b) for a in range(7) for b in range(7)]
    for a in everything:
        assert k.pow(a, 7) == k.conj(a)
        assert k.add(a, k.neg(a)) == k.zero
        assert k.sqr(a) == k.mul(a, a)
        if a != k.zero:
            assert k.mul(a, k.inv(a)) == k.one
        for b in everything:
            assert k.sub(k.add(a, b), b) == a
            assert k.mul(a, k.add(b, k.one)) == k.add(k.mul(a, b), a)


@pytest.mark.parametrize("f", PRIME, ids=by_size)
def test_of_an_element_and_its_negative_one_is_larger_and_one_is_odd(f: PrimeField) -> None:
    draw = random.Random(f.p)
    for a in [1, 2, f.p - 1, *(draw.randrange(1, f.p) for _ in range(20))]:
        assert f.is_larger(a) != f.is_larger(f.neg(a))
        assert f.is_odd(a) != f.is_odd(f.neg(a))
        assert f.is_larger(a) == (a > f.neg(a))
    assert not f.is_larger(0)


@given(st.integers(0, 2**384 - 1))
def test_montgomery_form_goes_there_and_back(x: int) -> None:
    for f in PRIME[:5]:
        value = f.from_mont(x % 2 ** (64 * f.words))
        assert value < f.p
        assert f.from_mont(f.to_mont(value)) == value
        assert f.to_mont(value) % f.p == x % 2 ** (64 * f.words) % f.p


def random_element(tower: Tower, draw: random.Random) -> Fp12:
    return tower.from_coordinates(tuple(draw.randrange(tower.fp2.p) for _ in range(12)))


@pytest.mark.parametrize("tower", TOWERS, ids=["bls12_381", "bn254"])
def test_the_tower_is_a_field(tower: Tower) -> None:
    draw = random.Random(1)
    for _ in range(10):
        a, b, c = (random_element(tower, draw) for _ in range(3))
        assert tower.mul(a, tower.inv(a)) == tower.one
        assert tower.sqr(a) == tower.mul(a, a)
        assert tower.mul(tower.mul(a, b), c) == tower.mul(a, tower.mul(b, c))
        assert tower.from_powers(tower.powers(a)) == a
        assert tower.from_coordinates(tower.coordinates(a)) == a


@pytest.mark.parametrize("tower", TOWERS, ids=["bls12_381", "bn254"])
def test_w_to_the_sixth_is_xi(tower: Tower) -> None:
    w = tower.from_powers(tuple(tower.fp2.one if i == 1 else tower.fp2.zero for i in range(6)))
    assert tower.powers(tower.pow(w, 6)) == (tower.xi, *[tower.fp2.zero] * 5)


@pytest.mark.parametrize("tower", TOWERS, ids=["bls12_381", "bn254"])
def test_frobenius_is_the_power_p(tower: Tower) -> None:
    a = random_element(tower, random.Random(2))
    assert tower.frobenius(a) == tower.pow(a, tower.fp2.p)
    assert tower.frobenius(a, 6) == tower.conj(a)
    assert tower.frobenius(a, 12) == a
