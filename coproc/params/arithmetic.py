"""The little arithmetic with which parameter files prove what they say: primality, Fp2, affine points, polynomials.

An Fp2 element is a pair (c0, c1) = c0 + c1 u with u^2 = -1. A curve is y^2 = x^3 + a x + b over any field that is given by
the five operations of ``FieldOps``; the point at infinity is None.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
Pair = tuple[int, int]
SMALL_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)


def is_prime(n: int, rounds: int = 20) -> bool:
    """Miller-Rabin with the first twelve primes (a proof below 3.3e24) and fixed pseudo-random bases (error below 4^-rounds)."""
    if n < 2:
        return False
    for q in SMALL_PRIMES:
        if n % q == 0:
            return n == q
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    draw = random.Random(n)
    for base in (*SMALL_PRIMES, *(draw.randrange(2, n - 1) for _ in range(rounds))):
        x = pow(base, odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def is_square(a: int, p: int) -> bool:
    """Euler's criterion."""
    return pow(a, (p - 1) // 2, p) <= 1


def sqrt(a: int, p: int) -> int | None:
    """A square root of a mod p for p = 3 mod 4, or None."""
    assert p % 4 == 3
    root = pow(a, (p + 1) // 4, p)
    return root if root * root % p == a % p else None


def fp2_mul(a: Pair, b: Pair, p: int) -> Pair:
    return (a[0] * b[0] - a[1] * b[1]) % p, (a[0] * b[1] + a[1] * b[0]) % p


def fp2_inv(a: Pair, p: int) -> Pair:
    norm = pow(a[0] * a[0] + a[1] * a[1], -1, p)
    return a[0] * norm % p, -a[1] * norm % p


def fp2_pow(a: Pair, e: int, p: int) -> Pair:
    out: Pair = (1, 0)
    for bit in bin(e)[2:]:
        out = fp2_mul(out, out, p)
        if bit == "1":
            out = fp2_mul(out, a, p)
    return out


def fp2_sqrt(a: Pair, p: int) -> Pair | None:
    """A square root in Fp2 for p = 3 mod 4 by the norm: x0^2 = (a0 +- |a|)/2, x1 = a1 / 2 x0; None if there is none."""
    norm = sqrt((a[0] * a[0] + a[1] * a[1]) % p, p)
    if norm is None:
        return None
    half = (p + 1) // 2
    for n in (norm, -norm):
        x0 = sqrt((a[0] + n) * half % p, p)
        if x0 is None:
            continue
        if x0 == 0:
            x1 = sqrt(-a[0] % p, p)
            assert x1 is not None
        else:
            x1 = a[1] * pow(2 * x0, -1, p) % p
        if fp2_mul((x0, x1), (x0, x1), p) == (a[0] % p, a[1] % p):
            return x0, x1
    return None


@dataclass(frozen=True)
class FieldOps(Generic[T]):
    """A field as five functions and its two constants."""

    add: Callable[[T, T], T]
    sub: Callable[[T, T], T]
    mul: Callable[[T, T], T]
    inv: Callable[[T], T]
    zero: T
    one: T


def prime_field(p: int) -> FieldOps[int]:
    return FieldOps(lambda a, b: (a + b) % p, lambda a, b: (a - b) % p, lambda a, b: a * b % p, lambda a: pow(a, -1, p), 0, 1)


def quadratic_field(p: int) -> FieldOps[Pair]:
    return FieldOps(
        lambda a, b: ((a[0] + b[0]) % p, (a[1] + b[1]) % p),
        lambda a, b: ((a[0] - b[0]) % p, (a[1] - b[1]) % p),
        lambda a, b: fp2_mul(a, b, p),
        lambda a: fp2_inv(a, p),
        (0, 0),
        (1, 0),
    )


@dataclass(frozen=True)
class Curve(Generic[T]):
    """y^2 = x^3 + a x + b, affine, chord and tangent."""

    k: FieldOps[T]
    a: T
    b: T

    def contains(self, point: tuple[T, T]) -> bool:
        k, (x, y) = self.k, point
        return k.mul(y, y) == k.add(k.mul(x, k.add(k.mul(x, x), self.a)), self.b)

    def add(self, p: tuple[T, T] | None, q: tuple[T, T] | None) -> tuple[T, T] | None:
        if p is None or q is None:
            return q if p is None else p
        k, (x1, y1), (x2, y2) = self.k, p, q
        if x1 == x2:
            if k.add(y1, y2) == k.zero:
                return None
            square = k.mul(x1, x1)
            slope = k.mul(k.add(k.add(k.add(square, square), square), self.a), k.inv(k.add(y1, y1)))
        else:
            slope = k.mul(k.sub(y2, y1), k.inv(k.sub(x2, x1)))
        x3 = k.sub(k.sub(k.mul(slope, slope), x1), x2)
        return x3, k.sub(k.mul(slope, k.sub(x1, x3)), y1)

    def neg(self, p: tuple[T, T] | None) -> tuple[T, T] | None:
        return None if p is None else (p[0], self.k.sub(self.k.zero, p[1]))

    def mul(self, n: int, p: tuple[T, T] | None) -> tuple[T, T] | None:
        if n < 0:
            return self.mul(-n, self.neg(p))
        out: tuple[T, T] | None = None
        for bit in bin(n)[2:]:
            out = self.add(out, out)
            if bit == "1":
                out = self.add(out, p)
        return out


def polynomial_mul(k: FieldOps[T], f: list[T], g: list[T]) -> list[T]:
    """Product of polynomials, coefficients lowest first."""
    out = [k.zero] * (len(f) + len(g) - 1)
    for i, a in enumerate(f):
        for j, b in enumerate(g):
            out[i + j] = k.add(out[i + j], k.mul(a, b))
    return out


def polynomial_at(k: FieldOps[T], f: list[T], x: T) -> T:
    """Horner's rule, coefficients lowest first."""
    out = k.zero
    for c in reversed(f):
        out = k.add(k.mul(out, x), c)
    return out
