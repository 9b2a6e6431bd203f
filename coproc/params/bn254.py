"""BN254 (alt_bn128, bn256 of the EVM).

Equation    E1: y^2 = x^3 + 3 over Fp;   E2: y^2 = x^3 + 3/xi over Fp2, a D-type sextic twist
Tower       Fp2 = Fp[u]/(u^2 + 1), Fp6 = Fp2[v]/(v^3 - xi), Fp12 = Fp6[w]/(w^2 - v), xi = 9 + u
Seed        z = 4965661367192848881;   p = 36z^4 + 36z^3 + 24z^2 + 6z + 1, r = p - 6z^2
Loop        6z + 2 (65 bits) in the signed digits of arkworks, then psi(Q) and -psi^2(Q); optimal ate
Orders      #E1(Fp) = r;   #E2(Fp2) = (2p - r) r
Sources     [BN05] family, [EIP-196] and [EIP-197] generators, [ark-bn254] loop digits
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd

from coproc.params.arithmetic import Curve, fp2_inv, fp2_mul, is_prime, is_square, prime_field, quadratic_field
from coproc.params.constant import Constant, Digits, Elements, Field, Plain, Word
from coproc.params.towers import frobenius_table, is_sextic_nonresidue, twist_frobenius

Z = 4965661367192848881
P = 36 * Z**4 + 36 * Z**3 + 24 * Z**2 + 6 * Z + 1
R = 36 * Z**4 + 36 * Z**3 + 18 * Z**2 + 6 * Z + 1
assert P == 21888242871839275222246405745257275088696311157297823662689037894645226208583
assert R == 21888242871839275222246405745257275088548364400416034343698204186575808495617
assert is_prime(P)
assert is_prime(R)
assert P % 4 == 3

# ---- fields -------------------------------------------------------------------------------------------------------------
TWO_ADICITY = 28
assert (R - 1) % 2**TWO_ADICITY == 0
assert (R - 1) >> TWO_ADICITY & 1
assert not is_square(5, R)
ROOT_OF_UNITY = pow(5, (R - 1) >> TWO_ADICITY, R)
assert pow(ROOT_OF_UNITY, 2 ** (TWO_ADICITY - 1), R) == R - 1

FP = Field(P, 4, 5, plain={"SQRT_EXPONENT": (P + 1) // 4})
FR = Field(
    R,
    4,
    5,
    plain={"T_MINUS_1_OVER_2": ((R - 1 >> TWO_ADICITY) - 1) // 2},
    elements={"ROOT_OF_UNITY": ROOT_OF_UNITY},
    words={"TWO_ADICITY": TWO_ADICITY},
)

# ---- tower --------------------------------------------------------------------------------------------------------------
XI = (9, 1)
assert is_sextic_nonresidue(XI, P)
FROBENIUS_1, FROBENIUS_2, FROBENIUS_3 = (frobenius_table(XI, P, k) for k in (1, 2, 3))

# ---- curves -------------------------------------------------------------------------------------------------------------
B1 = 3
B2 = fp2_mul((3, 0), fp2_inv(XI, P), P)
B2_TIMES_3 = fp2_mul((3, 0), B2, P)
E1 = Curve(prime_field(P), 0, B1)
E2 = Curve(quadratic_field(P), (0, 0), B2)
G1 = (1, 2)
G2 = (
    (
        10857046999023057135944570762232829481370756359578518086990519993285655852781,
        11559732032986387107991004021392285783925812861821192530917403151452391805634,
    ),
    (
        8495653923123431417604973247489272438418190587263600148770280649306958101930,
        4082367875863433681332203403145435568316851327593401208105741076214120093531,
    ),
)
assert E1.contains(G1)
assert E1.mul(R, G1) is None
assert E2.contains(G2)
assert E2.mul(R, G2) is None
TRACE = 6 * Z**2 + 1
assert P + 1 - TRACE == R
COFACTOR_2 = 2 * P - R
_TRACE_2 = TRACE**2 - 2 * P  # #E2(Fp2) = p^2 + 1 - (t2 +- 3f)/2 with t2 = t^2 - 2p, 4 p^2 = t2^2 + 3 f^2
assert (2 * (P**2 + 1 - COFACTOR_2 * R) - _TRACE_2) ** 2 * 3 == 9 * (4 * P**2 - _TRACE_2**2)

# ---- the loop -----------------------------------------------------------------------------------------------------------
LOOP = "+0+00-0++000-00++00-00000+00-00+++0000-0+00-0++00+00-+00-0+0+000"
LOOP_DIGITS = tuple("-0+".index(c) - 1 for c in LOOP)
assert sum(d * 2**i for i, d in enumerate(reversed(LOOP_DIGITS))) + 2 ** len(LOOP) == 6 * Z + 2
assert len(LOOP) == 64
assert len(LOOP) - LOOP.count("0") == 25

# ---- endomorphisms ------------------------------------------------------------------------------------------------------
PSI_X, PSI_Y = twist_frobenius(XI, P, m_type=False)


def psi(point: tuple[tuple[int, int], tuple[int, int]]) -> tuple[tuple[int, int], tuple[int, int]]:
    """The twisted Frobenius endomorphism of E2."""
    (x0, x1), (y0, y1) = point
    return E2.k.mul((x0, -x1 % P), PSI_X), E2.k.mul((y0, -y1 % P), PSI_Y)


MU = P % R
assert MU == 6 * Z**2
assert psi(G2) == E2.mul(MU, G2)
# The subgroup test of G2: f(psi) P = 0 for f = (z + 1) + z psi + z psi^2 - 2z psi^3. Modulo psi^2 - t psi + p it is a + b psi, whose norm
# a^2 + t a b + p b^2 kills P.
_F = [Z + 1, Z, Z, -2 * Z]
assert sum(c * MU**i for i, c in enumerate(_F)) % R == 0
_B3, _A3 = TRACE**2 - P, -TRACE * P  # psi^3 = (t^2 - p) psi - t p
_A = _F[0] - P * _F[2] + _A3 * _F[3]
_B = _F[1] + TRACE * _F[2] + _B3 * _F[3]
assert gcd(_A**2 + TRACE * _A * _B + P * _B**2, COFACTOR_2 * R) == R
assert min(q for q in range(2, 10_070) if COFACTOR_2 % q == 0) == 10_069  # no point of E2 but infinity has a smaller order
PSI2_X, PSI2_Y = FROBENIUS_2[2][0], P - 1  # psi^2(x, y) = (x xi^((p^2-1)/3), -y)
assert psi(psi(G2)) == ((G2[0][0] * PSI2_X % P, G2[0][1] * PSI2_X % P), (-G2[1][0] % P, -G2[1][1] % P))

LAMBDA = MU * MU % R * MU % R * MU % R  # mu is a primitive 12th root of unity mod r, so mu^4 is a cube root
assert LAMBDA != 1
assert (LAMBDA**2 + LAMBDA + 1) % R == 0
assert (MU**4 - MU**2 + 1) % R == 0
_IMAGE = E1.mul(LAMBDA, G1)
assert _IMAGE is not None
BETA = _IMAGE[0]  # G1 has x = 1
assert BETA != 1
assert pow(BETA, 3, P) == 1
assert _IMAGE == (BETA, 2)


def _reduced_basis(lam: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Gauss-reduced basis of {(a, b): a + b lambda = 0 mod r}."""
    u, v = (R, 0), (-lam, 1)
    while True:
        if u[0] ** 2 + u[1] ** 2 > v[0] ** 2 + v[1] ** 2:
            u, v = v, u
        m = round(Fraction(u[0] * v[0] + u[1] * v[1], u[0] ** 2 + u[1] ** 2))
        if m == 0:
            return u, v
        v = v[0] - m * u[0], v[1] - m * u[1]


