"""How often the kernels on points call each primitive, for the model of rates: a Counter of names without and with Fp2, an item.

Formulas are counted as the texts of kernels_cuda/kernels have them, on points that are neither infinite nor equal. ``multiplications``
brings a Counter to products in Fp: an Fp2 product is 3, a square 2.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from coproc.codegen.device import curves
from coproc.codegen.device.chains import operations
from coproc.params import bls12_381, bn254

IN_FP: Final = {"fp_mul": 1, "fp_sqr": 1, "fp2_mul": 3, "fp2_sqr": 2, "fp2_mul_fp": 2}
ENTRIES: Final = 8
_WINDOW_USED: Final = (1 << curves.WINDOW_BITS) - 1, 1 << curves.WINDOW_BITS
"""Of so many digits, how many are not 0, as a fraction."""


def multiplications(calls: Counter[str]) -> int:
    """Products in Fp."""
    return sum(IN_FP.get(name, 0) * n for name, n in calls.items())


def times(count: int, calls: Counter[str]) -> Counter[str]:
    return Counter({name: count * n for name, n in calls.items()})


def _fq(degree: int, **calls: int) -> Counter[str]:
    prefix = "fp_" if degree == 1 else "fp2_"
    return Counter({prefix + name: n for name, n in calls.items()})


def double(degree: int) -> Counter[str]:
    return _fq(degree, mul=3, sqr=4, half=1, add=1, sub=4)


def add_affine(degree: int) -> Counter[str]:
    return _fq(degree, mul=8, sqr=3, sub=7)


def add(degree: int) -> Counter[str]:
    return _fq(degree, mul=12, sqr=4, sub=7)


def _norm(degree: int) -> Counter[str]:
    return Counter({"fp_sqr": 2, "fp_add": 1}) if degree == 2 else Counter()


def decode(curve: str, degree: int, *, compressed: bool) -> Counter[str]:
    """Of a point that is one: into Montgomery form, the equation, for a compressed one the root and the sign."""
    total = Counter({"fp_mul": degree if compressed else 2 * degree}) + _fq(degree, mul=1, sqr=1, add=1)
    if not compressed:
        return total + _fq(degree, sqr=1)
    power = operations(curves.root_exponent(curve), curves.POWER_BITS)
    if degree == 1:
        return total + power + Counter({"fp_mul": 2, "fp_sqr": 1, "fp_dbl": 1})
    return total + times(2, power) + Counter({"fp_mul": 5, "fp_sqr": 4, "fp_add": 2, "fp_half": 2, "fp_dbl": 2, "fp2_sqr": 1})


def subgroup(curve: str, degree: int) -> Counter[str]:
    """The image that is compared, without its inversion."""
    if curve == "bls12_381":
        once = times(63, double(degree)) + times(bls12_381.X_ABS.bit_count() - 1, add(degree))
        return times(2 if degree == 1 else 1, once) + _norm(degree)
    digits = curves.naf(bn254.Z)
    sums = times(sum(map(bool, digits)) - 1, add_affine(degree)) + times(4, add(degree))
    return times(len(digits) - 1, double(degree)) + sums + Counter({"fp2_mul": 6}) + _norm(degree)


def affine(degree: int) -> Counter[str]:
    """Of a Jacobian point, its share of an inversion included as far as it grows with the points."""
    return Counter({"fp_mul": 3}) + _fq(degree, mul=3, sqr=1) + (Counter({"fp2_mul_fp": 1}) if degree == 2 else Counter())


def inversion(curve: str) -> Counter[str]:
    """Once a group of work-items, by one of them; the tree costs each work-item three more."""
    return operations(curves.root_exponent(curve), curves.POWER_BITS) + Counter({"fp_mul": 1, "fp_sqr": 2})


def table(degree: int) -> Counter[str]:
    """The affine multiples of a point, without its share of an inversion's group."""
    first = _fq(degree, mul=3, sqr=4, half=1, add=1, sub=4)
    chain = times(ENTRIES - 2, _fq(degree, mul=5, sqr=2, sub=7) - _fq(degree))
    flat = times(ENTRIES - 1, _fq(degree, mul=3, sqr=1)) + _fq(degree, mul=ENTRIES - 2)
    return first + chain + flat + _norm(degree) + Counter({"fp_mul": 3}) + (Counter({"fp2_mul_fp": 1}) if degree == 2 else Counter())


def _term(degree: int) -> Counter[str]:
    """The digits of one window of a term, the average of 16: a sum for each, and the endomorphism for all but the first."""
    split = 2 * degree
    used, of = _WINDOW_USED
    endomorphism = times(split - 1, _fq(degree, mul=degree))
    total = times(split, add_affine(degree)) + endomorphism
    return Counter({name: n * used // of for name, n in total.items()})


def scalar_mul(curve: str, degree: int, *, short: bool = False) -> Counter[str]:
    """k P, table and affine form included; short: k is a coefficient of a fold, of half as many windows."""
    windows = curves.windows(curve, degree)
    if short:
        windows = -(-64 // curves.WINDOW_BITS) + 1
    return table(degree) + times((windows - 1) * curves.WINDOW_BITS, double(degree)) + times(windows, _term(degree)) + affine(degree)


def msm_large(curve: str, degree: int, terms: int, bits: int) -> Counter[str]:
    """A sum of so many terms by sorting: each term in each window, every bucket twice, stretches' ends left out."""
    windows = curves.windows(curve, degree, bits)
    each = times(2 * degree, add_affine(degree)) + times(2 * degree - 1, _fq(degree, mul=degree))
    buckets = times(windows * ((1 << (bits - 1)) + 1), times(2, add(degree)))
    return times(windows * terms, each) + buckets


def map_to_g1(count: int) -> Counter[str]:
    """Of `count` elements to one point, without its affine form; four products an element less where the first candidate is one."""
    swu = Counter({"fp_mul": 19, "fp_sqr": 6}) + operations(curves.root_exponent("bls12_381"), curves.POWER_BITS)
    isogeny = Counter({"fp_mul": 15 + 2 * (15 + 11 + 5) + 2, "fp_sqr": 1})
    cofactor = times(63, double(1)) + times(bls12_381.X_ABS.bit_count(), add(1))
    return times(count, swu + isogeny) + times(count - 1, add(1)) + cofactor
