"""BLS12-381.

Equation    E1: y^2 = x^3 + 4 over Fp;   E2: y^2 = x^3 + 4(1 + u) over Fp2, an M-type sextic twist
Tower       Fp2 = Fp[u]/(u^2 + 1), Fp6 = Fp2[v]/(v^3 - xi), Fp12 = Fp6[w]/(w^2 - v), xi = 1 + u
Seed        x = -0xd201000000010000;   r = x^4 - x^2 + 1, p = (x - 1)^2 r / 3 + x
Loop        |x|, 64 bits of which 6 are set; optimal ate
Orders      #E1(Fp) = h1 r, h1 = (x - 1)^2 / 3;   #E2(Fp2) = h2 r
Sources     [BLS03] family, [zcash-bls] generators and encodings, [RFC9380] 8.8.1 and E.2 for hashing, [EIP-4844] for tau
"""

from __future__ import annotations

from math import gcd

from coproc.params.arithmetic import Curve, fp2_sqrt, is_prime, is_square, prime_field, quadratic_field
from coproc.params.constant import Constant, Elements, Field, Octets, Plain, Word
from coproc.params.towers import frobenius_table, is_sextic_nonresidue, twist_frobenius

X_ABS = 0xD201000000010000
X = -X_ABS
R = X**4 - X**2 + 1
P = (X - 1) ** 2 * R // 3 + X
assert P == 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
assert R == 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
assert is_prime(P)
assert is_prime(R)
assert P % 4 == 3
assert X_ABS.bit_count() == 6

# ---- fields -------------------------------------------------------------------------------------------------------------
TWO_ADICITY = 32
assert (R - 1) % 2**TWO_ADICITY == 0
assert (R - 1) >> TWO_ADICITY & 1
assert not is_square(7, R)
ROOT_OF_UNITY = pow(7, (R - 1) >> TWO_ADICITY, R)
assert ROOT_OF_UNITY == 0x16A2A19EDFE81F20D09B681922C813B4B63683508C2280B93829971F439F0D2B
assert pow(ROOT_OF_UNITY, 2 ** (TWO_ADICITY - 1), R) == R - 1

