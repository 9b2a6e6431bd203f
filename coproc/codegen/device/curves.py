"""What the kernels on points read beside the leaf: the curve, its endomorphism, lattices that split scalars, the exponent of a square root.

A lattice is the one of ``kernels_cpu/curve/scalar.hpp``: rows B_i with sum B_ij mu^j = 0 mod r for the number mu that the endomorphism
multiplies by, and integers Q_i with sum Q_i B_i = (r, 0, ...).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from coproc.codegen.device.chains import chain
from coproc.codegen.device.tables import BITS, element_table, limbs, plain_table, table
from coproc.params import bls12_381, bls12_381_hash, bn254
from coproc.params.arithmetic import Pair, fp2_mul
from coproc.params.constant import Field

WINDOW_BITS: Final = 4
"""Of the digits of short scalars: -8 .. 7."""
RECIPROCAL_BITS: Final = 256
POWER_BITS: Final = 4
"""Of the odd powers in ``power.inc``: a, a^3, ..., a^15."""

_X: Final = bls12_381.X
_FIELD: Final = {"bls12_381": bls12_381.FP, "bn254": bn254.FP}


class Lattice(NamedTuple):
    """Rows, their quotients, the eigenvalue, and the group's order."""

    rows: tuple[tuple[int, ...], ...]
    quotients: tuple[int, ...]
    mu: int
    order: int


# x^4 - x^2 + 1 = r: (x^2, 1) and (1, 1 - x^2) of LAMBDA = -x^2; (x, -1) shifted and (1, 0, -1, x) of x.
LATTICES: Final = {
    ("bls12_381", 1): Lattice(((_X**2, 1), (1, 1 - _X**2)), (_X**2 - 1, 1), bls12_381.LAMBDA, bls12_381.R),
    ("bls12_381", 2): Lattice(
        ((_X, -1, 0, 0), (0, _X, -1, 0), (0, 0, _X, -1), (1, 0, -1, _X)), (_X**3 - _X, _X**2 - 1, _X, 1), _X % bls12_381.R, bls12_381.R
    ),
    ("bn254", 1): Lattice(bn254.GLV_BASIS, bn254.GLV_QUOTIENTS, bn254.LAMBDA, bn254.R),
    ("bn254", 2): Lattice(bn254.GLS_BASIS, bn254.GLS_QUOTIENTS, bn254.MU, bn254.R),
}
for _lattice in LATTICES.values():
    assert all(sum(b * _lattice.mu**j for j, b in enumerate(row)) % _lattice.order == 0 for row in _lattice.rows)
    assert [sum(q * row[j] for q, row in zip(_lattice.quotients, _lattice.rows, strict=True)) for j in range(len(_lattice.rows))] == [
        _lattice.order, *[0] * (len(_lattice.rows) - 1)
    ]  # fmt: skip


def short_bound(curve: str, degree: int) -> int:
    """|k_j| <= short_bound: c_i is wrong by 1/2 and r / 2^256 at most, so 1/2 + r / 2^256 of each row may be left."""
    rows, _, _, order = LATTICES[curve, degree]
    columns = max(sum(abs(row[j]) for row in rows) for j in range(len(rows)))
    return columns * ((1 << RECIPROCAL_BITS - 1) + order) // (1 << RECIPROCAL_BITS) + 1


def windows(curve: str, degree: int, bits: int = WINDOW_BITS) -> int:
    """How many windows a short scalar has, sign included: its sum with `offset` is not negative and fits."""
    bound, count = short_bound(curve, degree), 1
    while bound > offset(count, bits) or bound + offset(count, bits) >> (bits * count):
        count += 1
    return count


def offset(count: int, bits: int = WINDOW_BITS) -> int:
    """2^(bits - 1) in each of `count` windows."""
    return sum(1 << (bits * i + bits - 1) for i in range(count))


def power(curve: str) -> str:
    """POWER_STEPS of ``power.inc``: of (p - 3) / 4."""
    return chain("POWER", root_exponent(curve), POWER_BITS)


