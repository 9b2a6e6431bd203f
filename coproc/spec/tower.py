"""Fp6 = Fp2[v]/(v^3 - xi) and Fp12 = Fp6[w]/(w^2 - v), so that w^6 = xi.

An Fp6 element is a triple over Fp2, an Fp12 element a pair over Fp6: ((c0, c1, c2), (d0, d1, d2)) stands for
c0 + d0 w + c1 w^2 + d1 w^3 + c2 w^4 + d2 w^5.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from coproc.params import bls12_381, bn254
from coproc.spec.fields import BLS12_381_FP2, BN254_FP2, Fp2, QuadraticField

Fp6 = tuple[Fp2, Fp2, Fp2]
Fp12 = tuple[Fp6, Fp6]


@dataclass(frozen=True)
class Tower:
    """The tower over ``fp2`` with non-residue ``xi``; ``frobenius_table[i]`` = xi^(i (p-1)/6)."""

    fp2: QuadraticField
    xi: Fp2
    frobenius_table: tuple[Fp2, ...]

    # ---- Fp2 -----------------------------------------------------------------------------------------------------------
    def mul_by_xi(self, a: Fp2) -> Fp2:
        (a0, a1), (x0, x1), p = a, self.xi, self.fp2.p
        return (a0 * x0 - a1 * x1) % p, (a0 * x1 + a1 * x0) % p

    # ---- Fp6 -----------------------------------------------------------------------------------------------------------
    def add6(self, a: Fp6, b: Fp6) -> Fp6:
        add = self.fp2.add
        return add(a[0], b[0]), add(a[1], b[1]), add(a[2], b[2])

    def sub6(self, a: Fp6, b: Fp6) -> Fp6:
        sub = self.fp2.sub
        return sub(a[0], b[0]), sub(a[1], b[1]), sub(a[2], b[2])

    def neg6(self, a: Fp6) -> Fp6:
        neg = self.fp2.neg
        return neg(a[0]), neg(a[1]), neg(a[2])

    def mul_by_v(self, a: Fp6) -> Fp6:
        return self.mul_by_xi(a[2]), a[0], a[1]

    def mul6(self, a: Fp6, b: Fp6) -> Fp6:
        """Schoolbook, with v^3 = xi: each coefficient is summed in the integers and reduced once."""
        ((a00, a01), (a10, a11), (a20, a21)), ((b00, b01), (b10, b11), (b20, b21)) = a, b
        x0, x1, p = *self.xi, self.fp2.p
        h0 = a10 * b20 - a11 * b21 + a20 * b10 - a21 * b11  # coefficient of v^3
        h1 = a10 * b21 + a11 * b20 + a20 * b11 + a21 * b10
        g0, g1 = a20 * b20 - a21 * b21, a20 * b21 + a21 * b20  # of v^4
        return (
            ((a00 * b00 - a01 * b01 + h0 * x0 - h1 * x1) % p, (a00 * b01 + a01 * b00 + h0 * x1 + h1 * x0) % p),
            (
                (a00 * b10 - a01 * b11 + a10 * b00 - a11 * b01 + g0 * x0 - g1 * x1) % p,
                (a00 * b11 + a01 * b10 + a10 * b01 + a11 * b00 + g0 * x1 + g1 * x0) % p,
            ),
            (
                (a00 * b20 - a01 * b21 + a10 * b10 - a11 * b11 + a20 * b00 - a21 * b01) % p,
                (a00 * b21 + a01 * b20 + a10 * b11 + a11 * b10 + a20 * b01 + a21 * b00) % p,
            ),
        )

    def inv6(self, a: Fp6) -> Fp6:
        """By the norm to Fp2, a (t0 + t1 v + t2 v^2) = norm; ValueError for 0."""
        fp2, xi = self.fp2, self.mul_by_xi
        t0 = fp2.sub(fp2.sqr(a[0]), xi(fp2.mul(a[1], a[2])))
        t1 = fp2.sub(xi(fp2.sqr(a[2])), fp2.mul(a[0], a[1]))
        t2 = fp2.sub(fp2.sqr(a[1]), fp2.mul(a[0], a[2]))
        norm = fp2.add(fp2.mul(a[0], t0), xi(fp2.add(fp2.mul(a[2], t1), fp2.mul(a[1], t2))))
        inverse = fp2.inv(norm)
        return fp2.mul(t0, inverse), fp2.mul(t1, inverse), fp2.mul(t2, inverse)

    # ---- Fp12 ----------------------------------------------------------------------------------------------------------
    @cached_property
    def zero(self) -> Fp12:
        o = self.fp2.zero
        return (o, o, o), (o, o, o)

    @cached_property
    def one(self) -> Fp12:
        o = self.fp2.zero
        return (self.fp2.one, o, o), (o, o, o)

    def mul(self, a: Fp12, b: Fp12) -> Fp12:
        """Karatsuba over Fp6, with w^2 = v."""
        low, high = self.mul6(a[0], b[0]), self.mul6(a[1], b[1])
        cross = self.mul6(self.add6(a[0], a[1]), self.add6(b[0], b[1]))
        return self.add6(low, self.mul_by_v(high)), self.sub6(self.sub6(cross, low), high)

    def sqr(self, a: Fp12) -> Fp12:
        """(a0 + a1 w)^2 = (a0 + a1)(a0 + v a1) - (1 + v) a0 a1 + 2 a0 a1 w."""
        product = self.mul6(a[0], a[1])
        square = self.mul6(self.add6(a[0], a[1]), self.add6(a[0], self.mul_by_v(a[1])))
        return self.sub6(square, self.add6(product, self.mul_by_v(product))), self.add6(product, product)

    def conj(self, a: Fp12) -> Fp12:
        """a^(p^6): w -> -w."""
        return a[0], self.neg6(a[1])

    def inv(self, a: Fp12) -> Fp12:
        """conj(a)/(a0^2 - v a1^2); ValueError for 0."""
        norm = self.sub6(self.mul6(a[0], a[0]), self.mul_by_v(self.mul6(a[1], a[1])))
        inverse = self.inv6(norm)
        return self.mul6(a[0], inverse), self.neg6(self.mul6(a[1], inverse))

    def pow(self, a: Fp12, e: int) -> Fp12:
        """a^e for e >= 0."""
        out = self.one
        for bit in bin(e)[2:]:
            out = self.sqr(out)
            if bit == "1":
                out = self.mul(out, a)
        return out

    def frobenius(self, a: Fp12, times: int = 1) -> Fp12:
        """a^(p^times): conjugate every coefficient of w^i and multiply it by xi^(i (p-1)/6)."""
        for _ in range(times):
            a = self.from_powers(
                tuple(self.fp2.mul(self.fp2.conj(c), gamma) for c, gamma in zip(self.powers(a), self.frobenius_table, strict=True))
            )
        return a

    @staticmethod
    def powers(a: Fp12) -> tuple[Fp2, ...]:
        """Coefficients of w^0 .. w^5."""
        (c0, c1, c2), (d0, d1, d2) = a
        return c0, d0, c1, d1, c2, d2

    @staticmethod
    def from_powers(c: tuple[Fp2, ...]) -> Fp12:
        """The element with coefficients c[i] of w^i."""
        return (c[0], c[2], c[4]), (c[1], c[3], c[5])

    @staticmethod
    def coordinates(a: Fp12) -> tuple[int, ...]:
        """The twelve coordinates over Fp in the order c0.c0.c0 c0.c0.c1 c0.c1.c0 .. c1.c2.c1."""
        return tuple(x for half in a for c in half for x in c)

    @staticmethod
    def from_coordinates(x: tuple[int, ...]) -> Fp12:
        c = [(x[i], x[i + 1]) for i in range(0, 12, 2)]
        return (c[0], c[1], c[2]), (c[3], c[4], c[5])


BLS12_381_TOWER = Tower(BLS12_381_FP2, bls12_381.XI, bls12_381.FROBENIUS_1)
BN254_TOWER = Tower(BN254_FP2, bn254.XI, bn254.FROBENIUS_1)