FP = Field(P, 6, 8, plain={"SQRT_EXPONENT": (P + 1) // 4})
FR = Field(
    R,
    4,
    5,
    plain={"T_MINUS_1_OVER_2": ((R - 1 >> TWO_ADICITY) - 1) // 2},
    elements={"ROOT_OF_UNITY": ROOT_OF_UNITY},
    words={"TWO_ADICITY": TWO_ADICITY},
)

# ---- tower --------------------------------------------------------------------------------------------------------------
XI = (1, 1)
assert is_sextic_nonresidue(XI, P)
FROBENIUS_1, FROBENIUS_2, FROBENIUS_3 = (frobenius_table(XI, P, k) for k in (1, 2, 3))

# ---- curves -------------------------------------------------------------------------------------------------------------
B1 = 4
B2 = (4, 4)
E1 = Curve(prime_field(P), 0, B1)
E2 = Curve(quadratic_field(P), (0, 0), B2)
G1 = (
    0x17F1D3A73197D7942695638C4FA9AC0FC3688C4F9774B905A14E3A3F171BAC586C55E83FF97A1AEFFB3AF00ADB22C6BB,
    0x08B3F481E3AAA0F1A09E30ED741D8AE4FCF5E095D5D00AF600DB18CB2C04B3EDD03CC744A2888AE40CAA232946C5E7E1,
)
G2 = (
    (
        0x024AA2B2F08F0A91260805272DC51051C6E47AD4FA403B02B4510B647AE3D1770BAC0326A805BBEFD48056C8C121BDB8,
        0x13E02B6052719F607DACD3A088274F65596BD0D09920B61AB5DA61BBDC7F5049334CF11213945D57E5AC7D055D042B7E,
    ),
    (
        0x0CE5D527727D6E118CC9CDC6DA2E351AADFD9BAA8CBDD3A76D429A695160D12C923AC9CC3BACA289E193548608B82801,
        0x0606C4A02EA734CC32ACD2B02BC28B99CB3E287E85A763AF267492AB572E99AB3F370D275CEC1DA1AAA9075FF05F79BE,
    ),
)
assert E1.contains(G1)
assert E1.mul(R, G1) is None
assert E2.contains(G2)
assert E2.mul(R, G2) is None
COFACTOR_1 = (X - 1) ** 2 // 3
COFACTOR_2 = (X**8 - 4 * X**7 + 5 * X**6 - 4 * X**4 + 6 * X**3 - 4 * X**2 - 4 * X + 13) // 9
assert (X - 1) ** 2 % 3 == 0
assert COFACTOR_1 * R == P + 1 - (X + 1)
# #E2(Fp2) = p^2 + 1 - t', t' = (t2 + 3 f)/2 or (t2 - 3 f)/2 with t2 = t^2 - 2p, 4 p^2 = t2^2 + 3 f^2.
_TRACE_2 = (X + 1) ** 2 - 2 * P
assert (2 * (P**2 + 1 - COFACTOR_2 * R) - _TRACE_2) ** 2 * 3 == 9 * (4 * P**2 - _TRACE_2**2)

# ---- endomorphisms ------------------------------------------------------------------------------------------------------
BETA = 0x5F19672FDF76CE51BA69C6076A0F77EADDB3A93BE6F89688DE17D813620A00022E01FFFFFFFEFFFE
LAMBDA = -(X**2) % R
assert BETA != 1
assert pow(BETA, 3, P) == 1
assert (LAMBDA**2 + LAMBDA + 1) % R == 0
assert E1.mul(LAMBDA, G1) == (BETA * G1[0] % P, G1[1])
PSI_X, PSI_Y = twist_frobenius(XI, P, m_type=True)


def psi(point: tuple[tuple[int, int], tuple[int, int]]) -> tuple[tuple[int, int], tuple[int, int]]:
    """The twisted Frobenius endomorphism of E2."""
    (x0, x1), (y0, y1) = point
    return E2.k.mul((x0, -x1 % P), PSI_X), E2.k.mul((y0, -y1 % P), PSI_Y)


assert psi(G2) == E2.mul(X, G2)
# The subgroup tests: phi(P) = [-x^2]P is killed by x^4 - x^2 + 1 = r, psi(P) = [x]P by x^2 - (x + 1) x + p = p - x = h1 r.
assert P - X == COFACTOR_1 * R
assert gcd(P - X, COFACTOR_2 * R) == R
# GLV: k = k0 + k1 x^2 = k0 - k1 LAMBDA with 0 <= k0 < x^2, by k1 = floor(k / x^2); floor(k m / 2^383) is k1 or k1 - 1 for k < 2^256.
X_SQUARED = X**2
X_SQUARED_RECIPROCAL = 2**383 // X_SQUARED
assert X_SQUARED < 2**128
assert X_SQUARED_RECIPROCAL < 2**256
assert (R - 1) // X_SQUARED < 2**128
# GLS: k = sum k_i |x|^i, i = 0..3, psi^i = [(-|x|)^i]; floor(2^127 / |x|) fits a word.
X_RECIPROCAL = 2**127 // X_ABS
assert X_RECIPROCAL < 2**64
assert R < X_ABS**4

# ---- KZG: [tau] G2 of the Ethereum ceremony -----------------------------------------------------------------------------
KZG_TAU_G2_COMPRESSED = bytes.fromhex(
    "b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f72"
    "185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2"
)


def _decompress_g2(data: bytes) -> tuple[tuple[int, int], tuple[int, int]]:
    """zcash encoding: x.c1 with flags in the top three bits, then x.c0; y is the larger root if 0x20 is set."""
    assert data[0] >> 6 == 0b10
    x = int.from_bytes(data[48:], "big"), int.from_bytes(data[:48], "big") & ((1 << 381) - 1)
    y = fp2_sqrt(E2.k.add(E2.k.mul(x, E2.k.mul(x, x)), B2), P)
    assert y is not None
    assert x[0] < P
    assert x[1] < P
    larger = y[1] > P // 2 if y[1] else y[0] > P // 2
    return x, y if larger == bool(data[0] & 0x20) else (-y[0] % P, -y[1] % P)


KZG_TAU_G2 = _decompress_g2(KZG_TAU_G2_COMPRESSED)
assert E2.contains(KZG_TAU_G2)
assert psi(KZG_TAU_G2) == E2.mul(X, KZG_TAU_G2)

EXPORTS: dict[str, Constant] = {
    "Fp": FP,
    "Fr": FR,
    "X_ABS": Word(X_ABS),
    "B1": Elements(FP, B1),
    "B1_TIMES_3": Elements(FP, 3 * B1),
    "B2": Elements(FP, B2),
    "B2_TIMES_3": Elements(FP, (12, 12)),
    "G1_X": Elements(FP, G1[0]),
    "G1_Y": Elements(FP, G1[1]),
    "G2_X": Elements(FP, G2[0]),
    "G2_Y": Elements(FP, G2[1]),
    "TWO_INV": Elements(FP, (P + 1) // 2),
    "BETA": Elements(FP, BETA),
    "LAMBDA": Plain(LAMBDA, 4),
    "X_SQUARED": Plain(X_SQUARED, 2),
    "X_SQUARED_RECIPROCAL": Plain(X_SQUARED_RECIPROCAL, 4),
    "X_RECIPROCAL": Word(X_RECIPROCAL),
    "PSI_X": Elements(FP, PSI_X),
    "PSI_Y": Elements(FP, PSI_Y),
    "FROB_FP12_1": Elements(FP, FROBENIUS_1),
    "FROB_FP12_2": Elements(FP, tuple(c0 for c0, _ in FROBENIUS_2)),
    "FROB_FP12_3": Elements(FP, FROBENIUS_3),
    "KZG_TAU_G2_X": Elements(FP, KZG_TAU_G2[0]),
    "KZG_TAU_G2_Y": Elements(FP, KZG_TAU_G2[1]),
    "KZG_TAU_G2_COMPRESSED": Octets(KZG_TAU_G2_COMPRESSED),
}