def root_exponent(curve: str) -> int:
    """a^((p - 3) / 4) is 1 / sqrt(a), and its fourth power times a is 1 / a."""
    return (_FIELD[curve].modulus - 3) // 4


def naf(k: int) -> list[int]:
    """Digits -1, 0, 1 from the top, no two neighbours non-zero."""
    out = []
    while k:
        digit = 2 - k % 4 if k & 1 else 0
        out.append(digit)
        k = (k - digit) // 2
    return out[::-1]


def _psi_powers(psi: tuple[Pair, Pair], p: int) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """(x_j, y_j) with psi^j(x, y) = (x_j conj^j(x), y_j conj^j(y)) for j = 1, 2, 3."""
    xs, ys = [psi[0]], [psi[1]]
    for values, first in ((xs, psi[0]), (ys, psi[1])):
        for _ in range(2):
            values.append(fp2_mul((values[-1][0], -values[-1][1] % p), first, p))
    return tuple(xs), tuple(ys)


def curve(name: str, degree: int) -> str:
    """CURVE_B, X_ABS or the digits of z, the endomorphism's constants."""
    field = _FIELD[name]
    params = bls12_381 if name == "bls12_381" else bn254
    parts = [f"#define DEGREE {degree}\n", element_table("CURVE_B", field, params.B1 if degree == 1 else params.B2)]
    if name == "bls12_381":
        parts.append(plain_table("X_ABS", bls12_381.X_ABS, 2))
    else:
        digits = naf(bn254.Z)
        parts += [f"#define Z_DIGITS_COUNT {len(digits)}\n", table("Z_DIGITS", digits, "i32")]
    if degree == 1:
        parts.append(element_table("ENDO_X", field, params.BETA))
    else:
        psi = params.PSI_X, params.PSI_Y
        xs, ys = _psi_powers(psi, field.modulus)
        parts += [element_table(n, field, v) for n, v in zip(("PSI_X", "PSI_Y", "ENDO_X", "ENDO_Y"), (*psi, xs, ys), strict=True)]
    return "".join(parts)


def reciprocal_words(name: str, degree: int) -> int:
    """32-bit words of the largest floor(2^256 |Q_i| / r)."""
    lattice = LATTICES[name, degree]
    return max(-(-((abs(q) << RECIPROCAL_BITS) // lattice.order).bit_length() // BITS) for q in lattice.quotients)


def lattice(name: str, degree: int) -> str:
    """LATTICE, LATTICE_SIGN and RECIPROCAL of ``split.inc``."""
    rows, quotients, _, order = LATTICES[name, degree]
    count = reciprocal_words(name, degree)
    signs = [1 if b * q > 0 else -1 for row, q in zip(rows, quotients, strict=True) for b in row]
    return "".join(
        (
            f"#define RECIPROCAL_WORDS {count}\n",
            plain_table("ORDER", order, 8),
            plain_table("LATTICE", tuple(tuple(abs(b) for b in row) for row in rows), 4),
            table("LATTICE_SIGN", signs, "i32"),
            plain_table("RECIPROCAL", tuple((abs(q) << RECIPROCAL_BITS) // order for q in quotients), count),
        )
    )


def split_slots(name: str, degree: int) -> int:
    """Slots that hold the words of ``split.inc``: a scalar, its product with a reciprocal, the short scalars."""
    return -(-(16 + reciprocal_words(name, degree) + 8 * 2 * degree) // limbs(_FIELD[name]))


def hash_to_g1(_: str) -> str:
    """The simplified SWU map and the isogeny; polynomials from the highest coefficient."""
    field: Field = bls12_381.FP
    values = bls12_381_hash
    names = ("SSWU_A", "SSWU_B", "SSWU_Z", "SSWU_SQRT_MINUS_Z")
    return "".join(
        [
            *(element_table(name, field, getattr(values, name)) for name in names),
            element_table("ISO_XNUM", field, tuple(reversed(values.ISOGENY_1.x_num))),
            element_table("ISO_YNUM", field, tuple(reversed(values.ISOGENY_1.y_num))),
            element_table("ISO_KERNEL", field, tuple(reversed(values.ISO_KERNEL))),
        ]
    )
