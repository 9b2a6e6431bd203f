"""The optimal ate pairings of BLS12-381 and BN254.

The twist E2 is mapped into E1(Fp12) by (x, y) -> (x/w^2, y/w^3) (M-type, BLS12-381) or (x w^2, y w^3) (D-type, BN254). Up to factors of
Fp2 and powers of w^3, which the final exponentiation removes, the line of slope m through T = (xT, yT) on the twist is at P in E1(Fp)
    M-type  (m xT - yT) - m xP w^2 + yP w^3           D-type  yP - m xP w + (m xT - yT) w^3.
A line is kept as the triple (l0, l1, l2) of the factors of yP, of xP and of the constant term, so that lines are prepared once for a
point of G2. The triples are arkworks' own, homogeneous and without inversions: its prepared Groth16 keys hold them.
Sources: [Vercauteren10] optimal pairings, [ark-ec] src/models/bn/g2.rs for the steps, [FKR11] and [HHT20] for the hard parts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from coproc.params import bls12_381, bn254
from coproc.spec.curve import BLS12_381_G2, BN254_G2, Curve, G1Point, G2Point
from coproc.spec.fields import Fp2
from coproc.spec.tower import BLS12_381_TOWER, BN254_TOWER, Fp12, Tower

Line = tuple[Fp2, Fp2, Fp2]
Lines = tuple[Line, ...]
Homogeneous = tuple[Fp2, Fp2, Fp2]


@dataclass(frozen=True)
class Pairing(ABC):
    """A pairing e: G1 x G2 -> Gt.

    digits    signed digits of the loop count below its leading one, most significant first
    places    powers of w of the three terms of a line
    negative  the loop count is negative: the value is conjugated
    psi       (PSI_X, PSI_Y) where two more lines, through psi(Q) and -psi^2(Q), close the loop; None where none do
    """

    tower: Tower
    g2: Curve[Fp2]
    digits: tuple[int, ...]
    places: tuple[int, int, int]
    negative: bool
    psi: tuple[Fp2, Fp2] | None

    @property
    def line_count(self) -> int:
        return len(self.digits) + sum(d != 0 for d in self.digits) + (2 if self.psi else 0)

    # ---- lines ---------------------------------------------------------------------------------------------------------
    def lines(self, q: tuple[Fp2, Fp2]) -> Lines:
        """All lines of the loop for Q, which is not infinity and has prime order."""
        k = self.g2.field
        minus = q[0], k.neg(q[1])
        t: Homogeneous = (q[0], q[1], k.one)
        out: list[Line] = []
        for digit in self.digits:
            line, t = self._double_step(t)
            out.append(line)
            if digit:
                line, t = self._add_step(t, q if digit > 0 else minus)
                out.append(line)
        if self.psi:
            q1 = self._psi(q)
            q2 = self._psi(q1)
            for point in (q1, (q2[0], k.neg(q2[1]))):
                line, t = self._add_step(t, point)
                out.append(line)
        return tuple(out)

    def _psi(self, q: tuple[Fp2, Fp2]) -> tuple[Fp2, Fp2]:
        assert self.psi is not None
        fp2 = self.tower.fp2
        return fp2.mul(fp2.conj(q[0]), self.psi[0]), fp2.mul(fp2.conj(q[1]), self.psi[1])

    def _double_step(self, t: Homogeneous) -> tuple[Line, Homogeneous]:
        """T = (X : Y : Z) -> 2T and the tangent (-2YZ, 3X^2, 3bZ^2 - Y^2)."""
        k, (x, y, z) = self.tower.fp2, t
        half = (k.p + 1) // 2
        yy, yz2 = k.sqr(y), k.scale(k.mul(y, z), 2)
        e = k.mul(self.g2.b, k.scale(k.sqr(z), 3))  # 3bZ^2
        line = k.neg(yz2), k.scale(k.sqr(x), 3), k.sub(e, yy)
        f = k.scale(e, 3)
        x3 = k.mul(k.scale(k.mul(x, y), half), k.sub(yy, f))
        y3 = k.sub(k.sqr(k.scale(k.add(yy, f), half)), k.scale(k.sqr(e), 3))
        return line, (x3, y3, k.mul(yy, yz2))

    def _add_step(self, t: Homogeneous, q: tuple[Fp2, Fp2]) -> tuple[Line, Homogeneous]:
        """T -> T + Q and the chord (lambda, -theta, theta xQ - lambda yQ), theta = Y - yQ Z, lambda = X - xQ Z."""
        k, (x, y, z) = self.tower.fp2, t
        theta, lam = k.sub(y, k.mul(q[1], z)), k.sub(x, k.mul(q[0], z))
        line = lam, k.neg(theta), k.sub(k.mul(theta, q[0]), k.mul(lam, q[1]))
        square = k.sqr(lam)
        cube, g = k.mul(lam, square), k.mul(x, square)
        h = k.sub(k.add(cube, k.mul(z, k.sqr(theta))), k.add(g, g))
        return line, (k.mul(lam, h), k.sub(k.mul(theta, k.sub(g, h)), k.mul(cube, y)), k.mul(z, cube))

    # ---- the loop ------------------------------------------------------------------------------------------------------
    def line_at(self, line: Line, p: tuple[int, int]) -> Fp12:
        """The value of a line at a point of G1."""
        fp2 = self.tower.fp2
        c = [fp2.zero] * 6
        c[self.places[0]] = fp2.scale(line[0], p[1])
        c[self.places[1]] = fp2.scale(line[1], p[0])
        c[self.places[2]] = line[2]
        return self.tower.from_powers(tuple(c))

    def miller_loop(self, pairs: Iterable[tuple[G1Point, Lines | None]]) -> Fp12:
        """The product over pairs (P, lines of Q); a pair with an infinity (None) on either side is left out.

        Each list holds at least ``line_count`` lines; more are ignored.
        """
        tower = self.tower
        live = [(p, lines) for p, lines in pairs if p is not None and lines is not None]
        f, used = tower.one, 0

        def multiply(f: Fp12) -> Fp12:
            for p, lines in live:
                f = tower.mul(f, self.line_at(lines[used], p))
            return f

        for digit in self.digits:
            f = multiply(tower.sqr(f))
            used += 1
            if digit:
                f = multiply(f)
                used += 1
        while used < self.line_count:
            f = multiply(f)
            used += 1
        return tower.conj(f) if self.negative else f

    # ---- final exponentiation ------------------------------------------------------------------------------------------
    def final_exponentiation(self, f: Fp12) -> Fp12:
        """f^((p^6 - 1)(p^2 + 1) hard part); ZeroDivisionError for 0."""
        if f == self.tower.zero:
            raise ZeroDivisionError("final exponentiation of zero")
        f = self.tower.mul(self.tower.conj(f), self.tower.inv(f))
        return self.hard_part(self.tower.mul(self.tower.frobenius(f, 2), f))

    @abstractmethod
    def hard_part(self, f: Fp12) -> Fp12:
        """A fixed power of f, which lies in the cyclotomic subgroup, where 1/f = conj(f)."""

    # ---- the pairing ---------------------------------------------------------------------------------------------------
    def prepare(self, q: G2Point) -> Lines | None:
        """Lines of Q, or None for infinity; the last few thousand are kept."""
        return None if q is None else _lines(self, q)

    def __call__(self, p: G1Point, q: G2Point) -> Fp12:
        """e(P, Q)."""
        return self.final_exponentiation(self.miller_loop([(p, self.prepare(q))]))

    def is_one(self, pairs: Sequence[tuple[G1Point, G2Point]]) -> bool:
        """Is the product of e(P, Q) over the pairs one?"""
        return self.final_exponentiation(self.miller_loop((p, self.prepare(q)) for p, q in pairs)) == self.tower.one


@lru_cache(maxsize=1024)
def _lines(pairing: Pairing, q: tuple[Fp2, Fp2]) -> Lines:
    return pairing.lines(q)


class Bls12Pairing(Pairing):
    """Hard part 3 (p^4 - p^2 + 1)/r = (x - 1)^2 (x + p)(x^2 + p^2 - 1) + 3."""

    def hard_part(self, f: Fp12) -> Fp12:
        t = self.tower

        def power_x(a: Fp12) -> Fp12:
            return t.conj(t.pow(a, bls12_381.X_ABS))  # x is negative

        def power_x_minus_1(a: Fp12) -> Fp12:
            return t.mul(power_x(a), t.conj(a))

        a = power_x_minus_1(power_x_minus_1(f))
        a = t.mul(power_x(a), t.frobenius(a))
        a = t.mul(t.mul(power_x(power_x(a)), t.frobenius(a, 2)), t.conj(a))
        return t.mul(a, t.mul(t.sqr(f), f))


class BnPairing(Pairing):
    """Hard part 2z (6z^2 + 3z + 1) (p^4 - p^2 + 1)/r = l0 + l1 p + l2 p^2 + l3 p^3 with
    l1 = 4z + 6z^2 + 12z^3, l2 = l1 + 2z, l0 = l2 + 6z^2 + 1, l3 = l1 - 1."""

    def hard_part(self, f: Fp12) -> Fp12:
        t = self.tower
        z1 = t.pow(f, 2 * bn254.Z)  # f^2z
        z2 = t.pow(t.pow(z1, bn254.Z), 3)  # f^6z^2
        z3 = t.pow(z2, 2 * bn254.Z)  # f^12z^3
        a1 = t.mul(t.mul(t.sqr(z1), z2), z3)
        a2 = t.mul(a1, z1)
        a0, a3 = t.mul(t.mul(a2, z2), f), t.mul(a1, t.conj(f))
        return t.mul(t.mul(a0, t.frobenius(a1)), t.mul(t.frobenius(a2, 2), t.frobenius(a3, 3)))


def _check_hard_parts() -> None:
    """The two identities of exponents, in the integers."""
    x, p, r, z = bls12_381.X, bls12_381.P, bls12_381.R, bn254.Z
    assert 3 * (p**4 - p**2 + 1) == r * ((x - 1) ** 2 * (x + p) * (x**2 + p**2 - 1) + 3)
    p, r, l1 = bn254.P, bn254.R, 4 * z + 6 * z**2 + 12 * z**3
    l2 = l1 + 2 * z
    l0 = l2 + 6 * z**2 + 1
    assert 2 * z * (6 * z**2 + 3 * z + 1) * (p**4 - p**2 + 1) == r * (l0 + l1 * p + l2 * p**2 + (l1 - 1) * p**3)


_check_hard_parts()
BLS12_381 = Bls12Pairing(
    BLS12_381_TOWER,
    BLS12_381_G2,
    digits=tuple(int(bit) for bit in bin(bls12_381.X_ABS)[3:]),
    places=(3, 2, 0),
    negative=True,
    psi=None,
)
BN254 = BnPairing(BN254_TOWER, BN254_G2, digits=bn254.LOOP_DIGITS, places=(0, 1, 3), negative=False, psi=(bn254.PSI_X, bn254.PSI_Y))
