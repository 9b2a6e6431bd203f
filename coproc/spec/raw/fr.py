"""Fr of BLS12-381 on limbs: integers x below W = 2^256 that stand for x/W mod p."""

from __future__ import annotations

from typing import Final

from coproc.params.bls12_381 import R as P

W: Final = 1 << 256
MASK: Final = W - 1
N0: Final = -pow(P, -1, W) % W
ONE: Final = W % P
# Exponents of x^2, x^3 and x in upstream's addition chain for 1/x = x^(p-2).
CHAIN_SQUARE: Final = 0x3936134964B68E440190E00004A0E00291D8CC0179F921F979F9F9F979F9F9CE
CHAIN_CUBE: Final = 0x80804020102040100808000020080010040400040408040404040404040421
CHAIN_SELF: Final = 1 << 163
assert 2 * CHAIN_SQUARE + 3 * CHAIN_CUBE + CHAIN_SELF == P - 2


def constant(value: int) -> int:
    """The reduced limbs of a value."""
    return value * W % P


def value(x: int) -> int:
    """The value behind limbs, reduced: what to_bytes writes."""
    return x * pow(W, -1, P) % P


def sub(x: int, y: int) -> int:
    """x - y, and p once if that is negative, mod W."""
    return (x - y + P) & MASK if x < y else x - y


def add(x: int, y: int) -> int:
    """(x + y mod W) - p: the carry out of W is lost."""
    return sub((x + y) & MASK, P)


def neg(x: int) -> int:
    return (P - x) & MASK if x else 0


def mul(x: int, y: int) -> int:
    """Montgomery reduction of x y, its carry lost, and one conditional subtraction."""
    t = x * y
    m = (t & MASK) * N0 & MASK
    return sub((t + m * P) >> 256 & MASK, P)


def sqr(x: int) -> int:
    return mul(x, x)


def inv(x: int) -> int:
    """1/x for limbs that are not zero.

    Of upstream's chain only x^2 and x^2 x can lose a carry; both may come out unreduced or wrong, and every later product is right.
    """
    assert x
    if x in (ONE, neg(ONE)):
        return x
    square = sqr(x)
    cube = mul(square, x)
    product = pow(value(square), CHAIN_SQUARE, P) * pow(value(cube), CHAIN_CUBE, P) * pow(value(x), CHAIN_SELF, P)
    return constant(product)
