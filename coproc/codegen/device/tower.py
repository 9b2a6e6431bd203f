"""Fp6 = Fp2[v]/(v^3 - xi) and Fp12 = Fp6[w]/(w^2 - v) as formulas over `program.Fp2`; coordinates in the order of the ABI.

Sources: [DOSD06] Devegili, O hEigeartaigh, Scott, Dahab for the products; [GS10] Granger, Scott for squaring in the cyclotomic subgroup.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coproc.codegen.device.program import Fp, Fp2

Factor = Callable[[], Fp2]
"""Gives an operand anew at each use: what is loaded again need not be kept in a slot."""


@dataclass(frozen=True, slots=True)
class Fp6:
    c0: Fp2
    c1: Fp2
    c2: Fp2

    def __add__(self, other: Fp6) -> Fp6:
        return Fp6(self.c0 + other.c0, self.c1 + other.c1, self.c2 + other.c2)

    def __sub__(self, other: Fp6) -> Fp6:
        return Fp6(self.c0 - other.c0, self.c1 - other.c1, self.c2 - other.c2)

    def __neg__(self) -> Fp6:
        return Fp6(-self.c0, -self.c1, -self.c2)

    def __mul__(self, other: Fp6) -> Fp6:
        """Karatsuba: six products."""
        a, b = self, other
        x0, x1, x2 = a.c0 * b.c0, a.c1 * b.c1, a.c2 * b.c2
        return Fp6(
            x0 + ((a.c1 + a.c2) * (b.c1 + b.c2) - x1 - x2).mul_xi(),
            (a.c0 + a.c1) * (b.c0 + b.c1) - x0 - x1 + x2.mul_xi(),
            (a.c0 + a.c2) * (b.c0 + b.c2) - x0 - x2 + x1,
        )

    def dbl(self) -> Fp6:
        return Fp6(self.c0.dbl(), self.c1.dbl(), self.c2.dbl())

    def mul_v(self) -> Fp6:
        """v (a0 + a1 v + a2 v^2) = xi a2 + a0 v + a1 v^2."""
        return Fp6(self.c2.mul_xi(), self.c0, self.c1)

    def mul_01(self, b0: Factor, b1: Factor) -> Fp6:
        """By b0 + b1 v: five products."""
        first, second = b0(), b1()
        x0, x1 = self.c0 * first, self.c1 * second
        return Fp6(
            (self.c2 * b1()).mul_xi() + x0,
            (self.c0 + self.c1) * (first + second) - x0 - x1,
            self.c2 * b0() + x1,
        )

    def mul_01_minus(self, b0: Factor, b1: Factor, d: Fp6) -> Fp6:
        """The same minus d, which can be overwritten early."""
        first, second = b0(), b1()
        x0, x1 = self.c0 * first, self.c1 * second
        return Fp6(
            (self.c2 * b1()).mul_xi() - d.c0 + x0,
            (self.c0 + self.c1) * (first + second) - d.c1 - x0 - x1,
            self.c2 * b0() - d.c2 + x1,
        )

    def mul_each(self, b0: Factor, b1: Factor, b2: Factor) -> Fp6:
        """Karatsuba, with operands that are given anew."""
        x0, x1, x2 = self.c0 * b0(), self.c1 * b1(), self.c2 * b2()
        return Fp6(
            ((self.c1 + self.c2) * (b1() + b2()) - x1 - x2).mul_xi() + x0,
            (self.c0 + self.c1) * (b0() + b1()) - x0 - x1 + x2.mul_xi(),
            (self.c0 + self.c2) * (b0() + b2()) - x0 - x2 + x1,
        )

    def mul_each_minus(self, b0: Factor, b1: Factor, b2: Factor, d: Fp6) -> Fp6:
        """The same minus d, which can be overwritten early."""
        x0, x1, x2 = self.c0 * b0(), self.c1 * b1(), self.c2 * b2()
        return Fp6(
            ((self.c1 + self.c2) * (b1() + b2()) - x1 - x2).mul_xi() - d.c0 + x0,
            (self.c0 + self.c1) * (b0() + b1()) - d.c1 - x0 - x1 + x2.mul_xi(),
            (self.c0 + self.c2) * (b0() + b2()) - d.c2 - x0 - x2 + x1,
        )

    def sqr(self) -> Fp6:
        """Chung and Hasan's SQR2: two products, three squares."""
        a, b, c = self.c0, self.c1, self.c2
        s0, s1, s2, s3, s4 = a.sqr(), (a * b).dbl(), (a - b + c).sqr(), (b * c).dbl(), c.sqr()
        return Fp6(s3.mul_xi() + s0, s4.mul_xi() + s1, s1 + s2 + s3 - s0 - s4)

    def adjoint(self) -> tuple[Fp6, Fp2]:
        """t and the norm a t in Fp2: 1/a = t / norm."""
        a, b, c = self.c0, self.c1, self.c2
        t = Fp6(a.sqr() - (b * c).mul_xi(), c.sqr().mul_xi() - a * b, b.sqr() - a * c)
        return t, (c * t.c1 + b * t.c2).mul_xi() + a * t.c0

    def scale(self, b: Fp2 | Fp) -> Fp6:
        return Fp6(self.c0 * b, self.c1 * b, self.c2 * b)


