"""Prime fields and their quadratic extensions.

An element of a prime field is an int in 0..p-1; an element c0 + c1 u of Fp2 = Fp[u]/(u^2 + 1) is the pair (c0, c1). Both fields have
the same methods, so that a curve does not know which one it is over. In memory an element is its Montgomery form, a 2^(64 words) mod p.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeVar

from coproc.params import bls12_381, bn254, jubjub

T = TypeVar("T")
Fp2 = tuple[int, int]


class Field(Protocol[T]):
    """What a curve asks of a field."""

    @property
    def zero(self) -> T: ...
    @property
    def one(self) -> T: ...
    def add(self, a: T, b: T) -> T: ...
    def sub(self, a: T, b: T) -> T: ...
    def neg(self, a: T) -> T: ...
    def mul(self, a: T, b: T) -> T: ...
    def sqr(self, a: T) -> T: ...
    def inv(self, a: T) -> T: ...
    def sqrt(self, a: T) -> T | None: ...
    def is_larger(self, a: T) -> bool: ...
    def is_odd(self, a: T) -> bool: ...


@dataclass(frozen=True)
class PrimeField:
    """The integers mod p; ``words`` 64-bit limbs in memory."""

    p: int
    words: int
    zero: int = 0
    one: int = 1

    def add(self, a: int, b: int) -> int:
        return (a + b) % self.p

    def sub(self, a: int, b: int) -> int:
        return (a - b) % self.p

    def neg(self, a: int) -> int:
        return -a % self.p

    def mul(self, a: int, b: int) -> int:
        return a * b % self.p

    def sqr(self, a: int) -> int:
        return a * a % self.p

    def inv(self, a: int) -> int:
        """1/a; ValueError for 0."""
        return pow(a, -1, self.p)

    def is_square(self, a: int) -> bool:
        """Euler's criterion; 0 is a square."""
        return pow(a, (self.p - 1) // 2, self.p) != self.p - 1

    def sqrt(self, a: int) -> int | None:
        """A square root, or None: a^((p+1)/4) for p = 3 mod 4, else Tonelli and Shanks."""
        if self.p % 4 == 3:
            root = pow(a, (self.p + 1) // 4, self.p)
            return root if root * root % self.p == a % self.p else None
        if not self.is_square(a):
            return None
        odd, twos = self.p - 1, 0
        while odd % 2 == 0:
            odd, twos = odd // 2, twos + 1
        generator = pow(self._nonresidue, odd, self.p)  # of the 2-Sylow subgroup
        root, rest = pow(a, (odd + 1) // 2, self.p), pow(a, odd, self.p)  # root^2 = a rest, rest^(2^(twos-1)) = 1
        for i in range(twos - 2, -1, -1):
            if pow(rest, 1 << i, self.p) == self.p - 1:
                root, rest = root * generator % self.p, rest * generator * generator % self.p
            generator = generator * generator % self.p
        return root

    @cached_property
    def _nonresidue(self) -> int:
        return next(n for n in range(2, self.p) if not self.is_square(n))

    def is_larger(self, a: int) -> bool:
        """a > -a as integers: the sort flag of compressed points."""
        return a > (self.p - 1) // 2

    def is_odd(self, a: int) -> bool:
        """sgn0 of [RFC9380] 4.1."""
        return a & 1 == 1

    def to_mont(self, a: int) -> int:
        return (a << 64 * self.words) % self.p

    def from_mont(self, limbs: int) -> int:
        """The value behind Montgomery limbs, reduced or not."""
        return limbs * self._r_inverse % self.p

    @cached_property
    def _r_inverse(self) -> int:
        return pow(1 << 64 * self.words, -1, self.p)


@dataclass(frozen=True)
class QuadraticField:
    """Fp2 = Fp[u]/(u^2 + 1), for p = 3 mod 4."""

    base: PrimeField
    zero: Fp2 = (0, 0)
    one: Fp2 = (1, 0)

    @cached_property
    def p(self) -> int:
        return self.base.p

    def add(self, a: Fp2, b: Fp2) -> Fp2:
        return (a[0] + b[0]) % self.p, (a[1] + b[1]) % self.p

    def sub(self, a: Fp2, b: Fp2) -> Fp2:
        return (a[0] - b[0]) % self.p, (a[1] - b[1]) % self.p

    def neg(self, a: Fp2) -> Fp2:
        return -a[0] % self.p, -a[1] % self.p

    def conj(self, a: Fp2) -> Fp2:
        """a^p."""
        return a[0], -a[1] % self.p

    def mul(self, a: Fp2, b: Fp2) -> Fp2:
        (a0, a1), (b0, b1) = a, b
        return (a0 * b0 - a1 * b1) % self.p, (a0 * b1 + a1 * b0) % self.p

    def sqr(self, a: Fp2) -> Fp2:
        a0, a1 = a
        return (a0 + a1) * (a0 - a1) % self.p, 2 * a0 * a1 % self.p

    def scale(self, a: Fp2, k: int) -> Fp2:
        """k a for k in Fp."""
        return a[0] * k % self.p, a[1] * k % self.p

    def inv(self, a: Fp2) -> Fp2:
        """conj(a)/norm(a); ValueError for 0."""
        norm = pow(a[0] * a[0] + a[1] * a[1], -1, self.p)
        return a[0] * norm % self.p, -a[1] * norm % self.p

    def pow(self, a: Fp2, e: int) -> Fp2:
        out = self.one
        for bit in bin(e)[2:]:
            out = self.sqr(out)
            if bit == "1":
                out = self.mul(out, a)
        return out

    def is_square(self, a: Fp2) -> bool:
        """a^((p^2-1)/2) is the quadratic character of the norm."""
        return self.base.is_square((a[0] * a[0] + a[1] * a[1]) % self.p)

    def sqrt(self, a: Fp2) -> Fp2 | None:
        """x0 + x1 u with x0^2 = (a0 +- |a|)/2 and 2 x0 x1 = a1, or None; |a| is a root of the norm."""
        if a[1] == 0:
            real = self.base.sqrt(a[0])
            if real is not None:
                return real, 0
            imaginary = self.base.sqrt(-a[0] % self.p)
            return None if imaginary is None else (0, imaginary)
        length = self.base.sqrt((a[0] * a[0] + a[1] * a[1]) % self.p)
        if length is None:
            return None
        half = (self.p + 1) // 2
        x0 = self.base.sqrt((a[0] + length) * half % self.p)
        if x0 is None:
            x0 = self.base.sqrt((a[0] - length) * half % self.p)
        assert x0 is not None
        return x0, a[1] * self.base.inv(2 * x0) % self.p

    def is_larger(self, a: Fp2) -> bool:
        """a > -a, c1 first, then c0."""
        return self.base.is_larger(a[1]) if a[1] else self.base.is_larger(a[0])

    def is_odd(self, a: Fp2) -> bool:
        """sgn0 of [RFC9380] 4.1: the parity of c0, or of c1 where c0 is zero."""
        return (a[0] or a[1]) & 1 == 1


BLS12_381_FP = PrimeField(bls12_381.P, 6)
BLS12_381_FR = PrimeField(bls12_381.R, 4)
BLS12_381_FP2 = QuadraticField(BLS12_381_FP)
BN254_FP = PrimeField(bn254.P, 4)
BN254_FR = PrimeField(bn254.R, 4)
BN254_FP2 = QuadraticField(BN254_FP)
JUBJUB_FR = PrimeField(jubjub.R, 4)
