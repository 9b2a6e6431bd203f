"""Hashing to BLS12-381: the curves of the simplified SWU map and their isogenies onto E1 and E2.

G1          E1': y^2 = x^3 + A x + B, Z = 11, 11-isogeny onto E1, h_eff = 1 - x
G2          E2': y^2 = x^3 + 240 u x + 1012 (1 + u), Z = -(2 + u), 3-isogeny onto E2, cleared by psi
The isogenies of RFC 9380 E.2 and E.3 are the ones with the kernels below, followed by division by 11^2, 11^3 (3^2, -3^3).
Sources     [RFC9380] 6.6.2, 8.8.1, 8.8.2, E.2, E.3; [WB19]
"""

from __future__ import annotations

from coproc.params.arithmetic import Curve, Pair, fp2_inv, fp2_mul, fp2_pow, fp2_sqrt, is_square, sqrt
from coproc.params.bls12_381 import E1, E2, FP, X_ABS, P, R, X
from coproc.params.constant import Constant, Elements, Word
from coproc.params.isogeny import assert_homomorphism, isogeny

# ---- G1 -----------------------------------------------------------------------------------------------------------------
SSWU_A = 0x144698A3B8E9433D693A02C96D4982B0EA985383EE66A8D8E8981AEFD881AC98936F8DA0E0F97F5CF428082D584C1D
SSWU_B = 0x12E2908D11688030018B12E8753EEE3B2016C1F0F24F4070A0B9C14FCEF35EF55A23215A316CEAA5D1CC48E98E172BE0
SSWU_Z = 11
ISO_KERNEL = (
    0x133341FB0962A34CB0504A9C4FADA0A5090D38679B4C040D5D1C3AFB023A3409FCC0815FEA66D8B02BBEF9C8B5A66E07,
    0x264908AF037BCEDE00D054CF5D4775E83EB6CF63C76B969F8ED174FB59FCFF78D201F46F6CFC4ED6552E59CE75177B0,
    0x1335C502C1F54C49ACEEA65E87FD7203BA0F626F305FC0CFD606A5DAE9F3C8E81A4B3B69600129FABD307C69BF319D39,
    0x94440F65F408A6E930E16E3E92DD17BF60D6E9679A8D3D58593DE55AC23703042D609537EB3549AAC234D896CA82944,
    0x4AFE09D5CF4956A23B6B71F59D2B3407B415A774B7BE81BBB6FA99CBC798E0AC98BA725A5BC328016B1C268B4766E85,
    1,
)
E1_PRIME = Curve(E1.k, SSWU_A, SSWU_B)
ISOGENY_1 = isogeny(E1_PRIME, list(ISO_KERNEL), pow(11, -1, P))
assert (ISOGENY_1.target.a, ISOGENY_1.target.b) == (E1.a, E1.b)
assert [len(f) for f in (ISOGENY_1.x_num, ISOGENY_1.x_den, ISOGENY_1.y_num, ISOGENY_1.y_den)] == [12, 11, 16, 16]
assert not is_square(SSWU_Z, P)
assert SSWU_A
assert SSWU_B
_X0 = SSWU_B * pow(SSWU_Z * SSWU_A, -1, P) % P
assert is_square(_X0**3 + SSWU_A * _X0 + SSWU_B, P)  # the exceptional case u = 0 maps to the curve
_ROOT = sqrt(-SSWU_Z % P, P)
assert _ROOT is not None
SSWU_SQRT_MINUS_Z = min(_ROOT, P - _ROOT)
SSWU_C2 = SSWU_SQRT_MINUS_Z * SSWU_Z % P
assert SSWU_C2**2 % P == -(SSWU_Z**3) % P


def _points(start: int) -> list[tuple[int, int]]:
    """Two points of E1'."""
    out: list[tuple[int, int]] = []
    while len(out) < 2:
        y = sqrt((start**3 + SSWU_A * start + SSWU_B) % P, P)
        if y is not None:
            out.append((start, y))
        start += 1
    return out


assert_homomorphism(ISOGENY_1, *_points(1))
H_EFF = 1 - X
assert H_EFF == X_ABS + 1
for _point in _points(1):
    assert E1.mul(R, ISOGENY_1(_point)) is not None
    assert E1.mul(R, E1.mul(H_EFF, ISOGENY_1(_point))) is None

# ---- G2 -----------------------------------------------------------------------------------------------------------------
SSWU2_A: Pair = (0, 240)
SSWU2_B: Pair = (1012, 1012)
SSWU2_Z: Pair = (P - 2, P - 1)
ISO2_KERNEL: tuple[Pair, ...] = ((6, P - 6), (1, 0))
E2_PRIME = Curve(E2.k, SSWU2_A, SSWU2_B)
ISOGENY_2 = isogeny(E2_PRIME, list(ISO2_KERNEL), (-pow(3, -1, P) % P, 0))
assert (ISOGENY_2.target.a, ISOGENY_2.target.b) == (E2.a, E2.b)
assert [len(f) for f in (ISOGENY_2.x_num, ISOGENY_2.x_den, ISOGENY_2.y_num, ISOGENY_2.y_den)] == [4, 3, 4, 4]
assert fp2_pow(SSWU2_Z, (P * P - 1) // 2, P) == (P - 1, 0)
_X2 = fp2_mul(SSWU2_B, fp2_inv(fp2_mul(SSWU2_Z, SSWU2_A, P), P), P)


def _g2(x: Pair) -> Pair:
    return E2.k.add(E2.k.mul(x, E2.k.add(E2.k.mul(x, x), SSWU2_A)), SSWU2_B)


assert fp2_sqrt(_g2(_X2), P) is not None


def _points_2() -> list[tuple[Pair, Pair]]:
    """Two points of E2'."""
    out: list[tuple[Pair, Pair]] = []
    start = 1
    while len(out) < 2:
        y = fp2_sqrt(_g2((start, 1)), P)
        if y is not None:
            out.append(((start, 1), y))
        start += 1
    return out


assert_homomorphism(ISOGENY_2, *_points_2())

EXPORTS: dict[str, Constant] = {
    "SSWU_A": Elements(FP, SSWU_A),
    "SSWU_B": Elements(FP, SSWU_B),
    "SSWU_Z": Elements(FP, SSWU_Z),
    "SSWU_SQRT_MINUS_Z": Elements(FP, SSWU_SQRT_MINUS_Z),
    "SSWU_C2": Elements(FP, SSWU_C2),
    "ISO_KERNEL": Elements(FP, ISO_KERNEL),
    "ISO_XNUM": Elements(FP, tuple(ISOGENY_1.x_num)),
    "ISO_XDEN": Elements(FP, tuple(ISOGENY_1.x_den)),
    "ISO_YNUM": Elements(FP, tuple(ISOGENY_1.y_num)),
    "ISO_YDEN": Elements(FP, tuple(ISOGENY_1.y_den)),
    "H_EFF": Word(H_EFF),
}