# GLV: k = k0 + k1 LAMBDA with (k0, k1) = (k, 0) - c0 B0 - c1 B1, c_i = round(k Q_i / r), (k, 0) = sum (k Q_i / r) B_i.
GLV_BASIS = _reduced_basis(LAMBDA)
(_a0, _b0), (_a1, _b1) = GLV_BASIS
_det = _a0 * _b1 - _a1 * _b0
assert abs(_det) == R
GLV_QUOTIENTS = (_b1 * _det // R, -_b0 * _det // R)
assert all(a + b * LAMBDA - R * ((a + b * LAMBDA) // R) == 0 for a, b in GLV_BASIS)
assert tuple(sum(q * v[i] for q, v in zip(GLV_QUOTIENTS, GLV_BASIS, strict=False)) for i in range(2)) == (R, 0)

# GLS on G2: k = sum k_i MU^i, i = 0..3, with the basis of [GS08] and the same rounding; |k_i| < 2^66.
GLS_BASIS = (
    (Z + 1, Z, Z, -2 * Z),
    (2 * Z + 1, -Z, -(Z + 1), -Z),
    (2 * Z, 2 * Z + 1, 2 * Z + 1, 2 * Z + 1),
    (Z - 1, 4 * Z + 2, -(2 * Z - 1), Z - 1),
)
assert all(sum(c * MU**i for i, c in enumerate(row)) % R == 0 for row in GLS_BASIS)


def _first_row_times_r(basis: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    """Q with sum Q_i basis_i = (r, 0, 0, 0): Gauss-Jordan over the rationals; integers, since the determinant is +-r."""
    n = len(basis)
    rows = [[Fraction(basis[j][i]) for j in range(n)] + [Fraction(R if i == 0 else 0)] for i in range(n)]
    for i in range(n):
        pivot = next(j for j in range(i, n) if rows[j][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for j in range(n):
            if j != i:
                rows[j] = [x - rows[j][i] * y for x, y in zip(rows[j], rows[i], strict=False)]
    assert all(row[-1].denominator == 1 for row in rows)
    return tuple(int(row[-1]) for row in rows)


GLS_QUOTIENTS = _first_row_times_r(GLS_BASIS)
assert tuple(sum(q * v[i] for q, v in zip(GLS_QUOTIENTS, GLS_BASIS, strict=False)) for i in range(4)) == (R, 0, 0, 0)
RECIPROCAL_SHIFT = 256  # c_i = (k * floor(2^256 |Q_i| / r) + 2^255) >> 256, off by at most one for k < 2^256


def _magnitudes(rows: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(abs(x) for x in row) for row in rows)


def _signs(rows: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(-1 if x < 0 else 1 for x in row) for row in rows)


EXPORTS: dict[str, Constant] = {
    "Fp": FP,
    "Fr": FR,
    "Z": Word(Z),
    "B1": Elements(FP, B1),
    "B1_TIMES_3": Elements(FP, 3 * B1),
    "B2": Elements(FP, B2),
    "B2_TIMES_3": Elements(FP, B2_TIMES_3),
    "G1_X": Elements(FP, G1[0]),
    "G1_Y": Elements(FP, G1[1]),
    "G2_X": Elements(FP, G2[0]),
    "G2_Y": Elements(FP, G2[1]),
    "TWO_INV": Elements(FP, (P + 1) // 2),
    "BETA": Elements(FP, BETA),
    "LAMBDA": Plain(LAMBDA, 4),
    "GLV_BASIS": Plain(_magnitudes(GLV_BASIS), 2),
    "GLV_BASIS_SIGN": Digits(_signs(GLV_BASIS)),
    "GLV_RECIPROCAL": Plain(tuple(2**RECIPROCAL_SHIFT * abs(q) // R for q in GLV_QUOTIENTS), 3),
    "GLV_RECIPROCAL_SIGN": Digits(_signs((GLV_QUOTIENTS,))[0]),
    "MU": Plain(MU, 4),
    "GLS_BASIS": Plain(_magnitudes(GLS_BASIS), 2),
    "GLS_BASIS_SIGN": Digits(_signs(GLS_BASIS)),
    "GLS_RECIPROCAL": Plain(tuple(2**RECIPROCAL_SHIFT * abs(q) // R for q in GLS_QUOTIENTS), 4),
    "GLS_RECIPROCAL_SIGN": Digits(_signs((GLS_QUOTIENTS,))[0]),
    "PSI_X": Elements(FP, PSI_X),
    "PSI_Y": Elements(FP, PSI_Y),
    "PSI2_X": Elements(FP, PSI2_X),
    "FROB_FP12_1": Elements(FP, FROBENIUS_1),
    "FROB_FP12_2": Elements(FP, tuple(c0 for c0, _ in FROBENIUS_2)),
    "FROB_FP12_3": Elements(FP, FROBENIUS_3),
    "LOOP_DIGITS": Digits(LOOP_DIGITS),
}
