"""The facts that curve files state, once more and from another side."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py_ecc import optimized_bls12_381, optimized_bn128
from py_ecc.optimized_bls12_381 import constants as rfc9380

from coproc.params import bls12_381, bls12_381_hash, bn254, jubjub
from coproc.params.arithmetic import Curve, is_prime, prime_field
from coproc.params.isogeny import Isogeny, assert_homomorphism, isogeny


def test_the_curves_are_the_ones_of_py_ecc() -> None:
    for ours, theirs in ((bls12_381, optimized_bls12_381), (bn254, optimized_bn128)):
        assert theirs.field_modulus == ours.P
        assert theirs.curve_order == ours.R
        assert tuple(int(c) for c in theirs.normalize(theirs.G1)) == ours.G1
        assert tuple(tuple(int(x) for x in c.coeffs) for c in theirs.normalize(theirs.G2)) == ours.G2


@pytest.mark.parametrize("composite", [1, 561, 3215031751, 3825123056546413051, bls12_381.R * bn254.R, 2**255 - 1])
def test_primality_is_not_claimed_of_composites(composite: int) -> None:
    assert not is_prime(composite)


def test_primality_is_found_of_primes() -> None:
    assert all(map(is_prime, (2, 3, 37, 41, 2**127 - 1, 2**255 - 19)))


@given(st.integers(0, 2**256 - 1))
def test_glv_of_bls12_381_splits_every_scalar_in_two_halves(k: int) -> None:
    """As the comment in the file says: the quotient by x^2 is floor(k m / 2^383), or one more."""
    quotient = k * bls12_381.X_SQUARED_RECIPROCAL >> 383
    if k - quotient * bls12_381.X_SQUARED >= bls12_381.X_SQUARED:
        quotient += 1
    rest = k - quotient * bls12_381.X_SQUARED
    assert 0 <= rest < bls12_381.X_SQUARED < 2**128
    assert quotient < 2**129
    assert (rest - quotient * bls12_381.LAMBDA - k) % bls12_381.R == 0


@given(st.integers(0, bn254.R - 1))
def test_glv_of_bn254_splits_every_scalar_in_two_halves(k: int) -> None:
    c = [_rounded(k, q) for q in bn254.GLV_QUOTIENTS]
    k0, k1 = ((k if i == 0 else 0) - sum(factor * row[i] for factor, row in zip(c, bn254.GLV_BASIS, strict=True)) for i in range(2))
    assert (k0 + k1 * bn254.LAMBDA - k) % bn254.R == 0
    assert max(abs(k0), abs(k1)) < 2**128


@given(st.integers(0, bn254.R - 1))
def test_gls_of_bn254_splits_every_scalar_in_four_quarters(k: int) -> None:
    c = [_rounded(k, q) for q in bn254.GLS_QUOTIENTS]
    parts = [(k if i == 0 else 0) - sum(factor * row[i] for factor, row in zip(c, bn254.GLS_BASIS, strict=True)) for i in range(4)]
    assert (sum(part * bn254.MU**i for i, part in enumerate(parts)) - k) % bn254.R == 0
    assert max(map(abs, parts)) < 2**67


def _rounded(k: int, quotient: int) -> int:
    """round(k quotient / r) by the printed reciprocal."""
    reciprocal = 2**bn254.RECIPROCAL_SHIFT * abs(quotient) // bn254.R
    value = k * reciprocal + 2 ** (bn254.RECIPROCAL_SHIFT - 1) >> bn254.RECIPROCAL_SHIFT
    return value if quotient >= 0 else -value


def test_psi_satisfies_its_characteristic_equation() -> None:
    """psi^2 - [t] psi + [p] = 0 on the twist, t the trace of E1."""
    for params, trace in ((bls12_381, bls12_381.X + 1), (bn254, bn254.TRACE)):
        point = params.G2
        image = params.psi(point)
        twice = params.psi(image)
        rest = params.E2.add(params.E2.mul(params.P, point), params.E2.neg(params.E2.mul(trace, image)))
        assert params.E2.add(twice, rest) is None


def test_the_isogenies_are_the_ones_of_rfc_9380() -> None:
    """Derived from their kernels here, written out coefficient by coefficient there."""

    def trimmed(coefficients: list[object], zero: object) -> list[object]:
        while coefficients[-1] == zero:
            coefficients.pop()
        return coefficients

    names = ("X_NUMERATOR", "X_DENOMINATOR", "Y_NUMERATOR", "Y_DENOMINATOR")
    for phi, prefix in ((bls12_381_hash.ISOGENY_1, "ISO_11_"), (bls12_381_hash.ISOGENY_2, "ISO_3_")):
        for ours, name in zip((phi.x_num, phi.x_den, phi.y_num, phi.y_den), names, strict=True):
            theirs = getattr(rfc9380, prefix + name)
            if prefix == "ISO_11_":
                assert list(ours) == trimmed([int(c) for c in theirs], 0)
            else:
                assert list(ours) == trimmed([tuple(int(x) for x in c.coeffs) for c in theirs], (0, 0))


@pytest.mark.parametrize("coefficient", range(5))
def test_a_wrong_kernel_is_found_out(coefficient: int) -> None:
    """Velu's formulas map onto a curve, and respect sums, for the kernel of an isogeny alone."""
    kernel = list(bls12_381_hash.ISO_KERNEL)
    kernel[coefficient] += 1
    phi: Isogeny[int] = isogeny(bls12_381_hash.E1_PRIME, kernel, pow(11, -1, bls12_381.P))
    with pytest.raises(AssertionError):
        assert_homomorphism(phi, *bls12_381_hash._points(1))


def test_jubjub_has_the_order_that_is_claimed() -> None:
    """The torsion point has order 8, the generator r_j, their sum 8 r_j; Hasse leaves no other multiple."""
    assert jubjub.mul(4, jubjub.TORSION) != jubjub.IDENTITY == jubjub.mul(8, jubjub.TORSION)
    mixed = jubjub.add(jubjub.TORSION, jubjub.GENERATOR)
    assert jubjub.mul(4 * jubjub.R, mixed) != jubjub.IDENTITY
    assert jubjub.mul(8 * jubjub.R, mixed) == jubjub.IDENTITY


def test_small_curve_arithmetic_is_a_group() -> None:
    """Every pair of points of y^2 = x^3 + 2x + 3 over F_97."""
    p = 97
    curve = Curve(prime_field(p), 2, 3)
    points: list[tuple[int, int] | None] = [(x, y) for x in range(p) for y in range(p) if curve.contains((x, y))]
    points.append(None)
    for a in points:
        assert curve.add(a, curve.neg(a)) is None
        assert curve.mul(len(points), a) is None
        for b in points:
            assert curve.add(a, b) == curve.add(b, a)
            assert curve.add(a, b) in points
