"""Products that are reduced late: Karatsuba's product of two halves, and Fp2 with two reductions for three products.

A GPU multiplies at a quarter of the rate at which it adds, beside the additions: a quarter of the products fewer for a hundred
additions more is a gain.
"""

from __future__ import annotations

from collections.abc import Sequence

from coproc.codegen.device.ir import Chain, Value
from coproc.codegen.device.multiply import Modulus, Words, add_words, correct, multiply, product, reduce, square, sub, sub_words

KARATSUBA = 12
"""Words from which a product is made of three of halves."""


def _difference(ch: Chain, a: Sequence[Value], b: Sequence[Value]) -> tuple[Words, Value]:
    """(|a - b|, all ones where a < b)."""
    d = sub_words(ch, a, b, co=True)
    negative = ch.op("mask")
    flipped = [ch.op("xor", w, negative) for w in d]
    ch.add(negative, negative, co=True)  # the flag, where negative: -d = ~d + 1
    return [ch.op("wrap", w, 0, 0, True, k < len(d) - 1) for k, w in enumerate(flipped)], negative


def _compose(ch: Chain, low: Words, middle: Sequence[Value], high: Words) -> Words:
    """low + middle B + high B^2 for B = 2^(width len(low) / 2)."""
    h = len(low) // 2
    both = [*low, *high]
    rest = [*middle, *[0] * (len(both) - h - len(middle))]
    return [*both[:h], *add_words(ch, both[h:], rest)]


def karatsuba(ch: Chain, a: Sequence[Value], b: Sequence[Value]) -> Words:
    """a b: a0 b0 + (a0 b0 + a1 b1 - (a0 - a1)(b0 - b1)) B + a1 b1 B^2."""
    h = len(a) // 2
    low, high = product(ch, a[:h], b[:h]), product(ch, a[h:], b[h:])
    x, x_negative = _difference(ch, a[:h], a[h:])
    y, y_negative = _difference(ch, b[:h], b[h:])
    cross = product(ch, x, y)
    minus = ch.op("xor", ch.op("xor", x_negative, y_negative), (1 << ch.width) - 1)
    both = add_words(ch, low, high, co=True)
    both.append(ch.add(0, 0, ci=True))
    signed = [*(ch.op("xor", w, minus) for w in cross), minus]
    ch.add(minus, minus, co=True)
    middle = [ch.op("wrap", v, w, 0, True, k < 2 * h) for k, (v, w) in enumerate(zip(both, signed, strict=True))]
    return _compose(ch, low, middle, high)


def karatsuba_square(ch: Chain, a: Sequence[Value]) -> Words:
    """a^2: a0^2 + (a0^2 + a1^2 - (a0 - a1)^2) B + a1^2 B^2."""
    h = len(a) // 2
    low, high = square(ch, a[:h]), square(ch, a[h:])
    cross = square(ch, _difference(ch, a[:h], a[h:])[0])
    both = add_words(ch, low, high, co=True)
    both.append(ch.add(0, 0, ci=True))
    return _compose(ch, low, sub_words(ch, both, [*cross, 0]), high)


def wide(ch: Chain, a: Sequence[Value], b: Sequence[Value]) -> Words:
    """All words of a b, the way that costs a GPU less: at eight words what Karatsuba saves goes into its additions."""
    return karatsuba(ch, a, b) if ch.width == 32 and len(a) >= KARATSUBA else product(ch, a, b)


def wide_square(ch: Chain, a: Sequence[Value]) -> Words:
    return karatsuba_square(ch, a) if ch.width == 32 and len(a) >= KARATSUBA else square(ch, a)


def multiply_lazy(ch: Chain, m: Modulus, a: Sequence[Value], b: Sequence[Value]) -> Words:
    """a b / R below 2p for a b < p R: row by row where that is as cheap."""
    return reduce(ch, m, karatsuba(ch, a, b)) if ch.width == 32 and m.n >= KARATSUBA else multiply(ch, m, b, a)


def multiply2(ch: Chain, m: Modulus, a: Sequence[Sequence[Value]], b: Sequence[Sequence[Value]]) -> tuple[Words, Words]:
    """(a0 + a1 u)(b0 + b1 u): v0 = a0 b0, v1 = a1 b1; c0 = v0 - v1, plus p R where negative; c1 = (a0 + a1)(b0 + b1) - v0 - v1 < 2 p^2."""
    v0, v1 = wide(ch, a[0], b[0]), wide(ch, a[1], b[1])
    w = wide(ch, add_words(ch, a[0], a[1]), add_words(ch, b[0], b[1]))
    c1 = correct(ch, m, reduce(ch, m, sub_words(ch, sub_words(ch, w, v0), v1)))
    t = sub_words(ch, v0, v1, co=True)
    return correct(ch, m, reduce(ch, m, _lift(ch, m, t))), c1


def _lift(ch: Chain, m: Modulus, t: Words) -> Words:
    """t + p R where the flag says that t is negative."""
    negative = ch.op("mask")
    p = [ch.op("and", negative, w) for w in m.words]
    high = [ch.op("wrap", x, y, 0, k > 0, k < m.n - 1) for k, (x, y) in enumerate(zip(t[m.n :], p, strict=True))]
    return [*t[: m.n], *high]


def square2(ch: Chain, m: Modulus, a: Sequence[Sequence[Value]]) -> tuple[Words, Words]:
    """(a0 + a1 u)^2 = (a0 + a1)(a0 - a1) + (2 a0) a1 u; both products are below 2 p^2."""
    c0 = multiply_lazy(ch, m, add_words(ch, a[0], a[1]), sub(ch, m, a[0], a[1]))
    c1 = multiply_lazy(ch, m, add_words(ch, a[0], a[0]), a[1])
    return correct(ch, m, c0), correct(ch, m, c1)