@dataclass(frozen=True, slots=True)
class Fp12:
    c0: Fp6
    c1: Fp6

    @staticmethod
    def of(c: Sequence[Fp2]) -> Fp12:
        """From six coordinates over Fp2."""
        return Fp12(Fp6(c[0], c[1], c[2]), Fp6(c[3], c[4], c[5]))

    @property
    def coordinates(self) -> tuple[Fp2, ...]:
        return self.c0.c0, self.c0.c1, self.c0.c2, self.c1.c0, self.c1.c1, self.c1.c2

    def __mul__(self, other: Fp12) -> Fp12:
        """Karatsuba: eighteen products."""
        x, y = self.c0 * other.c0, self.c1 * other.c1
        return Fp12(x + y.mul_v(), (self.c0 + self.c1) * (other.c0 + other.c1) - x - y)

    def sqr(self) -> Fp12:
        """Complex squaring, twelve products: t = a0 a1; (a0 + a1)(a0 + v a1) - t - v t, 2 t."""
        t = self.c0 * self.c1
        s = (self.c0 + self.c1) * (self.c0 + self.c1.mul_v())
        return Fp12(s - t - t.mul_v(), t.dbl())

    def conj(self) -> Fp12:
        return Fp12(self.c0, -self.c1)

    def mul_line_m(self, h: Factor, g0: Factor, g1: Factor) -> Fp12:
        """By g0 + g1 v + h v w: thirteen products."""
        f0, f1 = self.c0, self.c1
        y = f1.scale(h())
        x, yv = f0.mul_01(g0, g1), y.mul_v()
        return Fp12(x + yv.mul_v(), (f0 + f1).mul_01_minus(g0, lambda: g1() + h(), x + yv))

    def mul_line_d(self, h: Factor, g0: Factor, g1: Factor) -> Fp12:
        """By h + (g0 + g1 v) w: thirteen products."""
        f0, f1 = self.c0, self.c1
        x, y = f0.scale(h()), f1.mul_01(g0, g1)
        return Fp12(x + y.mul_v(), (f0 + f1).mul_01_minus(lambda: g0() + h(), g1, x + y))

    def mul_joined(self, c: Sequence[Factor], d: Sequence[Factor], *, m_twist: bool) -> Fp12:
        """By c0 + c1 v + c2 v^2 + (d0 + d1 v) v w (M-twist) or c0 + c1 v + c2 v^2 + (d0 + d1 v) w: seventeen products."""
        f0, f1 = self.c0, self.c1
        x, y = f0.mul_each(*c), f1.mul_01(*d)
        if m_twist:
            y = y.mul_v()
            sums: tuple[Factor, Factor, Factor] = (c[0], lambda: c[1]() + d[0](), lambda: c[2]() + d[1]())
        else:
            sums = (lambda: c[0]() + d[0](), lambda: c[1]() + d[1](), c[2])
        return Fp12(x + y.mul_v(), (f0 + f1).mul_each_minus(*sums, x + y))

    def frobenius(self, gammas: Sequence[Fp2 | Fp | None], *, conjugate: bool) -> Fp12:
        """gammas: of w^0 ... w^5, None for one."""
        places = (0, 2, 4, 1, 3, 5)
        out = []
        for c, place in zip(self.coordinates, places, strict=True):
            image, gamma = c.conj() if conjugate else c, gammas[place]
            out.append(image if gamma is None else image * gamma)
        return Fp12.of(out)

    def cyclotomic_sqr(self, *, cheap_xi: bool) -> Fp12:
        """The square of an element of the cyclotomic subgroup, by three squarings in Fp4 = Fp2[s]/(s^2 - xi)."""
        a, b, c, d, e, f = self.coordinates

        def sqr4(x: Fp2, y: Fp2) -> tuple[Fp2, Fp2]:
            """(x + y s)^2. Where xi is cheap, two products; else three squares, which have as many multiplications in Fp."""
            if cheap_xi:
                m = x * y
                return (x + y) * (x + y.mul_xi()) - m - m.mul_xi(), m.dbl()
            p, q = x.sqr(), y.sqr()
            return p + q.mul_xi(), (x + y).sqr() - p - q

        def minus(t: Fp2, z: Fp2) -> Fp2:
            """3 t - 2 z."""
            return (t - z).dbl() + t

        def plus(t: Fp2, z: Fp2) -> Fp2:
            """3 t + 2 z."""
            return (t + z).dbl() + t

        t0, t1 = sqr4(a, e)
        t2, t3 = sqr4(d, c)
        t4, t5 = sqr4(b, f)
        return Fp12.of((minus(t0, a), minus(t2, b), minus(t4, c), plus(t5.mul_xi(), d), plus(t1, e), plus(t3, f)))
