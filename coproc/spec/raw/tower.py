"""Fp6 and Fp12 of BLS12-381 on limbs, as far as a Miller loop needs them."""

from __future__ import annotations

from coproc.spec.raw.fp import Fp2, add, neg, sub, sum_of_products
from coproc.spec.raw.fp import Fp2Field as K

Fp6 = tuple[Fp2, Fp2, Fp2]
Fp12 = tuple[Fp6, Fp6]
ONE: Fp12 = ((K.one, K.zero, K.zero), (K.zero, K.zero, K.zero))


def mul_by_xi(a: Fp2) -> Fp2:
    """a (1 + u)."""
    return sub(a[0], a[1]), add(a[0], a[1])


def mul_by_v(a: Fp6) -> Fp6:
    return mul_by_xi(a[2]), a[0], a[1]


def add6(a: Fp6, b: Fp6) -> Fp6:
    return K.add(a[0], b[0]), K.add(a[1], b[1]), K.add(a[2], b[2])


def sub6(a: Fp6, b: Fp6) -> Fp6:
    return K.sub(a[0], b[0]), K.sub(a[1], b[1]), K.sub(a[2], b[2])


def mul6(a: Fp6, b: Fp6) -> Fp6:
    """Six sums of six products: b_i (1 + u) = (b_i.c0 - b_i.c1, b_i.c0 + b_i.c1) where v^3 = 1 + u folds back."""
    (a00, a01), (a10, a11), (a20, a21) = a
    (b00, b01), (b10, b11), (b20, b21) = b
    plus1, minus1, plus2, minus2 = add(b10, b11), sub(b10, b11), add(b20, b21), sub(b20, b21)
    real = (a00, neg(a01), a10, neg(a11), a20, neg(a21))
    imaginary = (a00, a01, a10, a11, a20, a21)
    return (
        (
            sum_of_products(real, (b00, b01, minus2, plus2, minus1, plus1)),
            sum_of_products(imaginary, (b01, b00, plus2, minus2, plus1, minus1)),
        ),
        (
            sum_of_products(real, (b10, b11, b00, b01, minus2, plus2)),
            sum_of_products(imaginary, (b11, b10, b01, b00, plus2, minus2)),
        ),
        (
            sum_of_products(real, (b20, b21, b10, b11, b00, b01)),
            sum_of_products(imaginary, (b21, b20, b11, b10, b01, b00)),
        ),
    )


def mul6_by_01(a: Fp6, c: Fp2, d: Fp2) -> Fp6:
    """a (c + d v)."""
    low, high = K.mul(a[0], c), K.mul(a[1], d)
    middle = K.sub(K.sub(K.mul(K.add(c, d), K.add(a[0], a[1])), low), high)
    return K.add(mul_by_xi(K.mul(a[2], d)), low), middle, K.add(K.mul(a[2], c), high)


def mul_by_line(f: Fp12, c: Fp2, d: Fp2, e: Fp2) -> Fp12:
    """f (c + d v + e v w)."""
    f0, f1 = f
    low = mul6_by_01(f0, c, d)
    high = (mul_by_xi(K.mul(f1[2], e)), K.mul(f1[0], e), K.mul(f1[1], e))
    cross = sub6(sub6(mul6_by_01(add6(f1, f0), c, K.add(d, e)), low), high)
    return add6(mul_by_v(high), low), cross


def sqr(f: Fp12) -> Fp12:
    product = mul6(f[0], f[1])
    square = sub6(mul6(add6(mul_by_v(f[1]), f[0]), add6(f[0], f[1])), product)
    return sub6(square, mul_by_v(product)), add6(product, product)


def conj(f: Fp12) -> Fp12:
    c0, c1, c2 = f[1]
    return f[0], (K.neg(c0), K.neg(c1), K.neg(c2))
