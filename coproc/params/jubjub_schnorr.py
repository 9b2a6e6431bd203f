"""JubJub, what verifying a Schnorr signature needs besides the curve: the subgroup test by the Tate pairing, and tables of the generator.

The subgroup test
-----------------
The points of order dividing 8 are the multiples of T (jubjub.py), and 8 divides q - 1, so the reduced Tate pairing
t(T, P) = f(P)^((q-1)/8), with div f = 8 (T) - 8 (O), tells exactly the points of 8 E(Fq), which is the subgroup of order r_j.
On the Montgomery model B y^2 = x^3 + A x^2 + x, where 4T = (0, 0) and x(2T) = 1, Miller's algorithm is three doublings:

    f = l1^4 l2^2 / ((x - 1)^4 x),   l1 = y - TATE_SLOPE x - TATE_INTERCEPT the tangent at T,   l2 = y - TATE_SLOPE_2 x the one at 2T.

With x = (1+v)/(1-v), y = x/u, and denominators cleared by eighth powers (which the exponent kills), f equals, up to the constant
that B and the normalisation of f leave,

    g = ( ((1+v)(1 - TATE_SLOPE u) - TATE_INTERCEPT (1-v) u)^2 v^2 (1 - TATE_SLOPE_2 u) u (1-v)^3 )^2 (1+v)(1-v)

and a point of the curve outside <T> is in the subgroup if and only if g^TATE_EXPONENT = TATE_VALUE. The factors of g vanish at
multiples of T only, so g = 0, which fails the test, means a point of <T>.

Sources     [Koshelev] subgroup membership by the Tate pairing; [Pornin] points of cofactor 8
"""

from __future__ import annotations

from coproc.params import bls12_381
from coproc.params.constant import Constant, Elements, Nested, Plain, Word
from coproc.params.jubjub import COFACTOR, GENERATOR, IDENTITY, TORSION, D, Point, Q, R, add, contains, mul


def _inverse(a: int) -> int:
    return pow(a, -1, Q)


def _montgomery(point: Point) -> Point:
    u, v = point
    x = (1 + v) * _inverse(1 - v) % Q
    return x, x * _inverse(u) % Q


_A = 2 * (D - 1) * _inverse(-1 - D) % Q
_B = 4 * _inverse(-1 - D) % Q


def _tangent(x: int, y: int) -> Point:
    """Slope and intercept of the tangent of the Montgomery curve at (x, y)."""
    assert (_B * y * y - x * (x * x + _A * x + 1)) % Q == 0
    slope = (3 * x * x + 2 * _A * x + 1) * _inverse(2 * _B * y) % Q
    return slope, (y - slope * x) % Q


assert (Q - 1) % COFACTOR == 0
TATE_SLOPE, TATE_INTERCEPT = _tangent(*_montgomery(TORSION))
_T2 = _montgomery(mul(2, TORSION))
assert _T2[0] == 1
TATE_SLOPE_2, _INTERCEPT_2 = _tangent(*_T2)
assert _INTERCEPT_2 == 0
assert _montgomery(mul(3, TORSION))[0] != _T2[0]
TATE_EXPONENT = (Q - 1) // COFACTOR
# f is normalised in the coordinates B x, B^2 y of the Weierstrass model: B^8 B^4 / (B^4 B) = B^7 is what g lacks.
TATE_VALUE = pow(_B, TATE_EXPONENT, Q)


def tate(point: Point) -> int:
    """g of an affine point."""
    u, v = point
    tangent = ((1 + v) * (1 - TATE_SLOPE * u) - TATE_INTERCEPT * (1 - v) * u) % Q
    root = tangent * tangent % Q * v * v % Q * (1 - TATE_SLOPE_2 * u) % Q * u * (1 - v) ** 3 % Q
    return root * root % Q * (1 + v) * (1 - v) % Q


def in_subgroup(point: Point) -> bool:
    """Whether a point of the curve that is no multiple of T has order r_j."""
    return pow(tate(point), TATE_EXPONENT, Q) == TATE_VALUE


_torsion = IDENTITY
for _i in range(COFACTOR):
    assert tate(_torsion) == 0 or _i in (3, 5, 7)
    assert not in_subgroup(_torsion)
    for _k in (1, 2, 5, R // 3):
        assert in_subgroup(add(mul(_k, GENERATOR), _torsion)) == (_i == 0)
    _torsion = add(_torsion, TORSION)

# Odd multiples 1, 3, .. of the generator and of 2^GENERATOR_SPLIT times it, as (v + u, v - u, 2 d u v): the operands of a mixed
# addition. A scalar below r_j is split at that bit into two, each in signed digits of window GENERATOR_WINDOW.
GENERATOR_SPLIT = 126
GENERATOR_WINDOW = 7
assert R < 1 << 2 * GENERATOR_SPLIT


def _odd_multiples(point: Point) -> Nested:
    double, rows = add(point, point), []
    for _ in range(1 << (GENERATOR_WINDOW - 2)):
        u, v = point
        assert contains(point)
        rows.append(((v + u) % Q, (v - u) % Q, 2 * D * u % Q * v % Q))
        point = add(point, double)
    return tuple(rows)


GENERATOR_TABLE: Nested = (_odd_multiples(GENERATOR), _odd_multiples(mul(1 << GENERATOR_SPLIT, GENERATOR)))

_FQ = bls12_381.FR
EXPORTS: dict[str, Constant] = {
    "TATE_SLOPE": Elements(_FQ, TATE_SLOPE),
    "TATE_INTERCEPT": Elements(_FQ, TATE_INTERCEPT),
    "TATE_SLOPE_2": Elements(_FQ, TATE_SLOPE_2),
    "TATE_VALUE": Elements(_FQ, TATE_VALUE),
    "TATE_EXPONENT": Plain(TATE_EXPONENT, 4),
    "GENERATOR_SPLIT": Word(GENERATOR_SPLIT),
    "GENERATOR_WINDOW": Word(GENERATOR_WINDOW),
    "GENERATOR_TABLE": Elements(_FQ, GENERATOR_TABLE),
}
