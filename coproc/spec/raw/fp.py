"""Fp and Fp2 of BLS12-381 on limbs: integers x below W = 2^384 that stand for x/W mod p."""

from __future__ import annotations

from typing import Final

from coproc.params.bls12_381 import P

W: Final = 1 << 384
MASK: Final = W - 1
N0: Final = -pow(P, -1, W) % W
W_INVERSE: Final = pow(W, -1, P)
MASK64: Final = (1 << 64) - 1
MASK448: Final = (1 << 448) - 1

Fp2 = tuple[int, int]


def constant(value: int) -> int:
    """The reduced limbs of a value."""
    return value * W % P


def value(x: int) -> int:
    """The value behind limbs, reduced: what to_bytes writes."""
    return x * W_INVERSE % P


def _subtract_p(x: int) -> int:
    return x - P if x >= P else x


def add(x: int, y: int) -> int:
    """The carry out of W is lost."""
    return _subtract_p((x + y) & MASK)


def neg(x: int) -> int:
    """Wraps for x > p."""
    return (P - x) & MASK if x else 0


def sub(x: int, y: int) -> int:
    return add(neg(y), x)


def mul(x: int, y: int) -> int:
    """Montgomery reduction, its carry lost, and one conditional subtraction; right mod p, and reduced, if x or y is below p."""
    t = x * y
    m = (t & MASK) * N0 & MASK
    return _subtract_p((t + m * P) >> 384 & MASK)


def sum_of_products(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    """sum a_i b_i, reduced one limb of the a_i at a time: the lists are not interchangeable, unless all are below p."""
    if all(x < P for x in a) and all(y < P for y in b):
        return sum(x * y for x, y in zip(a, b, strict=True)) * W_INVERSE % P
    u = 0
    for j in range(6):
        for x, y in zip(a, b, strict=True):
            u = (u + (x >> 64 * j & MASK64) * y) & MASK448
        k = u * N0 & MASK64
        u = ((u + k * P) & MASK448) >> 64
    return _subtract_p(u)


class Fp:
    """Fp, with the names that curve formulas use."""

    zero: Final = 0
    one: Final = W % P
    b: Final = constant(4)
    add = staticmethod(add)
    sub = staticmethod(sub)
    neg = staticmethod(neg)
    mul = staticmethod(mul)

    @staticmethod
    def sqr(x: int) -> int:
        return mul(x, x)

    @staticmethod
    def mul_by_3b(x: int) -> int:
        x = add(x, x)
        x = add(x, x)
        return add(add(x, x), x)


class Fp2Field:
    """Fp2 = Fp[u]/(u^2 + 1)."""

    zero: Final[Fp2] = (0, 0)
    one: Final[Fp2] = (W % P, 0)
    b: Final[Fp2] = (constant(4), constant(4))
    b3: Final[Fp2] = (constant(12), constant(12))

    @staticmethod
    def add(a: Fp2, b: Fp2) -> Fp2:
        return add(a[0], b[0]), add(a[1], b[1])

    @staticmethod
    def sub(a: Fp2, b: Fp2) -> Fp2:
        return sub(a[0], b[0]), sub(a[1], b[1])

    @staticmethod
    def neg(a: Fp2) -> Fp2:
        return neg(a[0]), neg(a[1])

    @staticmethod
    def conj(a: Fp2) -> Fp2:
        return a[0], neg(a[1])

    @staticmethod
    def mul(a: Fp2, b: Fp2) -> Fp2:
        return sum_of_products((a[0], neg(a[1])), b), sum_of_products(a, (b[1], b[0]))

    @staticmethod
    def sqr(a: Fp2) -> Fp2:
        return mul(add(a[0], a[1]), sub(a[0], a[1])), mul(add(a[0], a[0]), a[1])

    @staticmethod
    def scale(a: Fp2, k: int) -> Fp2:
        return mul(a[0], k), mul(a[1], k)

    @staticmethod
    def mul_by_3b(a: Fp2) -> Fp2:
        return Fp2Field.mul(a, Fp2Field.b3)
