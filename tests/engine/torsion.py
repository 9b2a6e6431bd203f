"""Points of the curves outside the groups of prime order, in plain integers: affine arithmetic as in a textbook."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from coproc.engine.protocol import Group
from tests.engine.kit import BLS_P, BLS_R, BN_P, BN_R, MODULUS, ORDER, Point, curve_of, field_of

Pair = tuple[int, int]

_X = -0xD201000000010000  # BLS12-381's seed
#: Cofactors: BLS12-381 G1 (x - 1)^2 / 3, G2 (x^8 - 4 x^7 + 5 x^6 - 4 x^4 + 6 x^3 - 4 x^2 - 4 x + 13) / 9; BN254 1 and 2 q - r.
COFACTOR = {
    Group.BLS12_381_G1: (_X - 1) ** 2 // 3,
    Group.BLS12_381_G2: (_X**8 - 4 * _X**7 + 5 * _X**6 - 4 * _X**4 + 6 * _X**3 - 4 * _X**2 - 4 * _X + 13) // 9,
    Group.BN254_G1: 1,
    Group.BN254_G2: 2 * BN_P - BN_R,
}
#: Small primes that divide them.
SMALL_ORDERS = {
    Group.BLS12_381_G1: (3, 11, 10177, 859267, 52437899),
    Group.BLS12_381_G2: (13, 23, 2713, 11953, 262069),
    Group.BN254_G1: (),
    Group.BN254_G2: (10069, 5864401),
}


class Fp2:
    """c0 + c1 u, u^2 = -1; c1 = 0 in G1."""

    __slots__ = ("c", "p")

    def __init__(self, p: int, c: Pair) -> None:
        self.p, self.c = p, (c[0] % p, c[1] % p)

    def __add__(self, o: Fp2) -> Fp2:
        return Fp2(self.p, (self.c[0] + o.c[0], self.c[1] + o.c[1]))

    def __sub__(self, o: Fp2) -> Fp2:
        return Fp2(self.p, (self.c[0] - o.c[0], self.c[1] - o.c[1]))

    def __mul__(self, o: Fp2) -> Fp2:
        (a, b), (c, d) = self.c, o.c
        return Fp2(self.p, (a * c - b * d, a * d + b * c))

    def __eq__(self, o: object) -> bool:
        return isinstance(o, Fp2) and self.c == o.c

    def __hash__(self) -> int:
        return hash(self.c)

    def inverse(self) -> Fp2:
        a, b = self.c
        n = pow(a * a + b * b, -1, self.p)
        return Fp2(self.p, (a * n, -b * n))

    def sqrt(self) -> Fp2 | None:
        """A root, if there is one; p = 3 mod 4. By complex squares: of a + b u with norm s^2 it is x + y u, x^2 = (a + s) / 2."""
        p, (a, b) = self.p, self.c

        def root(v: int) -> int | None:
            r = pow(v, (p + 1) // 4, p)
            return r if r * r % p == v % p else None

        s = root(a * a + b * b)
        if s is None:
            return None
        for sign in (s, -s):
            half = (a + sign) * pow(2, -1, p) % p
            x = root(half)
            if x is None:
                continue
            if x:
                out = Fp2(p, (x, b * pow(2 * x, -1, p)))
            else:
                y = root(-a)
                if y is None:
                    continue
                out = Fp2(p, (0, y))
            if out * out == self:
                return out
        return None


def coefficient_b(group: Group) -> Fp2:
    """Of y^2 = x^3 + b: 4, 4 + 4u; 3, 3 / (9 + u)."""
    if group == Group.BLS12_381_G1:
        return Fp2(BLS_P, (4, 0))
    if group == Group.BLS12_381_G2:
        return Fp2(BLS_P, (4, 4))
    if group == Group.BN254_G1:
        return Fp2(BN_P, (3, 0))
    return Fp2(BN_P, (3, 0)) * Fp2(BN_P, (9, 1)).inverse()


def _in_g2(group: Group) -> bool:
    return group in (Group.BLS12_381_G2, Group.BN254_G2)


def curve_points(group: Group, xs: Iterable[tuple[int, ...]]) -> list[Point]:
    """A point for each x that has one."""
    p, b = MODULUS[field_of(group)], coefficient_b(group)
    found: list[Point] = []
    for coordinates in xs:
        x = Fp2(p, (coordinates[0], coordinates[1] if len(coordinates) > 1 else 0))
        y = (x * x * x + b).sqrt()
        if y is None or (not _in_g2(group) and y.c[1]):
            continue
        found.append((*x.c, *y.c) if _in_g2(group) else (x.c[0], y.c[0]))
    return found


def add(group: Group, a: Point, b: Point) -> Point:
    """a + b by chord and tangent."""
    if a is None:
        return b
    if b is None:
        return a
    p = MODULUS[field_of(group)]
    if _in_g2(group):
        xa, ya, xb, yb = (Fp2(p, c) for c in ((a[0], a[1]), (a[2], a[3]), (b[0], b[1]), (b[2], b[3])))
    else:
        xa, ya, xb, yb = (Fp2(p, (c, 0)) for c in (*a, *b))
    if xa == xb:
        if ya != yb or ya == Fp2(p, (0, 0)):
            return None
        slope = Fp2(p, (3, 0)) * xa * xa * (ya + ya).inverse()
    else:
        slope = (yb - ya) * (xb - xa).inverse()
    x = slope * slope - xa - xb
    y = slope * (xa - x) - ya
    return (*x.c, *y.c) if _in_g2(group) else (x.c[0], y.c[0])


def multiply(group: Group, k: int, a: Point) -> Point:
    total: Point = None
    for bit in bin(k)[2:] if k else "":
        total = add(group, total, total)
        if bit == "1":
            total = add(group, total, a)
    return total


@cache
def _random_points(group: Group, count: int) -> tuple[Point, ...]:
    """Points of the whole curve, from small x."""
    if group == Group.BN254_G1:
        return tuple(curve_points(group, [(x,) for x in range(3, 3 + 6 * count)])[:count])
    return tuple(curve_points(group, [(x, 1) if _in_g2(group) else (x,) for x in range(2, 2 + 8 * count + 16)])[:count])


@cache
def outside_points(group: Group, count: int) -> tuple[Point, ...]:
    """Points of the curve that are not in the group of prime order (none exists in BN254's G1)."""
    found = _random_points(group, count)
    assert len(found) == count
    assert all(multiply(group, ORDER[curve_of(group)], a) is not None for a in found)
    return found


@cache
def point_of_order(group: Group, order: int) -> Point:
    """A point of small prime order: [h r / order^k] of a point of the whole curve, brought down to that order."""
    total = COFACTOR[group] * ORDER[curve_of(group)]
    rest, power = total, 1
    while rest % order == 0:
        rest, power = rest // order, power * order
    for candidate in _random_points(group, 12):
        point = multiply(group, rest, candidate)
        while point is not None:
            above, point = point, multiply(group, order, point)
            if point is None:
                return above
    raise AssertionError(f"no point of order {order}")


def in_subgroup(group: Group, a: Point) -> bool:
    return multiply(group, ORDER[curve_of(group)], a) is None


assert ORDER[curve_of(Group.BLS12_381_G1)] == BLS_R
