"""The pairings: bilinear, not degenerate, and the ones of py_ecc."""

from __future__ import annotations

from typing import Any

import pytest
from py_ecc import optimized_bls12_381 as py_bls
from py_ecc import optimized_bn128 as py_bn

from coproc.params import bn254
from coproc.spec import curve
from coproc.spec.curve import Curve
from coproc.spec.pairing import BLS12_381, BN254, Pairing
from coproc.spec.tower import Fp12

CURVES = [
    pytest.param(BLS12_381, curve.BLS12_381_G1, curve.BLS12_381_G2, id="bls12_381"),
    pytest.param(BN254, curve.BN254_G1, curve.BN254_G2, id="bn254"),
]
G = Curve[Any]


@pytest.mark.parametrize(("e", "g1", "g2"), CURVES)
def test_pairing_is_bilinear(e: Pairing, g1: G, g2: G) -> None:
    value = e(g1.generator, g2.generator)
    for a, b in ((2, 3), (g1.order - 5, 12345), (2**200 + 1, 2**100 - 1)):
        assert e(g1.mul(a, g1.generator), g2.mul(b, g2.generator)) == e.tower.pow(value, a * b % g1.order)


@pytest.mark.parametrize(("e", "g1", "g2"), CURVES)
def test_pairing_is_not_degenerate_and_has_order_r(e: Pairing, g1: G, g2: G) -> None:
    value = e(g1.generator, g2.generator)
    assert value != e.tower.one
    assert e.tower.pow(value, g1.order) == e.tower.one


@pytest.mark.parametrize(("e", "g1", "g2"), CURVES)
def test_pairs_with_infinity_are_one(e: Pairing, g1: G, g2: G) -> None:
    assert e(None, g2.generator) == e(g1.generator, None) == e(None, None) == e.tower.one
    assert e.is_one([])
    assert e.is_one([(None, g2.generator)])


@pytest.mark.parametrize(("e", "g1", "g2"), CURVES)
def test_a_product_is_one_if_and_only_if_the_exponents_cancel(e: Pairing, g1: G, g2: G) -> None:
    p, q = g1.generator, g2.generator
    assert e.is_one([(g1.mul(6, p), q), (g1.neg(p), g2.mul(6, q))])
    assert e.is_one([(p, g2.mul(3, q)), (p, g2.mul(4, q)), (g1.mul(-7, p), q)])
    assert not e.is_one([(g1.mul(6, p), q), (g1.neg(p), g2.mul(7, q))])


@pytest.mark.parametrize(("e", "g1", "g2"), CURVES)
def test_factors_of_the_subfields_die_in_the_final_exponentiation(e: Pairing, g1: G, g2: G) -> None:
    """Elements of Fp6, hence of Fp2; and w^3, by which lines may be scaled."""
    del g1, g2
    t = e.tower
    six = t.from_coordinates((3, 1, 4, 1, 5, 9, 0, 0, 0, 0, 0, 0))
    w3 = t.from_powers(tuple(t.fp2.one if i == 3 else t.fp2.zero for i in range(6)))
    assert e.final_exponentiation(six) == e.final_exponentiation(w3) == t.one
    with pytest.raises(ZeroDivisionError):
        e.final_exponentiation(t.zero)


@pytest.mark.parametrize(("e", "g1", "g2"), CURVES)
def test_the_number_of_lines_is_the_published_one(e: Pairing, g1: G, g2: G) -> None:
    del g1
    assert len(e.lines(g2.generator)) == e.line_count == {BLS12_381: 68, BN254: 91}[e]


def w_basis(e: Pairing, value: Fp12) -> list[int]:
    """Coordinates over Fp in powers of w alone, as py_ecc has them: u = w^6 - xi.c0."""
    out = [0] * 12
    for i, (c0, c1) in enumerate(e.tower.powers(value)):
        out[i] = (c0 - e.tower.xi[0] * c1) % e.tower.fp2.p
        out[i + 6] = c1
    return out


def test_the_pairing_of_bls12_381_is_the_cube_of_the_conjugate_of_py_ecc_s() -> None:
    """py_ecc takes the loop count |x|; the hard part here is three times the least one."""
    theirs = py_bls.pairing(py_bls.multiply(py_bls.G2, 5), py_bls.multiply(py_bls.G1, 3))
    ours = BLS12_381(curve.BLS12_381_G1.mul(3, curve.BLS12_381_G1.generator), curve.BLS12_381_G2.mul(5, curve.BLS12_381_G2.generator))
    expected = theirs**3
    assert w_basis(BLS12_381, BLS12_381.tower.conj(ours)) == [int(c) for c in expected.coeffs]


def test_the_pairing_of_bn254_is_the_power_of_py_ecc_s_that_arkworks_takes() -> None:
    theirs = py_bn.pairing(py_bn.multiply(py_bn.G2, 5), py_bn.multiply(py_bn.G1, 3))
    ours = BN254(curve.BN254_G1.mul(3, curve.BN254_G1.generator), curve.BN254_G2.mul(5, curve.BN254_G2.generator))
    z = bn254.Z
    expected = theirs ** (2 * z * (6 * z * z + 3 * z + 1))
    assert w_basis(BN254, ours) == [int(c) for c in expected.coeffs]
